"""From a path to a table."""

from __future__ import annotations

from dataclasses import replace

from kansr.data.delimited import Headerless, default_names, read_delimited
from kansr.data.source import STDIN, open_source
from kansr.data.table import NUMBERS, Table, Wish
from kansr.data.text import TextLines
from kansr.errors import ConfigError

__all__ = ["read_table"]


def read_table(
    path: str, sheet: str | None = None, wish: Wish = NUMBERS, *, headerless: Headerless = default_names
) -> Table:
    """Reads a table: text, an Excel sheet, Parquet or Feather, also packed by gzip, bzip2, xz or zstd.

    Of a text table the delimiter (comma, semicolon, tab, bar, spaces), the decimal mark, quotes, comments, encoding and
    header are detected.

    Args:
        path: The file, or `-` for standard input.
        sheet: Name or number (from 1) of the sheet of a spreadsheet; the first when absent.
        wish: What is wanted of the columns.
        headerless: The names of a table with so many columns and no header.

    Raises:
        ConfigError: If a sheet is asked for and there is none such.
        DataError: If there is no such file or it is no table.
    """
    table = _read(path, sheet, wish, headerless)
    torn = {name for name, column in table.columns.items() if column.torn}
    if not torn or path == STDIN:
        return table
    # what the last cells show was not seen in the first: these columns are read again, as text to begin with
    again = replace(wish, written=lambda name: name in torn or wish.written(name))
    return _read(path, sheet, again, headerless)


def _read(path: str, sheet: str | None, wish: Wish, headerless: Headerless) -> Table:
    with open_source(path) as source:
        if sheet is not None and source.kind != "excel":
            raise ConfigError(f"--sheet {sheet!r}: {source.label} is no spreadsheet", "leave the option out")
        notes: tuple[str, ...] = ()
        if source.kind == "text":
            lines = TextLines(source)
            table = read_delimited(lines, source.label, wish=wish, headerless=headerless)
            notes = lines.notes
        elif source.kind == "excel":
            from kansr.data.excel import Sheet

            rows = Sheet(source, sheet)
            table = read_delimited(rows, rows.label, delimiter=",", unit="row", wish=wish, headerless=headerless)
            notes = rows.notes
        else:
            from kansr.data.arrow import read_arrow

            table = read_arrow(source, wish)
        return replace(table, name=source.name, sha256=source.sha256(), notes=(*notes, *table.notes))
