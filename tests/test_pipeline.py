"""The whole job on small tables, without files."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray

from kansr.config import FitConfig
from kansr.data.dataset import Dataset, Split
from kansr.errors import ConfigError
from kansr.formula.evaluate import evaluate
from kansr.formula.names import format_expression
from kansr.formula.parse import parse_expression
from kansr.pipeline import fit
from kansr.results import Candidate, FitResult, Metrics, Outcome, SilentRecorder, Stage

CONFIG = FitConfig(data="table.csv", time_limit=20.0, threads=1)
GENERATOR = np.random.default_rng(17)


class Listening(SilentRecorder):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.found: list[Candidate] = []

    def stage(self, stage: Stage, detail: str = "") -> None:
        self.stages.append(stage)

    def best(self, candidate: Candidate) -> None:
        self.found.append(candidate)


def dataset(x: NDArray[np.float64], y: NDArray[np.float64], features: tuple[str, ...]) -> Dataset:
    n = len(y)
    if n < 30:
        none = np.array([], dtype=np.int64)
        split = Split(np.arange(n), none, none)
    else:
        split = Split(np.arange(0, n - 40), np.arange(n - 40, n - 20), np.arange(n - 20, n))
    return Dataset("table", features, "y", x, y, split, (), "00" * 32, n)


def metrics(predicted: NDArray[np.float64], y: NDArray[np.float64]) -> Metrics:
    """The textbook definitions."""
    error = predicted - y
    total = float(((y - y.mean()) ** 2).sum())
    rmse = math.sqrt(float((error**2).mean()))
    return Metrics(
        1 - float((error**2).sum()) / total, rmse, rmse / float(y.std()), float(np.abs(error).mean()),
        float(np.abs(error).max()), len(y),
    )  # fmt: skip


def check_metrics(result: FitResult, data: Dataset) -> None:
    """Each expression of the front, from its text, gives the errors that are reported with it."""
    parts = {"train": data.split.train, "validation": data.split.validation, "test": data.split.test}
    columns = {result.symbols[f]: data.x[:, i] for i, f in enumerate(data.features)}
    for candidate in result.front:
        read = parse_expression(format_expression(candidate.expression), list(columns))
        predicted = evaluate(read, columns)
        for part in set(candidate.metrics) & set(parts):
            expected = metrics(predicted[parts[part]], data.y[parts[part]])
            for name in ("r2", "rmse", "nrmse", "mae", "max_abs", "rows"):
                assert getattr(candidate.metrics[part], name) == pytest.approx(
                    getattr(expected, name), rel=1e-9, abs=1e-12 * float(data.y.std())
                )


@pytest.fixture(scope="module")
def noisy() -> tuple[Dataset, FitResult, Listening]:
    """A law with one percent of noise in columns whose names SymPy keeps for itself."""
    x = GENERATOR.uniform(0.5, 3.0, (240, 2))
    y = 2.5 * x[:, 0] + np.exp(0.8 * x[:, 1])
    data = dataset(x, y + 0.01 * y.std() * GENERATOR.standard_normal(240), ("E", "lambda"))
    recorder = Listening()
    config = CONFIG.model_copy(update={"time_limit": 40.0})
    return data, fit(data, config, recorder, lambda: False), recorder


def test_a_noisy_law_is_found(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    data, result, _ = noisy
    assert result.acceptable
    assert result.symbols == {"E": "E", "lambda": "lambda_"}
    expression = result.best.expression
    assert {s.name for s in expression.free_symbols} == {"E", "lambda_"}
    fresh = np.random.default_rng(1).uniform(0.5, 3.0, (500, 2))
    truth = 2.5 * fresh[:, 0] + np.exp(0.8 * fresh[:, 1])
    error = evaluate(expression, {"E": fresh[:, 0], "lambda_": fresh[:, 1]}) - truth
    assert np.sqrt(np.mean(error**2)) < 0.005 * data.y.std()
    assert result.noise == pytest.approx(0.01 * data.y.std(), rel=0.5)


def test_reported_errors_are_those_of_the_written_formula(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    data, result, _ = noisy
    assert set(result.best.metrics) == {"train", "validation", "test"}
    check_metrics(result, data)


def test_the_front_is_a_front(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    _, result, _ = noisy
    assert result.best in result.front
    sizes = [c.complexity for c in result.front]
    errors = [c.metrics["validation"].rmse for c in result.front if c is not result.best]
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_constants_come_with_their_errors(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    _, result, _ = noisy
    constants = result.best.constants
    floats = {float(number) for number in result.best.expression.atoms(sympy.Float)}
    assert {abs(c.value) for c in constants} == {abs(f) for f in floats}
    assert all(c.stderr is not None and 0 < c.stderr < 0.1 * abs(c.value) for c in constants)
    near = min(constants, key=lambda c: abs(c.value - 0.8))
    assert abs(near.value - 0.8) < 5 * (near.stderr or 0)


def test_the_recorder_hears_of_it(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    _, result, recorder = noisy
    assert recorder.stages[-1] is Stage.WRITE
    assert {Stage.TRAIN, Stage.NAME, Stage.REFINE} <= set(recorder.stages)
    lengths = [c.description_length for c in recorder.found]
    assert lengths == sorted(lengths, reverse=True)
    assert recorder.found[-1].expression == result.best.expression


def test_a_small_table_is_cross_validated() -> None:
    x = np.linspace(0.4, 30.0, 9)[:, None]
    # noise as least squares takes it to be; a relative error of a few rows may look like an offset
    y = 365.25 * x[:, 0] ** 1.5 + np.random.default_rng(1).normal(scale=2.0, size=9)
    data = dataset(x, y, ("a",))
    result = fit(data, CONFIG, SilentRecorder(), lambda: False)
    a = sympy.Symbol("a", real=True)
    assert sympy.simplify(result.best.expression / a ** sympy.Rational(3, 2)).is_number
    assert set(result.best.metrics) == {"train", "cross_validation"}
    check_metrics(result, data)
    # each row from a constant fitted to the others
    errors = []
    for i in range(9):
        others = np.arange(9) != i
        power = x[:, 0] ** 1.5
        c = float(power[others] @ y[others] / (power[others] @ power[others]))
        errors.append(c * power[i] - y[i])
    rmse = float(np.sqrt(np.mean(np.square(errors))))
    assert result.best.metrics["cross_validation"].rmse == pytest.approx(rmse, rel=1e-6)
    assert any("leave-one-out" in note for note in result.notes)


def test_a_pole_between_the_rows_is_told() -> None:
    """In every row the second column is the larger one, but not everywhere in their ranges."""
    generator = np.random.default_rng(0)
    x = generator.uniform(0, 3, 200)
    table = np.column_stack([x, x + generator.uniform(0.5, 1.5, 200)])
    result = fit(dataset(table, 1 / (table[:, 1] - x), ("x", "y [m]")), CONFIG, SilentRecorder(), lambda: False)
    assert format_expression(result.best.expression) == "1/(-x + y)"
    (note,) = result.notes
    found = re.fullmatch(
        r"the formula has a pole inside the range .*, for instance near x = (\S+), y \[m\] = (\S+)", note
    )
    assert found is not None
    assert float(found[1]) == pytest.approx(float(found[2]), abs=2e-5)


def test_a_formula_that_is_sound_between_the_rows_has_no_note(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    assert noisy[1].notes == ()


def test_an_interrupted_fit_has_a_formula() -> None:
    x = GENERATOR.uniform(-1, 1, (200, 3))
    data = dataset(x, np.sin(9 * x[:, 0] * x[:, 1]) + x[:, 2], ("I", "S", "N"))
    calls = iter(range(10**9))
    result = fit(data, CONFIG, SilentRecorder(), lambda: next(calls) > 40)
    assert result.outcome is Outcome.INTERRUPTED
    assert result.best.metrics["train"].r2 > 0
    check_metrics(result, data)


def test_the_time_limit_is_kept() -> None:
    x = GENERATOR.uniform(-1, 1, (400, 4))
    data = dataset(x, GENERATOR.standard_normal(400), ("a", "b", "c", "d"))
    result = fit(data, CONFIG.model_copy(update={"time_limit": 2.0}), SilentRecorder(), lambda: False)
    assert result.seconds < 3.0
    assert result.best.metrics["train"].r2 < 0.2


def test_rows_for_reporting_choose_nothing() -> None:
    """Whatever stands in the test rows, the same formulas are found and the same one is chosen."""
    x = np.random.default_rng(2).uniform(0.5, 3.0, (120, 1))
    y = 1.5 * np.sin(2 * x[:, 0]) + 0.05 * np.random.default_rng(3).standard_normal(120)
    data = dataset(x, y, ("t",))
    spoilt = y.copy()
    spoilt[data.split.test] = 50.0 - 9 * x[data.split.test, 0]
    config = CONFIG.model_copy(update={"choose": "best", "functions": ("sin", "x^2")})
    one, other = (fit(d, config, SilentRecorder(), lambda: False) for d in (data, dataset(x, spoilt, ("t",))))
    assert one.outcome is not Outcome.TIME_LIMIT
    assert (one.best.expression, one.reason) == (other.best.expression, other.reason)
    assert [c.expression for c in one.front] == [c.expression for c in other.front]
    assert one.best.metrics["test"] != other.best.metrics["test"]
    assert one.choice == "best"


def test_the_choice_and_its_reason(noisy: tuple[Dataset, FitResult, Listening]) -> None:
    _, result, _ = noisy
    assert result.choice == "balanced"
    assert result.reason.startswith(f"shortest description, with {result.best.complexity} nodes and an error ")
    assert "the next simpler" in result.reason


def test_what_is_excluded_does_not_appear() -> None:
    x = np.random.default_rng(4).uniform(0.0, 4.0, (200, 1))
    data = dataset(x, 3 * np.exp(-0.7 * x[:, 0]) + 1, ("t",))
    config = CONFIG.model_copy(update={"exclude": ("exp", "tanh", "sinh", "cosh"), "time_limit": 4.0})
    result = fit(data, config, SilentRecorder(), lambda: False)
    banned = (sympy.exp, sympy.tanh, sympy.sinh, sympy.cosh)
    assert not any(c.expression.has(*banned) for c in result.front)
    assert result.best.metrics["validation"].r2 > 0.9
    check_metrics(result, data)


def test_a_formula_is_no_larger_than_allowed_and_what_that_costs_is_told() -> None:
    x = np.random.default_rng(5).uniform(0.5, 3.0, (200, 1))
    data = dataset(x, 1.5 * np.sin(2 * x[:, 0] + 0.3), ("t",))
    config = CONFIG.model_copy(update={"max_complexity": 7, "time_limit": 4.0})
    result = fit(data, config, SilentRecorder(), lambda: False)
    assert all(c.complexity <= 7 for c in result.front)
    assert result.best.metrics["validation"].r2 > 0.5
    (note,) = result.notes
    assert note.startswith("--max-complexity leaves out a better formula: ")
    assert note.endswith(" nodes, exact to rounding")
    assert result.outcome is not Outcome.CONVERGED


def test_an_unknown_function_is_refused() -> None:
    data = dataset(np.arange(20.0)[:, None], np.arange(20.0), ("a",))
    with pytest.raises(ConfigError, match="'sinus'"):
        fit(data, CONFIG.model_copy(update={"functions": ("sinus",)}), SilentRecorder(), lambda: False)
