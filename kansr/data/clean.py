"""Choosing the rows and columns that a formula can be fitted to; whatever is left out is said in a note."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.column import Column
from kansr.data.levels import indicator, level_source, levels_of, other_levels
from kansr.data.roles import Roles
from kansr.data.table import Table
from kansr.errors import ConfigError, DataError
from kansr.results import ColumnSource
from kansr.text import brief

__all__ = ["MIN_ROWS", "CleanTable", "clean", "counts_rows", "digest", "repeated_rows"]

# Fewer points cannot tell a law from a line.
MIN_ROWS = 3
# The square of a larger value overflows, that of a smaller difference is zero: such columns need another unit.
_LARGEST, _SMALLEST = 1e150, 1e-150


@dataclass(frozen=True)
class CleanTable:
    """Finite numbers: at least one feature that varies, and a target that varies.

    Attributes:
        features: Names of the columns, in the table's order.
        sources: What has to be known to make those features from a new table that are no plain numbers in it.
        target: Name of the explained column.
        x: `(rows, len(features))`.
        y: `(rows,)`.
        notes: What was left out and why, one line each.
        rows_read: Rows of the table, or of the group, before any was left out.
        weight: Factor on each row's residual, positive, `(rows,)`; None where all count alike.
    """

    features: tuple[str, ...]
    sources: dict[str, ColumnSource]
    target: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    notes: tuple[str, ...]
    rows_read: int
    weight: NDArray[np.float64] | None = None


@dataclass
class _Features:
    """The columns offered to the search, by name."""

    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    sources: dict[str, ColumnSource] = field(default_factory=dict)


def clean(table: Table, roles: Roles) -> CleanTable:
    """Chooses rows and features.

    Raises:
        ConfigError: If there is no such group.
        DataError: If the target or the weights are text, the target is constant, or too few columns or rows are left.
    """
    _check_target(table, roles.target)
    notes: list[str] = []
    group = _group_rows(table, roles)
    features = _numeric_features(table, roles, notes)
    target = table.columns[roles.target].values
    weight = None if roles.weight is None else _row_weights(table, roles)
    for name in (*features.values, roles.target, roles.weight):
        if name is not None and name in table.columns:
            notes.extend(table.column_notes(name))
    needed = {**features.values, roles.target: target}
    rows = _complete_rows(table, needed, group, (roles.weight, weight), notes)
    y = target[rows]
    _check_varies(table, roles.target, y)
    kept = _informative(table, {name: values[rows] for name, values in features.values.items()}, roles, y, notes)
    x = np.stack(list(kept.values()), axis=1)
    if repeated := repeated_rows([*x.T, y]):
        notes.append(f"{_count(repeated)} repeated exactly; kept")
    return CleanTable(
        features=tuple(kept),
        sources={name: source for name, source in features.sources.items() if name in kept},
        target=roles.target,
        x=x,
        y=y,
        notes=tuple(notes),
        rows_read=int(group.sum()),
        weight=None if weight is None else weight[rows],
    )


def _check_target(table: Table, target: str) -> None:
    column = table.columns[target]
    if column.kind == "text" and column.first_odd is not None:
        row, cell = column.first_odd
        message = f"{table.place(row)}: the target {target!r} is {brief(cell)}, which is no number"
        raise DataError(message, _text_hint(column, cell))
    if not np.isfinite(column.values).any():
        message = f"{table.label}: the target {target!r} has no value in any row"
        raise DataError(message, "choose another column with --target")


def _group_rows(table: Table, roles: Roles) -> NDArray[np.bool_]:
    """The rows of the group that is fitted, `(rows,)`."""
    if roles.group_by is None or roles.group is None:
        return np.ones(table.rows, np.bool_)
    rows = (levels_of(table.columns[roles.group_by]) == roles.group).to_numpy(np.bool_)
    if not rows.any():
        message = f"--group {roles.group!r}: no row of {roles.group_by!r} has it"
        raise ConfigError(message, "'kansr inspect' shows its levels")
    return rows


def _numeric_features(table: Table, roles: Roles, notes: list[str]) -> _Features:
    """Leaves out text, empty columns and row numbers; a text that was asked for by name is an error."""
    features = _Features()
    for name in roles.features:
        column = table.columns[name]
        if name in roles.categorical:
            _add_levels(table, name, features, notes)
        elif column.kind == "text" and column.first_odd is not None:
            row, cell = column.first_odd
            if roles.asked:
                message = f"{table.place(row)}: the feature {name!r} is {brief(cell)}, which is no number"
                raise DataError(message, _text_hint(column, cell))
            place = f"{table.unit} {table.lines[row]}"
            notes.append(f"column {name!r} left out: text ({brief(cell)} in {place})")
        elif not np.isfinite(column.values).any():
            notes.append(f"column {name!r} left out: no value in any row")
        elif name in table.unnamed and not roles.asked and counts_rows(column.values):
            notes.append(f"column {name!r} left out: it has no name and only counts the rows")
        else:
            features.values[name] = column.values
            if column.form is not None or column.origin is not None:
                features.sources[name] = ColumnSource(column=name, form=column.form, origin=column.origin)
    return features


def _add_levels(table: Table, name: str, features: _Features, notes: list[str]) -> None:
    levels = levels_of(table.columns[name])
    base, others = other_levels(table, name, levels)
    notes.append(f"column {name!r}: 1 or 0 for each level but {base!r}, which is the one with 0 everywhere")
    for level in others:
        own, source = level_source(name, level, (base, *others))
        features.values[own] = indicator(levels, source)
        features.sources[own] = source


def _row_weights(table: Table, roles: Roles) -> NDArray[np.float64]:
    """Factor on each row's residual: the root of its weight; NaN where the row does not count, `(rows,)`."""
    name = str(roles.weight)
    column = table.columns[name]
    if column.kind == "text" and column.first_odd is not None:
        row, cell = column.first_odd
        message = (
            f"{table.place(row)}: the column {name!r} of {roles.weight_option} is {brief(cell)}, which is no number"
        )
        raise DataError(message, "correct the cell, leave it empty, or choose another column")
    # an infinite error is a weight of zero
    values = np.where((column.values > 0) & (column.values <= _LARGEST), column.values, np.nan)
    return 1 / values if roles.sigma else np.sqrt(values)


