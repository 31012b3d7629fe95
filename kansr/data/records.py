"""Blocks of text in which every row has the same width, with the line on which each ends."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.data.cells import ODD_SHARE
from kansr.data.dialect import Dialect, is_blank, is_comment, squeeze
from kansr.errors import DataError

__all__ = ["Block", "Records"]


@dataclass(frozen=True)
class Block:
    """Some rows.

    Attributes:
        text: Their lines; blank ones in between are no rows.
        lines: Number of the file's line on which each row ends, `(rows,)`.
    """

    text: str
    lines: NDArray[np.int64]


@dataclass(frozen=True)
class _Ragged:
    """The first row with another width."""

    line: int
    count: int
    spans_lines: bool


class Records:
    """The rows of a table.

    Iterating gives blocks of rows and leaves out comments, titles, the header and a few rows of another width.

    Args:
        lines: The lines of the file, block by block.
        dialect: How the table is written.
        label: What messages call the file.
        unit: What the file calls a line.
        before: Number of the file's lines above the first of `lines`.
    """

    def __init__(
        self, lines: Iterable[list[str]], dialect: Dialect, label: str, *, unit: str = "line", before: int = 0
    ) -> None:
        self._blocks = iter(lines)
        self._pending: deque[str] = deque()
        self._dialect = dialect
        self._label, self._unit = label, unit
        self._begin = before + dialect.begin
        self._fetched = self._before = before  # lines that came in, and that went out
        self._rows = self._ragged_rows = self._commented = 0
        self._ragged: _Ragged | None = None

    def __iter__(self) -> Iterator[Block]:
        """Yields the blocks.

        Raises:
            DataError: If quotes do not match, or more rows than a few have another width than the first.
        """
        while lines := self._next():
            ends = self._ends_of_regular(lines)
            if ends is None:
                lines, ends = self._checked(lines)
            self._before += len(lines)
            self._rows += len(ends)
            if len(ends):
                yield Block("".join(lines), ends)
        self._check()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, complete at the end only."""
        notes = []
        if self._commented:
            notes.append(f"{_count(self._commented, self._unit)} among the rows left out: comments that start with '#'")
        if self._ragged is not None:
            place = f"{self._unit} {self._ragged.line}"
            first = f"{place} has {_count(self._ragged.count, 'value')}, not {self._dialect.width}"
            notes.append(f"{_count(self._ragged_rows, 'row')} left out: another number of values ({first})")
        return tuple(notes)

    @property
    def ragged(self) -> int:
        """Number of rows that were left out for their width."""
        return self._ragged_rows

    def _next(self) -> list[str]:
        """The next lines; what is no row is blank, so that line numbers stay."""
        if self._pending:
            lines = list(self._pending)
            self._pending.clear()
            return lines
        lines = next(self._blocks, [])
        if self._fetched < self._begin:
            skip = min(self._begin - self._fetched, len(lines))
            lines = ["\n"] * skip + lines[skip:]
        self._fetched += len(lines)
        if self._dialect.comments and any("#" in line for line in lines):
            lines = list(self._without_comments(lines))
        return list(map(squeeze, lines)) if self._dialect.delimiter == " " else lines

    def _without_comments(self, lines: list[str]) -> Iterator[str]:
        begun = self._rows > 0 or self._dialect.begin > 0
        for line in lines:
            remark = is_comment(line)
            self._commented += remark and begun
            begun = begun or not (remark or line.isspace())
            yield "\n" if remark else line

    def _ends_of_regular(self, lines: list[str]) -> NDArray[np.int64] | None:
        """Where each row ends if no row needs a closer look: without quotes, the delimiters tell its width."""
        delimiter, quote = self._dialect.delimiter, self._dialect.quote
        rows = [i for i, line in enumerate(lines) if not is_blank(line, delimiter)]
        if any(quote in lines[i] for i in rows):
            return None
        if any(lines[i].count(delimiter) != self._dialect.width - 1 for i in rows):
            return None
        return np.array(rows, np.int64) + (self._before + 1)

    def _checked(self, lines: list[str]) -> tuple[list[str], NDArray[np.int64]]:
        """The lines with rows of another width blank, extended to the end of the last row, and where each row ends."""
        dialect = self._dialect
        read: list[str] = []
        filled = ("\n" if is_blank(line, dialect.delimiter) else line for line in self._feed(lines, read))
        reader = csv.reader(
            filled, delimiter=dialect.delimiter, quotechar=dialect.quote, skipinitialspace=dialect.delimiter != " "
        )
        ends: list[int] = []
        last = 0
        try:
            for cells in reader:
                first, last = last, reader.line_num
                if cells and len(cells) != dialect.width:
                    self._leave_out(self._before + last, len(cells), spans_lines=last - first > 1)
                    read[first:last] = ["\n"] * (last - first)
                elif cells:
                    ends.append(self._before + last)
                if last >= len(lines):
                    break
        except csv.Error as error:
            place = f"{self._label}, {self._unit} {self._before + last + 1}"
            raise DataError(f"{place}: not a CSV table: {error}", "a quote may be left open") from None
        return read, np.array(ends, np.int64)

    def _feed(self, lines: list[str], read: list[str]) -> Iterator[str]:
        """Hands lines to csv and notes them in `read`; lines of the next blocks only while a quote is open."""
        for line in lines:
            read.append(line)
            yield line
        while more := self._next():
            self._pending.extend(more)
            while self._pending:
                read.append(self._pending.popleft())
                yield read[-1]

    def _leave_out(self, line: int, count: int, spans_lines: bool) -> None:
        if self._ragged is None or spans_lines:
            self._ragged = _Ragged(line, count, spans_lines)
        self._ragged_rows += 1
        if spans_lines:  # it may have swallowed any number of rows
            raise self._error(self._ragged)

    def _check(self) -> None:
        if self._ragged is not None and self._ragged_rows > ODD_SHARE * (self._rows + self._ragged_rows):
            raise self._error(self._ragged)
        if not self._rows:
            if not self._dialect.width:
                message, hint = f"{self._label}: no values in the file", "a table needs names of columns and rows"
                raise DataError(message, hint + " of numbers")
            place = f"{self._label}, {self._unit} {self._begin}"
            raise DataError(f"{place}: no row below the header", "a table needs rows of numbers")

    def _error(self, ragged: _Ragged) -> DataError:
        width, delimiter = self._dialect.width, self._dialect.delimiter
        if ragged.spans_lines:
            hint = "the row goes over several lines: a quote may be left open"
        elif width == 1:
            hint = f"the first {self._unit} should hold the names of the columns: delete what stands above them"
        elif ragged.count > width:
            hint = f"a value that contains the delimiter {delimiter!r} needs quotes"
        else:
            hint = f"a missing value still needs its delimiter {delimiter!r}"
        place = f"{self._label}, {self._unit} {ragged.line}"
        return DataError(f"{place}: {_count(ragged.count, 'value')}, but the first row has {width}", hint)


def _count(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' if count != 1 else ''}"
