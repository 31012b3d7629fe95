"""Which columns matter at all: an analysis of variance with smooth main effects and pairwise interactions.

The target is regressed on low polynomials of every column; a test tells which columns have an effect of their own. What
that leaves is regressed on products of two columns' polynomials: a column that acts only together with another
one shows there (R. A. Fisher, 1925; any textbook of regression). A column is left out if neither test sees it.
"""

from __future__ import annotations

from itertools import combinations

import torch
from scipy.special import chdtrc
from torch import Tensor

__all__ = ["effect_chance", "interaction_chance", "legendre", "relevant", "surely_relevant", "visible"]

# With fewer columns there is nothing to gain, with fewer rows the tests see nothing.
_FEW_COLUMNS, _FEW_ROWS = 6, 200
# Degree of a column's polynomials.
_DEGREE = 4
# Chances of being kept for a column without any influence: a kept one costs time, a lost one the law.
_BY_EFFECT, _BY_INTERACTION = 5e-3, 5e-4
# Where a lucky column does harm the chances are so many times smaller.
_NO_DOUBT = 1e-4
# Rows that the tests need no more of.
_ROWS = 3000
# A target that varies no more than this, relative to its size, is constant up to rounding.
_CONSTANT = 1e-12
# Share of the target's variance below which there is only rounding.
_ROUNDING = 1e-24


def surely_relevant(x: Tensor, y: Tensor) -> list[int]:
    """Numbers of the columns whose influence is beyond doubt, in order; the same on exact data, without lucky ones."""
    if len(y) < _FEW_ROWS:
        return list(range(x.shape[1]))
    return sorted(visible(x, y, doubt=_NO_DOUBT)) or list(range(x.shape[1]))


def relevant(x: Tensor, y: Tensor, weight: Tensor | None = None) -> list[int]:
    """Numbers of the columns with a visible influence, in order; all where the tests would see too little.

    Args:
        x: Columns, `(n, d)`, rows in random order.
        y: Target, `(n,)`.
        weight: Factor on each row's residual, `(n,)`.
    """
    every = list(range(x.shape[1]))
    if len(every) < _FEW_COLUMNS or len(y) < max(_FEW_ROWS, 6 * _DEGREE * len(every)):
        return every
    return sorted(visible(x, y, weight)) or every


def visible(x: Tensor, y: Tensor, weight: Tensor | None = None, doubt: float = 1.0) -> set[int]:
    """Numbers of the columns that one of the tests sees.

    Args:
        x: Columns, `(n, d)`.
        y: Target, `(n,)`.
        weight: One over the size of each row's error, up to a factor, `(n,)`.
        doubt: Factor on the chances of being seen for a column without any influence.
    """
    if _DEGREE * x.shape[1] >= len(y):  # as many terms as rows leave nothing to be tested
        return set(range(x.shape[1]))
    x, y = x[:_ROWS], y[:_ROWS]
    weight = torch.ones_like(y) if weight is None else weight[:_ROWS] / weight[:_ROWS].square().mean().sqrt()
    powers = [_polynomials(column) for column in x.T]
    if float(y.std()) <= _CONSTANT * float(y.abs().max()):
        return set()
    # a target with rare large values hides an influence on all the others, its ranks do not
    return set().union(*(_influential(powers, (t - t.mean()) / t.std(), weight, doubt) for t in (y, _ranks(y))))


def _influential(powers: list[Tensor], y: Tensor, weight: Tensor, doubt: float) -> set[int]:
    """Columns that one of the tests sees. y: (n,), standardised."""
    one = weight[:, None]
    y = y * weight
    kept = set()
    for j, own in enumerate(powers):
        q, _ = torch.linalg.qr(_design([p for i, p in enumerate(powers) if i != j], one))
        if effect_chance(own * one, q, y) < doubt * _BY_EFFECT:
            kept.add(j)
    q, _ = torch.linalg.qr(_design(powers, one))
    left = _without(q, y)
    for j, k in combinations(range(len(powers)), 2):
        if j in kept and k in kept:
            continue
        if interaction_chance(powers[j] * one, powers[k], q, left) < doubt * _BY_INTERACTION:
            kept |= {j, k}
    return kept


def effect_chance(terms: Tensor, q: Tensor, y: Tensor) -> float:
    """Chance that terms without influence correlate as much with the target.

    Args:
        terms: Functions of one column, weighted, `(n, k)`.
        q: Orthonormal basis of all that the target is regressed on without them, weighted, `(n, p)`.
        y: Target, weighted, `(n,)`.
    """
    return _chance(_without(q, terms), _without(q, y))


def interaction_chance(first: Tensor, second: Tensor, q: Tensor, left: Tensor) -> float:
    """Chance that two columns (or sets of them) that do not act together seem to do so as much.

    Args:
        first: Functions of the one, weighted, `(n, k)`.
        second: Functions of the other, not weighted, `(n, l)`.
        q: Orthonormal basis of all that the target was regressed on, weighted, `(n, p)`.
        left: What that left of the target, weighted, `(n,)`.
    """
    return _chance(_without(q, (first[:, :, None] * second[:, None, :]).flatten(1)), left)


def _design(powers: list[Tensor], weight: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(weight), *powers], 1) * weight


def _ranks(values: Tensor) -> Tensor:
    """From -1 to 1. values: (n,)."""
    return 2 * values.argsort().argsort().to(values.dtype) / max(len(values) - 1, 1) - 1


def _polynomials(column: Tensor) -> Tensor:
    """Polynomials of degree 1 to `_DEGREE` of the ranks: no outlier dominates them. column: (n,)."""
    return legendre(_ranks(column), _DEGREE)


def legendre(u: Tensor, degree: int) -> Tensor:
    """Legendre polynomials of degree 1 to `degree`, `(n, degree)`. u: (n,), from -1 to 1; or (n, d)."""
    found = [torch.ones_like(u), u]
    for k in range(1, degree):
        found.append(((2 * k + 1) * u * found[k] - k * found[k - 1]) / (k + 1))
    return torch.stack(found[1:], 1)


def _without(q: Tensor, values: Tensor) -> Tensor:
    """What orthonormal columns leave of values, `(n,)` or `(n, m)`."""
    return values - q @ (q.T @ values)


def _chance(terms: Tensor, left: Tensor) -> float:
    """Chance that terms without influence correlate as much with what a regression leaves.

    A score test that allows the size of what is left to differ from row to row (H. White, Econometrica 48, 1980): on
    clean data that is what the polynomials miss, which depends on the other columns.

    Args:
        terms: `(n, k)`.
        left: `(n,)`.
    """
    scores = terms * left[:, None]
    total = scores.sum(0)
    covariance = scores.T @ scores
    size = covariance.diagonal().clamp_min(_ROUNDING * len(left)).sqrt()
    scaled = torch.linalg.pinv(covariance / size / size[:, None], hermitian=True, rtol=1e-10)
    return float(chdtrc(terms.shape[1], float((total / size) @ scaled @ (total / size))))
