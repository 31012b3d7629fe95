"""Accuracy of spline networks against the test errors that the KAN paper publishes (arXiv:2404.19756, both tables).

    python benchmarks/paper_tables.py SUITE.yaml... [--ids A,B] [--seeds 0 1 2] [--points chebyshev]

A suite lists problems with the ranges of their variables, the errors of the paper under `published`, and the function
as a `formula`, or as a call of `scipy.special` that stands in the table below: nothing in the file is run as code.

For each row kansr draws rows without noise, trains with `kansr.train.approximate` on one thread, without naming, and
measures the root mean square error on fresh points, uniform on the ranges, in the units of the target. The structures
and their schedule are the same for all rows. The paper takes 1000 uniform rows. `--points uniform` does the same with
more of them; `--points chebyshev` draws the rows more densely towards the ends of the ranges, as one would to
approximate a function that can be evaluated anywhere. The ranges of some rows are not known from the paper.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from scipy import special

from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression
from kansr.train.approximate import Approximation, approximate, contenders

Array = NDArray[np.float64]

SCIPY: Mapping[str, Callable[[Array, Array], Array]] = {
    "ellipj(x, y)[0]": lambda x, y: special.ellipj(x, y)[0],
    "ellipkinc(x, y)": special.ellipkinc,
    "ellipeinc(x, y)": special.ellipeinc,
    "jv(x, y)": special.jv,
    "yv(x, y)": special.yv,
    "kv(x, y)": special.kv,
    "iv(x, y)": special.iv,
    **{f"lpmv({m}, x, y)": partial(special.lpmv, m) for m in (0, 1, 2)},
}
TEST_POINTS = 5000


@dataclass(frozen=True)
class Row:
    """One line of the paper's tables.

    Attributes:
        id: Its name.
        function: Columns `(n, variables)` to values `(n,)`.
        low: Least value of each variable.
        high: Greatest value of each variable.
        kan: The paper's smallest test error with a KAN.
        mlp: The same with a multilayer perceptron.
    """

    id: str
    function: Callable[[Array], Array]
    low: Array
    high: Array
    kan: float
    mlp: float

    def draw(self, n: int, points: str, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs scaled to [-1, 1], and the function's values."""
        x = rng.uniform(-1, 1, (n, len(self.low)))
        if points == "chebyshev":
            x = np.sin(np.pi / 2 * x)
        return torch.tensor(x), torch.tensor(self.function(self.low + (x + 1) / 2 * (self.high - self.low)))


def read(files: Sequence[Path]) -> list[Row]:
    """The rows of some suites that have published errors."""
    problems = [p for file in files for p in yaml.safe_load(file.read_text(encoding="utf-8"))["problems"]]
    return [row_of(problem) for problem in problems if "published" in problem]


def row_of(problem: Mapping[str, Any]) -> Row:
    """The row of one problem."""
    variables, published = problem["vars"], problem["published"]
    errors = [value for key, value in published.items() if key.endswith("_rmse") and key != "mlp_rmse"]
    low, high = (np.array([float(v[end]) for v in variables]) for end in ("low", "high"))
    return Row(str(problem["id"]), function_of(problem), low, high, min(errors), published["mlp_rmse"])


def function_of(problem: Mapping[str, Any]) -> Callable[[Array], Array]:
    """The function of one problem, from its formula or from the table of this script."""
    names = [str(v["name"]) for v in problem["vars"]]
    if "formula" in problem:
        expression = parse_expression(str(problem["formula"]), names)
        return lambda x: evaluate(expression, dict(zip(names, x.T, strict=True)))
    if problem["scipy"] not in SCIPY:
        sys.exit(f"{problem['id']}: '{problem['scipy']}' is not in the table of this script")
    function = SCIPY[problem["scipy"]]
    return lambda x: function(*x.T)


def measure(row: Row, seed: int, options: argparse.Namespace) -> tuple[float, float, Approximation]:
    """Test error, processor seconds and network of one training."""
    rng = np.random.default_rng(seed)
    x, y = row.draw(options.rows, options.points, rng)
    generator = torch.Generator().manual_seed(seed)
    started = time.process_time()
    # Processor time: other programs on the machine should change neither the time nor the result.
    network = approximate(x, y, contenders(x.shape[1]), generator, seconds=options.limit, clock=time.process_time)
    seconds = time.process_time() - started
    x, y = row.draw(TEST_POINTS, "uniform", rng)
    return float((network(x) - y).square().mean().sqrt()), seconds, network


def line(row: Row, options: argparse.Namespace) -> tuple[str, bool]:
    """The line of the table, and whether the median of the errors is below the paper's."""
    runs = [measure(row, seed, options) for seed in options.seeds]
    errors = [error for error, _, _ in runs]
    error, seconds = median(errors), max(seconds for _, seconds, _ in runs)
    network = min(runs, key=lambda run: abs(run[0] - error))[2]
    cells = (
        row.id,
        f"{row.kan:.2e}",
        f"{row.mlp:.2e}",
        f"{error:.1e}",
        f"{max(errors):.1e}",
        f"{row.kan / error:.2g}" if row.kan < 10 * error else f"{row.kan / error:.0f}",
        str(network.network.parameters.shape[1]),
        f"{shape(network)}, G = {network.grid_size}, k = {network.contender.order}",
        f"{seconds:.0f}",
    )
    return "| " + " | ".join(cells) + " |", error < row.kan


def shape(network: Approximation) -> str:
    """The nodes of each layer behind the inputs; a star marks a layer of products."""
    structure = network.contender.structure
    depth = [0] * structure.n_inputs
    layers: list[list[str]] = []
    for node in range(structure.n_inputs, structure.n_nodes):
        depth.append(1 + max(depth[structure.edges[e].source] for e in structure.incoming[node]))
        if depth[-1] > len(layers):
            layers.append([])
        layers[depth[-1] - 1].append(structure.op(node).value)
    widths = [f"{len(layer)}{'*' if '*' in layer else ''}" for layer in layers]
    return f"[{', '.join([str(structure.n_inputs), *widths])}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", type=Path, nargs="+", metavar="SUITE")
    parser.add_argument("--ids", help="only these rows, separated by commas")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of processor time for each row and seed")
    parser.add_argument("--rows", type=int, default=3000, help="rows to train on, those that choose included")
    parser.add_argument("--points", choices=("uniform", "chebyshev"), default="uniform")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for row in read(options.suites) if not options.ids or row.id in options.ids.split(",")]
    if not rows:
        sys.exit("no such row")
    print("| function | paper, KAN | paper, MLP | kansr, median | worst | factor | parameters | network | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    beaten = 0
    for row in rows:
        text, better = line(row, options)
        beaten += better
        print(text, flush=True)
    print(f"\nBelow the paper's best KAN: {beaten} of {len(rows)} ({options.points} rows, seeds {options.seeds}).")


if __name__ == "__main__":
    main()
