"""Values of a run's formula for a new table."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data import NewTable, read_columns
from kansr.formula.evaluate import evaluate
from kansr.results import TableInfo
from kansr.rundir.read import Run
from kansr.text import spreadsheet_safe

__all__ = ["Prediction", "predict"]

_ROWS = 50_000


@dataclass(frozen=True)
class Prediction:
    """A table with the formula's values.

    Attributes:
        csv: The new table with one more column.
        column: Name of that column: the target's, with `_predicted` if the new table has it already.
        values: Its values, NaN where there is none.
        notes: What the user should know, one line each.
    """

    csv: str
    column: str
    values: NDArray[np.float64]
    notes: tuple[str, ...]


def predict(run: Run, path: str, sheet: str | None = None) -> Prediction:
    """Evaluates the formula on a table that holds the columns it uses.

    Args:
        run: A run folder that was read.
        path: The file, or `-` for standard input.
        sheet: Name or number of the sheet of a spreadsheet.

    Raises:
        DataError: If the file is no table, lacks one of the columns, or has text in one.
    """
    result, info = run.summary.result, run.summary.table
    used = {symbol.name for symbol in result.best.expression.free_symbols}
    symbols = {feature: symbol for feature, symbol in result.symbols.items() if symbol in used}
    table = read_columns(path, list(symbols), info.sources, sheet)
    # The index gives a formula without symbols its number of rows.
    arrays = {symbols[feature]: values for feature, values in table.features.items()}
    values = evaluate(result.best.expression, arrays or {"": np.zeros(len(table.cells))})
    values[~np.isfinite(values)] = np.nan
    name = _free_name(result.target, table.cells.columns)
    csv, escaped = _csv(table.cells, name, values)
    return Prediction(csv, name, values, (*table.notes, *escaped, *_notes(table, values, info)))


def _csv(cells: pd.DataFrame, name: str, values: NDArray[np.float64]) -> tuple[str, tuple[str, ...]]:
    """The table with one more column, and an apostrophe before each cell that a spreadsheet would run."""
    header = [spreadsheet_safe(str(column)) for column in (*cells.columns, name)]
    text, count = io.StringIO(), 0
    for begin in range(0, max(len(cells), 1), _ROWS):  # Python's own strings take much memory: some at a time
        block = cells.iloc[begin : begin + _ROWS]
        safe = block.apply(_safe)
        count += int((safe != block).to_numpy().sum())
        safe = safe.assign(**{name: values[begin : begin + _ROWS]})
        safe.to_csv(text, index=False, header=header if begin == 0 else False, lineterminator="\n")
    notes = (f"{count} cells that a spreadsheet would run got an apostrophe in front",) if count else ()
    return text.getvalue(), notes


def _safe(cells: pd.Series[str]) -> pd.Series[str]:
    """The cells as a spreadsheet may have them; most need no look at each."""
    suspects = cells.str.match(r"'*(?:\s*[^\w\s.]|[\t\r\n])", na=False)
    return cells.mask(suspects, cells[suspects].map(spreadsheet_safe)) if suspects.any() else cells


def _free_name(target: str, taken: Iterable[object]) -> str:
    name, names = target, set(taken)
    while name in names:
        name = f"{name}_predicted"
    return name


def _notes(table: NewTable, values: NDArray[np.float64], info: TableInfo) -> Iterable[str]:
    rows = len(values)
    incomplete = np.zeros(rows, dtype=bool)
    for feature in table.features.values():
        incomplete |= np.isnan(feature)
    if incomplete.any():
        yield f"{incomplete.sum()} of {rows} rows without a prediction: a value is missing"
    undefined = np.isnan(values) & ~incomplete
    if undefined.any():
        yield f"{undefined.sum()} of {rows} rows without a prediction: the formula is not defined there"
    for name, feature in table.features.items():
        low, high = info.ranges.get(name, (-np.inf, np.inf))
        outside = int(((feature < low) | (feature > high)).sum())
        if outside:
            yield f"{outside} of {rows} rows extrapolate: {name!r} was {low:.6g} to {high:.6g} in the fit"
