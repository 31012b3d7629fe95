"""Time and memory of a fit by the size of the table: `python benchmarks/size.py [--limit 60] [ROWSxCOLUMNS ...]`.

Each table is generated in a process of its own, with three columns that matter and one percent of noise, and fitted
there without files. Memory is the peak of the resident set, in all and beyond what the table and the imports took.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

SIZES = ["1000x2", "10000x5", "100000x9", "1000000x9", "5000000x9", "2000x50", "2000x200", "200x10000"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--noise", type=float, default=0.01)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(row(options.sizes[0], options.limit, options.noise))
        return
    print("| rows | columns | s | peak MB | of it the fit | relative error of the law | formula |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for size in options.sizes:
        command = [sys.executable, __file__, "--one", size, f"--limit={options.limit}", f"--noise={options.noise}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout.strip() or f"| {size} | failed with status {done.returncode} |", flush=True)


def row(size: str, limit: float, noise: float) -> str:
    """The line of one size."""
    import numpy as np
    import torch

    from kansr import pipeline
    from kansr.config import FitConfig
    from kansr.data import Dataset, split_rows
    from kansr.formula.evaluate import evaluate
    from kansr.formula.names import unicode_expression
    from kansr.results import SilentRecorder

    torch.set_num_threads(1)
    rows, columns = map(int, size.split("x"))
    generator = np.random.default_rng(0)
    x = generator.random((rows, columns))
    x *= 2.5
    x += 0.5
    law = truth(x)
    spread = float(law.std())
    y = law + noise * spread * generator.standard_normal(rows)
    names = ("a", "b", "c", *(f"d{j}" for j in range(3, columns)))[:columns]
    data = Dataset("table", names, "y", x, y, split_rows(rows, 0, 0.15, 0.15), (), "00" * 32, rows)
    config = FitConfig(data="table.csv", time_limit=limit)
    before = peak()
    begun = time.monotonic()
    result = pipeline.fit(data, config, SilentRecorder(), lambda: False)
    seconds, memory = time.monotonic() - begun, peak()
    fresh = np.random.default_rng(1).uniform(0.5, 3.0, (10_000, columns))
    symbols = {symbol.name for symbol in result.best.expression.free_symbols}
    given = {s: fresh[:, j] for j, s in enumerate(result.symbols.values()) if s in symbols}
    error = float(np.sqrt(np.mean((evaluate(result.best.expression, given) - truth(fresh)) ** 2))) / spread
    for note in result.notes:
        print(f"{size}: {note}", file=sys.stderr)
    formula = unicode_expression(result.best.expression, 5)
    formula = formula if len(formula) < 100 else f"{result.best.complexity} nodes"
    return (
        f"| {rows:,} | {columns:,} | {seconds:.1f} | {memory:.0f} | {memory - before:.0f} | {error:.1e} | `{formula}` |"
    )


def truth(x):  # type: ignore[no-untyped-def]
    import numpy as np

    if x.shape[1] == 2:
        return 1.5 * x[:, 0] * np.sin(x[:, 1])
    return 1.5 * x[:, 0] * np.sin(x[:, 1]) + np.exp(-0.8 * x[:, 2])


def peak() -> float:
    """Of the resident set so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
