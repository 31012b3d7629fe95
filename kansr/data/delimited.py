"""Text tables, and spreadsheets as such: from lines to columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.column import Column, ColumnReader
from kansr.data.dialect import MISSING, Dialect, detect
from kansr.data.names import unique_names
from kansr.data.records import Block, Records
from kansr.data.table import NUMBERS, Table, Wish
from kansr.errors import DataError
from kansr.text import brief

__all__ = ["Headerless", "default_names", "read_delimited"]

# Numbers of a table that fit into the memory of a laptop, at eight bytes each.
MOST_CELLS = 400_000_000
_ONLY_MISSING = sorted(MISSING)

Headerless = Callable[[int], list[str]]


def default_names(count: int) -> list[str]:
    """Names for the columns of a table without a header."""
    return [f"x{position}" for position in range(1, count)] + ["y"]


def read_delimited(
    blocks: Iterable[list[str]],
    label: str,
    *,
    delimiter: str | None = None,
    unit: str = "line",
    wish: Wish = NUMBERS,
    headerless: Headerless = default_names,
) -> Table:
    """Cuts lines into columns.

    Args:
        blocks: The lines, block by block.
        label: What messages call the file.
        delimiter: What separates the cells, if it needs no detection.
        unit: What the file calls a line.
        wish: What is wanted of the columns.
        headerless: The names of a table with so many columns and no header.

    Returns:
        The table, without a name and a digest.

    Raises:
        DataError: If the rows are ragged, there is none, or they are too many.
    """
    blocks = iter(blocks)
    first, blank = _first_filled(blocks, label)
    dialect = detect(first, delimiter)
    names, notes = _names(dialect, label, headerless)
    records = Records(chain([first], blocks), dialect, label, unit=unit, before=blank)
    columns, lines = _columns(records, names, dialect, label, wish)
    header = dialect.header or names
    unnamed = [name for name, cell in zip(names, header, strict=True) if not cell.strip()]
    if unnamed and unnamed[-1] == names[-1] and not columns[names[-1]].filled:
        del columns[unnamed.pop()]  # only a delimiter at the end of each line
    return Table(
        label=label,
        name="",
        columns=columns,
        lines=lines,
        unit=unit,
        unnamed=frozenset(unnamed),
        notes=(*notes, *records.notes),
        sha256="",
        ragged=records.ragged,
    )


def _first_filled(blocks: Iterator[list[str]], label: str) -> tuple[list[str], int]:
    """The lines of the first block that has any, from the first that is not blank, and the number of those above."""
    blank = 0
    for lines in blocks:
        start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
        blank += start
        if start < len(lines):
            return lines[start:], blank
    raise DataError(f"{label}: the file is empty", "a table needs a line of column names and rows of numbers")


def _columns(
    records: Records, names: Sequence[str], dialect: Dialect, label: str, wish: Wish
) -> tuple[dict[str, Column], NDArray[np.int64]]:
    """The columns, and the line on which each row ends."""
    readers = [ColumnReader() for _ in names]
    written = {i for i, name in enumerate(names) if wish.written(name)}
    lines = [np.empty(0, np.int64)]
    for block in _bounded(records, len(names), label):
        frame = _parse(block, dialect, label, written)
        for reader, (_, cells) in zip(readers, frame.items(), strict=True):
            reader.add(cells)
        lines.append(block.lines)
    columns = {name: wish.column(name, reader, dialect.decimal) for name, reader in zip(names, readers, strict=True)}
    return columns, np.concatenate(lines)


def _names(dialect: Dialect, label: str, headerless: Headerless) -> tuple[list[str], tuple[str, ...]]:
    left_out = {"lines above the header": dialect.title, "the row of units below the header": dialect.units}
    notes = tuple(f"{what} left out ({brief(text)})" for what, text in left_out.items() if text)
    if dialect.header is not None:
        names, renamed = unique_names(dialect.header, label)
        return names, notes + renamed
    names = headerless(dialect.width) if dialect.width else []
    return names, (f"no header line: the columns are called {_listed(names)}",)


def _bounded(records: Records, width: int, label: str) -> Iterator[Block]:
    rows = 0
    for block in records:
        rows += len(block.lines)
        if rows * width > MOST_CELLS:
            message = f"{label}: more than {MOST_CELLS // width:,} rows of {width} columns"
            raise DataError(message, "a sample of the rows, or fewer columns, give the same law")
        yield block


def _parse(block: Block, dialect: Dialect, label: str, written: AbstractSet[int]) -> pd.DataFrame:
    """The cells of a block as pandas understands them; those of the columns in `written` letter by letter."""
    try:
        frame = pd.read_csv(
            io.StringIO(block.text),
            sep=dialect.delimiter,
            quotechar=dialect.quote,
            skipinitialspace=dialect.delimiter != " ",
            header=None,
            names=list(range(dialect.width)),
            index_col=False,
            dtype=dict.fromkeys(written, str),
            na_values=_missing(dialect.width, written),
            keep_default_na=False,
            decimal=dialect.decimal,
            low_memory=False,  # one type for a whole column
        )
    except pd.errors.ParserError as error:
        last = int(block.lines[-2]) + 1 if len(block.lines) > 1 else int(block.lines[-1])
        if "EOF inside string" in str(error):
            message = f"{label}, line {last}: a quote is opened and never closed"
            raise DataError(message, "close it, or delete it") from None
        raise DataError(f"{label}: not a CSV table: {error}", "check the delimiters and quotes") from None
    if len(frame) != len(block.lines):
        message = f"{label}, lines {block.lines[0]} to {block.lines[-1]}: rows cannot be told apart"
        raise DataError(message, "check the quotes there")
    return frame


def _missing(width: int, written: AbstractSet[int]) -> Any:
    """What stands for no value in each column (pandas takes numbers for names, its types do not)."""
    return {i: _ONLY_MISSING for i in range(width) if i not in written}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{names[0]}, {names[1]}, ..., {names[-1]}"
