"""When a formula counts as the law.

*Recovered*: on 5000 fresh points of the table's ranges, without noise, its error is at most a millionth of the target's
standard deviation; and on 5000 points of ranges continued by a quarter of their width on each side, wherever the true
formula has a value, at least 95 % of its values are within 1e-4 of the size of the target. A table with noise cannot
tell so much: there the error may be a fifth of the noise, and the values may be off by twice the noise.

*Clean*: recovered, with at most one and a half times the nodes of the true formula, plus four.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.bench.draw import domain, finite_values, generator, points
from kansr.bench.scores import Settings, Verdict
from kansr.bench.suite import Problem
from kansr.formula.parse import parse_expression

__all__ = ["judge"]

Array = NDArray[np.float64]

_POINTS = 5000
_WIDEN = 0.25
# Fresh points must not be those of the table.
_SEED_STEP = 10_000


def judge(
    problem: Problem,
    text: str,
    settings: Settings,
    dummies: Sequence[str] = (),
    symbols: Mapping[str, str] | None = None,
) -> Verdict:
    """Compares a formula with the true one.

    Args:
        problem: The problem it was found for.
        text: The formula, in SymPy syntax.
        settings: Noise and seed of its table.
        dummies: Names of the columns without effect.
        symbols: Column name to the symbol that stands for it; the name itself where absent.

    Raises:
        FormulaError: If the text is no formula of these columns.
    """
    columns = [*problem.names, *dummies]
    names = [(symbols or {}).get(column, column) for column in columns]
    found = parse_expression(text, names)
    rng = generator(problem, settings.seed + _SEED_STEP)
    ranges = domain(problem)
    x, y = points(problem.expression, ranges, _POINTS, rng)
    far, far_y = points(problem.expression, ranges, _POINTS, rng, _WIDEN)

    def predicted(inputs: Array) -> Array:
        full = np.concatenate([inputs, rng.uniform(0, 1, (len(inputs), len(dummies)))], 1)
        return finite_values(found, dict(zip(names, full.T, strict=True)))

    spread = float(y.std()) or 1.0
    error = np.nan_to_num(predicted(x) - y, nan=np.inf)
    nrmse = float(np.sqrt(np.mean(error**2)) / spread)
    share = _share_near(predicted(far), far_y, spread, 2 * settings.noise if settings.noise else 1e-4)
    relative_noise = settings.noise * float(np.sqrt(np.mean(y**2)) / spread)
    recovered = nrmse <= max(1e-6, 0.2 * relative_noise) and share >= 0.95
    size, true_size = _nodes(found), _nodes(problem.expression)
    return Verdict(
        complexity=size,
        true_complexity=true_size,
        dummies_used=len({s.name for s in found.free_symbols} & set(names[len(problem.names) :])),
        nrmse=nrmse,
        r2=float(1 - np.mean(error**2) / spread**2),
        extrapolated=share,
        recovered=recovered,
        clean=recovered and size <= 1.5 * true_size + 4,
    )


def _share_near(predicted: Array, y: Array, spread: float, tolerance: float) -> float:
    """Share of values that are right up to the tolerance; one where there are none to compare."""
    if not len(y):
        return 1.0
    return float(np.mean(np.abs(predicted - y) <= tolerance * (np.abs(y) + spread)))


def _nodes(expression: sympy.Expr) -> int:
    return sum(1 for _ in sympy.preorder_traversal(expression))
