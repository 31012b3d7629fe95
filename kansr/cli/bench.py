"""`kansr bench`: how many known laws kansr finds on this machine."""

from __future__ import annotations

import json as json_format
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from kansr.cli import output
from kansr.cli.interrupt import Interrupt
from kansr.cli.options import Debug, names
from kansr.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from kansr.bench import Score, Settings, Suite

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Examples:

kansr bench sample_data/suite.yaml

kansr bench laws.yaml --limit 30 --noise 0.01 --jobs 4 --out scores.jsonl

clean: the law in about its shortest form; exact: the law, but longer; -: not found.

Ctrl-C ends the run with the summary so far. Exit status: 0 all problems were run, 2 wrong usage, 3 unusable suite,
130 interrupted.
"""


def command(
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="YAML file with the problems.", show_default=False)],
    ids: Annotated[list[str] | None, typer.Option(metavar="A,B", help="Only these problems.")] = None,
    every: Annotated[int, typer.Option(metavar="K", min=1, help="Only every K-th problem.")] = 1,
    offset: Annotated[int, typer.Option(metavar="N", min=0, help="The first of them, counted from 0.")] = 0,
    limit: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="Time limit of each fit.")] = 60,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="Rows of the tables that are drawn.")] = 2000,
    noise: Annotated[float, typer.Option(metavar="SHARE", min=0, help="Noise, as a share of the target's size.")] = 0,
    dummies: Annotated[int, typer.Option(metavar="N", min=0, help="Columns without effect to add.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of tables and fits.")] = 0,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Fits at the same time.")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Append a JSON line per problem to it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all scores as JSON; the table goes to stderr.")] = False,
    debug: Debug = False,
) -> ExitCode:
    """Fit a suite of problems with known formulas and count those that are found."""
    from kansr.bench import Settings, check_tables, read_suite

    chosen = read_suite(suite).select(names(ids), every, offset)
    check_tables(chosen)
    settings = Settings(limit, rows, noise, dummies, seed, jobs)
    with Interrupt() as interrupted:
        scores = _run(chosen, settings, interrupted, out, to_stderr=json)
        stopped = interrupted() and len(scores) < len(chosen.problems)
    if json:
        from kansr.report.bench import to_json

        sys.stdout.write(to_json(chosen, settings, scores))
    return ExitCode.INTERRUPTED if stopped else ExitCode.OK


def _run(suite: Suite, settings: Settings, interrupted: Interrupt, out: Path | None, to_stderr: bool) -> list[Score]:
    """Runs the suite, with a line for each problem and the summary."""
    from kansr.bench import run_suite
    from kansr.report.bench import BenchTable, print_bench_summary
    from kansr.report.terminal import print_notes

    console = output.stderr() if to_stderr else output.stdout()
    scores: list[Score] = []
    with ExitStack() as stack:
        file = stack.enter_context(_opened(out)) if out is not None else None
        if suite.skipped:
            print_notes(output.stderr(), (f"skipped, for they have no formula: {', '.join(suite.skipped)}",))
        table = stack.enter_context(BenchTable(console, suite))
        for score in stack.enter_context(closing(run_suite(suite, settings, interrupted))):
            scores.append(score)
            table.add(score)
            if file is not None:
                file.write(json_format.dumps(score.record(settings), allow_nan=False) + "\n")
                file.flush()
    print_bench_summary(console, suite, scores)
    return scores


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out {path}: cannot be written: {error.strerror}", "choose another path") from None
