"""The overview of several fits on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from kansr.formula.names import unicode_equation
from kansr.report.numbers import error_text, r2_text
from kansr.report.terminal import hanging, judged_part
from kansr.results import FitResult
from kansr.text import visible

__all__ = ["print_overview"]

# Width of all but the name and the formula.
_NUMBERS, _MOST_NAME, _LEAST_FORMULA = 28, 24, 16


def print_overview(
    console: Console, fits: Sequence[tuple[str, FitResult | None, str]], planned: int, folder: Path
) -> None:
    """Prints a line for each fit: its formula, and how well it holds on the rows that judge it most fairly.

    Args:
        console: Where to print.
        fits: Name of each fit that has ended, what it found, and why it failed if it found nothing.
        planned: How many there should be.
        folder: Where they were written.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    name_width = min(max(len(name) for name, _, _ in fits), _MOST_NAME)
    table.add_column("fit", no_wrap=True, overflow="ellipsis", max_width=name_width)
    for column in ("R²", "RMSE"):
        table.add_column(column, justify="right", no_wrap=True)
    room = max(console.width - name_width - _NUMBERS, _LEAST_FORMULA)
    table.add_column("formula", no_wrap=True, overflow="ellipsis", max_width=room)
    for name, result, message in fits:
        table.add_row(visible(name), *_cells(result, message))
    console.print()
    console.print(table)
    console.print()
    if len(fits) < planned:
        console.print(f"Interrupted: {planned - len(fits)} of {planned} fits were not begun.", style="yellow")
    console.print(hanging(f"Run folders, summary.csv and summary.json: {folder}", console))


def _cells(result: FitResult | None, message: str) -> tuple[str, str, str]:
    if result is None:
        return "", "", f"failed: {visible(message)}"
    metrics = result.best.metrics[judged_part(result.best)]
    equation = unicode_equation(result.best.expression, result.target, digits=4)
    return r2_text(metrics.r2), error_text(metrics.rmse), equation
