"""The tables of a suite's problems, and fresh points to judge formulas on: the same for the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.bench.suite import Problem, Range
from kansr.data import read_columns
from kansr.errors import DataError
from kansr.formula.evaluate import evaluate

__all__ = ["Points", "domain", "finite_values", "generator", "points", "table", "with_noise"]

Array = NDArray[np.float64]
# Inputs `(n, variables)` and the formula's values there, `(n,)`.
Points = tuple[Array, Array]
# A formula that is defined on a twentieth of its ranges still gets all its rows.
_ROUNDS = 20


def generator(problem: Problem, seed: int) -> np.random.Generator:
    """The source of a problem's random numbers, which does not depend on the others of the suite."""
    digest = hashlib.sha256(f"{problem.id}/{seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def table(problem: Problem, rows: int, rng: np.random.Generator) -> Points:
    """The rows to fit, without noise.

    Args:
        problem: Any problem of the suite.
        rows: How many, where the problem has no wish of its own.
        rng: Source of random points.

    Raises:
        DataError: If the formula has no value in its ranges, or the file cannot be read.
    """
    if problem.file is not None:
        columns = read_columns(str(problem.file), [*problem.names, problem.target_column]).features
        return np.stack([columns[name] for name in problem.names], axis=1), columns[problem.target_column]
    if problem.is_grid:
        x, y = _grid(problem)
    else:
        x, y = points(problem.expression, problem.ranges, problem.rows or rows, rng)
    if not len(y):
        raise DataError("the formula has no value in its ranges", "change the ranges")
    return x, y


def with_noise(y: Array, noise: float, rng: np.random.Generator) -> Array:
    """Adds normal noise whose standard deviation is `noise` times the root mean square of `y`."""
    size = float(np.sqrt(np.mean(y**2)))
    return y + noise * size * rng.standard_normal(len(y))


def domain(problem: Problem) -> Mapping[str, Range]:
    """Where formulas are judged: the ranges of the table, filled evenly where it is a grid or a file."""
    if problem.file is None:
        grids = {"dist": "uniform"}
        return {n: r.model_copy(update=grids) if r.dist == "linspace" else r for n, r in problem.ranges.items()}
    columns = read_columns(str(problem.file), problem.names).features
    return {
        name: Range(low=float(np.nanmin(column)), high=float(np.nanmax(column))) for name, column in columns.items()
    }


def points(
    expression: sympy.Expr, ranges: Mapping[str, Range], n: int, rng: np.random.Generator, widen: float = 0.0
) -> Points:
    """Random points at which a formula is finite and real: `n`, or fewer where it seldom is.

    Args:
        expression: The formula, in the names of `ranges`.
        ranges: Where to draw from.
        n: How many.
        rng: Source of random numbers.
        widen: Share of its width by which each range is continued on both sides.
    """
    xs, ys, found = [], [], 0
    for _ in range(_ROUNDS):
        x = np.stack([_draw(r, n, rng, widen) for r in ranges.values()], 1)
        y = finite_values(expression, dict(zip(ranges, x.T, strict=True)))
        real = np.isfinite(y)
        xs.append(x[real])
        ys.append(y[real])
        found += int(real.sum())
        if found >= n:
            break
    return np.concatenate(xs)[:n], np.concatenate(ys)[:n]


def finite_values(expression: sympy.Expr, columns: Mapping[str, Array]) -> Array:
    """Values of a formula, NaN where they are not finite."""
    y = evaluate(expression, columns)
    y[~np.isfinite(y)] = np.nan
    return y


def _draw(spec: Range, n: int, rng: np.random.Generator, widen: float) -> Array:
    low, high = spec.low, spec.high
    if spec.dist == "integer":
        x = rng.integers(int(low), int(high), n).astype(float)
    elif spec.dist == "loguniform":
        a, b = np.log10(low), np.log10(high)
        x = 10 ** rng.uniform(a - widen * (b - a), b + widen * (b - a), n)
    else:
        x = rng.uniform(low - widen * (high - low), high + widen * (high - low), n)
    if spec.sign == "both":
        x *= rng.choice([-1.0, 1.0], n)
    elif spec.sign == "negative":
        x = -np.abs(x)
    return x


def _grid(problem: Problem) -> Points:
    axes = [np.linspace(r.low, r.high, r.n or 1) for r in problem.ranges.values()]
    x = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], 1)
    y = finite_values(problem.expression, dict(zip(problem.names, x.T, strict=True)))
    return x[np.isfinite(y)], y[np.isfinite(y)]
