"""`kansr fit` with several targets, or a group for each level of a column."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kansr.cli import output
from kansr.cli.search import exit_code, fit_dataset
from kansr.errors import ConfigError, ExitCode, KansrError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kansr.batch import Entry, Task
    from kansr.config import FitConfig
    from kansr.data import Table

__all__ = ["fit_several"]


def fit_several(config: FitConfig, targets: Sequence[str], *, resume: bool, json: bool, quiet: bool) -> ExitCode:
    """Fits one after the other, each with the whole time limit and a run folder of its own below `--out`.

    A fit that fails is a line of the overview and ends nothing; Ctrl-C ends them all.
    """
    from kansr.batch import overview_json, tasks, write_overview
    from kansr.data import read
    from kansr.report.overview import print_overview
    from kansr.rundir import check_free, default_path

    if config.out is not None and not resume:
        check_free(config.out)
    table = read(config)
    plan = tasks(table, config, targets)
    folder = config.out or default_path(table.name)
    entries: list[Entry] = []
    for number, task in enumerate(plan, start=1):
        if not quiet:
            output.stderr().print(f"\n{number} of {len(plan)}: {task.name}", style="bold")
        entries.append(_entry(table, task, folder, resume=resume, speak=not (quiet or json), live=not quiet))
        try:
            write_overview(folder, entries)
        except OSError as error:
            raise ConfigError(f"--out {folder}: cannot be written: {error.strerror}", "choose another folder") from None
        if entries[-1].status is ExitCode.INTERRUPTED:
            break
    if json:
        sys.stdout.write(overview_json(entries))
    elif not quiet:
        fits = [(e.task.name, e.summary.result if e.summary else None, e.message) for e in entries]
        print_overview(output.stdout(), fits, len(plan), folder)
    return _status(entries)


def _entry(table: Table, task: Task, folder: Path, *, resume: bool, speak: bool, live: bool) -> Entry:
    from kansr.batch import Entry
    from kansr.data import prepare
    from kansr.report.terminal import print_notes

    path = folder / task.folder
    config = task.config.model_copy(update={"out": path})
    try:
        dataset = prepare(table, config)
        summary = fit_dataset(dataset, config, path, resume=resume, speak=speak, live=live, started=time.monotonic())
    except KansrError as error:
        if error.exit_code is ExitCode.INTERRUPTED:
            raise
        print_notes(output.stderr(), (f"{task.name} failed: {error.message}",))
        return Entry(task, error.exit_code, message=error.message)
    return Entry(task, exit_code(summary), summary)


def _status(entries: Sequence[Entry]) -> ExitCode:
    found = {entry.status for entry in entries}
    if ExitCode.INTERRUPTED in found:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if found == {ExitCode.OK} else ExitCode.SOME_FAILED
