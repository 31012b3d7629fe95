"""`kansr inspect`: what kansr sees in a table, before any fit."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kansr.cli import output
from kansr.cli.options import Debug, Sheet

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Examples:

kansr inspect planets.csv

kansr inspect measured.xlsx --sheet 2

kansr inspect - --json < planets.csv
"""


def command(
    data: Annotated[str, typer.Argument(metavar="TABLE", help="The table, or - for standard input.")],
    sheet: Sheet = None,
    json: Annotated[bool, typer.Option("--json", help="Print all that was found as JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Show types, ranges, gaps, outliers and units of a table, and what would be its target."""
    from kansr.data import profile, read_table
    from kansr.report.inspect import print_profile, to_json

    found = profile(read_table(data, sheet))
    if json:
        sys.stdout.write(to_json(found))
    else:
        print_profile(output.stdout(), found, data)
