"""How a table is written: its delimiter, quotes, decimal mark, and whether it has a header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["MISSING", "Dialect", "detect", "is_missing", "is_number", "records", "squeeze"]

# Cells that stand for "no value", in addition to the empty one.
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "-nan", "-NaN", "null", "NULL", "Null", "None", "none"}
    | {"<NA>", "#N/A", "#NA", "#DIV/0!", "#VALUE!", "?", "-", "--", "."}
)

_SAMPLE = 1000
# In this order: where two explain a table equally well, the more common one is meant. The space comes last.
_DELIMITERS = (",", ";", "\t", "|", " ")
_DOT = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf|infinity)", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_SINGLE_QUOTED = re.compile(r"(^|[,;\t| ])'[^'\n]*'($|[,;\t| ])", re.MULTILINE)


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: The character between two cells; a space stands for any run of spaces and tabs.
        quote: The character around a cell that contains the delimiter.
        decimal: The decimal mark, `.` or `,`.
        header: Whether the first row holds the column names.
    """

    delimiter: str
    quote: str
    decimal: str
    header: bool


def is_missing(cell: str) -> bool:
    """Whether a cell holds no value."""
    return cell.strip() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with either decimal mark; a tab beside it is a delimiter, not padding."""
    cell = cell.strip(" ")
    return bool(_DOT.fullmatch(cell) or _COMMA.fullmatch(cell))


def squeeze(text: str) -> str:
    """Replaces runs of spaces and tabs by one space, so that tables aligned by spaces are read like all others."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


def records(text: str, delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of the line (where the record ends) and the cells of every record that is not blank."""
    lines = _lines(text, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=delimiter != " ")
    for cells in reader:
        if cells:
            yield reader.line_num, cells


def detect(text: str) -> Dialect:
    """Finds out how a table is written, from its first thousand records."""
    sample = "\n".join(text.split("\n", _SAMPLE)[:_SAMPLE])
    quote = "'" if '"' not in sample and _SINGLE_QUOTED.search(sample) else '"'
    scores = {delimiter: _score(sample, delimiter, quote) for delimiter in _DELIMITERS}
    delimiter = ";" if _is_undivided(sample) else max(scores, key=lambda candidate: scores[candidate])
    rows = _sample_rows(sample, delimiter, quote)
    return Dialect(delimiter, quote, _decimal(rows, delimiter), _has_header(rows))


def _lines(text: str, delimiter: str) -> Iterator[str]:
    """Yields lines without copying the text; one of white space only is blank, as in pandas."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = text[start:end]
        yield line if line.strip(" \t\n") or delimiter in line else "\n"
        start = end


def _sample_rows(sample: str, delimiter: str, quote: str) -> list[list[str]]:
    lines = squeeze(sample) if delimiter == " " else sample
    return [cells for _, cells in _until_error(records(lines, delimiter, quote))]


def _until_error(found: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Ends quietly at a record that csv refuses; the error is reported when the whole table is read."""
    try:
        yield from found
    except csv.Error:
        return


def _score(sample: str, delimiter: str, quote: str) -> float:
    """Share of the lines that are rows of the usual width, times the share of cells that are numbers or missing.

    Lines, not rows: a wrong delimiter may see an open quote that swallows the rest in one row.
    """
    rows = _sample_rows(sample, delimiter, quote)
    if not rows:
        return 0.0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width == 1:
        return 0.0
    lines = sum(bool(line.strip()) for line in sample.split("\n"))
    return count / lines * _numeric_share(cell for row in rows[1:] for cell in row)


def _is_undivided(sample: str) -> bool:
    """Whether this is one column of numbers below a name, so that `1,5` is one number."""
    first, *body = [line for line in sample.split("\n") if line.strip()] or [""]
    named = not is_number(first) and not any(delimiter in first for delimiter in _DELIMITERS[:-1])
    return named and all(is_number(line) or is_missing(line) for line in body)


def _numeric_share(cells: Iterable[str]) -> float:
    """Share of numbers, raised a little so that in a table of texts the widths decide."""
    found = [is_number(cell) or is_missing(cell) for cell in cells]
    return 0.1 + (sum(found) / len(found) if found else 1.0)


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    """A comma where some numbers have one and none has a point; never guessed from `"1,234"` between commas."""
    cells = [cell.strip() for row in rows for cell in row]
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    points = any("." in cell and _DOT.fullmatch(cell) for cell in cells)
    if points or not commas:
        return "."
    return "." if delimiter == "," and all(map(_THOUSANDS.fullmatch, commas)) else ","


def _has_header(rows: list[list[str]]) -> bool:
    """A header has a name above a column of numbers; in a table of texts, it has no number at all."""
    if not rows:
        return False
    first, body = rows[0], rows[1:]
    named = [not is_number(cell) and not is_missing(cell) for cell in first]
    if not body:
        return all(named)
    columns = [any(is_number(row[column]) for row in body if column < len(row)) for column in range(len(first))]
    if any(columns):
        return any(name and numbers for name, numbers in zip(named, columns, strict=True))
    return all(named)
