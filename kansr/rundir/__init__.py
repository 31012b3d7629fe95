"""The run folder: everything that a fit leaves on disk, and reading it back.

    config.yaml       the merged configuration, written before the search
    environment.json  versions and machine
    dataset.json      what was read of the table
    history.csv       the course of the search
    candidates.csv    the formulas of the Pareto front
    edges.csv         the named network that the formula was read from
    network.pt        the spline network that was named (`kansr.kan.state`; none for a formula without a network)
    formula.json      the formula with its errors (`kansr.export.json`)
    formula.tex, formula.py, report.md
    clock.json        what the search's clock said, to repeat it (`kansr.search.clock`)
    status.json       written last: a folder without it is of a fit that was killed

    journal.bin       only while the search goes on: its long steps (`kansr.search.journal`)

`plots/` and `report.html` have their places here too and are not written yet.

The files are written in place rather than in a neighbouring folder that is renamed, because an empty folder given
with `--out` may be a mount point. Each appears at once under its name, and an error removes what there is. A run that
was killed, or stopped at once, stays and can be resumed.
Reading evaluates no code: JSON, YAML and CSV are validated, and formulas go through `parse_expression`.
"""

from __future__ import annotations

from kansr.rundir.compare import differences
from kansr.rundir.environment import Environment
from kansr.rundir.files import write_file
from kansr.rundir.predict import Prediction, predict
from kansr.rundir.read import Run, read_clock, read_environment, read_run
from kansr.rundir.resume import finished
from kansr.rundir.write import RunDirectory, check_free, default_path, summarise, table_info

__all__ = [
    "Environment",
    "Prediction",
    "Run",
    "RunDirectory",
    "check_free",
    "default_path",
    "differences",
    "finished",
    "predict",
    "read_clock",
    "read_environment",
    "read_run",
    "summarise",
    "table_info",
    "write_file",
]
