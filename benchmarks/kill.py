"""Kills fits with SIGKILL at random moments, resumes them, and compares what they write with fits left alone.

    python benchmarks/kill.py --kills 100

Prints a Markdown line for each table. Exit status 1 if a formula.json differs by a byte.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TABLES = [HERE.parent / "sample_data" / f"{name}.csv" for name in ("kepler", "hubble1929", "damped_oscillation")]
# A kill on a slow machine costs no time of the search, but the time limit counts all of it.
TIME_LIMIT = 1000


def command(table: Path, out: Path) -> list[str]:
    fit = [sys.executable, "-m", "kansr", "fit", str(table), "--quiet", "--time-limit", str(TIME_LIMIT)]
    return [*fit, "--out", str(out), "--resume"]


def alone(table: Path, out: Path) -> tuple[float, bytes]:
    """The seconds of a fit that is left alone, and what it writes; sets have another order than in the others."""
    begun = time.monotonic()
    subprocess.run(command(table, out), env={**os.environ, "PYTHONHASHSEED": "0"}, check=False)
    return time.monotonic() - begun, (out / "formula.json").read_bytes()


def killed(table: Path, out: Path, longest: float, rng: random.Random) -> tuple[int, int]:
    """Kills a fit until it is done before the next kill; the number of kills, and the journal's size at most."""
    kills, size = 0, 0
    while True:
        process = subprocess.Popen(command(table, out))
        try:
            process.wait(rng.uniform(0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
        if process.wait() >= 0:
            return kills, size
        kills += 1
        journal = out / "journal.bin"
        size = max(size, journal.stat().st_size if journal.exists() else 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", type=Path, default=TABLES)
    parser.add_argument("--kills", type=int, default=100, help="at least so many in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, different = random.Random(options.seed), 0
    print("| table | seconds alone | runs | kills | journal, kB | formula.json differs |")
    print("|---|---|---|---|---|---|")
    for table in options.tables:
        with tempfile.TemporaryDirectory() as folder:
            seconds, expected = alone(table, Path(folder) / "alone")
            runs, kills, wrong, size = 0, 0, 0, 0
            while kills < options.kills / len(options.tables):
                out = Path(folder) / str(runs)
                more, largest = killed(table, out, 0.8 * seconds, rng)
                runs, kills, size = runs + 1, kills + more, max(size, largest)
                wrong += (out / "formula.json").read_bytes() != expected
            print(f"| {table.stem} | {seconds:.1f} | {runs} | {kills} | {size / 1e3:.0f} | {wrong} |", flush=True)
            different += wrong
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
