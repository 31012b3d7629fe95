"""Spreadsheets, as lines of comma-separated text."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, islice
from typing import cast

import openpyxl
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from kansr.data.dialect import is_number
from kansr.data.names import suggestion
from kansr.data.source import Source, foreign_parser
from kansr.errors import ConfigError, DataError
from kansr.text import brief

__all__ = ["Sheet"]

_BLOCK = 20_000
# Rows that tell where the table stands, and the share of them that makes a column.
_SAMPLE, _MANY = 1000, 0.05
# No spreadsheet has more.
_MOST_ROWS = 1 << 20
# Characters that a cell may have.
_LONGEST = 100_000


@dataclass(frozen=True)
class _Area:
    """Where the table stands: from column `begin` to before `end`, from the row with index `head` on."""

    begin: int
    end: int
    head: int


class Sheet:
    """One sheet; iterating gives blocks of lines, one for each row.

    Texts are in quotes: one that starts with `#` is no comment in a sheet.

    Attributes:
        label: What messages call it.
    """

    def __init__(self, source: Source, sheet: str | None) -> None:
        self._source = source
        sheets = self._sheets(values=True)
        if not sheets:
            raise DataError(f"{source.label}: no sheet with cells", "save the table as a sheet, or as CSV")
        self._name = _chosen(list(sheets), sheet, source.label)
        self._sheet = sheets[self._name]
        self.label = f"{source.label}, sheet {self._name!r}"
        more = f" of {len(sheets)} (--sheet chooses another)" if sheet is None and len(sheets) > 1 else ""
        self._chosen = (f"read sheet {self._name!r}{more}",) if more else ()
        self._beside = self._formulas = 0
        self._first_beside = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, complete at the end only."""
        notes = list(self._chosen)
        if self._formulas:
            hint = "open the file in a spreadsheet program and save it"
            notes.append(f"formulas without values in the first {_SAMPLE:,} rows: {self._formulas:,} ({hint})")
        if self._beside:
            notes.append(f"cells beside the table left out: {self._beside:,} ({self._first_beside})")
        return tuple(notes)

    def __iter__(self) -> Iterator[list[str]]:
        lines = self._lines()
        while block := list(islice(lines, _BLOCK)):
            yield block

    def _lines(self) -> Iterator[str]:
        with foreign_parser(self.label, "spreadsheet"):
            rows = _rows(self._sheet)
            sample = list(islice(rows, _SAMPLE))
            area = _area(sample)
            if _has_gaps(sample, area):
                self._formulas = self._count_formulas(sample)
            if self._formulas and not any(sample[area.head + 1 :]):
                message = f"{self.label}: {self._formulas:,} formulas without values"
                raise DataError(message, "open the file in a spreadsheet program and save it")
            for i, cells in enumerate(chain(sample, rows)):
                yield self._line(i, cells, area)

    def _line(self, i: int, cells: list[str], area: _Area) -> str:
        width = area.end - area.begin
        if i < area.head and width > 1:
            # a title: one cell, which no table of several columns has
            return _quoted(" ".join(map(_plain, filter(None, cells)))) + "\n" if cells else "\n"
        inside = cells[area.begin : area.end] if i >= area.head else []
        outside = [cell for cell in (*cells[: area.begin], *cells[area.end :]) if cell] if inside else cells
        self._leave_out(list(filter(None, outside)), i + 1)
        if not any(inside):
            return "\n"
        return ",".join(inside + [""] * (width - len(inside))) + "\n"

    def _leave_out(self, cells: list[str], row: int) -> None:
        if cells and not self._beside:
            self._first_beside = f"{brief(_plain(cells[0]))} in row {row}"
        self._beside += len(cells)

    def _sheets(self, *, values: bool) -> dict[str, Worksheet]:
        with foreign_parser(self._source.label, "spreadsheet"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which are no numbers
            book = openpyxl.load_workbook(self._source.stream, read_only=True, data_only=values, keep_links=False)
            for each in book.worksheets:
                cast(ReadOnlyWorksheet, each).reset_dimensions()  # what the file says of its size may be wrong
            return {each.title: each for each in book.worksheets}

    def _count_formulas(self, sample: list[list[str]]) -> int:
        """How many of the sample's empty cells hold a formula that no program has calculated."""
        sheet = self._sheets(values=False)[self._name]
        count = 0
        for texts, cells in zip(sample, sheet.iter_rows(max_row=len(sample)), strict=False):
            formulas = (i for i, cell in enumerate(cells) if cell.data_type == "f")
            count += sum(i >= len(texts) or not texts[i] for i in formulas)
        return count


def _rows(sheet: Worksheet) -> Iterator[list[str]]:
    """The cells of each row up to the last that holds something."""
    for cells in sheet.iter_rows(max_row=_MOST_ROWS, values_only=True):
        texts = list(map(_text, cells))
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _area(rows: list[list[str]]) -> _Area:
    """The columns that most rows fill, and those that many rows or the header fill beside them."""
    spans = {i: _span(row) for i, row in enumerate(rows) if row}
    if not spans:
        return _Area(0, 0, 0)
    begin, end = Counter(spans.values()).most_common(1)[0][0]
    filled = Counter(i for row in rows for i, cell in enumerate(row) if cell)
    many = [i for i, count in filled.items() if count >= max(3, _MANY * len(spans))]
    begin, end = min([begin, *many]), max([end, *(i + 1 for i in many)])
    head = _head(rows, begin, end)
    return _Area(min(begin, spans[head][0]), max(end, spans[head][1]), head)


def _span(row: list[str]) -> tuple[int, int]:
    return next(i for i, cell in enumerate(row) if cell), len(row)


def _head(rows: list[list[str]], begin: int, end: int) -> int:
    """The first row of the table: the first full one, or a header above it that is not."""
    counts = [sum(map(bool, row[begin:end])) for row in rows]
    head = counts.index(max(counts))
    if any(map(_is_value, rows[head])):
        while head and 2 * counts[head - 1] >= end - begin:
            head -= 1
            if not any(map(_is_value, rows[head])):
                break
    return head


def _has_gaps(rows: list[list[str]], area: _Area) -> bool:
    """Whether a column of the table is empty, or many of its cells are."""
    body = [row for row in rows[area.head + 1 :] if row]
    filled = [sum(len(row) > i and bool(row[i]) for row in body) for i in range(area.begin, area.end)]
    return not all(filled) or sum(filled) < (1 - _MANY) * len(body) * len(filled)


def _chosen(names: list[str], wanted: str | None, label: str) -> str:
    if wanted is None:
        return names[0]
    if wanted in names:
        return wanted
    if wanted.isdecimal() and 0 < int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise ConfigError(f"--sheet {wanted!r}: no such sheet in {label}", suggestion(wanted, names, "sheets"))


def _text(cell: object) -> str:
    """A cell as CSV has it: texts in quotes, all else without."""
    match cell:
        case None:
            return ""
        case bool():
            return str(cell).upper()
        case float():
            return repr(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case int():
            return str(cell)
        case datetime() | date() | time():
            return cell.isoformat()
    text = " ".join(str(cell)[:_LONGEST].split())
    return _quoted(text) if text else ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _plain(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def _is_value(cell: str) -> bool:
    """Whether a cell holds something else than a text."""
    return bool(cell) and (not cell.startswith('"') or is_number(_plain(cell)))
