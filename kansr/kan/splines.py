"""Uniform B-splines of any order, evaluated by their local polynomials.

On a uniform grid every basis function is the same bump, and on one interval only `k + 1` of them differ
from zero. With `u` in [0, 1] the place inside the interval, their values are polynomials in `u` whose
coefficients follow from the Cox-de Boor recursion (C. de Boor, A Practical Guide to Splines, 1978, ch. IX)
once for all, so evaluation is one small matrix product instead of a recursion per sample.
Outside the grid a spline goes on as a straight line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

__all__ = ["LocalBasis", "dense_basis", "local_basis", "pieces"]


@cache
def pieces(order: int) -> Tensor:
    """Coefficients of the basis functions on one interval.

    Returns:
        `(order + 1, order + 1)`: row j holds the coefficients of 1, u, u**2, ... of the j-th function.
    """
    table = torch.ones(1, 1, dtype=torch.float64)
    for p in range(1, order + 1):
        new = torch.zeros(p + 1, p + 1, dtype=torch.float64)
        for j in range(p + 1):
            # N_j = (u + p - j)/p * N_{j-1} + (1 - u + j)/p * N_j, both of degree p - 1
            if j > 0:
                new[j, :p] += (p - j) / p * table[j - 1]
                new[j, 1:] += table[j - 1] / p
            if j < p:
                new[j, :p] += (1 + j) / p * table[j]
                new[j, 1:] -= table[j] / p
        table = new
    return table


@cache
def _slopes(order: int) -> Tensor:
    """Coefficients of the derivatives by `u`, as powers 1, u, ..., the last one zero."""
    table = torch.zeros(order + 1, order + 1, dtype=torch.float64)
    table[:, :order] = pieces(order)[:, 1:] * torch.arange(1, order + 1, dtype=torch.float64)
    return table


@dataclass(frozen=True)
class LocalBasis:
    """The `k + 1` basis functions that are not zero at each sample.

    Attributes:
        index: Number of the first of them, `(batch, n)`.
        values: Their values, `(batch, k + 1, n)`.
        slopes: Their derivatives by x, `(batch, k + 1, n)`.
    """

    index: Tensor
    values: Tensor
    slopes: Tensor

    def columns(self) -> Tensor:
        """Numbers of all of them, `(batch, k + 1, n)`."""
        steps = torch.arange(self.values.shape[1])
        return self.index[:, None, :] + steps[:, None]


def local_basis(x: Tensor, low: Tensor, high: Tensor, grid_size: int, order: int) -> LocalBasis:
    """Evaluates the basis on `grid_size` equal intervals between `low` and `high`.

    Args:
        x: Samples, `(batch, n)`.
        low: Left end of the grid, `(batch, 1)`.
        high: Right end of the grid, `(batch, 1)`.
        grid_size: Number of intervals G.
        order: Degree k of the pieces.
    """
    step = (high - low) / grid_size
    inside = torch.minimum(torch.maximum(x, low), high)
    t = (inside - low) / step
    index = t.long().clamp_(0, grid_size - 1)  # clamped after the cast: a NaN has some integer too
    u = t - index
    monomials = [torch.ones_like(u)]
    for _ in range(order):
        monomials.append(monomials[-1] * u)
    powers = torch.stack(monomials, 1)
    slopes = _slopes(order) @ powers / step[:, None, :]
    values = pieces(order) @ powers + (x - inside)[:, None, :] * slopes
    return LocalBasis(index, values, slopes)


def dense_basis(x: Tensor, low: Tensor, high: Tensor, grid_size: int, order: int) -> Tensor:
    """All basis functions at the samples, `(batch, grid_size + order, n)`."""
    basis = local_basis(x, low, high, grid_size, order)
    dense = x.new_zeros(x.shape[0], grid_size + order, x.shape[1])
    return dense.scatter_(1, basis.columns(), basis.values)
