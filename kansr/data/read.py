"""From text to a table of columns, each of numbers or of text."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.dialect import MISSING, Dialect, detect, is_missing, squeeze
from kansr.data.rows import Rows, scan_rows
from kansr.data.text import SourceText, read_text
from kansr.errors import DataError

__all__ = ["Table", "bad_cell", "parse_table", "read_table", "to_numbers", "unique_names"]


@dataclass(frozen=True)
class Table:
    """A table as it was read; nothing is left out yet.

    Attributes:
        source: What messages call the file.
        name: Short name, safe as part of a folder's name.
        frame: Float64 columns where every cell is a number or missing, else columns of text.
        decimal: The decimal mark of the file.
        lines: Number of the file's line that each row ends on.
        unnamed: Columns without a name in the header, which got one here.
        notes: What was found or changed, one line each.
        sha256: Digest of the file's bytes.
    """

    source: str
    name: str
    frame: pd.DataFrame
    decimal: str
    lines: NDArray[np.int64]
    unnamed: frozenset[str]
    notes: tuple[str, ...]
    sha256: str


def read_table(path: str) -> Table:
    """Reads a CSV file, or standard input where `path` is `-`.

    The delimiter (comma, semicolon, tab, bar, spaces), decimal comma, quotes, encoding and header are detected.

    Raises:
        DataError: If there is no such file or it is no table.
    """
    table = parse_table(read_text(path))
    columns = {}
    for name, column in table.frame.items():
        numbers = to_numbers(column, table.decimal)
        columns[name] = numbers if bad_cell(column, numbers) is None else column.astype("str")
    return replace(table, frame=pd.DataFrame(columns))


def parse_table(
    source: SourceText,
    is_text: Callable[[str], bool] = lambda name: False,
    headerless: Callable[[int], list[str]] | None = None,
) -> Table:
    """Cuts a text into columns.

    Args:
        source: The text.
        is_text: Whether the column of this name is kept letter by letter, missing cells included.
        headerless: The names of a table with so many columns and no header; `x1`, `x2`, ..., `y` when absent.

    Returns:
        The table, with columns as pandas understood them: `to_numbers` and `bad_cell` tell which are numbers.

    Raises:
        DataError: If the rows are ragged or there is none.
    """
    dialect = detect(source.text)
    text = squeeze(source.text) if dialect.delimiter == " " else source.text
    rows = scan_rows(text, dialect, source.source)
    notes = source.notes
    if dialect.header:
        names, renamed = unique_names([cell.strip() for cell in rows.first])
        notes += renamed
    else:
        names = (headerless or _default_names)(len(rows.first))
        notes += (f"no header line: the columns are called {', '.join(names)}",)
    try:
        frame = _parse(text, rows.body, dialect, names, is_text)
    except pd.errors.ParserError as error:
        raise _parse_error(source.source, rows, error) from None
    unnamed = [name for name, cell in zip(names, rows.first, strict=True) if dialect.header and not cell.strip()]
    if unnamed and unnamed[-1] == names[-1] and frame[names[-1]].map(_is_empty).all():
        frame = frame.drop(columns=unnamed.pop())  # only a delimiter at the end of each line
    return Table(
        source.source, source.name, frame, dialect.decimal, rows.lines, frozenset(unnamed), notes, source.sha256
    )


def to_numbers(column: pd.Series[Any], decimal: str) -> pd.Series[float]:
    """Turns a column to float64; a cell that is no number becomes NaN."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.astype(np.float64)
    cells = column.astype("str").str.strip()
    if decimal == ",":
        # A point beside decimal commas separates thousands or is a mistake: no number is better than a wrong one.
        cells = cells.str.replace(".", "?", regex=False).str.replace(",", ".", regex=False)
    return pd.to_numeric(cells, errors="coerce").astype(np.float64)


def bad_cell(column: pd.Series[Any], numbers: pd.Series[float]) -> int | None:
    """Position of the first cell that holds something but no number; None if there is none."""
    suspects = np.flatnonzero(numbers.isna())
    return next((int(row) for row in suspects if not _is_empty(column.iloc[row])), None)


def unique_names(cells: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Gives a name to columns without one and makes repeated names differ.

    Returns:
        The names, and a note for each that was changed.
    """
    names: dict[str, int] = {}
    notes = []
    for position, cell in enumerate(cells, start=1):
        wanted = cell or f"unnamed_{position}"
        name, count = wanted, 1
        while name in names or (name != cell and name in cells):
            count += 1
            name = f"{wanted}_{count}"
        if cell and name != cell:
            notes.append(f"column {position} is called {name!r}, because the name {cell!r} occurs before")
        names[name] = position
    return list(names), tuple(notes)


def _default_names(count: int) -> list[str]:
    return [f"x{position}" for position in range(1, count)] + ["y"]


def _is_empty(cell: object) -> bool:
    return is_missing(cell) if isinstance(cell, str) else bool(pd.isna(cell))  # type: ignore[call-overload]


def _parse(
    text: str, body: int, dialect: Dialect, names: Sequence[str], is_text: Callable[[str], bool]
) -> pd.DataFrame:
    stream = io.StringIO(text)
    for _ in range(body):
        stream.readline()
    missing = sorted(MISSING)
    return pd.read_csv(
        stream,
        sep=dialect.delimiter,
        quotechar=dialect.quote,
        skipinitialspace=dialect.delimiter != " ",
        header=None,
        names=list(names),
        index_col=False,
        dtype={name: str for name in names if is_text(name)},
        na_values={name: missing for name in names if not is_text(name)},
        keep_default_na=False,
        low_memory=False,  # one type for a whole column
    )


def _parse_error(source: str, rows: Rows, error: pd.errors.ParserError) -> DataError:
    """The one thing that csv lets pass and pandas does not is a quote that is open at the end of the file."""
    last = int(rows.lines[-2]) + 1 if len(rows.lines) > 1 else rows.body + 1
    if "EOF inside string" in str(error):
        return DataError(f"{source}, line {last}: a quote is opened and never closed", "close it, or delete it")
    return DataError(f"{source}: not a CSV table: {error}", "check the delimiters and quotes")
