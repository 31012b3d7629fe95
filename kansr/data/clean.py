"""Choosing the columns and rows that a formula can be fitted to; whatever is left out is said in a note."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.names import suggestion
from kansr.data.read import Table, bad_cell, to_numbers
from kansr.data.weighting import Weighting
from kansr.errors import ConfigError, DataError

__all__ = ["MIN_ROWS", "CleanTable", "clean"]

# Fewer points cannot tell a law from a line.
MIN_ROWS = 3


@dataclass(frozen=True)
class CleanTable:
    """Finite numbers: at least one feature that varies, and a target that varies.

    Attributes:
        features: Column names, in the table's order.
        target: Name of the explained column.
        x: `(rows, len(features))`.
        y: `(rows,)`.
        notes: What was left out and why, one line each.
        weight: Factor on each row's residual, positive, `(rows,)`; None where all count alike.
    """

    features: tuple[str, ...]
    target: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    notes: tuple[str, ...]
    weight: NDArray[np.float64] | None = None


def clean(
    table: Table,
    target: str | None,
    features: tuple[str, ...] | None,
    drop: tuple[str, ...],
    weighting: Weighting | None = None,
) -> CleanTable:
    """Chooses target, features and rows.

    Args:
        table: The table as it was read.
        target: Name of the column to explain; the last one that is not dropped when absent.
        features: Names of the columns to explain it by; all others when absent.
        drop: Names of columns to leave out.
        weighting: How the rows count; all alike when absent.

    Raises:
        ConfigError: If a name is no column or a column has two roles.
        DataError: If the target or the weights are text, the target is constant, or too few columns or rows are left.
    """
    left_out = drop if weighting is None else (*drop, weighting.check(table, target, features, drop))
    target, names = _choose(table, target, features, left_out)
    _check_target(table, target)
    notes: list[str] = []
    names = _numeric_features(table, target, names, asked=features is not None, notes=notes)
    factors = None if weighting is None else weighting.factors(table)
    rows = _complete_rows(table, [*names, target], notes, factors)
    frame = table.frame.loc[rows, [*names, target]]
    _check_varies(table, frame[target])
    names = _informative_features(frame, target, names, notes)
    if not names:
        raise DataError(
            f"{table.source}: no feature is left to explain {target!r} by" + "".join(f"; {note}" for note in notes),
            "the table needs another column of numbers that vary",
        )
    repeated = int(frame[[*names, target]].duplicated().sum())
    if repeated:
        notes.append(f"{_rows(repeated)} repeated exactly; kept")
    x = np.ascontiguousarray(frame[names].to_numpy(np.float64))
    weight = None if factors is None else np.asarray(factors, np.float64)[rows]
    return CleanTable(tuple(names), target, x, frame[target].to_numpy(np.float64), tuple(notes), weight)


def _choose(
    table: Table, target: str | None, features: tuple[str, ...] | None, drop: tuple[str, ...]
) -> tuple[str, list[str]]:
    columns = [str(name) for name in table.frame.columns]
    if len(columns) < 2:
        message = f"{table.source}: only one column, {columns[0]!r}"
        raise DataError(message, "separate columns by comma, semicolon, tab, | or spaces, the same in every line")
    options = (("--target", () if target is None else (target,)), ("--features", features or ()), ("--drop", drop))
    for option, names in options:
        for name in names:
            if name not in columns:
                raise ConfigError(f"{option} {name!r}: no such column in {table.source}", suggestion(name, columns))
    if target is not None and target in drop:
        raise ConfigError(f"--drop {target!r}: it is the target", "take it out of --drop or choose another --target")
    left = [name for name in columns if name not in drop]
    if not left:
        raise ConfigError(f"--drop leaves no column of {table.source}", "drop fewer columns")
    chosen = target if target is not None else left[-1]
    if features is not None and chosen in features:
        hint = "take it out of --features or choose another --target"
        raise ConfigError(f"--features {chosen!r}: it is the target", hint)
    return chosen, [name for name in left if name != chosen and (features is None or name in features)]


def _check_target(table: Table, target: str) -> None:
    text = _first_text(table, target)
    if text is not None:
        line, cell = text
        raise DataError(
            f"{table.source}, line {line}: the target {target!r} is {cell!r}, which is no number",
            _text_hint(table, cell),
        )
    if not np.isfinite(table.frame[target].to_numpy(np.float64)).any():
        message = f"{table.source}: the target {target!r} has no value in any row"
        raise DataError(message, "choose another column with --target")


def _numeric_features(table: Table, target: str, names: list[str], asked: bool, notes: list[str]) -> list[str]:
    """Leaves out text, empty columns and row numbers; a text that was asked for by name is an error."""
    kept = []
    for name in names:
        text = _first_text(table, name)
        if text is not None and asked:
            message = f"{table.source}, line {text[0]}: the feature {name!r} is {text[1]!r}, which is no number"
            raise DataError(message, _text_hint(table, text[1]))
        if text is not None:
            notes.append(f"column {name!r} left out: text ({text[1]!r} in line {text[0]})")
        elif not np.isfinite(table.frame[name].to_numpy(np.float64)).any():
            notes.append(f"column {name!r} left out: no value in any row")
        elif name in table.unnamed and not asked and _counts_rows(table.frame[name]):
            notes.append(f"column {name!r} left out: it has no name and only counts the rows")
        else:
            kept.append(name)
    return kept


def _complete_rows(
    table: Table, names: list[str], notes: list[str], factors: pd.Series[float] | None
) -> NDArray[np.bool_]:
    frame, missing = table.frame[names], "missing or not finite"
    if factors is not None:
        frame, names = pd.concat([frame, factors], axis=1), [*names, str(factors.name)]
        missing += f", or {factors.name!r} not above zero"
    gaps = ~np.isfinite(frame.to_numpy(np.float64))
    rows: NDArray[np.bool_] = ~gaps.any(axis=1)
    total, dropped, kept = len(rows), int((~rows).sum()), int(rows.sum())
    by_column = {name: int(count) for name, count in zip(names, gaps.sum(axis=0), strict=True) if count}
    listed = ", ".join(f"{name}: {count}" for name, count in by_column.items())
    if kept < MIN_ROWS:
        read = f" of {total} in all" if dropped else ""
        hint = "a formula needs at least 3 complete rows"
        if dropped:
            hint += f"; {missing}: {listed}; leave out a column with --drop"
        raise DataError(f"{table.source}: only {_rows(kept)} with a value in every column{read}", hint)
    if dropped:
        notes.append(f"{dropped} of {total} rows left out: a value is {missing} ({listed})")
    return rows


def _check_varies(table: Table, target: pd.Series[float]) -> None:
    if target.nunique() == 1:
        message = f"{table.source}: the target {str(target.name)!r} is {target.iloc[0]:.6g} in every row"
        raise DataError(message, "choose a column that varies with --target")


def _informative_features(frame: pd.DataFrame, target: str, names: list[str], notes: list[str]) -> list[str]:
    """Leaves out constants and exact copies."""
    kept: list[str] = []
    for name in names:
        column = frame[name].to_numpy()
        same = next((other for other in [target, *kept] if _equal(column, frame[other].to_numpy())), None)
        if (column == column[0]).all():
            notes.append(f"column {name!r} left out: {column[0]:.6g} in every row")
        elif same is not None:
            role = "the target" if same == target else "column"
            notes.append(f"column {name!r} left out: equal to {role} {same!r} in every row")
        else:
            kept.append(name)
    return kept


def _equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Equality of columns; most differ in the first row, which is cheap to see."""
    return bool(a[0] == b[0]) and np.array_equal(a, b)


def _first_text(table: Table, name: str) -> tuple[int, str] | None:
    """Line and content of the first cell that is no number, in a column of text."""
    column = table.frame[name]
    if column.dtype == np.float64:
        return None
    row = bad_cell(column, to_numbers(column, table.decimal))
    return None if row is None else (int(table.lines[row]), str(column.iloc[row]).strip())


def _counts_rows(column: pd.Series[float]) -> bool:
    values = column.to_numpy(np.float64)
    return bool((np.diff(values) == 1).all() and values[0] in (0, 1))


def _text_hint(table: Table, cell: str) -> str:
    if any(mark in cell for mark in ".,") and any(map(str.isdigit, cell)):
        return f"decimal mark of this file: {table.decimal!r}; marks between thousands are not understood"
    return "correct the cell, leave it empty, or choose columns with --target, --features and --drop"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
