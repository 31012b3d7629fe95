"""`kansr fit`: a table in, a formula out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kansr.cli import output
from kansr.cli.options import Debug, Sheet, names
from kansr.cli.search import exit_code, fit_dataset
from kansr.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from kansr.config import FitConfig
    from kansr.results import Summary

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """Examples:

kansr fit planets.csv

kansr fit planets.csv --target P --features a,m --out runs/planets

kansr fit planets.csv --exclude sin,tan --max-complexity 12 --choose simplest

kansr fit planets.csv --target P --target e

kansr fit measured.xlsx --sheet 2 --group-by star

kansr fit - --json < planets.csv > formula.json

kansr fit planets.csv --out runs/planets --resume

Ctrl-C ends the search and writes the best formula so far; pressed twice, it ends at once, and --resume goes on with it.

Exit status: 0 done, 2 wrong usage, 3 unusable data, 4 no acceptable formula (the best is written), 5 some of several
fits failed, 130 interrupted.
"""


class Choose(StrEnum):
    """The rules of `kansr.config.Rule`, which takes too long to import for `--help`."""

    SIMPLEST = "simplest"
    BALANCED = "balanced"
    BEST = "best"


class Loss(StrEnum):
    """The same for `kansr.config.Loss`."""

    SQUARES = "squares"
    HUBER = "huber"


Table = Annotated[str, typer.Argument(metavar="TABLE", help="The table, or - for standard input.", show_default=False)]
Target = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Column to explain; the last one when absent. Several: one fit for each."),
]
Features = Annotated[
    list[str] | None, typer.Option(metavar="A,B", help="Columns to explain it by; all others when absent.")
]
Drop = Annotated[list[str] | None, typer.Option(metavar="C,D", help="Columns to leave out.")]
Categorical = Annotated[
    list[str] | None,
    typer.Option(metavar="A,B", help="Columns with a few levels, each of which becomes a column of 0 and 1."),
]
GroupBy = Annotated[str | None, typer.Option(metavar="NAME", help="Fit each level of this column by itself.")]
Group = Annotated[str | None, typer.Option(metavar="LEVEL", help="With --group-by: only this level.")]
Weights = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column with weights: how much a row's squared error counts.")
]
Sigma = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column with measurement errors of the target: weights 1/sigma^2.")
]
Losses = Annotated[
    Loss | None, typer.Option(metavar="LOSS", help="squares (when absent), or huber: outliers count less.")
]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Run folder to write; runs/<time>-<name> when absent.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the run in --out where it was killed; begin it if there is none."),
]
TimeLimit = Annotated[float | None, typer.Option(metavar="SECONDS", help="Time for the whole command; 60 when absent.")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Seed of all random choices; 0 when absent.")]
Functions = Annotated[
    list[str] | None,
    typer.Option(metavar="F,G", help="Functions that may appear, such as 'standard,J0'; see 'kansr functions'."),
]
Exclude = Annotated[list[str] | None, typer.Option(metavar="F,G", help="Functions that may not appear.")]
MaxComplexity = Annotated[int | None, typer.Option(metavar="N", help="Most nodes that a formula may have.")]
Layers = Annotated[
    str | None, typer.Option(metavar="[N,...,1]", help="Train only this layered network, as [3,2,1] for 3 columns.")
]
Chosen = Annotated[
    Choose | None,
    typer.Option(
        metavar="RULE",
        help="Which formula is the answer: the one with the least error (best), the simplest one that is not "
        "significantly worse (simplest), or the shortest description of the table (balanced, when absent).",
    ),
]
Config = Annotated[
    Path | None, typer.Option(metavar="YAML", help="File with these options as keys; the command line wins.")
]
Threads = Annotated[int | None, typer.Option(metavar="N", help="Threads for linear algebra (1).")]
Json = Annotated[bool, typer.Option("--json", help="Print formula.json instead of the report.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors, and the answer of --json.")]


def command(
    data: Table,
    target: Target = None,
    features: Features = None,
    drop: Drop = None,
    categorical: Categorical = None,
    group_by: GroupBy = None,
    group: Group = None,
    sheet: Sheet = None,
    weights: Weights = None,
    sigma: Sigma = None,
    loss: Losses = None,
    out: Out = None,
    resume: Resume = False,
    time_limit: TimeLimit = None,
    seed: Seed = None,
    functions: Functions = None,
    exclude: Exclude = None,
    max_complexity: MaxComplexity = None,
    structure: Layers = None,
    choose: Chosen = None,
    config: Config = None,
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> ExitCode:
    """Find a formula for a column of a table."""
    from kansr.config import load_config

    flags = {
        "data": data,
        "sheet": sheet,
        "target": target[0] if target and len(target) == 1 else None,
        "features": names(features),
        "drop": names(drop),
        "categorical": names(categorical),
        "group_by": group_by,
        "group": group,
        "weights": weights,
        "sigma": sigma,
        "loss": loss and loss.value,
        "out": out,
        "time_limit": time_limit,
        "seed": seed,
        "functions": names(functions),
        "exclude": names(exclude),
        "max_complexity": max_complexity,
        "structure": structure,
        "choose": choose and choose.value,
        "threads": threads,
    }
    merged = load_config(config, flags)
    if resume and merged.out is None:
        raise ConfigError("--resume: no folder is named", "say which one with --out DIR, as in the first call")
    _check_functions(merged)
    if len(target or ()) > 1 or (merged.group_by is not None and merged.group is None):
        from kansr.cli.several import fit_several

        return fit_several(merged, tuple(dict.fromkeys(target or ())), resume=resume, json=json, quiet=quiet)
    summary, folder = _fit(merged, resume, speak=not (quiet or json), live=not quiet)
    if json:
        from kansr.export import to_json

        sys.stdout.write(to_json(summary))
    elif not quiet:
        from kansr.report.terminal import print_summary

        print_summary(output.stdout(), summary, folder)
    return exit_code(summary)


def _fit(config: FitConfig, resume: bool, speak: bool, live: bool) -> tuple[Summary, Path]:
    """Reads the table and fits it; see `fit_dataset`."""
    from kansr.data import load
    from kansr.rundir import check_free, default_path

    if config.out is not None and not resume:
        check_free(config.out)
    dataset = load(config)
    path = config.out or default_path(dataset.name)
    return fit_dataset(dataset, config, path, resume=resume, speak=speak, live=live), path


def _check_functions(config: FitConfig) -> None:
    """A wrong name should be told before a large table is read."""
    if config.functions is not None or config.exclude:
        from kansr.functions import select

        select(config.functions, config.exclude)
