"""A search that was interrupted after any step and is taken up gives what it gives without interruption, bit by bit."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch

from kansr.config import FitConfig
from kansr.data import Dataset
from kansr.data.split import split_rows
from kansr.export import to_json
from kansr.pipeline import fit
from kansr.results import Outcome, SilentRecorder
from kansr.rundir import summarise
from kansr.search.clock import Clock
from kansr.search.journal import Journal, recorded
from kansr.search.records import RecordFile
from kansr.train.levenberg_marquardt import never


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.bin"


class Steps:
    """A small search: steps that draw numbers, ask the clock and call each other; counts what is computed."""

    def __init__(self) -> None:
        self.computed: list[str] = []

    def run(self, journal: Journal, seed: int = 0, limit: float = 1e9) -> list[float]:
        self.computed = []
        generator = torch.Generator().manual_seed(seed)

        @recorded
        def inner(number: int, generator: torch.Generator) -> float:
            self.computed.append(f"inner {number}")
            journal.clock.now()
            return float(torch.rand(1, generator=generator, dtype=torch.float64))

        @recorded
        def outer(number: int, generator: torch.Generator, expired: Callable[[], bool]) -> list[float]:
            self.computed.append(f"outer {number}")
            return [inner(k, generator) for k in range(number)]

        with journal.kept():
            found = []
            for number in range(1, 5):
                journal.clock.now()
                found += [inner(10 * number, generator), *outer(number, generator, lambda: journal.clock.now() > limit)]
        return found


def opened(path: Path) -> Journal:
    return Journal(RecordFile(path, "me"))


def closed(journal: Journal) -> int:
    """How many records there are."""
    assert journal._file is not None
    journal._file.close()
    return len(journal._file)


def shortened(path: Path, source: bytes, count: int) -> None:
    """The journal as a kill after so many records leaves it."""
    path.write_bytes(source)
    file = RecordFile(path, "me")
    file.cut(count)
    file.close()


def test_without_a_journal_steps_are_plain_functions() -> None:
    @recorded
    def twice(number: int) -> int:
        """Doubles."""
        return 2 * number

    assert twice(4) == 8
    assert twice.__doc__ == "Doubles."


def test_a_complete_journal_leaves_nothing_to_compute(path: Path) -> None:
    steps = Steps()
    journal = opened(path)
    first = steps.run(journal)
    assert len(steps.computed) == 18  # 4 + 4 and 1 + 2 + 3 + 4 inside
    assert closed(journal) == 18
    again = opened(path)
    assert steps.run(again) == first
    assert steps.computed == []
    assert again.clock.readings == journal.clock.readings
    assert closed(again) == 18


def test_after_any_record_the_search_goes_on(path: Path) -> None:
    steps = Steps()
    journal = opened(path)
    first = steps.run(journal)
    every, count = list(steps.computed), closed(journal)
    whole = path.read_bytes()
    for kept in range(count):
        shortened(path, whole, kept)
        journal = opened(path)
        assert steps.run(journal) == first
        begun_again = [name for name in steps.computed if name.startswith("outer")][:1]
        assert 0 < len(steps.computed) <= count - kept + len(begun_again)
        assert every[-len(steps.computed) :] == steps.computed or steps.computed[0].startswith("outer")
        assert closed(journal) == count
        complete = opened(path)
        assert steps.run(complete) == first
        assert steps.computed == []
        closed(complete)


@pytest.mark.parametrize("kept", [1, 6, 18])
def test_another_search_drops_what_is_not_its_own(path: Path, kept: int) -> None:
    steps = Steps()
    closed_journal = opened(path)
    steps.run(closed_journal)
    closed(closed_journal)
    shortened(path, path.read_bytes(), kept)
    expected = steps.run(Journal(), seed=1)
    journal = opened(path)
    assert steps.run(journal, seed=1) == expected
    assert len(steps.computed) == 18
    assert closed(journal) == 18
    complete = opened(path)
    assert steps.run(complete, seed=1) == expected
    assert steps.computed == []
    closed(complete)


def test_a_search_that_goes_astray_late_keeps_the_beginning(path: Path) -> None:
    generator = torch.Generator()

    def run(journal: Journal, last: int) -> list[int]:
        computed = []

        @recorded
        def step(number: int, generator: torch.Generator) -> int:
            computed.append(number)
            return number

        with journal.kept():
            for number in (1, 2, last, 4):
                assert step(number, generator) == number
        return computed

    journal = opened(path)
    assert run(journal, 3) == [1, 2, 3, 4]
    closed(journal)
    journal = opened(path)
    assert run(journal, 30) == [30, 4]
    closed(journal)
    journal = opened(path)
    assert run(journal, 30) == []
    closed(journal)


def test_what_cannot_be_stored_is_computed_again_and_the_rest_is_read(path: Path) -> None:
    def run(journal: Journal) -> list[str]:
        computed = []

        @recorded
        def odd(name: str) -> object:
            computed.append(name)
            plain(f"{name}, inside")
            return object()

        @recorded
        def plain(name: str) -> str:
            computed.append(name)
            return name

        with journal.kept():
            for name in "abc":
                plain(name)
                odd(f"{name}, odd")
        return computed

    journal = opened(path)
    assert len(run(journal)) == 9
    assert closed(journal) == 6
    journal = opened(path)
    assert run(journal) == ["a, odd", "b, odd", "c, odd"]
    assert closed(journal) == 6


def test_an_exception_is_raised_again(path: Path) -> None:
    def run(journal: Journal) -> int:
        computed = []

        @recorded
        def step(number: int) -> int:
            computed.append(number)
            if number == 2:
                raise ArithmeticError
            return number

        with journal.kept():
            step(1)
            with pytest.raises(ArithmeticError):
                step(2)
            step(3)
        return len(computed)

    journal = opened(path)
    assert run(journal) == 3
    closed(journal)
    journal = opened(path)
    assert run(journal) == 1
    closed(journal)


def test_after_an_interruption_nothing_is_recorded(path: Path) -> None:
    steps = Steps()
    expected = steps.run(Journal())
    journal = opened(path)
    journal.clock.start(lambda: len(steps.computed) > 7)
    steps.run(journal)
    assert journal.clock.interrupted
    assert 4 < closed(journal) < 18
    journal = opened(path)
    assert steps.run(journal) == expected
    assert not journal.clock.interrupted
    closed(journal)


def test_a_full_disk_ends_the_journal_and_not_the_search(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()
    expected = steps.run(Journal())
    journal = opened(path)
    assert journal._file is not None
    file, append = journal._file, journal._file.append

    def full(content: bytes) -> None:
        if len(file) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(content)

    monkeypatch.setattr(file, "append", full)
    assert steps.run(journal) == expected
    assert journal.fault == "No space left on device"
    file.close()
    journal = opened(path)
    assert steps.run(journal) == expected
    assert closed(journal) == 18


# --- whole searches


def dataset(rows: int) -> Dataset:
    rng = np.random.default_rng(4)
    x = rng.uniform(0.5, 3, (rows, 2))
    y = np.exp(np.sin(2.1 * x[:, 0]) + x[:, 1] ** 2 / 7)
    return Dataset("table", ("a", "b"), "y", x, y, split_rows(rows, 0, 0.15, 0.15), (), "00" * 32, rows)


def formula_json(data: Dataset, config: FitConfig, journal: Journal | None = None) -> tuple[str, bytes]:
    result = fit(data, config, SilentRecorder(), never, journal=journal)
    return to_json(summarise(data, config, result)), result.weights


def test_after_any_record_of_a_search_formula_json_is_the_same(path: Path) -> None:
    data, config = dataset(60), FitConfig(data="table.csv", time_limit=300)
    alone = formula_json(data, config)
    journal = opened(path)
    assert formula_json(data, config, journal) == alone
    count = closed(journal)
    assert 15 < count < 60
    whole = path.read_bytes()
    for kept in (*range(0, count, 2), count):
        shortened(path, whole, kept)
        journal = opened(path)
        assert formula_json(data, config, journal) == alone
        assert closed(journal) == count


@pytest.mark.parametrize("limit", [1.0, 0.3])
def test_a_search_that_the_clock_ended_is_repeated_by_its_readings(limit: float) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0.5, 3, (200, 2))
    y = np.sin(3 * x[:, 0]) * np.log(x[:, 1] + x[:, 0]) + rng.normal(0, 0.05, 200)
    data = Dataset("table", ("a", "b"), "y", x, y, split_rows(200, 0, 0.15, 0.15), (), "00" * 32, 200)
    config = FitConfig(data="table.csv", time_limit=limit)
    journal = Journal()
    first = fit(data, config, SilentRecorder(), never, journal=journal)
    assert first.outcome is Outcome.TIME_LIMIT
    again = fit(data, config, SilentRecorder(), never, journal=Journal(clock=Clock(journal.clock.readings)))
    assert to_json(summarise(data, config, again)) == to_json(summarise(data, config, first))
    assert sympy.srepr(again.best.expression) == sympy.srepr(first.best.expression)
