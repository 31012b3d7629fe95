"""A suite with processes that only pretend to fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kansr.bench import Problem, Settings, Suite, Verdict, run_suite, summarise
from kansr.bench import run as run_module
from kansr.bench.process import FitProcess, Usage
from kansr.bench.suite import Range
from kansr.formula.parse import parse_expression


def law(name: str, formula: str = "2*x") -> Problem:
    return Problem(name, parse_expression(formula, "x"), ("x",), {"x": Range(low=1, high=2)})


SUITE = Suite("laws", (law("right"), law("wrong"), law("fails"), law("odd")))


class FakeFit:
    """Answers at the second look, and counts how many are under way."""

    under_way = most = 0
    answers = ("2*x", "x", None, "zeta(x)")

    def __init__(self, arguments: list[str], deadline: float) -> None:
        self.table = Path(arguments[1]).read_text().splitlines()
        self.out = Path(arguments[arguments.index("--out") + 1])
        self.arguments, self.deadline, self.looks = arguments, deadline, 0
        FakeFit.started.append(self)
        FakeFit.under_way += 1
        FakeFit.most = max(FakeFit.most, FakeFit.under_way)

    def poll(self) -> Usage | None:
        self.looks += 1
        if self.looks == 1:
            return None
        answer = self.answers[FakeFit.started.index(self)]
        if answer is not None:
            self.out.mkdir()
            (self.out / "formula.json").write_text(json.dumps({"expression": answer, "symbols": {"x": "x"}}))
        FakeFit.under_way -= 1
        return Usage(
            1.5 + len(FakeFit.started), 1.0, 300, 0 if answer else 3, False, "" if answer else "kansr: error: no"
        )

    def kill(self) -> None:
        FakeFit.killed.append(self)

    started: list[FakeFit]
    killed: list[FakeFit]


@pytest.fixture(autouse=True)
def fits(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeFit]]:
    monkeypatch.setattr(run_module, "FitProcess", FakeFit)
    monkeypatch.setattr(run_module, "_PAUSE", 0)
    FakeFit.started, FakeFit.killed, FakeFit.under_way, FakeFit.most = [], [], 0, 0
    yield FakeFit
    assert not any(fit.out.exists() for fit in FakeFit.started)


def test_each_problem_is_fitted_and_judged() -> None:
    settings = Settings(limit=10, rows=30, dummies=2, seed=4)
    right, wrong, fails, odd = run_suite(SUITE, settings, lambda: False)
    assert (right.id, right.clean, right.expression) == ("right", True, "2*x")
    assert isinstance(wrong.verdict, Verdict)
    assert not wrong.recovered
    assert fails.problem == "exit status 3: kansr: error: no"
    assert "unknown function 'zeta'" in odd.problem
    fit = FakeFit.started[0]
    assert fit.table[0] == "x,dummy1,dummy2,target"
    assert len(fit.table) == 31
    x, _, _, y = np.array([line.split(",") for line in fit.table[1:]], float).T
    assert (y == 2 * x).all()
    assert " ".join(fit.arguments).endswith("--time-limit 10 --seed 4 --quiet")
    assert fit.deadline == 32.5
    assert FakeFit.most == 1


def test_several_at_the_same_time() -> None:
    scores = list(run_suite(SUITE, Settings(rows=30, jobs=3), lambda: False))
    assert sorted(score.id for score in scores) == ["fails", "odd", "right", "wrong"]
    assert FakeFit.most == 3


def test_an_interruption_kills_what_is_under_way() -> None:
    assert list(run_suite(SUITE, Settings(rows=30, jobs=2), lambda: bool(FakeFit.started))) == []
    assert FakeFit.killed == FakeFit.started
    assert len(FakeFit.killed) == 2


def test_a_column_may_be_called_target() -> None:
    problem = Problem("p", parse_expression("target", ["target"]), ("target",), {"target": Range(low=1, high=2)})
    list(run_suite(Suite("s", (problem,)), Settings(rows=30), lambda: False))
    assert FakeFit.started[0].table[0] == "target,target_"


def test_the_summary_and_the_records() -> None:
    settings = Settings(rows=30)
    scores = list(run_suite(SUITE, settings, lambda: False))
    total = summarise(scores)
    assert (total.problems, total.recovered, total.clean, total.accurate) == (4, 1, 1, 1)
    assert (total.wall_median, total.wall_max, total.cpu_total, total.rss_mb_max) == (4.5, 5.5, 4.0, 300)
    records = [json.loads(json.dumps(score.record(settings), allow_nan=False)) for score in scores]
    assert records[0]["recovered"] is True
    assert records[0]["true_complexity"] == 3
    assert records[2] == {
        "id": "fails",
        "noise": 0.0,
        "seed": 0,
        "limit": 60.0,
        "wall": 4.5,
        "cpu": 1.0,
        "rss_mb": 300,
        "exit": 3,
        "killed": False,
        "expression": "",
        "problem": "exit status 3: kansr: error: no",
        "recovered": False,
        "clean": False,
    }


def wait(process: FitProcess) -> Usage:
    while (usage := process.poll()) is None:
        pass
    return usage


def test_a_real_process_is_measured() -> None:
    usage = wait(FitProcess(["--version"], deadline=60))
    assert (usage.exit, usage.killed) == (0, False)
    assert usage.message.startswith("kansr ")
    assert 0 < usage.cpu <= usage.wall + 0.5
    assert usage.rss_mb > 1


def test_a_real_process_says_what_went_wrong() -> None:
    usage = wait(FitProcess(["show", "nowhere"], deadline=60))
    assert (usage.exit, usage.message) == (2, "kansr: error: nowhere: no such run folder")


def test_a_real_process_is_killed_when_its_time_is_over() -> None:
    usage = wait(FitProcess(["--version"], deadline=0))
    assert (usage.exit, usage.killed) == (-9, True)
    FitProcess(["--version"], deadline=0).kill()
