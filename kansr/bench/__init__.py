"""A suite of problems with known formulas: draw their tables, fit each, judge what was found.

suite.py    the YAML file, validated
draw.py     tables to fit and points to judge on, the same for the same seed
judge.py    when a formula counts as recovered, and as clean
scores.py   what comes out: one score per problem, and their summary
process.py  one `kansr fit` as a process of its own, with its time and memory
run.py      the whole suite
"""

from __future__ import annotations

from kansr.bench.run import check_tables, run_suite
from kansr.bench.scores import Score, Settings, Summary, Verdict, summarise
from kansr.bench.suite import Problem, Suite, read_suite

__all__ = [
    "Problem",
    "Score",
    "Settings",
    "Suite",
    "Summary",
    "Verdict",
    "check_tables",
    "read_suite",
    "run_suite",
    "summarise",
]
