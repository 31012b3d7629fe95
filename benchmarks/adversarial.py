"""Tables that are hard on the arithmetic: `kansr fit` must end in time, with a formula and without a traceback.

    python benchmarks/adversarial.py [--limit 5] [--late 3] [--only TEXT]

Prints one row for each table: how the process ended, in what time, and the formula. The exit status is 1 if a fit took
more than the limit and `--late` seconds, or ended otherwise than with 0, 3 (unusable data, which is said in one line)
or 4 (no acceptable formula).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kansr.bench.process import FitProcess, Usage

Array = NDArray[np.float64]
Random = np.random.Generator


def _inputs(random: Random, columns: int = 2, rows: int = 300) -> Array:
    return random.uniform(0.5, 3.0, (rows, columns))


def _with(x: Array, y: Array) -> Array:
    return np.column_stack([x, y])


def _constant_ratio(random: Random) -> Array:
    x = _inputs(random)
    return np.column_stack([x[:, 0], 3 * x[:, 0], x[:, 1], 7 * x[:, 0]])


def _scaled(size: float) -> Callable[[Random], Array]:
    def table(random: Random) -> Array:
        x = _inputs(random)
        return size * _with(x, x[:, 0] * np.sin(x[:, 1]))

    return table


def _huge_and_tiny(random: Random) -> Array:
    x = _inputs(random)
    return _with(x * [1e150, 1e-150], x[:, 0] * x[:, 1])


def _mostly_constant(random: Random) -> Array:
    x = np.ones((300, 3))
    x[0], x[1] = 2.0, (3.0, -1.0, 5.0)
    return _with(x, x.sum(1))


def _twins(random: Random) -> Array:
    x = _inputs(random)
    return _with(np.column_stack([x, x[:, 0] * (1 + 1e-16 * np.arange(300)), x[:, 1] + 1e-15]), x[:, 0] ** 2 + x[:, 1])


def _alternating(random: Random) -> Array:
    return _with(np.arange(300.0)[:, None], np.arange(300.0) % 2)


def _heavy_tails(random: Random) -> Array:
    x = random.standard_cauchy((300, 3))
    return _with(x, x[:, 0] * x[:, 1] + random.standard_cauchy(300))


def _log_normal(random: Random) -> Array:
    x = np.exp(20 * random.standard_normal((300, 3)))
    return _with(x, x[:, 0] * np.sqrt(x[:, 1]) / x[:, 2])


def _multiples(random: Random) -> Array:
    t = random.uniform(-1, 1, 200)
    return np.column_stack([k * t for k in (1.0, 2.0, -3.0, 0.1, 1e6)] + [np.exp(t)])


def _codes(random: Random) -> Array:
    return _with(_inputs(random, 3), random.integers(0, 5, 300).astype(float))


def _wide(random: Random) -> Array:
    return random.standard_normal((3, 21))


def _wide_and_short(random: Random) -> Array:
    return random.standard_normal((40, 201))


def _offset(size: float) -> Callable[[Random], Array]:
    def table(random: Random) -> Array:
        x = _inputs(random)
        return _with(size + x, size + random.standard_normal(300))

    return table


def _negative(random: Random) -> Array:
    x = -_inputs(random, 3)
    return _with(x, -np.exp(x[:, 0] * x[:, 1]) * x[:, 2] ** 2)


def _denormal(random: Random) -> Array:
    x = _inputs(random)
    return _with(x * 1e-310, x[:, 0] * x[:, 1] * 1e-310)


def _steep(random: Random) -> Array:
    t = random.uniform(-1, 1, 300)
    return np.column_stack([t, np.sign(t) * 1e12])


def _step_at_rounding(random: Random) -> Array:
    return np.column_stack([1 + np.arange(300) * 2.3e-16, (np.arange(300) > 150).astype(float)])


def _poles(random: Random) -> Array:
    x = random.uniform(-1, 1, (300, 2))
    return _with(x, 1 / (x[:, 0] - x[:, 1]) ** 3)


def _largest(random: Random) -> Array:
    x = random.uniform(-1, 1, (100, 2))
    return _with(x * 1.7e308, x[:, 0] * 1.7e308)


def _one_outlier(random: Random) -> Array:
    x = _inputs(random)
    y = x[:, 0] + x[:, 1]
    y[17] = 1e300
    return _with(x, y)


def _two_values(random: Random) -> Array:
    return random.integers(0, 2, (300, 5)).astype(float)


def _three_equal_rows(random: Random) -> Array:
    return np.array([[1.0, 2.0], [1.0, 3.0], [2.0, 2.0]])


def _hopeless_noise(random: Random) -> Array:
    return random.standard_normal((2000, 11))


def _many_columns(random: Random) -> Array:
    x = random.standard_normal((400, 300))
    return _with(x, x[:, 7] * x[:, 31] + x[:, 200])


def _exponential(random: Random) -> Array:
    x = random.uniform(1, 700, (300, 2))
    return _with(x, np.exp(x[:, 0]) / x[:, 1])


def _zeros(random: Random) -> Array:
    x = _inputs(random, 3)
    y = np.zeros(300)
    y[:2] = 1.0
    return _with(np.where(random.random((300, 3)) < 0.9, 0.0, x), y)


def _integers(random: Random) -> Array:
    n = random.integers(1, 10**9, (300, 3)).astype(float)
    return _with(n, n[:, 0] % 97)


TABLES: dict[str, Callable[[Random], Array]] = {
    "columns with constant ratios": _constant_ratio,
    "all times 1e150": _scaled(1e150),
    "all times 1e-150": _scaled(1e-150),
    "all times 1e-300": _scaled(1e-300),
    "columns of 1e150 and 1e-150": _huge_and_tiny,
    "values up to 1.7e308": _largest,
    "only two rows vary": _mostly_constant,
    "columns equal to rounding": _twins,
    "target alternates 0, 1": _alternating,
    "Cauchy tails": _heavy_tails,
    "log-normal over 50 decades": _log_normal,
    "columns are multiples of one": _multiples,
    "target of random codes": _codes,
    "3 rows, 20 columns": _wide,
    "40 rows, 200 columns": _wide_and_short,
    "400 rows, 300 columns": _many_columns,
    "offset 1e15": _offset(1e15),
    "offset 1e9": _offset(1e9),
    "all negative": _negative,
    "denormal numbers": _denormal,
    "a jump of 2e12": _steep,
    "a column that varies by rounding": _step_at_rounding,
    "poles between the rows": _poles,
    "one target of 1e300": _one_outlier,
    "all 0 or 1": _two_values,
    "3 rows, one column": _three_equal_rows,
    "noise alone, 10 columns": _hopeless_noise,
    "exp up to 1e304": _exponential,
    "nearly all zero": _zeros,
    "remainders of large integers": _integers,
}


def run(name: str, limit: float, late: float) -> tuple[Usage, str, str]:
    """What the process took, the formula, and what is wrong with it, if anything."""
    table = TABLES[name](np.random.default_rng(len(name)))
    header = ",".join([*(f"x{k}" for k in range(table.shape[1] - 1)), "y"])
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "table.csv", Path(folder) / "run"
        np.savetxt(file, table, delimiter=",", header=header, comments="", fmt="%.17g")
        process = FitProcess(["fit", str(file), "--time-limit", str(limit), "--out", str(out)], 10 * (limit + late))
        while (usage := process.poll()) is None:
            time.sleep(0.05)
        answer = json.loads((out / "formula.json").read_text()) if usage.exit in (0, 4) else {}
    expression = str(answer.get("expression", usage.message))
    refused = usage.exit == 3 and usage.message.startswith("kansr: error:")
    wrong = "" if usage.exit in (0, 4) or refused else f"exit status {usage.exit}"
    return usage, expression, wrong or ("late" if usage.wall > limit + late else "")


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=5.0)
    parser.add_argument("--late", type=float, default=3.0)
    parser.add_argument("--only", default="", help="names that contain this text")
    options = parser.parse_args()
    print("| table | exit | seconds | of the processor | MB | formula | wrong |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    failed = 0
    for name in (name for name in TABLES if options.only in name):
        usage, expression, wrong = run(name, options.limit, options.late)
        short = expression if len(expression) <= 60 else f"{expression[:57]}..."
        print(
            f"| {name} | {usage.exit} | {usage.wall} | {usage.cpu} | {usage.rss_mb} | `{short}` | {wrong} |", flush=True
        )
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
