"""The columns with the strongest influence, of more than a search can look at.

Each column is judged alone, by a regression of the target on low polynomials of its ranks; what is visible beyond
chance, with so many columns to choose from, is taken, regressed out, and the others are judged again by what is left
(iterated sure independence screening: J. Fan & J. Lv, J. R. Stat. Soc. B 70, 2008). Columns that act only together
show in the products of two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from scipy.special import betainc, ndtri
from torch import Tensor

from kansr.search.screening import legendre
from kansr.train.levenberg_marquardt import never

__all__ = ["COLUMN_ROWS", "MOST_COLUMNS", "strongest"]

# With no more columns than these the search looks at all of them.
MOST_COLUMNS = 50
# Rows that the choice of columns needs no more of.
COLUMN_ROWS = 5000
# Chance that any column, or any pair, without influence is taken for a visible one.
_CHANCE = 0.01
# Taken before the others are judged again: a strong column makes all that go along with it look strong.
_AT_ONCE = 5
# Degree of a column's polynomials, alone and in a pair; rows that each of their terms needs.
_DEGREE, _PAIR_DEGREE, _ROWS_PER_TERM = 4, 2, 6
# Cells of the table, and products in the test of pairs, that are looked at: this bounds the time to seconds.
_CELLS, _PRODUCTS = 10_000_000, 5_000_000_000
# Rows that the test of pairs needs no more of, and columns that are treated at once.
_PAIR_ROWS, _SLICE = 1000, 512


def strongest(x: Tensor, y: Tensor, most: int = MOST_COLUMNS, expired: Callable[[], bool] = never) -> list[int]:
    """Numbers of the columns with the strongest visible influence, in order.

    With few rows only those beyond doubt, and as many more as the rows can tell apart.

    Args:
        x: Columns, `(n, d)`, rows in random order.
        y: Target, `(n,)`.
        most: Columns that are kept at most.
        expired: True ends it with what is found.
    """
    rows = max(min(len(y), _CELLS // x.shape[1]), 2 * _ROWS_PER_TERM * _DEGREE)
    x, y = x[:rows], y[:rows]
    u = _ranks(x)
    degree = max(1, min(_DEGREE, len(y) // (2 * _ROWS_PER_TERM)))
    # a target with rare large values hides an influence on all the others, its ranks do not
    targets = torch.stack([_standard(y), _standard(_ranks(y[:, None])[:, 0])], 1)
    kept: list[int] = []
    share = _shares(u, targets, degree)
    while len(kept) < most and not expired():
        room = min(_AT_ONCE, most - len(kept), len(y) // (_ROWS_PER_TERM * degree) - len(kept))
        share[kept] = 0.0
        seen = [j for j in share.argsort(descending=True)[: max(room, 0)].tolist() if _visible(share[j], u, degree)]
        if not seen:
            break
        kept += seen
        share = _shares(u, _left(u[:, kept], targets, degree), degree)
    share[kept] = 0.0
    by_share = share.argsort(descending=True).tolist()
    for pair in _pairs(u, _left(u[:, kept], targets, degree), [*kept, *by_share], expired):
        more = [j for j in pair if j not in kept]
        kept += more if len(kept) + len(more) <= most else []
    others = (j for j in by_share if j not in kept)
    for _ in range(min(most, len(y) // (_ROWS_PER_TERM * degree)) - len(kept)):
        kept.append(next(others))
    return sorted(kept)


def _visible(share: Tensor, u: Tensor, degree: int) -> bool:
    """Whether none of so many columns without influence is likely to explain such a share of the target."""
    n, d = u.shape
    return float(betainc((n - degree - 1) / 2, degree / 2, 1 - float(share))) * 2 * d < _CHANCE


def _shares(u: Tensor, targets: Tensor, degree: int) -> Tensor:
    """Share of the targets that polynomials of each column explain, the larger one, `(d,)`. targets: (n, k)."""
    total = targets.square().sum(0).clamp_min(1e-300)
    found = []
    for columns in u.split(_SLICE, dim=1):
        terms = legendre(columns, degree).permute(2, 0, 1)
        q = torch.linalg.qr(terms - terms.mean(1, keepdim=True)).Q
        found.append(((q.mT @ targets).square().sum(1) / total).amax(1))
    return torch.cat(found)


def _left(u: Tensor, targets: Tensor, degree: int) -> Tensor:
    """What a sum of polynomials of some columns leaves of the targets, `(n, k)`."""
    one = torch.ones(len(u), 1, dtype=u.dtype)
    q = torch.linalg.qr(torch.cat([one, legendre(u, degree).flatten(1)], 1)).Q
    left: Tensor = targets - q @ (q.T @ targets)
    return left


def _pairs(u: Tensor, left: Tensor, order: list[int], expired: Callable[[], bool]) -> Iterator[tuple[int, int]]:
    """Pairs of columns that act together beyond chance, the strongest first.

    A score test of the products of their polynomials, by two products of matrices for all pairs at once.

    Args:
        u: Ranks of the columns, from -1 to 1, `(n, d)`.
        left: What the columns alone leave of the targets, `(n, k)`.
        order: All columns, the most promising first: of very many not all pairs are tried.
        expired: True ends it.
    """
    left = left[:_PAIR_ROWS]
    most = int((_PRODUCTS / len(left)) ** 0.5 / _PAIR_DEGREE)
    order = order[:most]
    terms = legendre(u[: len(left), order], _PAIR_DEGREE).permute(2, 1, 0).flatten(0, 1)
    limit = -float(ndtri(_CHANCE / (terms.shape[0] ** 2 * left.shape[1])))
    found: dict[tuple[int, int], float] = {}
    for r in left.T:
        for start in range(0, len(terms), _SLICE):
            if expired():
                return
            some = terms[start : start + _SLICE]
            size = ((some * r).square() @ terms.square().T).clamp_min(1e-300).sqrt()
            z = ((some * r) @ terms.T).abs() / size
            for i, k in (z > limit).nonzero().tolist():
                first, second = sorted((order[(start + i) // _PAIR_DEGREE], order[k // _PAIR_DEGREE]))
                if first != second:
                    found[first, second] = max(found.get((first, second), 0.0), float(z[i, k]))
    yield from sorted(found, key=lambda pair: -found[pair])


def _ranks(values: Tensor) -> Tensor:
    """From -1 to 1 in each column. values: (n, d)."""
    return 2 * values.argsort(0).argsort(0).to(values.dtype) / max(len(values) - 1, 1) - 1


def _standard(values: Tensor) -> Tensor:
    """With mean zero and variance one. values: (n,)."""
    return (values - values.mean()) / values.std().clamp_min(1e-300)
