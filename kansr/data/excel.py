"""Spreadsheets, as lines of comma-separated text."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import islice

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from kansr.data.names import suggestion
from kansr.data.source import Source, foreign_parser
from kansr.errors import ConfigError, DataError

__all__ = ["Sheet"]

_BLOCK = 20_000
# Characters that a cell may have.
_LONGEST = 100_000


class Sheet:
    """One sheet; iterating gives blocks of lines, one for each row.

    Attributes:
        label: What messages call it.
        notes: What the user should know.
    """

    def __init__(self, source: Source, sheet: str | None) -> None:
        self.label = source.label
        with foreign_parser(source.label, "spreadsheet"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which are no numbers
            book = openpyxl.load_workbook(source.stream, read_only=True, data_only=True, keep_links=False)
        sheets = {each.title: each for each in book.worksheets}
        if not sheets:
            raise DataError(f"{source.label}: no sheet with cells", "save the table as a sheet, or as CSV")
        name = _chosen(list(sheets), sheet, source.label)
        self._sheet: Worksheet = sheets[name]
        self.label = f"{source.label}, sheet {name!r}"
        more = f" of {len(sheets)} (--sheet chooses another)" if sheet is None and len(sheets) > 1 else ""
        self.notes = (f"read sheet {name!r}{more}",) if more else ()

    def __iter__(self) -> Iterator[list[str]]:
        rows = self._lines()
        while block := list(islice(rows, _BLOCK)):
            yield block

    def _lines(self) -> Iterator[str]:
        first: list[int] = []
        with foreign_parser(self.label, "spreadsheet"):
            for cells in self._sheet.iter_rows(values_only=True):
                texts = [_text(cell) for cell in cells]
                filled = [i for i, text in enumerate(texts) if text]
                if not first and filled:
                    # the table begins and ends where its header does
                    first = [filled[0], filled[-1] + 1]
                yield _line(_cut(texts, *first)) if filled else "\n"


def _chosen(names: list[str], wanted: str | None, label: str) -> str:
    if wanted is None:
        return names[0]
    if wanted in names:
        return wanted
    if wanted.isdecimal() and 0 < int(wanted) <= len(names):
        return names[int(wanted) - 1]
    raise ConfigError(f"--sheet {wanted!r}: no such sheet in {label}", suggestion(wanted, names, "sheets"))


def _cut(texts: list[str], begin: int, end: int) -> list[str]:
    """The cells of the table's width; one row may be longer, for a remark beside the table."""
    texts = texts[begin:] if any(texts[begin:end]) else texts
    return (texts + [""] * (end - begin - len(texts)))[: end - begin]


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return str(cell).upper()
        case float():
            return repr(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime() | date() | time():
            return cell.isoformat()
    return " ".join(str(cell)[:_LONGEST].split())


def _line(texts: Iterable[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(texts)
    return stream.getvalue()
