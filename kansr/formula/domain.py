"""Whether a formula is defined and finite everywhere in a box, such as the range of the data, not only on the rows.

Interval arithmetic proves boxes safe. Those that it cannot prove are searched for a fault at sampled points, and
halved, up to a fixed number of boxes. A fault is only reported with a witness (`kansr.formula.witness`), so there are
no false alarms; what stays open is said to be open. Gaps that can be closed, as in `sin(x)/x`, and jumps of a formula
that stays finite are no faults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.formula.interval import Bounds, bounds_of_parts, is_proven
from kansr.formula.witness import Fault, Sample, Trouble

__all__ = ["DomainCheck", "Fault", "Trouble", "Verdict", "check_domain"]

Array = NDArray[np.float64]

# Corners that are looked at: all of the first box, unless there are more than this, and some of the later ones.
_FIRST_CORNERS, _CORNERS = 1024, 8
# No side is halved below this share of its first width: in smaller boxes rounding could be taken for a fault.
_NARROW = 1e-4


class Verdict(Enum):
    """What a check came to."""

    SAFE = "proven safe"
    FAULT = "a fault was found"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class DomainCheck:
    """What a check came to, with the fault where there is one."""

    verdict: Verdict
    fault: Fault | None = None


def check_domain(expression: sympy.Expr, ranges: Mapping[str, tuple[float, float]], most: int = 2000) -> DomainCheck:
    """Looks for poles, complex values and overflows in a box.

    Args:
        expression: A formula.
        ranges: Least and greatest value of each of its symbols, by name.
        most: Boxes that are looked at; this bounds the time.
    """
    names = sorted(symbol.name for symbol in expression.free_symbols)
    low = np.array([[ranges[name][0] for name in names]], dtype=np.float64)
    high = np.array([[ranges[name][1] for name in names]], dtype=np.float64)
    first_width = np.where(high > low, high - low, np.inf)
    looked_at, undecided = 0, False
    while names and len(low):
        looked_at += len(low)
        low, high, parts = _unproven(expression, names, low, high)
        points = _points(low, high, _FIRST_CORNERS if looked_at == 1 else _CORNERS)
        if (fault := next(Sample(expression, names, points, parts).faults(), None)) is not None:
            return DomainCheck(Verdict.FAULT, fault)
        width = _concerned(parts, names, len(low)) * (high - low) / first_width
        chosen = np.flatnonzero(width.max(1, initial=0.0) > _NARROW)[: (most - looked_at) // 2]
        undecided |= len(chosen) < len(low)
        low, high = _halved(low[chosen], high[chosen], width[chosen].argmax(1))
    return DomainCheck(Verdict.UNDECIDED if undecided else Verdict.SAFE)


def _unproven(
    expression: sympy.Expr, names: Sequence[str], low: Array, high: Array
) -> tuple[Array, Array, Mapping[sympy.Expr, Bounds]]:
    """The boxes `(boxes, symbols)` in which something may be wrong, with bounds of all parts of the formula there."""
    parts = bounds_of_parts(expression, {name: (low[:, i], high[:, i]) for i, name in enumerate(names)})
    doubtful = ~np.broadcast_to(is_proven(parts[expression]), len(low))

    def kept(bound: Array) -> Array:
        return np.broadcast_to(bound, len(low))[doubtful]

    return low[doubtful], high[doubtful], {part: (kept(a), kept(b)) for part, (a, b) in parts.items()}


def _points(low: Array, high: Array, most: int) -> Array:
    """Corners, the middle and one irregular point of each box, `(boxes, points, symbols)`."""
    size = low.shape[1]
    irregular = np.modf(0.31 + 0.618 * np.arange(size))[0]
    shares: Array = np.array([*_corners(size, most), [0.5] * size, irregular])
    # written so that a corner has exactly the coordinates of the box
    points: Array = low[:, None] * (1 - shares) + high[:, None] * shares
    return points


def _corners(size: int, most: int) -> list[Sequence[float]]:
    if 2**size <= most:
        return list(product((0.0, 1.0), repeat=size))
    some = np.random.default_rng(0).integers(0, 2, (most, size))
    return [[0.0] * size, [1.0] * size, *some.astype(float).tolist()]


def _concerned(parts: Mapping[sympy.Expr, Bounds], names: Sequence[str], boxes: int) -> NDArray[np.bool_]:
    """Which symbols the parts depend on that are unproven though their own parts are not, `(boxes, symbols)`."""
    concerned = np.zeros((boxes, len(names)), dtype=bool)
    for part, bounds in parts.items():
        culprit = ~is_proven(bounds)
        for argument in part.args:
            culprit = culprit & is_proven(parts[argument])
        if culprit.any():
            used = {symbol.name for symbol in part.free_symbols}
            concerned |= culprit[:, None] & np.array([name in used for name in names])
    return concerned


def _halved(low: Array, high: Array, axis: NDArray[np.int64]) -> tuple[Array, Array]:
    """Both halves of each box, cut across its own axis."""
    rows = np.arange(len(low))
    upper_low, lower_high = low.copy(), high.copy()
    upper_low[rows, axis] = lower_high[rows, axis] = (low[rows, axis] + high[rows, axis]) / 2
    return np.concatenate([low, upper_low]), np.concatenate([lower_high, high])
