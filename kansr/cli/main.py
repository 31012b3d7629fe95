"""The `kansr` program: its commands, and errors as one line with a hint and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, Any, TextIO

import typer

from kansr import __version__
from kansr.cli import bench, export, fit, functions, predict, rerun, show
from kansr.errors import ExitCode, KansrError

__all__ = ["app", "main"]

# Typer's base of all errors in options and arguments; it moved from click's modules into typer's own.
_UsageError: Any = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="kansr",
    help="Turns a table into a formula.",
    epilog="Start with: kansr fit data.csv",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("fit", epilog=fit.EXAMPLES)(fit.command)
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
    _accept_any_character(sys.stdout)
    _accept_any_character(sys.stderr)
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
        status = _say(error.format_message(), f"see '{_command_path(error)} --help'", ExitCode.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        status = _say("interrupted, nothing was written", "", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader has seen enough (`kansr show RUN | head`); Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = ExitCode.INTERNAL
    sys.exit(status if isinstance(status, int) else ExitCode.OK)


def _say(message: str, hint: str, status: ExitCode) -> ExitCode:
    sys.stderr.write(f"kansr: error: {_one_line(message)}\n")
    if hint:
        sys.stderr.write(f"hint: {_one_line(hint)}\n")
    return status


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _command_path(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context is not None else "kansr"


def _accept_any_character(stream: TextIO) -> None:
    """A formula in Unicode must not fail on a terminal that lacks a character."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
