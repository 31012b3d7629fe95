"""Values of a run's formula for a new table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data import read_columns
from kansr.formula.evaluate import evaluate
from kansr.results import TableInfo
from kansr.rundir.read import Run

__all__ = ["Prediction", "predict"]


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


def predict(run: Run, path: str) -> Prediction:
    """Evaluates the formula on a CSV file that holds the columns it uses.

    Args:
        run: A run folder that was read.
        path: The CSV file, or `-` for standard input.

    Raises:
        DataError: If the file is no table, lacks one of the columns, or has text in one.
    """
    result = run.summary.result
    used = {symbol.name for symbol in result.best.expression.free_symbols}
    columns = {column: symbol for column, symbol in result.symbols.items() if symbol in used}
    frame = read_columns(path, list(columns))
    # The index gives a formula without symbols its number of rows.
    arrays = {symbol: frame[column].to_numpy(np.float64) for column, symbol in columns.items()}
    values = evaluate(result.best.expression, arrays or {"": np.zeros(len(frame))})
    values[~np.isfinite(values)] = np.nan
    name = _free_name(result.target, frame.columns)
    csv = frame.assign(**{name: values}).to_csv(index=False, lineterminator="\n")
    return Prediction(csv, name, values, tuple(_notes(frame, list(columns), values, run.summary.table)))


def _free_name(target: str, taken: Iterable[object]) -> str:
    name, names = target, set(taken)
    while name in names:
        name = f"{name}_predicted"
    return name


def _notes(frame: pd.DataFrame, columns: list[str], values: NDArray[np.float64], table: TableInfo) -> Iterable[str]:
    incomplete = frame[columns].isna().any(axis=1).to_numpy() if columns else np.zeros(len(frame), dtype=bool)
    if incomplete.any():
        yield f"{incomplete.sum()} of {len(frame)} rows without a prediction: a value is missing"
    undefined = np.isnan(values) & ~incomplete
    if undefined.any():
        yield f"{undefined.sum()} of {len(frame)} rows without a prediction: the formula is not defined there"
    for column in columns:
        low, high = table.ranges.get(column, (-np.inf, np.inf))
        outside = int(((frame[column] < low) | (frame[column] > high)).sum())
        if outside:
            yield f"{outside} of {len(frame)} rows extrapolate: '{column}' was {low:.6g} to {high:.6g} in the fit"
