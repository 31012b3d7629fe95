"""How a table is written: its delimiter, quotes, decimal mark, and whether it has a header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["MISSING", "Dialect", "detect", "is_blank", "is_comment", "is_missing", "is_number", "records", "squeeze"]

# Cells that stand for "no value", in addition to the empty one.
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "-nan", "-NaN", "null", "NULL", "Null", "None", "none"}
    | {
        "<NA>",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "?",
        "-",
        "--",
        ".",
    }
)

_SAMPLE = 1000
# Records that may stand above the header.
_TITLES = 50
# In this order: where two explain a table equally well, the more common one is meant. The space comes last.
_DELIMITERS = (",", ";", "\t", "|", " ")
_DOT = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf|infinity)", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_POINT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
# What else begins with a digit and is no mere text: dates, times, numbers with a currency or a unit.
_VALUE = re.compile(
    r"[+-]?[$€£¥]? ?[+-]?(\d{1,3}([.,'’\u00a0\u202f]\d{3})+([.,]\d*)?|\d[\d.:/-]*|\d+,\d+)"
    r"( ?[%°A-Za-zµΩ€$£¥²³/]*|[ T]\d\d?:\d\d.*)"
)
_NUMERIC = re.compile(r"[\d.,'\s+-]+")
_TRUTHS = frozenset({"true", "false", "yes", "no"})
_YEAR = re.compile(r"(1[89]|20)\d\d")
_SPACES = re.compile(r"[ \t]+")
_ERROR_CELL = re.compile(r"[ \t]*#(N/?A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)")
_SINGLE_QUOTED = re.compile(r"(^|[,;\t| ])'[^'\n]*'($|[,;\t| ])", re.MULTILINE)


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes:
        delimiter: The character between two cells; a space stands for any run of spaces and tabs.
        quote: The character around a cell that contains the delimiter.
        decimal: The decimal mark, `.` or `,`.
        header: The cells of the header, if there is one.
        width: Number of cells in each row.
        begin: Number of lines before the first row of data: titles, comments, the header.
        title: The first line above the table that is no comment, if there is one.
        comments: Whether lines that start with `#` are remarks.
        units: What stands in a row of units below the header, if there is one.
    """

    delimiter: str
    quote: str
    decimal: str
    header: tuple[str, ...] | None
    width: int
    begin: int
    title: str = ""
    comments: bool = True
    units: str = ""


def is_missing(cell: str) -> bool:
    """Whether a cell holds no value."""
    return cell.strip() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with either decimal mark; a tab beside it is a delimiter, not padding."""
    cell = cell.strip(" ")
    return bool(_DOT.fullmatch(cell) or _COMMA.fullmatch(cell))


def is_value(cell: str) -> bool:
    """Whether a cell is a number, a date, a number with a sign or unit, or a truth value."""
    cell = cell.strip(" ")
    return is_number(cell) or _VALUE.fullmatch(cell) is not None or cell.lower() in _TRUTHS


def is_comment(line: str) -> bool:
    """Whether a line is a remark and no row; one that starts with a spreadsheet's `#N/A` is a row."""
    return line.lstrip(" \t").startswith("#") and not _ERROR_CELL.match(line)


def squeeze(line: str) -> str:
    """Replaces runs of spaces and tabs by one space, so that tables aligned by spaces are read like all others."""
    return _SPACES.sub(" ", line.strip(" \t\n")) + ("\n" if line.endswith("\n") else "")


def is_blank(line: str, delimiter: str) -> bool:
    """Whether a line is no row; one of white space only is none, as in pandas."""
    return delimiter not in line and not line.strip(" \t\n")


