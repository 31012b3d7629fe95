"""Reading a new table for a formula that is already there."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.cells import days_since
from kansr.data.levels import indicator, levels_of
from kansr.data.names import suggestion
from kansr.data.read import read_table
from kansr.data.table import Table, Wish
from kansr.errors import DataError
from kansr.results import CellForm, ColumnSource
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
    names = {source.column for source in needed.values()}
    numbers = {source.column for source in needed.values() if source.level is None}
    wish = Wish(
        written=lambda name: True,
        understood=lambda name: name in numbers,
        like={source.column: source.form for source in needed.values() if source.form is not None},
    )
    table = read_table(path, sheet, wish, headerless=lambda count: _headerless_names(count, names))
    for source in needed.values():
        if source.column not in table.columns:
            message = f"{table.label}: no column {source.column!r}"
            raise DataError(message, suggestion(source.column, list(table.columns)))
    values = {name: _feature(table, source) for name, source in needed.items()}
    cells = pd.DataFrame({name: column.texts for name, column in table.columns.items()})
    return NewTable(cells, values, (*table.notes, *_notes(table, numbers)))


def _feature(table: Table, source: ColumnSource) -> NDArray[np.float64]:
    column = table.columns[source.column]
    if source.level is not None:
        return indicator(levels_of(column), source)
    if column.kind == "text" and column.first_odd is not None:
        row, cell = column.first_odd
        message = f"{table.place(row)}: column {source.column!r} is {brief(cell)}, which is no number"
        raise DataError(message, "correct the cell, or leave it empty")
    _check_alike(table, source)
    return column.values if source.origin is None else days_since(source.origin, column.values, column.origin)


def _check_alike(table: Table, source: ColumnSource) -> None:
    """A column must hold what it held in the fit, in the same unit; numbers may be written in another country's way."""
    column = table.columns[source.column]
    if not column.filled:
        return
    here = _said(column.form, column.origin)
    there = _said(source.form, source.origin)
    # plain numbers may stand for 1 and 0, and a currency may be left out
    if here != there and not (here == "numbers" and source.origin is None):
        raise DataError(f"{table.label}: column {source.column!r} holds {here}", f"in the fit it held {there}")


def _said(form: CellForm | None, origin: str | None) -> str:
    if origin is not None or (form is not None and form.kind == "date"):
        return "dates"
    if form is not None and form.kind == "truth":
        return f"{form.order.replace('/', ' and ')}"
    return f"numbers with {form.affix!r}" if form is not None and form.affix else "numbers"


def _notes(table: Table, names: Container[str]) -> Iterator[str]:
    for name in table.columns:
        if name in names:
            # days are counted from the date of the fit
            yield from (note.split(", as days since")[0] for note in table.column_notes(name))


def _headerless_names(count: int, needed: Container[str]) -> list[str]:
    """The names that fitting gave; a new table may come without the target, which was the last column."""
    names = [f"x{position}" for position in range(1, count + 1)]
    return names if names[-1] in needed else [*names[:-1], "y"]
