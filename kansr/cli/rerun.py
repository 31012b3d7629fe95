"""`kansr rerun`: an earlier fit once more, and whether it gives the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kansr.cli import output
from kansr.cli.options import Debug, RunPath
from kansr.cli.search import exit_code, say_what_was_read, search
from kansr.errors import ConfigError, DataError, ExitCode

if TYPE_CHECKING:
    from kansr.config import FitConfig
    from kansr.rundir import Run
    from kansr.search.journal import Journal

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Examples:

kansr rerun runs/planets

kansr rerun runs/planets --data planets.csv --out runs/again

The options, the seed and the readings of the clock are those of the earlier fit, whose folder is not touched.

Exit status: 0 the same formula.json, byte by byte; 4 another one; the others as of 'kansr fit'.
"""

Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Run folder to write; runs/<time>-<name> when absent.")]
Data = Annotated[str | None, typer.Option(metavar="CSV", help="Where the same table is now; where it was when absent.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def command(run: RunPath, out: Out = None, data: Data = None, quiet: Quiet = False, debug: Debug = False) -> ExitCode:
    """Repeat an earlier fit and compare the two."""
    from kansr.data import load
    from kansr.report.terminal import print_notes, print_summary
    from kansr.rundir import RunDirectory, check_free, default_path, differences, read_run, table_info

    found = read_run(run)
    config = _config(found, out, data)
    if out is not None:
        check_free(out)
    others, journal = _journal(found.path)
    if not quiet:
        output.stderr().print(f"Rerun of {run} with the table {config.data}")
        print_notes(output.stderr(), tuple(others))
    dataset = load(config)
    if dataset.sha256 != found.summary.table.sha256:
        message = f"{config.data}: not the table of {run}: its SHA-256 is another one"
        raise DataError(message, "name the file that has the same content with --data")
    if not quiet:
        say_what_was_read(dataset, config)
    folder = RunDirectory(out or default_path(dataset.name), config, table_info(dataset, config))
    summary = search(dataset, config, folder, speak=not quiet, live=not quiet, journal=journal)
    differing = differences(found.path, folder.path)
    if not quiet:
        console = output.stdout()
        print_summary(console, summary, folder.path)
        same = f"The same: formula.json is that of {run}, byte by byte."
        console.print(f"Not the same as {run}: {', '.join(differing)}" if differing else same)
    ended = exit_code(summary)
    if ended is ExitCode.INTERRUPTED and differing:
        return ended
    return ExitCode.NO_FORMULA if differing else ExitCode.OK


def _config(found: Run, out: Path | None, data: str | None) -> FitConfig:
    """The recorded configuration; only where the table and the new folder are is said anew."""
    config = found.config.model_copy(update={"out": out, "data": data or found.config.data})
    if config.data == "-" and data is None:
        raise ConfigError(f"{found.path}: the table came from standard input", "name a file with --data, or --data -")
    if out is not None and out.resolve().is_relative_to(found.path.resolve()):
        raise ConfigError(f"--out {out}: inside the run that is repeated", "choose another folder")
    return config


def _journal(path: Path) -> tuple[list[str], Journal]:
    """What is different here, and the clock of the earlier run, which says nothing to other versions."""
    from kansr.rundir import Environment, read_clock, read_environment
    from kansr.search.clock import Clock
    from kansr.search.journal import Journal

    there, here = read_environment(path), Environment.here()
    versions = list(there.other_versions(here))
    readings = None if versions else read_clock(path)
    notes = [*versions, *there.other_machine(here)]
    if readings is None:
        notes.append("the clock of the earlier fit is not gone by: one that the time limit ended may end differently")
    return notes, Journal(clock=None if readings is None else Clock(readings, heeding=True))
