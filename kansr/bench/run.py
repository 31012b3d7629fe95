"""Runs a suite: each problem's table goes through `kansr fit` in a process of its own, and the formula is judged."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ValidationError

from kansr.bench.draw import generator, table, with_noise
from kansr.bench.judge import judge
from kansr.bench.process import FitProcess, Usage
from kansr.bench.scores import Score, Settings
from kansr.bench.suite import Problem, Suite
from kansr.errors import DataError, FormulaError

__all__ = ["check_tables", "run_suite"]

# Seconds between two looks at the running processes.
_PAUSE = 0.05


class _FormulaFile(BaseModel):
    """What is needed of `formula.json`."""

    expression: str
    symbols: dict[str, str]


@dataclass(frozen=True)
class _Job:
    problem: Problem
    process: FitProcess
    run: Path
    dummies: tuple[str, ...]


def check_tables(suite: Suite) -> None:
    """Looks at the table of each problem, so that a mistake shows before the first fit and not after an hour.

    Raises:
        DataError: If a formula has no value in its ranges, or a file cannot be read.
    """
    for problem in suite.problems:
        try:
            table(problem, 100, generator(problem, 0))
        except DataError as error:
            message = f"{suite.name}: problem '{problem.id}': {error.message}"
            raise DataError(message, "change its ranges, or its file (paths start from the suite's folder)") from None


def run_suite(suite: Suite, settings: Settings, interrupted: Callable[[], bool]) -> Generator[Score]:
    """Fits and judges every problem; each score comes as soon as its fit has ended.

    Args:
        suite: The problems.
        settings: How to run them.
        interrupted: True ends the run at once; fits under way are killed and have no score.
    """
    waiting = list(reversed(suite.problems))
    running: list[_Job] = []
    with tempfile.TemporaryDirectory(prefix="kansr-bench-") as folder:
        try:
            while (waiting or running) and not interrupted():
                while waiting and len(running) < settings.jobs:
                    place = Path(folder, str(len(waiting)))
                    running.append(_start(waiting.pop(), settings, place))
                for job in list(running):
                    usage = job.process.poll()
                    if usage is not None:
                        running.remove(job)
                        yield _score(job, usage, settings)
                time.sleep(_PAUSE)
        finally:
            for job in running:
                job.process.kill()


def _start(problem: Problem, settings: Settings, place: Path) -> _Job:
    rng = generator(problem, settings.seed)
    x, y = table(problem, settings.rows, rng)
    y = with_noise(y, settings.noise, rng)
    dummies = tuple(f"dummy{i + 1}" for i in range(settings.dummies))
    target = "target_" if "target" in problem.names else "target"
    columns = np.concatenate([x, rng.uniform(0, 1, (len(x), len(dummies))), y[:, None]], 1)
    place.mkdir()
    header = ",".join([*problem.names, *dummies, target])
    np.savetxt(place / "data.csv", columns, fmt="%.17g", delimiter=",", header=header, comments="")
    options = f"--time-limit {settings.limit:g} --seed {settings.seed} --quiet".split()
    process = FitProcess(
        ["fit", str(place / "data.csv"), "--target", target, "--out", str(place / "run"), *options],
        deadline=settings.limit * 1.25 + 20,
    )
    return _Job(problem, process, place / "run", dummies)


def _score(job: _Job, usage: Usage, settings: Settings) -> Score:
    score = Score(job.problem.id, usage.wall, usage.cpu, usage.rss_mb, usage.exit, usage.killed)
    try:
        found = _FormulaFile.model_validate_json((job.run / "formula.json").read_bytes())
        verdict = judge(job.problem, found.expression, settings, job.dummies, found.symbols)
        return replace(score, expression=found.expression, verdict=verdict)
    except (OSError, ValidationError):
        ended = f"killed after {usage.wall:.0f} s" if usage.killed else f"exit status {usage.exit}"
        return replace(score, problem=": ".join(filter(None, (ended, usage.message))))
    except FormulaError as error:
        return replace(score, problem=error.message)
