"""The `kansr` program: its commands, and errors as one line with a hint and an exit status."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Annotated, Any

import typer

from kansr import __version__
from kansr.cli import bench, export, fit, functions, inspect, predict, rerun, show
from kansr.cli.streams import prepare_streams
from kansr.cli.usage import usage_hint, usage_message
from kansr.errors import ExitCode, KansrError
from kansr.text import visible

__all__ = ["app", "main"]

# Typer's base of all errors in options and arguments; it moved from click's modules into typer's own.
_UsageError: Any = typer.BadParameter.__bases__[0]
# What the disk or terminal behind standard output answers; files are written in places that know their names.
_STDOUT_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
_MAX_LINE = 600

app = typer.Typer(
    name="kansr",
    help="Turns a table into a formula.",
    epilog="Start with: kansr fit data.csv",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("fit", epilog=fit.EXAMPLES)(fit.command)
app.command("inspect", epilog=inspect.EXAMPLES)(inspect.command)
app.command("rerun", epilog=rerun.EXAMPLES)(rerun.command)
app.command("predict", epilog=predict.EXAMPLES)(predict.command)
app.command("export", epilog=export.EXAMPLES)(export.command)
app.command("show", epilog=show.EXAMPLES)(show.command)
app.command("functions", epilog=functions.EXAMPLES)(functions.command)
app.command("bench", epilog=bench.EXAMPLES)(bench.command)


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"kansr {__version__}\n")
        raise typer.Exit


@app.callback()
def _kansr(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Turns a table into a formula."""


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    arguments = sys.argv[1:] or ["--help"]
    prepare_streams()
    try:
        status = app(arguments, prog_name="kansr", standalone_mode=False)
        sys.stdout.flush()
        if status == ExitCode.INTERRUPTED and not isinstance(status, ExitCode):
            # Typer's own answer to Ctrl-C, while a command that wrote its best formula returns the enum.
            raise KeyboardInterrupt
    except KansrError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        status = _say(error.message, error.hint, error.exit_code)
    except _UsageError as error:
        status = _say(usage_message(error), usage_hint(error), ExitCode.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        status = _say("interrupted, nothing was written", "", ExitCode.INTERRUPTED)
    except MemoryError:
        status = _say("out of memory", "a sample of the rows, or fewer columns, give the same law", ExitCode.DATA)
    except BrokenPipeError:
        # The reader has seen enough (`kansr show RUN | head`).
        _give_up_stdout()
        status = ExitCode.INTERNAL
    except OSError as error:
        if error.errno not in _STDOUT_FAULTS or error.filename is not None:
            raise
        _give_up_stdout()
        message = f"standard output: cannot be written: {error.strerror}"
        status = _say(message, "write to a file with room for it", ExitCode.USAGE)
    sys.exit(status if isinstance(status, int) else ExitCode.OK)


def _give_up_stdout() -> None:
    """Python must not complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str, hint: str, status: ExitCode) -> ExitCode:
    sys.stderr.write(f"kansr: error: {_one_line(message)}\n")
    if hint:
        sys.stderr.write(f"hint: {_one_line(hint)}\n")
    return status


def _one_line(text: str) -> str:
    """Whatever a message quotes: it fills no screen, and moves no cursor."""
    line = visible(" ".join(text[:_MAX_LINE].split()))
    return line if len(text) <= _MAX_LINE else f"{line}..."