def _complete_rows(
    table: Table,
    needed: dict[str, NDArray[np.float64]],
    group: NDArray[np.bool_],
    weighting: tuple[str | None, NDArray[np.float64] | None],
    notes: list[str],
) -> NDArray[np.bool_]:
    """The rows with a value in all columns that are needed, `(rows,)`."""
    rows, gaps = group.copy(), dict[str, int]()
    weight_name, weight = weighting
    for name, values in needed.items() if weight is None else (*needed.items(), (str(weight_name), weight)):
        usable = np.isfinite(values)
        large = usable & (np.abs(values) > _LARGEST)
        if large.any():
            notes.append(f"column {name!r}: {int(large.sum())} beyond {_LARGEST:g}, which is too large to count")
            usable &= ~large
        if missing := int((group & ~usable).sum()):
            gaps[name] = missing
        rows &= usable
    total, kept = int(group.sum()), int(rows.sum())
    missing_text = "missing or not finite" + ("" if weight is None else f", or {weight_name!r} not above zero")
    listed = _listed([f"{name}: {count}" for name, count in gaps.items()])
    if kept < MIN_ROWS:
        read = f" of {total} in all" if gaps else ""
        hint = "a formula needs at least 3 complete rows"
        if gaps:
            hint += f"; {missing_text}: {listed}; leave out a column with --drop"
        raise DataError(f"{table.label}: only {_count(kept)} with a value in every column{read}", hint)
    if kept < total:
        notes.append(f"{total - kept} of {total} rows left out: a value is {missing_text} ({listed})")
    return rows


def _check_varies(table: Table, name: str, y: NDArray[np.float64]) -> None:
    if (y == y[0]).all():
        message = f"{table.label}: the target {name!r} is {y[0]:.6g} in every row"
        raise DataError(message, "choose a column that varies with --target")
    if np.ptp(y) < _SMALLEST:
        message = f"{table.label}: the target {name!r} varies by less than {_SMALLEST:g}"
        raise DataError(message, "give it in a smaller unit, such as a billionth")


def _informative(
    table: Table, features: dict[str, NDArray[np.float64]], roles: Roles, y: NDArray[np.float64], notes: list[str]
) -> dict[str, NDArray[np.float64]]:
    """Leaves out constants and exact copies."""
    kept: dict[str, NDArray[np.float64]] = {}
    seen = {digest(y): roles.target}
    for name, values in features.items():
        same = seen.setdefault(digest(values), name)
        if (values == values[0]).all():
            notes.append(f"column {name!r} left out: {values[0]:.6g} in every row")
        elif same != name:
            role = "the target" if same == roles.target else "column"
            notes.append(f"column {name!r} left out: equal to {role} {same!r} in every row")
        elif np.ptp(values) < _SMALLEST:
            notes.append(f"column {name!r} left out: it varies by less than {_SMALLEST:g}; give it in a smaller unit")
        else:
            kept[name] = values
    if not kept:
        reasons = _listed([f"; {note}" for note in notes], mark="")
        message = f"{table.label}: no feature is left to explain {roles.target!r} by{reasons}"
        raise DataError(message, "the table needs another column of numbers that vary")
    return kept


def digest(values: NDArray[np.float64]) -> bytes:
    """Equal for equal columns; -0.0 equals 0.0."""
    return hashlib.blake2b((values + 0.0).tobytes(), digest_size=16).digest()


def repeated_rows(columns: Sequence[NDArray[np.float64]]) -> int:
    """Number of rows that equal one before, by a hash of 64 bits."""
    hashes = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + pd.util.hash_array(column + 0.0)
    hashes.sort()
    return int((hashes[1:] == hashes[:-1]).sum())


def counts_rows(values: NDArray[np.float64]) -> bool:
    """Whether a column is 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool((np.diff(values) == 1).all() and values[0] in (0, 1))


def _text_hint(column: Column, cell: str) -> str:
    if any(mark in cell for mark in ".,") and any(map(str.isdigit, cell)):
        return f"the decimal mark of this column is {column.decimal!r}: write all its numbers in the same way"
    return "correct the cell, leave it empty, or choose columns with --target, --features and --drop"


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def _listed(items: list[str], mark: str = ", ", most: int = 12) -> str:
    more = [f"{mark}and {len(items) - most} more"] if len(items) > most else []
    return mark.join(items[:most]) + "".join(more)
