"""Columns of a few levels: one column of 0 and 1 for each level but one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.column import Column
from kansr.data.table import Table
from kansr.errors import DataError
from kansr.results import ColumnSource

__all__ = ["MOST_LEVELS", "distinct_levels", "indicator", "level_source", "levels_of", "other_levels", "table_levels"]

# With more levels a formula would be a table.
MOST_LEVELS = 20


def levels_of(column: Column) -> pd.Series[str]:
    """The level that each row has, as it is written; empty where the cell is.

    Args:
        column: One that was read as it is written.
    """
    if column.texts is None:
        raise ValueError("a column of levels has to be read as it is written")
    return column.texts.fillna("").str.strip()


def distinct_levels(levels: pd.Series[str]) -> dict[str, int]:
    """How often each level occurs, in alphabetical order."""
    counts = levels[levels != ""].value_counts()
    return {str(level): int(counts[level]) for level in sorted(counts.index)}


def other_levels(table: Table, name: str, levels: pd.Series[str]) -> tuple[str, list[str]]:
    """The most frequent level, which the others are compared with, and these in alphabetical order.

    Raises:
        DataError: If there are too many, or only one.
    """
    found = distinct_levels(levels)
    if not 1 < len(found) <= MOST_LEVELS:
        message = f"{table.label}: --categorical {name!r}: {len(found)} level{'s' if len(found) != 1 else ''}"
        raise DataError(message, f"there may be 2 to {MOST_LEVELS}; --group-by fits each level of a column by itself")
    base = max(found, key=lambda level: found[level])
    return base, [level for level in found if level != base]


def level_source(name: str, level: str, levels: tuple[str, ...]) -> tuple[str, ColumnSource]:
    """Name and source of the column that says where a column has a level, one of all its levels."""
    return f"{name}={level}", ColumnSource(column=name, level=level, levels=levels)


def indicator(levels: pd.Series[str], source: ColumnSource) -> NDArray[np.float64]:
    """One where the level is that of the source, zero at its other levels, NaN where it is missing or unknown."""
    known = levels.isin(source.levels).to_numpy(np.bool_)
    return np.where(known, (levels == source.level).to_numpy(np.bool_), np.nan)


def table_levels(table: Table, name: str) -> list[str]:
    """The levels of a column, in alphabetical order."""
    return list(distinct_levels(levels_of(table.columns[name])))
