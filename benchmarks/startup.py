"""Wall time of short commands in fresh processes: what a newcomer waits for.

    python benchmarks/startup.py [--repeats 5]

Runs the `kansr` that is installed beside the Python in use; its run folders go to a temporary place. The first run
of each command is not counted, so that the files are in the system's cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
KANSR = Path(sys.executable).with_name("kansr")
# Commands, and what each may cost in seconds.
COMMANDS = ((("--help",), 0.5), (("fit", str(ROOT / "sample_data/kepler.csv")), 10.0))


def seconds(arguments: Sequence[str]) -> float:
    """Wall time of one run in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run([KANSR, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        elapsed = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"kansr {' '.join(arguments)} failed:\n{done.stderr}")
    return elapsed


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print("| command | median, s | fastest, s | slowest, s | goal, s |\n| --- | --- | --- | --- | --- |")
    for arguments, goal in COMMANDS:
        times = [seconds(arguments) for _ in range(repeats + 1)][1:]
        name = " ".join(["kansr", *(a.removeprefix(f"{ROOT}/") for a in arguments)])
        print(f"| `{name}` | {median(times):.2f} | {min(times):.2f} | {max(times):.2f} | {goal} |", flush=True)


if __name__ == "__main__":
    main()
