"""Reading a new table for a formula that is already there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.cells import days_since
from kansr.data.column import Column
from kansr.data.levels import indicator, levels_of
from kansr.data.names import suggestion
from kansr.data.read import read_table
from kansr.data.table import Table
from kansr.errors import DataError
from kansr.results import ColumnSource
from kansr.text import brief

__all__ = ["NewTable", "read_columns"]

_NONE: Mapping[str, ColumnSource] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class NewTable:
    """A new table with the features that a formula needs.

    Attributes:
        cells: All columns as they are in the file, letter by letter.
        features: Values of the features, NaN where there is none, each `(rows,)`.
        notes: What the user should know, one line each.
    """

    cells: pd.DataFrame
    features: dict[str, NDArray[np.float64]]
    notes: tuple[str, ...]


def read_columns(
    path: str, features: Sequence[str], sources: Mapping[str, ColumnSource] = _NONE, sheet: str | None = None
) -> NewTable:
    """Reads a new table.

    A table without a header has its columns called `x1`, `x2`, ...; the last is `y` unless it is needed.

    Args:
        path: The file, or `-` for standard input.
        features: Names of the features that are needed.
        sources: What those of them are made of that are no plain numbers in the table.
        sheet: Name or number of the sheet of a spreadsheet.

    Raises:
        DataError: If the file is no table, lacks one of the columns, or has text in one.
    """
    needed = {name: sources.get(name, ColumnSource(column=name)) for name in features}
    names = [source.column for source in needed.values()]
    table = read_table(path, sheet, keep_texts=True, headerless=lambda count: _headerless_names(count, names))
    for name in names:
        if name not in table.columns:
            raise DataError(f"{table.label}: no column {name!r}", suggestion(name, list(table.columns)))
    values = {name: _feature(table, source) for name, source in needed.items()}
    cells = pd.DataFrame({name: _written(column) for name, column in table.columns.items()})
    return NewTable(cells, values, (*table.notes, *_notes(table, needed)))


def _feature(table: Table, source: ColumnSource) -> NDArray[np.float64]:
    column = table.columns[source.column]
    if source.level is not None:
        return indicator(levels_of(column), source)
    if column.kind == "text" and column.first_odd is not None:
        row, cell = column.first_odd
        message = f"{table.place(row)}: column {source.column!r} is {brief(cell)}, which is no number"
        raise DataError(message, "correct the cell, or leave it empty")
    is_date = column.kind == "date"
    if column.filled and is_date != (source.origin is not None):
        what, was = ("dates", "numbers") if is_date else ("numbers", "dates")
        raise DataError(f"{table.label}: column {source.column!r} holds {what}", f"in the fit it held {was}")
    return column.values if source.origin is None else days_since(source.origin, column.values, column.origin)


def _written(column: Column) -> pd.Series[str]:
    return pd.Series(column.values).astype("str") if column.texts is None else column.texts


def _notes(table: Table, needed: Mapping[str, ColumnSource]) -> Iterator[str]:
    for name in dict.fromkeys(source.column for source in needed.values()):
        column = table.columns[name]
        notes = () if column.kind == "date" else column.notes  # days are counted from the date of the fit
        yield from (f"column {name!r}: {note}" for note in notes)
        if column.odd and column.first_odd is not None and column.kind != "text":
            row, cell = column.first_odd
            place = f"{table.unit} {table.lines[row]}"
            yield f"column {name!r}: {column.odd} of something else taken for missing ({brief(cell)} in {place})"


def _headerless_names(count: int, needed: Sequence[str]) -> list[str]:
    """The names that fitting gave; a new table may come without the target, which was the last column."""
    names = [f"x{position}" for position in range(1, count + 1)]
    return names if names[-1] in needed else [*names[:-1], "y"]
