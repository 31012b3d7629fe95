"""Options that several commands share."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Debug", "Output", "RunPath", "Sheet", "names"]

# `main` looks for this flag itself, since it must also work for errors in the options before it.
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that 'kansr fit' wrote.", show_default=False)]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write; stdout when absent.")
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Sheet of an Excel file, by name or number; the first when absent.")
]


def names(values: list[str] | None) -> tuple[str, ...] | None:
    """The names in `a,b` or in options given several times; a name with a comma goes into double quotes."""
    if not values:
        return None
    cells = [cell.strip() for row in csv.reader(values, skipinitialspace=True) for cell in row]
    return tuple(cell for cell in cells if cell)
