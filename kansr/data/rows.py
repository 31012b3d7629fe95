"""One pass over the records of a table: do all have the same width, and on which line does each end?"""

from __future__ import annotations

import csv
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.data.dialect import Dialect, records
from kansr.errors import DataError

__all__ = ["Rows", "scan_rows"]


@dataclass(frozen=True)
class Rows:
    """Where the records of a table are.

    Attributes:
        first: The cells of the first record, which is the header if there is one.
        body: Number of lines before the first row of data.
        lines: The line on which each row of data ends.
    """

    first: list[str]
    body: int
    lines: NDArray[np.int64]


def scan_rows(text: str, dialect: Dialect, source: str) -> Rows:
    """Checks that all records have the same width, with a message that names the line, which pandas does not give.

    Raises:
        DataError: If they have not, or there is no row below the header.
    """
    found = records(text, dialect.delimiter, dialect.quote)
    lines = array("q")
    before = 0
    try:
        first_line, first = next(found, (1, []))
        before = first_line
        if not first:
            raise DataError(f"{source}: no values in the file", "a table needs names of columns and rows of numbers")
        if not dialect.header:
            lines.append(first_line)
        for line, cells in found:
            if len(cells) != len(first):
                raise _ragged(source, dialect, (first_line, len(first)), (line, len(cells)), line - before > 1)
            lines.append(line)
            before = line
    except csv.Error as error:
        raise DataError(f"{source}, line {before + 1}: not a CSV table: {error}", "a quote may be left open") from None
    if not lines:
        raise DataError(f"{source}, line {first_line}: no row below the header", "a table needs rows of numbers")
    return Rows(first, first_line if dialect.header else 0, np.array(lines, np.int64))


def _ragged(
    source: str, dialect: Dialect, expected: tuple[int, int], found: tuple[int, int], spans_lines: bool
) -> DataError:
    """Both pairs are a line and its number of values."""
    (first_line, width), (line, count) = expected, found
    if spans_lines:
        hint = "the row goes over several lines: a quote may be left open"
    elif width == 1:
        hint = f"line {first_line} should hold the names of the columns: delete what stands above them"
    elif count > width:
        hint = f"a value that contains the delimiter {dialect.delimiter!r} needs quotes"
    else:
        hint = f"a missing value still needs its delimiter {dialect.delimiter!r}"
    values = "1 value" if count == 1 else f"{count} values"
    return DataError(f"{source}, line {line}: {values}, but line {first_line} has {width}", hint)