def records(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of the line (where the record ends) and the cells of every record that is not blank."""
    filled = ("\n" if is_blank(line, delimiter) else line for line in lines)
    reader = csv.reader(filled, delimiter=delimiter, quotechar=quote, skipinitialspace=delimiter != " ")
    for cells in reader:
        if cells:
            yield reader.line_num, cells


def detect(lines: Sequence[str], delimiter: str | None = None) -> Dialect:
    """Finds out how a table is written, from its first lines.

    Args:
        lines: The first lines of the file, comments included.
        delimiter: What separates the cells, if that is known.
    """
    lines = lines[:_SAMPLE]
    dialect = _detect(lines, delimiter, comments=True)
    marked = sum(
        line.count(dialect.delimiter) == dialect.width - 1 for line in lines[dialect.begin :] if is_comment(line)
    )
    rows = sum(not is_comment(line) and not is_blank(line, dialect.delimiter) for line in lines[dialect.begin :])
    # where more rows start with the mark than do not, it belongs to what they name
    return _detect(lines, delimiter, comments=False) if dialect.width > 1 and marked > rows else dialect


def _detect(lines: Sequence[str], delimiter: str | None, comments: bool) -> Dialect:
    body = ["\n" if comments and is_comment(line) else line for line in lines]
    sample = "".join(body)
    quote = "'" if '"' not in sample and _SINGLE_QUOTED.search(sample) else '"'
    if delimiter is None:
        scores = {each: _score(body, each, quote) for each in _DELIMITERS}
        delimiter = ";" if _is_undivided(body) else max(scores, key=lambda each: scores[each])
    found = _sample_records(body, delimiter, quote)
    above = _titles(found)
    found, title = found[above:], " ".join(delimiter.join(found[0][1]).split()) if above else ""
    header = _header([cells for _, cells in found])
    begin = found[0][0] if header is not None else found[0][0] - 1 if above else 0
    rows = [cells for _, cells in found[header is not None :]]
    if header is None:
        width = len(rows[0]) if rows else 0
        header = _commented_header(lines[: found[0][0]] if found else lines, width)
    units = ""
    if header is not None and _holds_units(rows):
        begin, units, rows = found[1][0], ", ".join(cell.strip() for cell in rows[0]), rows[1:]
    width = len(header) if header is not None else len(rows[0]) if rows else 0
    return Dialect(delimiter, quote, _decimal(rows, delimiter), header, width, begin, title, comments, units)


def _header(rows: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """The names in the first row, fitted to the width of the others; None if it is a row like these."""
    if not rows or not _has_header(rows):
        return None
    names, body = list(rows[0]), rows[1:]
    width = _usual_width(body)[0] if body else len(names)
    if width == len(names) + 1 and len(names) > 1:
        only_ended = all(not row[-1].strip() for row in body)
        # a delimiter that ends each row but the header; or R's row names, which have no name
        return (*names, "") if only_ended else ("", *names)
    if width == len(names) - 1 and not names[-1].strip() and width > 1:
        return tuple(names[:-1])
    return tuple(names)


def _holds_units(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is one of units: no value in it, and values in most columns below."""
    if len(rows) < 3 or any(map(is_value, rows[0])) or all(map(is_missing, rows[0])):
        return False
    below = [all(is_value(c) or is_missing(c) for c in column) for column in zip(*rows[1:], strict=False)]
    return len(below) > 1 and sum(below) > len(below) / 2


def _sample_records(lines: Sequence[str], delimiter: str, quote: str) -> list[tuple[int, list[str]]]:
    if delimiter == " ":
        lines = list(map(squeeze, lines))
    return list(_until_error(records(lines, delimiter, quote)))


def _until_error(found: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Ends quietly at a record that csv refuses; the error is reported when the whole table is read."""
    try:
        yield from found
    except csv.Error:
        return


def _score(lines: Sequence[str], delimiter: str, quote: str) -> float:
    """Share of the lines that are rows of the usual width, squared, times the share of cells that hold a value.

    Lines, not rows: a wrong delimiter may see an open quote that swallows the rest in one row. Squared: a delimiter
    that all lines agree on, the header too, is the right one even if many cells are text.
    """
    rows = [cells for _, cells in _sample_records(lines, delimiter, quote)]
    if not rows:
        return 0.0
    width, count = _usual_width(rows)
    if width == 1:
        return 0.0
    filled = sum(bool(line.strip()) for line in lines)
    return (count / filled) ** 2 * _numeric_share(cell for row in rows[1:] for cell in row)


def _usual_width(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """The most common number of cells, and how often it occurs."""
    return Counter(map(len, rows)).most_common(1)[0]


def _titles(found: Sequence[tuple[int, list[str]]]) -> int:
    """Number of records above the header: instruments write titles there. Without a header nothing is skipped."""
    rows = [cells for _, cells in found]
    if not rows:
        return 0
    width, count = _usual_width(rows)
    above = next(i for i, cells in enumerate(rows) if len(cells) == width)
    table = rows[above:]
    is_table = width > 1 and count > 2 and count > len(table) / 2 and above <= _TITLES
    return above if is_table and _has_header([row for row in table if len(row) == width]) else 0


def _commented_header(lines: Iterable[str], width: int) -> tuple[str, ...] | None:
    """The names in the last fitting comment above a table without a header, as NumPy's `savetxt` writes them."""
    if width == 0:
        return None
    for comment in reversed([line for line in lines if is_comment(line)]):
        text = comment.strip().lstrip("#").strip("\n")
        for delimiter in _DELIMITERS:
            line = squeeze(text) if delimiter == " " else text
            cells = next((cells for _, cells in _until_error(records([line], delimiter, '"'))), [])
            if len(cells) == width and not any(map(is_number, cells)):
                return tuple(cells)
    return None


def _is_name(cell: str, below: Sequence[str]) -> bool:
    """Whether a cell is no value; one such as `50%` may be a name above numbers of another form."""
    if is_number(cell) or is_missing(cell):
        return False
    if not is_value(cell) or not below:
        return not is_value(cell)
    return _sign(cell) not in {_sign(other) for other in below if is_value(other) and not is_number(other)}


def _sign(cell: str) -> str:
    """What is left of a value without its number: the sign or unit; one text for both truth values."""
    return "truth" if cell.strip().lower() in _TRUTHS else _NUMERIC.sub("", cell)


def _is_undivided(lines: Iterable[str]) -> bool:
    """Whether this is one column of numbers below a name, so that `1,5` is one number."""
    first, *body = [line for line in lines if line.strip()] or [""]
    named = not is_number(first.strip()) and not any(delimiter in first for delimiter in _DELIMITERS[:-1])
    return named and all(is_number(line.strip()) or is_missing(line) for line in body)


def _numeric_share(cells: Iterable[str]) -> float:
    """Share of numbers and dates, raised a little so that in a table of texts the widths decide."""
    found = [is_value(cell) or is_missing(cell) for cell in cells]
    return 0.1 + (sum(found) / len(found) if found else 1.0)


def _decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """The mark that some number proves to be one: `1,5` and `0,125` have no groups of thousands, `1,234` may have.

    Where nothing proves it, a comma is one beside semicolons, which nobody needs for other numbers.
    """
    cells = [cell.strip() for row in rows for cell in row]
    points = [cell for cell in cells if "." in cell and _DOT.fullmatch(cell)]
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    if not commas or not all(map(_POINT_GROUPS.fullmatch, points)):
        return "."
    proven = not all(map(_COMMA_GROUPS.fullmatch, commas))
    return "," if proven or (delimiter == ";" and not points) else "."


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """A header has a name above a column of values; in a table of texts, it has no value at all.

    Years above texts are names too, as in `city,1990,2000`.
    """
    if not rows:
        return False
    first, body = rows[0], rows[1:]
    named = [_is_name(cell, [row[i] for row in body if i < len(row)]) for i, cell in enumerate(first)]
    if not body:
        return all(named)
    columns = [any(is_value(row[column]) for row in body if column < len(row)) for column in range(len(first))]
    if any(name and values for name, values in zip(named, columns, strict=True)):
        return True
    years = [cell for cell in first if _YEAR.fullmatch(cell.strip())]
    if not (named[0] or is_missing(first[0])) or columns[0]:
        return all(named) and not any(columns)
    below = [cell for row in body for cell in row[1:]]
    return all(named) or (len(years) == len(set(years)) == len(first) - 1 > 0 and not all(map(_YEAR.fullmatch, below)))
