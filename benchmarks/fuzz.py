"""Thousands of odd tables and damaged files through the command line: never a traceback, a hang or a wrong number.

python benchmarks/fuzz.py --tables 4000 --files 5000 --runs 1000 --fits 100

Tables whose values are known must be read as they were written. Damaged files and damaged run folders may be refused,
in one line with a hint. Fits must end within their time limit (and some seconds for the start), and the formula in
`formula.json` must have the errors that it claims.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kansr.data import read_table  # noqa: E402
from tests.fuzzing import check, damaged, good_files, kansr, reported_errors_hold, written_tables  # noqa: E402

GOOD = good_files()


def known_tables(folder: Path, count: Counter[str]) -> Callable[[st.DataObject], None]:
    def case(data: st.DataObject) -> None:
        table = data.draw(written_tables())
        path = folder / "t.csv"
        path.write_bytes(table.content)
        read = read_table(str(path))
        for name, values in table.values.items():
            np.testing.assert_array_equal(read.columns[name].values, values)
        count["read as written"] += 1

    return case


def damaged_tables(folder: Path, count: Counter[str]) -> Callable[[st.DataObject], None]:
    def case(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(GOOD)))
        path = folder / name
        path.write_bytes(data.draw(damaged(GOOD[name])))
        outcome = kansr("inspect", str(path))
        check(outcome, seconds=20)
        count["refused" if outcome.status else "read"] += 1

    return case


def damaged_runs(folder: Path, count: Counter[str]) -> Callable[[st.DataObject], None]:
    good, table = folder / "good", folder / "good.csv"
    table.write_bytes(GOOD["t.csv"])
    check(kansr("fit", str(table), "--out", str(good), "--time-limit", "5", "--quiet"), 60, allowed=(0, 4))
    files = sorted(path.name for path in good.iterdir() if path.is_file())

    def case(data: st.DataObject) -> None:
        run = folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(good, run)
        target = run / data.draw(st.sampled_from(files))
        target.write_bytes(data.draw(damaged(target.read_bytes())))
        for command in (("show", str(run)), ("predict", str(run), str(table)), ("export", str(run), "-f", "python")):
            outcome = kansr(*command)
            check(outcome, seconds=20, allowed=(0, 2, 3))
            count["refused" if outcome.status else "read"] += 1

    return case


def fits(folder: Path, count: Counter[str]) -> Callable[[st.DataObject], None]:
    def case(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["t.csv", "german.csv"]))
        path, run = folder / name, folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        path.write_bytes(data.draw(damaged(GOOD[name])))
        outcome = kansr("fit", str(path), "--out", str(run), "--time-limit", "1", "--quiet")
        check(outcome, seconds=20, allowed=(0, 2, 3, 4))
        assert (run / "status.json").exists() == (outcome.status in {0, 4})
        if outcome.status in {0, 4}:
            reported_errors_hold(run, path)
        count[{0: "formula", 4: "no formula better than the mean"}.get(outcome.status, "refused")] += 1

    return case


KINDS = {"tables": known_tables, "files": damaged_tables, "runs": damaged_runs, "fits": fits}


def run(kind: str, examples: int, first_seed: int) -> str:
    """Runs so many cases and gives a row of the table of results; a case that fails raises."""
    count: Counter[str] = Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        case = KINDS[kind](Path(folder), count)
        checks = list(HealthCheck)
        test = settings(max_examples=examples, deadline=None, suppress_health_check=checks, database=None)(
            seed(first_seed)(given(st.data())(case))
        )
        test()
    ends = ", ".join(f"{name} {number:,}" for name, number in sorted(count.items()))
    return f"| {kind} | {sum(count.values()):,} | {ends} | {time.monotonic() - begun:.0f} s |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = {"tables": 4000, "files": 5000, "runs": 1000, "fits": 100}
    for kind, number in defaults.items():
        parser.add_argument(f"--{kind}", type=int, default=number, metavar="N", help=f"cases of {kind} ({number})")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| what | cases | how they ended | time |\n|---|---|---|---|")
    for kind in KINDS:
        if number := getattr(arguments, kind):
            print(run(kind, number, arguments.seed), flush=True)


if __name__ == "__main__":
    main()
