"""`kansr functions`: the function library."""

from __future__ import annotations

from kansr.cli import output
from kansr.cli.options import Debug

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Examples:

kansr functions

kansr fit planets.csv --functions exp,log,x^2

kansr fit planets.csv --functions standard,J0
"""


def command(debug: Debug = False) -> None:
    """List the functions that a formula may be made of; those on request are tried where --functions names them."""
    from kansr.functions import LIBRARY, STANDARD
    from kansr.report.terminal import print_functions

    print_functions(output.stdout(), LIBRARY.values(), STANDARD)
