"""`kansr predict`: values of the formula for new rows."""

from __future__ import annotations

from typing import Annotated

import typer

from kansr.cli import output
from kansr.cli.options import Debug, Output, RunPath, Sheet

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Examples:

kansr predict runs/planets new.csv

kansr predict runs/planets new.csv -o predicted.csv
"""


def command(
    run: RunPath,
    data: Annotated[str, typer.Argument(metavar="TABLE", help="Table with the columns of the formula, or -.")],
    sheet: Sheet = None,
    file: Output = None,
    debug: Debug = False,
) -> None:
    """Append the formula's values to a table."""
    from kansr.report.terminal import print_notes
    from kansr.rundir import predict, read_run

    prediction = predict(read_run(run), data, sheet)
    output.answer(prediction.csv, file)
    print_notes(output.stderr(), prediction.notes)
