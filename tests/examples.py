"""A finished fit as reports, exports and run folders get it, without a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kansr.config import FitConfig
from kansr.data.dataset import Dataset, Split
from kansr.formula.names import symbol_names
from kansr.formula.parse import parse_expression
from kansr.results import Candidate, Constant, EdgeRecord, FitResult, Metrics, Outcome, Recorder, Stage, Summary
from kansr.rundir import summarise

CONFIG = FitConfig(data="kepler.csv")
KEPLER = "a,P\n0.387,87.97\n0.723,224.7\n1.0,365.25\n1.524,686.98\n5.203,4332.6\n"


def metrics(scale: float = 1.0, rows: int = 5) -> Metrics:
    return Metrics(r2=1 - 1e-7 * scale, rmse=0.12 * scale, nrmse=1e-4 * scale, mae=0.1 * scale, max_abs=0.3, rows=rows)


def candidate(text: str, symbols: dict[str, str], complexity: int, scale: float) -> Candidate:
    parts = {"train": metrics(scale), "cross_validation": metrics(2 * scale)}
    return Candidate(parse_expression(text, symbols.values()), complexity, -20.0 + scale, parts)


def dataset() -> Dataset:
    rows = np.array([line.split(",") for line in KEPLER.split()[1:]], dtype=float)
    none = np.array([], dtype=np.int64)
    split = Split(np.arange(len(rows)), none, none)
    return Dataset("kepler", ("a",), "P", rows[:, :1], rows[:, 1], split, ("one row left out",), "ab" * 32, 6)


def result(expression: str = "365.25*a**(3/2)", features: tuple[str, ...] = ("a",), target: str = "P") -> FitResult:
    symbols = symbol_names(features)
    best = replace(candidate(expression, symbols, 5, 1.0), constants=(Constant("c0", 365.25, 0.021),))
    simple = candidate(f"450.1*{symbols[features[0]]} - 120", symbols, 4, 900.0)
    notes = ("errors are from leave-one-out cross-validation",)
    edges = (EdgeRecord("log(a)", "log(P)", "+", "x", 1.5, 0.0, 1.0, 0.0),)
    found = FitResult(
        target, symbols, best, (simple, best), 0.1, Outcome.CONVERGED, True, 1.25, notes, edges, b"weights"
    )
    return replace(found, choice="best", reason="least error, with 5 nodes")


def summary(found: FitResult | None = None) -> Summary:
    return summarise(dataset(), CONFIG, found or result())


def fake_fit(found: FitResult | None = None) -> Callable[..., FitResult]:
    """A stand-in for `kansr.pipeline.fit`."""

    def fit(
        dataset: Dataset, config: FitConfig, recorder: Recorder, interrupted: Callable[[], bool], **options: Any
    ) -> FitResult:
        answer = found or result()
        recorder.stage(Stage.TRAIN, "structure 1 of 3")
        recorder.best(answer.best)
        recorder.event("restart", seed=config.seed)
        return replace(answer, outcome=Outcome.INTERRUPTED) if interrupted() else answer

    return fit


def write_table(folder: Path, text: str = KEPLER) -> Path:
    path = folder / "kepler.csv"
    path.write_text(text, encoding="utf-8")
    return path
