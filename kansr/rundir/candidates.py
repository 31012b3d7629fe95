"""`candidates.csv`: the formulas of the Pareto front, simplest first; `edges.csv`: the network behind the best."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields

from kansr.formula.names import format_expression
from kansr.formula.parse import parse_expression
from kansr.results import Candidate, EdgeRecord, FitResult, Metrics
from kansr.text import spreadsheet_plain, spreadsheet_safe

__all__ = ["candidates_csv", "edges_csv", "read_candidates", "read_edges"]

_EDGE_NAMES = ("source", "target", "node", "function")
_ERRORS = ("r2", "rmse", "nrmse", "mae", "max_abs")


def candidates_csv(result: FitResult) -> str:
    """The content of the file; errors have the rows they were measured on in front, as in `test_rmse`."""
    parts = list(dict.fromkeys(part for candidate in result.front for part in candidate.metrics))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [f"{part}_{name}" for part in parts for name in (*_ERRORS, "rows")]
    writer.writerow(["chosen", "complexity", "description_length", *columns, "expression"])
    for candidate in result.front:
        row: list[object] = [int(candidate == result.best), candidate.complexity, candidate.description_length]
        for part in parts:
            row += _cells(candidate.metrics.get(part))
        writer.writerow(_safe([*row, format_expression(candidate.expression)]))
    return text.getvalue()


def edges_csv(result: FitResult) -> str:
    """One line for each edge `c*f(a*x + b) + d` of the named network, in the scaled units that networks see."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(EdgeRecord)])
    writer.writerows(_safe(astuple(edge)) for edge in result.edges)
    return text.getvalue()


def read_edges(text: str) -> Iterator[EdgeRecord]:
    """Yields each edge.

    Raises:
        KeyError: If a column is missing.
        ValueError: If a constant is no number.
    """
    for row in csv.DictReader(io.StringIO(text)):
        source, target, node, function = (spreadsheet_plain(row[column]) for column in _EDGE_NAMES)
        yield EdgeRecord(source, target, node, function, *(float(row[constant]) for constant in "cdab"))


def _safe(cells: Iterable[object]) -> list[object]:
    """The cells, with text such that no spreadsheet takes it for a formula."""
    return [spreadsheet_safe(cell) if isinstance(cell, str) else cell for cell in cells]


def _cells(metrics: Metrics | None) -> list[object]:
    if metrics is None:
        return [""] * (len(_ERRORS) + 1)
    return [getattr(metrics, name) for name in (*_ERRORS, "rows")]


def read_candidates(text: str, symbols: Iterable[str]) -> Iterator[tuple[Candidate, bool]]:
    """Yields each formula and whether it is the chosen one.

    Raises:
        FormulaError: If an expression is none.
        KeyError: If a column is missing.
        ValueError: If a cell is no number.
    """
    names = tuple(symbols)
    for row in csv.DictReader(io.StringIO(text)):
        parts = [column.removesuffix("_rows") for column, cell in row.items() if column.endswith("_rows") and cell]
        candidate = Candidate(
            expression=parse_expression(spreadsheet_plain(row["expression"]), names),
            complexity=int(row["complexity"]),
            description_length=float(row["description_length"]),
            metrics={part: _metrics(row, part) for part in parts},
        )
        yield candidate, row["chosen"] == "1"


def _metrics(row: dict[str, str], part: str) -> Metrics:
    r2, rmse, nrmse, mae, max_abs = (float(row[f"{part}_{name}"]) for name in _ERRORS)
    return Metrics(r2, rmse, nrmse, mae, max_abs, int(row[f"{part}_rows"]))
