"""Speed of training and of naming against pykan 0.2.8, and of one iteration against its matrix product.

    python benchmarks/train_speed.py [--seeds 0 1 2] [--pykan-python .venv-pykan/bin/python]

pykan lives in an environment of its own, since it needs other dependencies:

    python -m venv .venv-pykan
    .venv-pykan/bin/pip install torch==2.13.0
    .venv-pykan/bin/pip install pykan==0.2.8 numpy matplotlib scikit-learn tqdm pandas sympy pyyaml setuptools

Every measurement runs in a process of its own, on one thread, in float64, on the same rows of
`exp(sin(pi x) + y^2)`, x and y uniform on [-1, 1]. Only training or naming is timed: imports, drawing the data and
measuring the test error are not. Ratios are of processor time, which other programs on the machine disturb least;
the seconds by the clock stand beside it. `--without-pykan` measures kansr alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
WIDTH = [2, 5, 1]
ROWS = 1000
RESTARTS = 4
# Grid sizes and iterations that kansr goes through, the first with all restarts, the others with the best of them.
# It never sees the test rows: they only say which stage was enough.
STAGES = ((5, 15), (10, 40), (20, 40), (40, 40))


def law(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The target of the KAN paper's first example. x: (n, 2)."""
    return np.exp(np.sin(np.pi * x[:, 0]) + x[:, 1] ** 2)


