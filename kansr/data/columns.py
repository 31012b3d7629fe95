"""Reading a new table for a formula that is already there."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kansr.data.names import suggestion
from kansr.data.read import bad_cell, parse_table, to_numbers
from kansr.data.text import read_text
from kansr.errors import DataError

__all__ = ["read_columns"]


def read_columns(path: str, names: Sequence[str]) -> pd.DataFrame:
    """Reads a new table, of which the columns `names` become float64; a missing value is NaN there.

    All other columns stay as they are in the file, letter by letter, so that results can be appended and written.
    A table without a header has its columns called `x1`, `x2`, ...; the last is `y` unless `names` needs it.

    Args:
        path: The CSV file, or `-` for standard input.
        names: Columns that must be there.

    Returns:
        All columns of the file, in its order.

    Raises:
        DataError: If the file is no table, lacks one of the columns, or has text in one.
    """
    table = parse_table(
        read_text(path),
        is_text=lambda name: name not in names,
        headerless=lambda count: _headerless_names(count, names),
    )
    frame, columns = table.frame, [str(name) for name in table.frame.columns]
    for name in names:
        if name not in columns:
            raise DataError(f"{table.source}: no column {name!r}", suggestion(name, columns))
        numbers = to_numbers(frame[name], table.decimal)
        row = bad_cell(frame[name], numbers)
        if row is not None:
            cell = str(frame[name].iloc[row]).strip()
            message = f"{table.source}, line {table.lines[row]}: column {name!r} is {cell!r}, which is no number"
            raise DataError(message, "correct the cell, or leave it empty")
        frame[name] = numbers
    return frame


def _headerless_names(count: int, needed: Sequence[str]) -> list[str]:
    """The names that fitting gave; a new table may come without the target, which was the last column."""
    names = [f"x{position}" for position in range(1, count + 1)]
    return names if names[-1] in needed else [*names[:-1], "y"]
