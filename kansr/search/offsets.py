"""The constant that makes a part of a law a product.

A part of a sum is known up to a constant only, and with a wrong one `a*tanh(b*c)` is no product any more: no logarithm
turns it into a sum, no column can be divided out. But if `y = c + u(S)*v(T)` for disjoint sets S and T of columns, then
c is determined, and alternating least squares with polynomials for u and v finds it (J. de Leeuw, F. W. Young &
Y. Takane, Psychometrika 41, 1976).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kansr.search.separation import polynomials

__all__ = ["product_offset"]

# Degree of the polynomials of the one column; most terms of those of the others, and their highest degree.
_DEGREE, _TERMS, _HIGHEST = 8, 150, 8
_ROWS, _ITERATIONS = 1500, 40
# Largest mean square error of a product, over the target's variance; and over that of what is known to be wrong.
_EXACT, _AS_GOOD = 1e-5, 3.0


def product_offset(u: Tensor, y: Tensor, error: float) -> float | None:
    """The constant without which a target is one column's function times one of the others; None if none is seen.

    Args:
        u: Columns, each from -1 to 1, `(n, d)`, rows in random order.
        y: Target, `(n,)`.
        error: Mean square error that it is known to have.
    """
    u, y = u[:_ROWS], y[:_ROWS]
    if u.shape[1] < 2:
        return None
    left, constant = min(_product(u, y, column) for column in range(u.shape[1]))
    return constant if left < max(_EXACT * float(y.var()), _AS_GOOD * error) else None


def _product(u: Tensor, y: Tensor, column: int) -> tuple[float, float]:
    """Mean square error of the best product of a function of one column with one of the others, and its constant."""
    one = torch.ones_like(y)[:, None]
    others = u[:, [j for j in range(u.shape[1]) if j != column]]
    first = torch.cat([one, polynomials(u[:, [column]], _DEGREE)], 1)
    degree = _HIGHEST
    while degree > 2 and polynomials(others[:1], degree).shape[1] > min(_TERMS, len(y) // 5):
        degree -= 1
    second = torch.cat([one, polynomials(others, degree)], 1)
    # the coefficient of each power of the column is v up to a factor: the one that varies most is the start
    low = torch.cat([one, polynomials(others, 2)], 1)
    coefficients = _solved((first[:, :3, None] * low[:, None, :]).flatten(1), y).reshape(3, -1)
    v = low @ coefficients[1:][coefficients[1:, 1:].square().sum(1).argmax()]
    fitted, constant = y, 0.0
    for _ in range(_ITERATIONS):
        design = torch.cat([one, first * v[:, None]], 1)
        own = first @ _solved(design, y)[1:]
        design = torch.cat([one, second * own[:, None]], 1)
        solution = _solved(design, y)
        fitted, constant, v = design @ solution, float(solution[0]), second @ solution[1:]
        v = v / v.square().mean().sqrt()
    spent = first.shape[1] + second.shape[1]
    error = float((y - fitted).square().sum()) / max(len(y) - spent, 1)
    return error if math.isfinite(error) else math.inf, constant


def _solved(design: Tensor, y: Tensor) -> Tensor:
    """Least squares, `(p,)`; a little damped, for a constant v leaves the constant open."""
    gram = design.T @ design
    ridge = 1e-13 * torch.diag(gram.diagonal())
    # what has no solution gives no finite error either
    solution, singular = torch.linalg.solve_ex(gram + ridge, design.T @ y)
    return torch.where(singular > 0, torch.nan, solution)
