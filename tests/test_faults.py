"""A fault in the search costs what was being done, not the run: a formula is there, and a note says what happened."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy
import torch

from kansr import pipeline
from kansr.config import FitConfig
from kansr.data.dataset import Dataset
from kansr.formula.constants import Template
from kansr.formula.deadline import within
from kansr.results import FitResult, Outcome, SilentRecorder
from kansr.search import driver
from kansr.search.finishing import Finisher
from kansr.search.guard import InternalError
from kansr.search.naming import Namer
from kansr.search.noise_test import NoiseTest
from tests.test_pipeline import check_metrics, dataset

CONFIG = FitConfig(data="table.csv", time_limit=60.0, threads=1, functions=("x", "sin"), structure=(1, 1))


class Listening(SilentRecorder):
    """Keeps the faults that it's told of."""

    def __init__(self) -> None:
        self.faults: list[dict[str, Any]] = []

    def event(self, name: str, **values: float | int | str) -> None:
        if name == "fault":
            self.faults.append(values)


def table() -> Dataset:
    x = np.random.default_rng(5).uniform(0.5, 3.0, (100, 1))
    noise = np.random.default_rng(6).standard_normal(100)
    return dataset(x, np.sin(2 * x[:, 0]) + 0.05 * noise, ("a",))


def fitted(recorder: Listening, **options: Any) -> FitResult:
    data = table()
    result = pipeline.fit(data, CONFIG.model_copy(update=options), recorder, lambda: False)
    assert np.isfinite(result.best.metrics["train"].rmse)
    check_metrics(result, data)
    return result


def no_memory(*_: object, **__: object) -> Any:
    torch.empty(10**13, dtype=torch.float64)


def singular(*_: object, **__: object) -> Any:
    torch.linalg.inv(torch.zeros(2, 2))


def too_long(*_: object, **__: object) -> Any:
    def for_ever() -> None:
        while True:
            time.sleep(0)

    within(0.05, for_ever)


def raising(error: Exception) -> Callable[..., Any]:
    def fault(*_: object, **__: object) -> Any:
        raise error

    return fault


FAULTS = {
    "a MemoryError": (raising(MemoryError()), "out of memory"),
    "memory for a tensor": (no_memory, "out of memory"),
    "a singular matrix": (singular, "a matrix without a solution"),
    "an overflow": (raising(OverflowError("math range error")), "numbers out of range"),
    "a division by zero": (raising(ZeroDivisionError()), "numbers out of range"),
    "a deep expression": (raising(RecursionError()), "an expression that SymPy cannot handle"),
    "a long calculation": (too_long, "a calculation took too long"),
}
PLACES: dict[str, tuple[object, str]] = {
    "training": (driver, "train_structure"),
    "pruning": (driver, "prune"),
    "naming": (Namer, "__call__"),
    "finishing": (Finisher, "rough"),
    "testing for noise": (NoiseTest, "only_noise"),
    "looking for poles": (pipeline, "check_domain"),
}


CASES = [("training", kind) for kind in FAULTS] + list(zip(PLACES, FAULTS, strict=False))


@pytest.mark.parametrize(("place", "kind"), dict.fromkeys(CASES))
def test_a_fault_costs_what_was_being_done(place: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault, reason = FAULTS[kind]
    monkeypatch.setattr(*PLACES[place], fault)
    recorder = Listening()
    result = fitted(recorder)
    told = [f for f in recorder.faults if f["step"] == place]
    assert told
    assert {f["reason"] for f in told} == {reason}
    assert any("given up" in note and reason in note for note in result.notes)


def test_a_fault_leaves_the_other_formulas_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first formula that's read from a network is lost, the next is found."""
    whole = Finisher.rough
    calls = iter(range(10**9))
    monkeypatch.setattr(
        Finisher, "rough", lambda *arguments: whole(*arguments) if next(calls) else FAULTS["an overflow"][0]()
    )
    recorder = Listening()
    fitted(recorder)
    assert [f["step"] for f in recorder.faults] == ["finishing"]
    assert next(calls) > 1


@pytest.mark.parametrize("place", ["training", "naming"])
def test_a_step_that_hangs_ends_with_the_time_limit(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> Any:
        while True:
            time.sleep(0)

    monkeypatch.setattr(*PLACES[place], hang)
    result = fitted(Listening(), time_limit=2.0)
    assert result.outcome is Outcome.TIME_LIMIT


def test_standard_errors_that_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Template.standard_errors

    def only_in_the_search(self: Template, rows: Any, known: float | None = None) -> list[float | None]:
        return whole(self, rows) if known is None else singular()

    monkeypatch.setattr(Template, "standard_errors", only_in_the_search)
    recorder = Listening()
    result = fitted(recorder)
    assert {f["step"] for f in recorder.faults} == {"standard errors"}
    constants = [constant for candidate in result.front for constant in candidate.constants]
    assert constants
    assert all(constant.stderr is None for constant in constants)


def test_training_that_gives_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not finite is no fault, and nothing is read from it."""
    whole = driver.train_structure

    def spoilt(*arguments: Any) -> Any:
        trained = whole(*arguments)
        assert trained is not None
        nan = torch.full_like(trained.network.parameters, torch.nan)
        return replace(trained, network=trained.network.with_parameters(nan))

    monkeypatch.setattr(driver, "train_structure", spoilt)
    assert not fitted(Listening()).best.expression.has(sympy.nan)


def test_a_bug_is_loud_where_warnings_are_errors_and_survived_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "prune", raising(KeyError("a")))
    with pytest.raises(InternalError, match="pruning: KeyError: 'a'"):
        fitted(Listening())
    recorder = Listening()
    with pytest.warns(InternalError):
        result = fitted(recorder)
    assert {f["step"] for f in recorder.faults} == {"pruning"}
    assert all("Traceback" in f["trace"] and "KeyError: 'a'" in f["trace"] for f in recorder.faults)
    assert any("this is a bug in kansr" in note for note in result.notes)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_passes(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr(driver, "train_structure", end)
    with pytest.raises(error):
        fitted(Listening())
