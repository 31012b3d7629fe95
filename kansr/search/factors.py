"""Factors of the law that are powers of one column: they are found first and divided out.

`y = x**p * g(others)` makes `y / x**p` independent of x, which the tests of `kansr.search.screening` can tell without
knowing g. What is left is a smaller problem: fewer columns, shorter formulas. (Separability was AI Feynman's strongest
move: S.-M. Udrescu & M. Tegmark, Science Advances 6, 2020; there it needs a trained network, here the rows alone.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import sympy
import torch
from torch import Tensor

from kansr.search.least_squares import least_squares
from kansr.search.screening import visible

__all__ = ["power_factors", "power_law", "product"]

# With fewer rows the tests see nothing.
_FEW_ROWS = 200
# A column that spans no more than this factor does not show a power.
_NARROW = 1.3
# Standard error of an exponent from which its nearest half says nothing.
_SURE = 0.15
# How far a slope may lie from an exponent: standard errors, and what other influences may add.
_FAR, _BIAS = 2.0, 0.1
# No constant is larger than the exponential of this.
_LARGEST = 600.0
# Exponents are halves of whole numbers up to this.
_HIGHEST = 6


def power_factors(x: Tensor, y: Tensor, weight: Tensor | None = None) -> Mapping[int, float]:
    """Exponents of the columns that enter as a power and in no other way.

    Args:
        x: Columns, `(n, d)`, rows in random order.
        y: Target, `(n,)`.
        weight: Factor on each row's residual, `(n,)`.
    """
    if len(y) < _FEW_ROWS or x.shape[1] < 2 or not bool((y != 0).all()):
        return {}
    weight = torch.ones_like(y) if weight is None else weight
    exponents = _slopes(x, y, weight)
    for _ in range(2):  # one that is no power spoils the test of none of the others, but the second look is cleaner
        if not exponents:
            break
        factor = product(x, exponents)
        left = y / factor
        # noise that was the same for all rows now is not, and weights mend that; on clean data they do harm
        seen = visible(x, left, weight) & visible(x, left, factor.abs() * weight)
        seen |= visible(x, left.abs().log(), weight)
        exponents = {j: p for j, p in exponents.items() if j not in seen}
    return exponents


def power_law(x: Tensor, y: Tensor, symbols: Sequence[sympy.Symbol], weight: Tensor | None = None) -> sympy.Expr | None:
    """A constant times powers of all columns, fitted through logarithms: a start for a fit in the target's own units.

    Args:
        x: Columns, `(n, d)`.
        y: Target, `(n,)`.
        symbols: A symbol for each column.
        weight: Factor on each row's residual, `(n,)`.

    Returns:
        The law, or None if there is none because a column is not positive or the target is zero somewhere.
    """
    if not bool((x > 0).all()) or not bool((y != 0).all()):
        return None
    weight = y.abs() if weight is None else y.abs() * weight  # so that rows count as they do without the logarithm
    design = torch.cat([torch.ones_like(y)[:, None], x.log()], 1) * weight[:, None]
    shift, *slopes = least_squares(design, y.abs().log() * weight).tolist()
    powers = [symbol ** sympy.Float(slope, 17) for symbol, slope in zip(symbols, slopes, strict=True)]
    sign = 1.0 if float(y.mean()) > 0 else -1.0
    return sympy.Mul(sympy.Float(sign * math.exp(min(shift, _LARGEST)), 17), *powers)


def product(x: Tensor, exponents: Mapping[int, float]) -> Tensor:
    """The product of powers of columns, `(n,)`. x: (n, d)."""
    powers = [x[:, j] ** p for j, p in exponents.items()]
    return torch.stack([torch.ones_like(x[:, 0]), *powers]).prod(0)


def _slopes(x: Tensor, y: Tensor, weight: Tensor) -> dict[int, float]:
    """Exponents that a regression of logarithms suggests, for the columns that could be powers."""
    able = [j for j, c in enumerate(x.T) if float(c.min()) > 0 and float(c.max()) > _NARROW * float(c.min())]
    if not able:
        return {}
    logs = torch.stack([x[:, j].log() for j in able], 1)
    # other influences, roughly: they only have to be kept from blurring the slopes
    others = [(c - c.mean()) / c.std() for j, c in enumerate(x.T) if j not in able and float(c.std()) > 0]
    design = torch.stack([torch.ones_like(y), *logs.T, *others, *(o * o for o in others)], 1) * weight[:, None]
    target = y.abs().log() * weight
    solution = least_squares(design, target)
    noise = (target - design @ solution).square().sum() / (len(y) - design.shape[1])
    errors = (noise * torch.linalg.pinv(design.T @ design, hermitian=True).diagonal()).sqrt()
    found = {}
    for j, slope, error in zip(able, solution[1:].tolist(), errors[1:].tolist(), strict=False):
        power = round(2 * slope) / 2
        if 0 < abs(power) <= _HIGHEST and error < _SURE and abs(slope - power) < _FAR * error + _BIAS:
            found[j] = power
    return found
