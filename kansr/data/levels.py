"""Columns of a few levels: one column of 0 and 1 for each level but one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kansr.data.column import Column
from kansr.data.table import Table
from kansr.errors import DataError
from kansr.results import ColumnSource

__all__ = ["MOST_LEVELS", "indicator", "level_source", "levels_of", "other_levels", "table_levels"]

# With more levels a formula would be a table.
MOST_LEVELS = 20


def levels_of(column: Column) -> NDArray[np.object_]:
    """The level that each row has, as text; empty where the cell is missing."""
    if column.kind == "text" and column.texts is not None:
        texts = column.texts.str.strip().to_numpy(np.object_)
        return np.where(column.missing, "", texts)
    values, codes = np.unique(column.values, return_inverse=True)
    names = np.array(["" if np.isnan(value) else f"{value:.15g}" for value in values], np.object_)
    levels: NDArray[np.object_] = names[codes]
    return levels


def other_levels(table: Table, name: str, levels: NDArray[np.object_]) -> tuple[str, list[str]]:
    """The most frequent level, which the others are compared with, and these in alphabetical order.

    Raises:
        DataError: If there are too many, or only one.
    """
    found, counts = np.unique(levels[levels != ""].astype(np.str_), return_counts=True)
    if not 1 < len(found) <= MOST_LEVELS:
        message = f"{table.label}: --categorical {name!r}: {len(found)} levels"
        raise DataError(message, f"there may be 2 to {MOST_LEVELS}; --group-by fits each level of a column by itself")
    base = str(found[counts.argmax()])
    return base, [str(level) for level in found if level != base]


def level_source(name: str, level: str, levels: tuple[str, ...]) -> tuple[str, ColumnSource]:
    """Name and source of the column that says where a column has a level, one of all its levels."""
    return f"{name}={level}", ColumnSource(column=name, level=level, levels=levels)


def indicator(levels: NDArray[np.object_], source: ColumnSource) -> NDArray[np.float64]:
    """One where the level is that of the source, zero at its other levels, NaN where it is missing or unknown."""
    known = np.isin(levels.astype(np.str_), source.levels)
    return np.where(known, levels == source.level, np.nan)


def table_levels(table: Table, name: str) -> list[str]:
    """The levels of a column, in alphabetical order."""
    found = np.unique(levels_of(table.columns[name]).astype(np.str_))
    return [str(level) for level in found if level]
