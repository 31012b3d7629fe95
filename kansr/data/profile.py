"""What a table looks like before any fit: types, ranges, gaps, outliers, units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.data.clean import counts_rows, digest, repeated_rows
from kansr.data.column import Column
from kansr.data.levels import MOST_LEVELS, distinct_levels, levels_of
from kansr.data.table import Table

__all__ = ["ColumnProfile", "TableProfile", "profile"]

# Largest modified z-score of a value that is no outlier (B. Iglewicz & D. Hoaglin, How to Detect and Handle Outliers,
# 1993), and what makes the median absolute deviation a standard deviation.
_OUTLYING, _MAD_SCALE = 3.5, 0.6745
# Positive columns that span more decades than this are judged by their logarithms.
_WIDE = 2.0
_TARGETS = ("y", "target", "output", "response", "label", "result")


@dataclass(frozen=True)
class ColumnProfile:
    """What is to be seen of one column.

    Attributes:
        name: Its name.
        kind: `number`, `truth`, `date` or `text`.
        missing: Number of cells without a value.
        odd: Number of cells that hold something of another kind; they count as missing in a fit.
        least: Least value; for dates in days since `origin`.
        median: Median.
        greatest: Greatest value.
        origin: The date that days are counted from.
        decades: Decades that the absolute values span, zeros aside.
        outliers: Number of values far from the median, by the median absolute deviation.
        constant: Whether all values are equal.
        same_as: An earlier column with the same values.
        index: Whether it only counts the rows.
        levels: The distinct values, in order, where they are few and repeated.
        notes: How its cells were understood, one line each.
    """

    name: str
    kind: str
    missing: int
    odd: int
    least: float | None = None
    median: float | None = None
    greatest: float | None = None
    origin: str | None = None
    decades: float | None = None
    outliers: int = 0
    constant: bool = False
    same_as: str | None = None
    index: bool = False
    levels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableProfile:
    """What is to be seen of a table.

    Attributes:
        source: The file as messages call it.
        rows: Number of rows.
        complete: Number of rows with a value in every column that could be fitted.
        repeated: Number of rows that equal an earlier one.
        ragged: Number of rows that were left out for their number of values.
        target: The column that would be explained by default or by its name; None if there is none to explain.
        columns: Each column.
        notes: What was found while reading, one line each.
        sha256: Digest of the file's bytes.
    """

    source: str
    rows: int
    complete: int
    repeated: int
    ragged: int
    target: str | None
    columns: tuple[ColumnProfile, ...]
    notes: tuple[str, ...]
    sha256: str


def profile(table: Table) -> TableProfile:
    """Looks at every column."""
    columns = tuple(_profiles(table))
    numeric = [column for column in columns if column.least is not None]
    values = {column.name: table.columns[column.name].values for column in numeric}
    usable = np.ones(table.rows, np.bool_)
    for each in values.values():
        usable &= np.isfinite(each)
    return TableProfile(
        source=table.label,
        rows=table.rows,
        complete=int(usable.sum()) if values else 0,
        repeated=repeated_rows(list(values.values())) if values else 0,
        ragged=table.ragged,
        target=_target(numeric),
        columns=columns,
        notes=table.notes,
        sha256=table.sha256,
    )


def _profiles(table: Table) -> Iterator[ColumnProfile]:
    seen: dict[bytes, str] = {}
    for name, column in table.columns.items():
        same = None
        if column.kind != "text":
            first = seen.setdefault(digest(column.values), name)
            same = first if first != name else None
        yield _profile(name, column, same, unnamed=name in table.unnamed)


def _profile(name: str, column: Column, same: str | None, unnamed: bool) -> ColumnProfile:
    missing = int(column.missing.sum()) - (0 if column.kind == "text" else column.odd)
    values = column.values[np.isfinite(column.values)]
    numbers = _numbers(values) if len(values) else {}
    return ColumnProfile(
        name=name,
        kind=column.kind,
        missing=missing,
        odd=0 if column.kind == "text" else column.odd,
        origin=column.origin,
        same_as=same,
        index=unnamed and column.kind == "number" and counts_rows(column.values),
        levels=() if column.kind == "date" else _levels(column),
        notes=column.notes,
        constant=len(values) > 0 and bool((values == values[0]).all()),
        outliers=_outliers(values),
        **numbers,
    )


def _numbers(values: NDArray[np.float64]) -> Mapping[str, float]:
    sizes = np.abs(values[values != 0])
    decades = float(np.log10(sizes.max()) - np.log10(sizes.min())) if len(sizes) else 0.0
    least, median, greatest = float(values.min()), float(np.median(values)), float(values.max())
    return {"least": least, "median": median, "greatest": greatest, "decades": round(decades, 2)}


def _outliers(values: NDArray[np.float64]) -> int:
    if len(values) < 5:
        return 0
    if values.min() > 0 and np.log10(values.max()) - np.log10(values.min()) > _WIDE:
        values = np.log10(values)
    with np.errstate(over="ignore"):
        distance = np.abs(values - np.median(values))
        spread = float(np.median(distance))
        return int((_MAD_SCALE * distance > _OUTLYING * spread).sum()) if spread > 0 else 0


def _levels(column: Column) -> tuple[str, ...]:
    """The distinct values of a column that says what something is, not how much."""
    if column.texts is not None:
        found = list(distinct_levels(levels_of(column)))
    elif len(np.unique(column.values[:1000])) <= MOST_LEVELS:
        values = np.unique(column.values)
        found = [f"{value:.15g}" for value in values[~np.isnan(values)]]
    else:
        return ()
    few = len(found) <= MOST_LEVELS and len(found) < len(column.values) / 2
    return tuple(found) if few else ()


def _target(numeric: list[ColumnProfile]) -> str | None:
    """A column with the name of a target, else the last one that varies."""
    usable = [column.name for column in numeric if not (column.constant or column.index or column.same_as)]
    named = [name for name in usable if name.lower() in _TARGETS]
    return next(reversed(named or usable), None)
