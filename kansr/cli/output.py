"""Where the commands print: the answer to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kansr.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["answer", "stderr", "stdout"]


def stdout() -> Console:
    """The console of the answer."""
    return _console(error=False)


def stderr() -> Console:
    """The console of progress, warnings and errors."""
    return _console(error=True)


def _console(error: bool) -> Console:
    from rich.console import Console

    return Console(stderr=error, highlight=False, markup=False, emoji=False)


def answer(text: str, output: Path | None) -> None:
    """Gives text to another program: in a file, or as it is on stdout.

    Raises:
        ConfigError: If the file cannot be written.
    """
    if output is None or str(output) == "-":
        sys.stdout.write(text)
        return
    from kansr.rundir import write_file

    try:
        write_file(output, text)
    except OSError as error:
        raise ConfigError(f"--output {output}: cannot be written: {error.strerror}", "choose another path") from None
