"""Interval arithmetic: bounds of an expression and of all its parts, on many boxes at once.

The natural extension, operation by operation. Bounds are moved outwards by a few units in the last place, which covers
the rounding of NumPy and SciPy but is no proof to the last digit, and they say nothing of results below the smallest
normal number. A part with infinite bounds is *unproven*: on that box it may be undefined, infinite or too large, or
one of its own parts is unproven. So the whole is proven if and only if all parts are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.formula.evaluate import UFUNCS, FunctionKey, function_key

__all__ = ["Bounds", "bounds_of_parts", "is_proven"]

Array = NDArray[np.float64]
# Lower and upper bounds, one of each for every box.
Bounds = tuple[Array, Array]
_Rule = Callable[[Array, Array], Bounds]

_MARGIN = 4 * float(np.finfo(float).eps)
# Beyond this nothing is known of the phase of a wave.
_LOST_PHASE = 1e8
# Where the gamma function is least, among positive arguments.
_GAMMA_BOTTOM = 1.4616321449683622


def bounds_of_parts(expression: sympy.Expr, box: Mapping[str, Bounds]) -> Mapping[sympy.Expr, Bounds]:
    """Bounds of all parts of an expression, children before their parents.

    Args:
        expression: Of the kind that `kansr.formula.evaluate` takes; an unknown function is unproven.
        box: Finite bounds of each symbol, by its name, `(boxes,)` each.
    """
    found: dict[sympy.Expr, Bounds] = {}
    with np.errstate(all="ignore"):
        for node in sympy.postorder_traversal(expression):
            if node in found:
                continue
            if node.is_Symbol:
                found[node] = box[node.name]
            elif not node.args:
                found[node] = (np.asarray(float(node)),) * 2
            else:
                parts = [found[argument] for argument in node.args]
                found[node] = _outward(_operation(node, parts), parts)
    return found


def is_proven(bounds: Bounds) -> NDArray[np.bool_]:
    """Where a part is defined and finite throughout the box."""
    low, high = bounds
    return np.isfinite(low) & np.isfinite(high)


def _outward(bounds: Bounds, parts: list[Bounds]) -> Bounds:
    """Room for rounding; infinite bounds where anything is unproven (a rule may say so by NaN)."""
    low, high = bounds
    proven = reduce(np.logical_and, map(is_proven, parts), is_proven(bounds))
    low, high = low - _MARGIN * np.abs(low), high + _MARGIN * np.abs(high)
    return np.where(proven, low, -np.inf), np.where(proven, high, np.inf)


def _operation(node: sympy.Expr, parts: list[Bounds]) -> Bounds:
    if node.is_Add:
        return reduce(lambda u, v: (u[0] + v[0], u[1] + v[1]), parts)
    if node.is_Mul:
        return reduce(lambda u, v: _hull(*(a * b for a in u for b in v)), parts)
    if node.is_Pow:
        return _power(parts[0], parts[1], node.exp)
    return _RULES.get(function_key(node), _unknown)(*parts[-1])


def _hull(*values: Array) -> Bounds:
    return reduce(np.minimum, values), reduce(np.maximum, values)


def _power(base: Bounds, exponent: Bounds, symbolic: sympy.Expr) -> Bounds:
    if not symbolic.is_number:
        return _variable_power(base, exponent)
    p = float(symbolic)
    if p.is_integer():
        return _whole_power(*base, p)
    ends = np.power(base[0], p), np.power(base[1], p)  # NaN of a negative base, infinite where 1/0
    return ends if p > 0 else ends[::-1]


def _whole_power(low: Array, high: Array, p: float) -> Bounds:
    if p < 0:
        low, high = _whole_power(low, high, -p)
        across = (low <= 0) & (high >= 0)
        return np.where(across, np.nan, 1 / high), np.where(across, np.nan, 1 / low)
    rule = _rising(lambda u: np.power(u, p)) if p % 2 else _valley(lambda u: np.power(u, p), 0.0)
    return rule(low, high)


def _variable_power(base: Bounds, exponent: Bounds) -> Bounds:
    """`u**v` is monotonic in either: its extremes are in corners."""
    low, high = _hull(*(np.power(a, b) for a in base for b in exponent))
    defined = (base[0] > 0) | ((base[0] == 0) & (exponent[0] > 0))
    return np.where(defined, low, np.nan), high


def _unknown(low: Array, high: Array) -> Bounds:
    nothing = np.full(np.broadcast(low, high).shape, np.nan)
    return nothing, nothing


def _rising(function: Callable[[Array], Array]) -> _Rule:
    return lambda low, high: (function(low), function(high))


def _falling(function: Callable[[Array], Array]) -> _Rule:
    return lambda low, high: (function(high), function(low))


def _valley(function: Callable[[Array], Array], bottom: float) -> _Rule:
    """For a function that falls down to `bottom` and rises from there."""
    return lambda low, high: (function(np.clip(bottom, low, high)), np.maximum(function(low), function(high)))


def _positive_valley(function: Callable[[Array], Array], bottom: float) -> _Rule:
    """The same, known for positive arguments only."""

    def rule(low: Array, high: Array) -> Bounds:
        bounds = _valley(function, bottom)(low, high)
        return np.where(low > 0, bounds[0], np.nan), bounds[1]

    return rule


def _meets(low: Array, high: Array, first: float, period: float) -> NDArray[np.bool_]:
    """Whether some `first + k*period` lies between two bounds, or might."""
    inside = np.floor((high - first) / period) >= np.ceil((low - first) / period)
    return inside | (np.maximum(np.abs(low), np.abs(high)) > _LOST_PHASE)


def _wave(function: Callable[[Array], Array], crest: float) -> _Rule:
    def rule(low: Array, high: Array) -> Bounds:
        least, most = _hull(function(low), function(high))
        return (
            np.where(_meets(low, high, crest - math.pi, 2 * math.pi), -1.0, least),
            np.where(_meets(low, high, crest, 2 * math.pi), 1.0, most),
        )

    return rule


def _tan(low: Array, high: Array) -> Bounds:
    return np.where(_meets(low, high, math.pi / 2, math.pi), np.nan, np.tan(low)), np.tan(high)


def _tame(function: Callable[[Array], Array], least: float, most: float, slope: float) -> _Rule:
    """For a function between two limits that is nowhere steeper than `slope`."""

    def rule(low: Array, high: Array) -> Bounds:
        middle, reach = function((low + high) / 2), slope * (high - low) / 2 + 1e-15
        return np.maximum(middle - reach, least), np.minimum(middle + reach, most)

    return rule


_RULES: Mapping[FunctionKey, _Rule] = {
    (sympy.acos,): _falling(np.arccos),
    (sympy.sin,): _wave(np.sin, math.pi / 2),
    (sympy.cos,): _wave(np.cos, 0.0),
    (sympy.tan,): _tan,
    (sympy.cosh,): _valley(np.cosh, 0.0),
    (sympy.Abs,): _valley(np.abs, 0.0),
    (sympy.gamma,): _positive_valley(UFUNCS[sympy.gamma,], _GAMMA_BOTTOM),
    (sympy.loggamma,): _positive_valley(UFUNCS[sympy.loggamma,], _GAMMA_BOTTOM),
    (sympy.besselj, 0): _tame(UFUNCS[sympy.besselj, 0], -0.402760, 1.0, 0.581866),
    (sympy.besselj, 1): _tame(UFUNCS[sympy.besselj, 1], -0.581866, 0.581866, 0.5),
} | {
    (function,): _rising(UFUNCS[function,])
    for function in (
        sympy.exp, sympy.log, sympy.asin, sympy.atan, sympy.sinh, sympy.tanh, sympy.asinh, sympy.erf, sympy.LambertW,
    )
}  # fmt: skip
