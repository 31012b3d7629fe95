"""What `kansr inspect` shows of a table, on a terminal and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kansr.data.profile import ColumnProfile, TableProfile
from kansr.formula.units import unit
from kansr.report.terminal import hanging
from kansr.text import visible

__all__ = ["print_profile", "to_json"]

_MOST_COLUMNS = 60
_LEVELS_SHOWN = 5
# A column spans this many decades before it is worth a remark.
_WIDE = 2.0


def to_json(profile: TableProfile) -> str:
    """The whole profile."""
    content = {"schema": 1, **asdict(profile)}
    content["columns"] = [{"name": c.name, "unit": unit(c.name), **asdict(c)} for c in profile.columns]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def print_profile(console: Console, profile: TableProfile, path: str) -> None:
    """Prints the table of columns, and a line for each thing worth a remark.

    Args:
        console: Where to print.
        profile: What was found.
        path: The file as the user named it, for the command that comes next.
    """
    width = len(profile.columns)
    size = f"{_of(profile.rows, 'row')}, {_of(width, 'column')}"
    said = visible(f"{profile.source}: {size}")
    console.print(Text.assemble(("Table ", "bold"), said))
    for note in profile.notes:
        console.print(hanging(f"Note: {note}", console), style="yellow")
    console.print()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    table.add_column("column", no_wrap=True, overflow="ellipsis")
    for name in ("type", "unit"):
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=10)
    for name in ("missing", "least", "median", "greatest"):
        table.add_column(name, justify="right", no_wrap=True)
    for column in profile.columns[:_MOST_COLUMNS]:
        cells = (_number(value) for value in (column.least, column.median, column.greatest))
        style = "bold green" if column.name == profile.target else None
        table.add_row(column.name, column.kind, unit(column.name) or "", _count(column.missing), *cells, style=style)
    console.print(table)
    if width > _MOST_COLUMNS:
        console.print(f"and {width - _MOST_COLUMNS:,} more columns: --json shows all")
    console.print()
    for column in profile.columns[:_MOST_COLUMNS]:
        remarks = "; ".join(_remarks(column))
        if remarks:
            console.print(hanging(f"{column.name}: {remarks}", console))
    for line in _summary(profile, path):
        console.print(hanging(line, console))


def _remarks(column: ColumnProfile) -> Iterator[str]:
    yield from column.notes
    if column.kind == "text":
        yield "text, left out of a fit" + (" unless --categorical or --group-by names it" if column.levels else "")
    if column.constant:
        yield "the same in every row"
    if column.same_as is not None:
        yield f"equal to {column.same_as!r}"
    if column.index:
        yield "only counts the rows"
    if column.odd:
        yield f"{column.odd:,} cells of something else" if column.odd > 1 else "1 cell of something else"
    if column.outliers:
        yield f"{column.outliers:,} outliers" if column.outliers > 1 else "1 outlier"
    if column.decades is not None and column.decades > _WIDE and not column.constant:
        yield f"spans {column.decades:.1f} decades"
    if column.levels and not column.constant:
        more = ", ..." if len(column.levels) > _LEVELS_SHOWN else ""
        yield f"{len(column.levels)} levels: {', '.join(column.levels[:_LEVELS_SHOWN])}{more}"


def _summary(profile: TableProfile, path: str) -> Iterator[str]:
    incomplete = profile.rows - profile.complete
    if incomplete:
        yield f"{incomplete:,} of {profile.rows:,} rows have a gap in some column of numbers."
    if profile.repeated:
        yield f"{profile.repeated:,} rows repeat an earlier one."
    if profile.target is None:
        yield "No column could be explained: none of numbers varies."
    else:
        yield f"Suggested: kansr fit {shlex.quote(path)} --target {shlex.quote(profile.target)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _count(count: int) -> str:
    return f"{count:,}" if count else ""
