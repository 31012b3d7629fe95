"""`kansr export`: the formula in another language."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from kansr.cli import output
from kansr.cli.options import Debug, Output, RunPath

__all__ = ["EXAMPLES", "Format", "command"]

EXAMPLES = """Examples:

kansr export runs/planets --format latex

kansr export runs/planets --format python -o planets.py
"""


class Format(StrEnum):
    """The keys of `kansr.export.FORMATS`, which takes too long to import for `--help`."""

    LATEX = "latex"
    SYMPY = "sympy"
    PYTHON = "python"
    JSON = "json"


def command(
    run: RunPath,
    format: Annotated[Format, typer.Option("--format", "-f", help="Language to print.")],  # noqa: A002 (option's name)
    file: Output = None,
    debug: Debug = False,
) -> None:
    """Print the formula as LaTeX, SymPy, a Python module or JSON."""
    from kansr.export import FORMATS
    from kansr.rundir import read_run

    output.answer(FORMATS[format.value](read_run(run).summary), file)
