"""How complex the chosen formulas are as noise grows: they should never grow with it.

    python benchmarks/noise.py [--seeds 3] [--limit 30]

Each law is drawn with several levels of noise and several seeds; the table holds the median number of nodes of the
chosen formula, and in how many runs it predicts clean rows to a fifth of the noise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression

Array = NDArray[np.float64]
LAWS: dict[str, tuple[Callable[[Array, Array, Array], Array], float]] = {
    "a*b/c": (lambda a, b, c: a * b / c, 1.0),
    "(a + b)/(1 + a*b/c**2)": (lambda a, b, c: (a + b) / (1 + a * b / c**2), 5.0),
    "a*sin(b) + c": (lambda a, b, c: a * np.sin(b) + c, 1.0),
    "sqrt(a**2 + b**2)*c": (lambda a, b, c: np.sqrt(a**2 + b**2) * c, 1.0),
}
LEVELS = (0.0, 0.001, 0.01, 0.1)
NAMES = ("a", "b", "c")


def run(law: str, noise: float, seed: int, limit: float) -> tuple[int, bool]:
    """Nodes of the chosen formula, and whether it is right."""
    function, lift = LAWS[law]
    random = np.random.default_rng([seed, len(law)])
    x = random.uniform(1.0, 5.0, (1000, 3)) + np.array([0.0, 0.0, lift])
    truth = function(*x.T)
    sigma = noise * float(np.sqrt(np.mean(truth**2)))
    table = np.column_stack([x, truth + sigma * random.standard_normal(len(x))])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        np.savetxt(file, table, delimiter=",", header="a,b,c,y", comments="", fmt="%.17g")
        command = [sys.executable, "-m", "kansr", "fit", str(file), "--time-limit", str(limit), "--seed", str(seed)]
        command += ["--out", str(Path(folder) / "run"), "--json"]
        answer = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    found = evaluate(parse_expression(answer["expression"], NAMES), dict(zip(NAMES, x.T, strict=True)))
    error = float(np.sqrt(np.mean((found - truth) ** 2)))
    return int(answer["complexity"]), error <= max(0.2 * sigma, 1e-6 * float(truth.std()))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=30.0)
    options = parser.parse_args()
    table = Table("law", *(f"noise {level:g}" for level in LEVELS), box=None)
    for law in LAWS:
        cells = []
        for level in LEVELS:
            runs = [run(law, level, seed, options.limit) for seed in range(options.seeds)]
            nodes = int(np.median([n for n, _ in runs]))
            cells.append(f"{nodes} ({sum(right for _, right in runs)} of {len(runs)})")
        table.add_row(law, *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
