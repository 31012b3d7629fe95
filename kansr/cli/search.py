"""One search with everything around it: the run folder, the clock, progress, and how the user may end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kansr.cli import output
from kansr.cli.clock import STARTED
from kansr.cli.interrupt import Interrupt
from kansr.errors import ExitCode, StoppedError
from kansr.results import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from kansr.config import FitConfig
    from kansr.data import Dataset
    from kansr.results import Summary
    from kansr.rundir import RunDirectory
    from kansr.search.journal import Journal

__all__ = ["exit_code", "fit_dataset", "say_what_was_read", "search"]


def fit_dataset(
    dataset: Dataset,
    config: FitConfig,
    path: Path,
    *,
    resume: bool = False,
    speak: bool = True,
    live: bool = True,
    started: float | None = None,
) -> Summary:
    """Runs the search, or goes on with one, and writes the run folder.

    Args:
        dataset: The table.
        config: The merged configuration.
        path: The run folder.
        resume: Whether the folder may hold a run of this fit.
        speak: Whether to say on stderr what was read and what the user should know.
        live: Whether to show progress there, if it is a terminal.
        started: When the fit began (`time.monotonic()`), if not with the process; the time limit counts from there.
    """
    from kansr.rundir import RunDirectory, finished, table_info

    table = table_info(dataset, config)
    if speak:
        say_what_was_read(dataset, config)
    done = finished(path, config, table) if resume else None
    if done is not None:
        if speak:
            output.stderr().print(f"Resume: the run in {path} is finished.")
        return done.summary
    directory = RunDirectory(path, config, table, resume=resume)
    return search(dataset, config, directory, speak=speak, live=live, started=started)


def search(
    dataset: Dataset,
    config: FitConfig,
    directory: RunDirectory,
    *,
    speak: bool = True,
    live: bool = True,
    journal: Journal | None = None,
    started: float | None = None,
) -> Summary:
    """Searches for a formula and writes the run folder.

    Args:
        dataset: The table.
        config: The merged configuration.
        directory: The folder, not yet entered.
        speak: Whether to say on stderr what the user should know.
        live: Whether to show progress there, if it is a terminal.
        journal: The journal to go by instead of the folder's own.
        started: When the fit began (`time.monotonic()`), if not with the process.

    Raises:
        StoppedError: If the user ended it at once.
    """
    try:
        with directory as folder, Interrupt() as interrupted:
            folder.journal = journal or folder.journal
            if speak and folder.journal.recorded:
                seconds = folder.journal.clock.recorded_seconds
                output.stderr().print(f"Resume: the first {seconds:.1f} s are read from the journal.")
            begun = STARTED if started is None else started
            summary = _searched(dataset, config, folder, interrupted, live, begun)
    except KeyboardInterrupt:
        path = directory.path
        hint = f"'kansr fit ... --out {path} --resume' goes on with it"
        raise StoppedError(f"interrupted; {path} holds what was done so far", hint) from None
    if speak:
        from kansr.report.terminal import print_notes

        if directory.journal.fault:
            print_notes(output.stderr(), (f"the journal could not be written: {directory.journal.fault}",))
        print_notes(output.stderr(), tuple(note for note in summary.notes if note not in dataset.notes))
    return summary


def _searched(
    dataset: Dataset, config: FitConfig, folder: RunDirectory, interrupted: Interrupt, live: bool, started: float
) -> Summary:
    import torch

    from kansr import pipeline
    from kansr.report.history import History, Recorders
    from kansr.report.progress import Progress
    from kansr.rundir import summarise

    torch.set_num_threads(config.threads)
    clock = folder.journal.clock
    clock.start(interrupted, started)
    history = History(clock.elapsed)
    console = output.stderr() if live else None
    with Progress(console, dataset.target, clock.elapsed, config.time_limit, interrupted) as progress:
        recorder = Recorders(history, progress)
        result = pipeline.fit(dataset, config, recorder, interrupted, started=started, journal=folder.journal)
    summary = summarise(dataset, config, result)
    folder.finish(summary, history.csv())
    return summary


def say_what_was_read(dataset: Dataset, config: FitConfig) -> None:
    """Says it on stderr."""
    from kansr.report.terminal import print_notes, print_table_info
    from kansr.rundir import table_info

    print_table_info(output.stderr(), table_info(dataset, config))
    print_notes(output.stderr(), dataset.notes)


def exit_code(summary: Summary) -> ExitCode:
    """What a finished fit tells the shell."""
    if summary.result.outcome is Outcome.INTERRUPTED:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if summary.result.acceptable else ExitCode.NO_FORMULA
