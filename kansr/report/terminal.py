"""The report of a fit for the terminal: what was read, the formula, its errors, what else was found."""

from __future__ import annotations

import textwrap
from collections.abc import Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import sympy
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kansr.formula.names import latex_expression, unicode_equation, unicode_expression
from kansr.report.numbers import error_text, part_text, r2_text, value_text
from kansr.results import Candidate, FitResult, Summary, TableInfo
from kansr.text import visible

if TYPE_CHECKING:  # the library loads torch, which a report does not need
    from kansr.functions import Function

__all__ = ["hanging", "judged_part", "print_functions", "print_notes", "print_summary", "print_table_info", "rows_text"]

_INDENT = 2
# Width of all but the last column of the table of formulas.
_FRONT_COLUMNS = 26


def rows_text(table: TableInfo) -> str:
    """How the rows are used, such as `70 training, 15 validation, 15 test`."""
    if not table.rows.get("validation") and not table.rows.get("test"):
        return f"{table.rows.get('train', 0)} rows, judged by cross-validation"
    counts = ", ".join(f"{count} {part_text(part)}" for part, count in table.rows.items() if count)
    return f"{sum(table.rows.values())} rows: {counts}"


def print_table_info(console: Console, table: TableInfo) -> None:
    """Says what was read, in two or three lines."""
    features = ", ".join(table.features)
    source = "standard input" if table.source == "-" else table.source
    console.print(Text.assemble(("Read ", "bold"), visible(f"{source}: {rows_text(table)}")))
    console.print(hanging(f"{table.target} from {features}", console))


def print_notes(console: Console, notes: tuple[str, ...]) -> None:
    """Says what the user should know, one paragraph each."""
    for note in notes:
        console.print(hanging(f"Note: {note}", console), style="yellow")


def print_summary(console: Console, summary: Summary, folder: Path | None) -> None:
    """Prints the formula, its LaTeX, errors, constants, the runners-up, and where the run folder is."""
    result = summary.result
    formula = unicode_equation(result.best.expression, result.target)
    console.print()
    _print_line(console, formula, style="bold green" if result.acceptable else "bold yellow")
    console.print()
    _print_line(console, "LaTeX: " + latex_expression(result.best.expression, result.target), style="dim")
    if not result.acceptable:
        mean = (
            f"No acceptable formula: this is the best found, and it explains {result.target} no better than its mean."
        )
        console.print(hanging(mean, console), style="yellow")
    console.print()
    _print_table(console, f"Errors in the units of {result.target}", _errors(result))
    if result.best.constants:
        _print_table(console, "Constants with standard errors", _constants(result.best))
    if len(result.front) > 1:
        judge = part_text(judged_part(result.best))
        _print_table(console, f"Formulas by size (RMSE of {judge}; > is the chosen one)", _front(result, console.width))
    if result.reason:
        _print_line(console, f"Chosen: {result.reason}.")
    _print_line(console, f"Search: {result.outcome.value}, after {result.seconds:.1f} s.")
    if folder is not None:
        _print_line(console, f"Run folder: {folder}")


def print_functions(console: Console, functions: Iterable[Function], standard: Container[str]) -> None:
    """Prints functions of the library as a table.

    Args:
        console: Where to print.
        functions: The functions, in order.
        standard: Names of those that are searched unless the user says otherwise.
    """
    table = _table("name", "f(u)", "domain", "size", "group", left=("name", "f(u)", "domain", "group"))
    for function in functions:
        shown = unicode_expression(function.sympy(sympy.Symbol("u", real=True)))
        group = "standard" if function.name in standard else "on request"
        table.add_row(function.name, shown, function.domain, str(function.complexity), group)
    console.print(table)


def _print_line(console: Console, text: str, style: str = "") -> None:
    """A line that a script or a mouse may take: wrapped on a terminal, whole in a pipe."""
    text = visible(text)
    if console.is_terminal and "LaTeX" not in text:
        console.print(hanging(text, console), style=style)
    else:
        console.print(Text(text), style=style, soft_wrap=True)


def hanging(text: str, console: Console) -> Text:
    """Text wrapped at the width of the console, its further lines indented."""
    lines = textwrap.wrap(visible(text), console.width, subsequent_indent=" " * _INDENT, break_on_hyphens=False)
    return Text("\n".join(lines))


def _print_table(console: Console, title: str, table: Table) -> None:
    console.print(hanging(title, console), style="bold")
    console.print(table)
    console.print()


def _table(*columns: str, left: tuple[str, ...] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="left" if column in left else "right", no_wrap=True, overflow="ellipsis")
    return table


def _errors(result: FitResult) -> Table:
    table = _table("rows of", "R²", "RMSE", "MAE", "max", "rows", left=("rows of",))
    for part, m in result.best.metrics.items():
        errors = (error_text(e) for e in (m.rmse, m.mae, m.max_abs))
        table.add_row(visible(part_text(part)), r2_text(m.r2), *errors, str(m.rows))
    return table


def _constants(best: Candidate) -> Table:
    table = _table("name", "value", left=("name", "value"))
    for constant in best.constants:
        table.add_row(visible(constant.name), value_text(constant))
    return table


def _front(result: FitResult, width: int) -> Table:
    part = judged_part(result.best)
    table = _table("", "size", "RMSE", "formula", left=("formula",))
    # Else the first columns would shrink to nothing beside a long formula.
    table.columns[-1].max_width = max(width - _FRONT_COLUMNS, 10)
    for candidate in result.front:
        chosen = candidate == result.best
        error = error_text(candidate.metrics[part].rmse) if part in candidate.metrics else "-"
        formula = unicode_expression(candidate.expression, digits=4)
        row = (">" if chosen else "", str(candidate.complexity), error, formula)
        table.add_row(*row, style="bold" if chosen else None)
    return table


def judged_part(candidate: Candidate) -> str:
    """The rows whose errors compare formulas most fairly."""
    return next((p for p in ("validation", "cross_validation", "train") if p in candidate.metrics), "train")