def rows(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Inputs for training and for testing, `(ROWS, 2)` each."""
    generator = np.random.default_rng(seed)
    return generator.uniform(-1, 1, (ROWS, 2)), generator.uniform(-1, 1, (ROWS, 2))


def rmse(predicted: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Root mean square error."""
    return float(np.sqrt(np.mean((predicted - true) ** 2)))


class Clock:
    """Wall-clock and processor seconds spent inside `with clock:`, summed over its uses."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start[0]
        self.cpu += time.process_time() - self._start[1]


# --- workers: each runs in a process of its own and returns what can be written as JSON


def pykan_training(seed: int) -> dict[str, Any]:
    """The tutorial schedule of pykan, and its naming of one edge of the network before the grid is refined."""
    import torch
    from kan import KAN

    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    train, test = rows(seed)
    data = {
        "train_input": torch.tensor(train),
        "train_label": torch.tensor(law(train))[:, None],
        "test_input": torch.tensor(test),
        "test_label": torch.tensor(law(test))[:, None],
    }
    clock, stages = Clock(), []

    def note(name: str) -> None:
        predicted = model(data["test_input"]).detach().numpy()[:, 0]
        stages.append({"stage": name, "rmse": rmse(predicted, law(test)), "seconds": clock.seconds, "cpu": clock.cpu})

    with clock:
        model = KAN(width=WIDTH, grid=5, k=3, seed=seed)
        model.fit(data, opt="LBFGS", steps=50, lamb=0.001)
    note("LBFGS 50, lamb 0.001")
    with clock:
        model = model.prune()
        model.fit(data, opt="LBFGS", steps=50)
    note("prune, LBFGS 50")
    with clock:
        model = model.refine(10)
        model.fit(data, opt="LBFGS", steps=50)
    note("refine to G = 10, LBFGS 50")

    model(data["train_input"])
    spread = model.spline_postacts[0][:, :, 0].std(0)
    naming = Clock()
    with naming:
        name, *_ = model.suggest_symbolic(0, 0, int(spread.argmax()), verbose=False)
    return {"stages": stages, "naming": {"name": name, "seconds": naming.seconds, "cpu": naming.cpu}}


def kansr_training(seed: int) -> dict[str, Any]:
    """Restarts on a coarse grid, then the best of them on finer and finer ones; and the naming of one edge."""
    import torch

    from kansr.functions import STANDARD
    from kansr.kan.network import random_network, regrid
    from kansr.kan.structure import Structure
    from kansr.search.matching import Curve, match_functions
    from kansr.search.naming import with_matches
    from kansr.train.network import train as descend
    from kansr.train.network import train_splines

    torch.set_num_threads(1)
    train, test = rows(seed)
    x, y, x_test = torch.tensor(train), torch.tensor(law(train)), torch.tensor(test)
    clock, stages = Clock(), []
    generator = torch.Generator().manual_seed(seed)
    with clock:
        network = random_network(Structure.layered(WIDTH), RESTARTS, generator, grid_size=STAGES[0][0])
    for grid_size, iterations in STAGES:
        with clock:
            if stages:
                network = regrid(network, x, grid_size)
            network = train_splines(network, x, y, iterations=iterations).best().network
        error = rmse(network(x_test).numpy()[0], law(test))
        name = f"{'the best' if stages else f'{RESTARTS} restarts'}, G = {grid_size}, LM {iterations}"
        stages.append({"stage": name, "rmse": error, "seconds": clock.seconds, "cpu": clock.cpu})
        if grid_size == 10:
            named = network

    trace = named.trace(x[:200])
    from_x = [e for e, edge in enumerate(named.structure.edges) if edge.source == 0]
    position = max(from_x, key=lambda e: float(trace.activations[e].y.std()))
    activation = trace.activations[position]
    curve = Curve(activation.x[0], activation.y[0], torch.ones(200, dtype=x.dtype), blur=1e-4)
    naming, in_context = Clock(), Clock()
    with naming:
        matches = match_functions(curve, STANDARD.values())
    with in_context:
        for match in matches:
            descend(with_matches(named, {position: match}), x, y, iterations=20, damping=1e-3, stall=0.1)
    return {
        "stages": stages,
        "naming": {"name": matches[0].name, "seconds": naming.seconds, "cpu": naming.cpu},
        "in_context": {"matches": len(matches), "seconds": in_context.seconds, "cpu": in_context.cpu},
    }


def kansr_iteration(seed: int) -> dict[str, Any]:
    """One iteration of Levenberg-Marquardt against the bare product `J J^T` of its Jacobian, interleaved."""
    import torch

    from kansr.kan.network import random_network
    from kansr.kan.structure import Structure
    from kansr.train.levenberg_marquardt import levenberg_marquardt
    from kansr.train.network import NetworkProblem

    torch.set_num_threads(1)
    train, _ = rows(seed)
    results = []
    for batch, n, width, grid_size in ((16, 1000, WIDTH, 7), (4, 400, [2, 3, 1], 5), (1, 500, [2, 2, 1], 5)):
        x, y = torch.tensor(train[:n]), torch.tensor(law(train[:n]))
        generator = torch.Generator().manual_seed(seed)
        network = random_network(Structure.layered(width), batch, generator, grid_size=grid_size)
        start = network.parameters
        problem = NetworkProblem(network, x, y)
        jacobian = network.linearize(x)[1]

        def product(jacobian: torch.Tensor = jacobian) -> object:
            return jacobian @ jacobian.mT

        def iteration(problem: NetworkProblem = problem, start: torch.Tensor = start) -> object:
            return levenberg_marquardt(problem, start, iterations=1)

        def first(problem: NetworkProblem = problem, start: torch.Tensor = start) -> object:
            return levenberg_marquardt(problem, start, iterations=0)

        # a descent of one iteration, less the evaluation that every descent begins with
        bare, whole, begin = interleaved([product, iteration, first], repeats=200 if batch < 16 else 60)
        shape = {"batch": batch, "parameters": start.shape[1], "rows": n}
        results.append({**shape, "product": 1e3 * bare, "iteration": 1e3 * (whole - begin)})
    return {"iterations": results}


def interleaved(functions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median seconds of each function, called in turn so that a busy machine slows all alike."""
    seconds: list[list[float]] = [[] for _ in functions]
    for repeat in range(repeats + 5):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            if repeat >= 5:
                times.append(time.perf_counter() - start)
    return [median(times) for times in seconds]


WORKERS = {w.__name__: w for w in (pykan_training, kansr_training, kansr_iteration)}


# --- the parent: runs the workers one after the other and prints the tables


def run(python: Path, worker: str, seed: int) -> dict[str, Any]:
    """Runs one worker in a fresh process on one thread, in a folder where it may leave what it likes."""
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [str(python), str(Path(__file__).resolve()), "--worker", worker, "--seed", str(seed)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{worker} failed in {python}:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def table(head: Sequence[str], body: Sequence[Sequence[object]]) -> None:
    """Prints a table in Markdown."""
    lines = [head, ["---"] * len(head), *([f"{c:.3g}" if isinstance(c, float) else c for c in row] for row in body)]
    print("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n", flush=True)


def compare(pykan_python: Path, seed: int) -> tuple[float, float, float]:
    """Both tools on the same rows.

    Returns:
        How many times less processor time kansr took: training, naming, naming with the refits in context.
    """
    theirs, ours = run(pykan_python, "pykan_training", seed), run(Path(sys.executable), "kansr_training", seed)
    stages = [("pykan", s) for s in theirs["stages"]] + [("kansr", s) for s in ours["stages"]]
    print(f"Training {WIDTH}, seed {seed}\n")
    columns = ("stage", "rmse", "seconds", "cpu")
    table(("tool", "until", "test RMSE", "s", "processor s"), [(t, *(s[c] for c in columns)) for t, s in stages])

    goal = theirs["stages"][-1]
    reached = next((s for s in ours["stages"] if s["rmse"] <= goal["rmse"]), None)
    training = goal["cpu"] / reached["cpu"] if reached else 0.0
    if reached:
        wall = goal["seconds"] / reached["seconds"]
        print(f"To pykan's test RMSE: {training:.1f} times faster in processor time ({wall:.1f} times by the clock)")
    else:
        print("kansr did not reach pykan's test RMSE")

    slow, quick, refits = theirs["naming"], ours["naming"], ours["in_context"]
    naming, whole = slow["cpu"] / quick["cpu"], slow["cpu"] / (quick["cpu"] + refits["cpu"])
    print(
        f"Naming an edge: pykan {slow['cpu']:.2f} s ({slow['name']}), kansr {quick['cpu']:.3f} s"
        f" ({quick['name']}): {naming:.0f} times faster; with {refits['matches']} refits of the whole network"
        f" {refits['cpu']:.3f} s more: {whole:.0f} times\n",
        flush=True,
    )
    return training, naming, whole


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pykan-python", type=Path, default=ROOT / ".venv-pykan/bin/python")
    parser.add_argument("--without-pykan", action="store_true", help="only what kansr does alone")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="each draws its data and starts")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        with contextlib.redirect_stdout(sys.stderr):
            answer = WORKERS[options.worker](options.seed)
        print(json.dumps(answer))
        return
    if not options.without_pykan:
        if not options.pykan_python.exists():
            sys.exit(f"no pykan at {options.pykan_python}: see the head of this file, or use --without-pykan")
        pykan_python = options.pykan_python.absolute()  # resolving the link would leave the environment
        ratios = [compare(pykan_python, seed) for seed in options.seeds]
        training, naming, whole = (median(column) for column in zip(*ratios, strict=True))
        print(f"Medians over {len(ratios)} seeds: training {training:.1f} times faster,", end=" ")
        print(f"naming {naming:.0f}, naming with refits {whole:.0f}\n")
    found = run(Path(sys.executable), "kansr_iteration", 0)["iterations"]
    print("One iteration of Levenberg-Marquardt against the bare product J J^T\n")
    columns = ("batch", "parameters", "rows", "product", "iteration")
    body = [(*(i[c] for c in columns), i["iteration"] / i["product"]) for i in found]
    table(("restarts", "parameters", "rows", "product, ms", "iteration, ms", "ratio"), body)


if __name__ == "__main__":
    main()
