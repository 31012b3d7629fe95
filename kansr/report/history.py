"""The course of a search, for `history.csv`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from kansr.formula.names import format_expression
from kansr.results import Candidate, Recorder, Stage
from kansr.text import spreadsheet_safe

__all__ = ["History", "Recorders"]

_COLUMNS = ("seconds", "event", "detail", "complexity", "description_length", "train_rmse", "expression")


class History:
    """A recorder that keeps one row for each thing that happened.

    Args:
        elapsed: Seconds since the start of the fit.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._rows: list[tuple[object, ...]] = []

    def stage(self, stage: Stage, detail: str = "") -> None:
        """Keeps the stage."""
        self._add("stage", ": ".join(filter(None, (stage.value, detail))))

    def best(self, candidate: Candidate) -> None:
        """Keeps the formula with its score."""
        train = candidate.metrics.get("train")
        score = (candidate.complexity, candidate.description_length, train.rmse if train else "")
        self._add("best", "", *score, format_expression(candidate.expression))

    def event(self, name: str, **values: float | int | str) -> None:
        """Keeps the event with its values as JSON."""
        self._add(name, json.dumps(values) if values else "")

    def csv(self) -> str:
        """The rows as the content of `history.csv`."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(self._rows)
        return text.getvalue()

    def _add(self, event: str, detail: str, *values: object) -> None:
        row = (round(self._elapsed(), 3), event, *map(_cell, (detail, *values)))
        self._rows.append(row + ("",) * (len(_COLUMNS) - len(row)))


def _cell(value: object) -> object:
    return spreadsheet_safe(value) if isinstance(value, str) else value


class Recorders:
    """A recorder that tells several others."""

    def __init__(self, *recorders: Recorder) -> None:
        self._recorders = recorders

    def stage(self, stage: Stage, detail: str = "") -> None:
        """Passed on."""
        for recorder in self._recorders:
            recorder.stage(stage, detail)

    def best(self, candidate: Candidate) -> None:
        """Passed on."""
        for recorder in self._recorders:
            recorder.best(candidate)

    def event(self, name: str, **values: float | int | str) -> None:
        """Passed on."""
        for recorder in self._recorders:
            recorder.event(name, **values)
