"""`kansr show`: the report of an earlier fit."""

from __future__ import annotations

from kansr.cli import output
from kansr.cli.options import Debug, RunPath

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Example:

kansr show runs/planets
"""


def command(run: RunPath, debug: Debug = False) -> None:
    """Print the report of an earlier fit again."""
    from kansr.report.terminal import print_notes, print_summary, print_table_info
    from kansr.rundir import read_run

    found = read_run(run)
    console = output.stdout()
    print_table_info(console, found.summary.table)
    print_notes(console, found.summary.notes)
    print_summary(console, found.summary, found.path)
