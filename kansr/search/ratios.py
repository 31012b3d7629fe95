"""Short ratios of polynomials that fit noisy data.

A law `t = P/Q` is a linear relation between the columns `m` and `t*m` of monomials m. With noise in t it only holds
nearly: a relation with coefficients c leaves `r = sum of c_j * column_j`, of which the noise causes `Q` times its own
value. So `|r|^2 / |Q|^2` estimates the noise where the relation holds and more where it does not: total least squares
with an error in t alone (S. Van Huffel & J. Vandewalle, SIAM 1991, chapter 3). It is a generalised eigenvalue of two
small matrices. A beam search over sets of columns finds the sets for which it is small.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import sympy
import torch
from torch import Tensor

from kansr.search.atoms import Atom, View, both_sides, columns_of, families, views
from kansr.search.score import NODE

__all__ = ["Ratio", "ratios"]

# Columns, sets kept of each size, largest size.
_COLUMNS, _BEAM, _MOST_TERMS = 120, 60, 6
# Sets of which each column is tried to be exchanged for any other.
_EXCHANGED = 12
# Sets of each size that are refitted with the right weights.
_REFITTED = 12
# Formulas offered of each set of atoms.
_OFFERED = 3
# A set with another column must lower the error by this factor, else the noise is reached.
_LOWER = 0.99
# Formulas so many times worse than the best are not refitted further.
_HOPELESS = 4.0
# A target close to the end of its range says nothing of the inverse function: no row counts for more than this.
_STEEPEST = 10.0
# No monomials of a higher degree.
_MOST_DEGREE = 5


@dataclass(frozen=True)
class Ratio:
    """A formula that was found.

    Attributes:
        expression: Gives it in the columns' symbols; SymPy takes its time, and few are wanted.
        mse: Mean square error over the target's variance.
        length: Rough description length.
    """

    expression: Callable[[], sympy.Expr]
    mse: float
    length: float


@dataclass(frozen=True)
class _Column:
    """A monomial, as sorted numbers of its atoms, with the target as a factor or without."""

    monomial: tuple[int, ...]
    target: bool


def ratios(x: Tensor, y: Tensor, symbols: Sequence[sympy.Symbol], expired: Callable[[], bool]) -> Iterator[list[Ratio]]:
    """The ratios of polynomials with few terms that fit best: for one set of atoms after the other, the best first.

    Args:
        x: Columns, `(n, d)`.
        y: Target, `(n,)`.
        symbols: A symbol for each column.
        expired: True ends it.
    """
    columns = columns_of(x, symbols)
    seen = views(y)
    for atoms in families(columns):
        found: list[Ratio] = []
        for view in seen:
            if expired():
                return
            if view.common or atoms is columns:
                for ratio in (False, True):
                    found += _Beam(atoms, view, y, ratio=ratio).ratios()
        yield sorted(found, key=lambda r: r.length)[:_OFFERED]


class _Beam:
    """The search for one set of atoms and one view of the target."""

    def __init__(self, atoms: Sequence[Atom], view: View, y: Tensor, *, ratio: bool) -> None:
        self._atoms = [atom for atom in atoms if atom.usable]
        self._view = view
        self._y = y
        self._weight = view.slope.abs().clamp_max(_STEEPEST * float(view.slope.abs().median()))
        above, below = both_sides(self._atoms, min(_COLUMNS, len(y) // 3), _MOST_DEGREE, ratio=ratio)
        self._columns = [_Column(m, target=False) for m in above] + [_Column(m, target=True) for m in below]
        values = {m: self._product(m) for m in {*above, *below}}
        self._bare = torch.stack([values[c.monomial] for c in self._columns], 1)
        self._norm = self._bare.square().mean(0).sqrt()
        self._bare = self._bare / self._norm
        self._targets = torch.tensor([c.target for c in self._columns])

    def _product(self, monomial: tuple[int, ...]) -> Tensor:
        factors = [self._atoms[k].values for k in monomial]
        return torch.stack([torch.ones_like(self._y), *factors]).prod(0)

    def ratios(self) -> Iterator[Ratio]:
        """What the beam ends with, refitted, each once."""
        residual = torch.where(self._targets, self._bare * self._view.values[:, None], self._bare)
        residual = residual * self._weight[:, None]
        noise = torch.where(self._targets, self._bare, torch.zeros(1, dtype=self._y.dtype))
        gram, slope = residual.T @ residual, noise.T @ noise
        sets, level = self._targets.nonzero(), math.inf
        seen: set[frozenset[_Column]] = set()
        least = math.inf
        for size in range(2, _MOST_TERMS + 1):
            smaller = sets
            sets, levels = _grown(smaller, gram, slope)
            if size > 2:  # any column of the best sets may be exchanged for another
                sets, levels = _grown(torch.cat([_shrunk(sets[:_EXCHANGED]), smaller]), gram, slope)
            for chosen in sets[:_REFITTED].tolist():
                reduced = self._reduced(chosen)
                if reduced is not None and reduced not in seen:
                    seen.add(reduced)
                    ratio = self._refitted(reduced, least)
                    if ratio is not None:
                        least = min(least, ratio.mse)
                        yield ratio
            if not len(levels) or float(levels[0]) > _LOWER * level:  # few rows allow few columns
                break
            level = float(levels[0])

    def _reduced(self, chosen: Sequence[int]) -> frozenset[_Column] | None:
        """The set without the atoms that all its monomials share; None if it says nothing of the target."""
        columns = [self._columns[k] for k in chosen]
        if all(c.target for c in columns) or not any(c.target for c in columns):
            return None
        powers = [Counter(c.monomial) for c in columns]
        common = reduce(Counter.__and__, powers)
        return frozenset(
            _Column(tuple(sorted((power - common).elements())), c.target)
            for power, c in zip(powers, columns, strict=True)
        )

    def _refitted(self, chosen: frozenset[_Column], least: float) -> Ratio | None:
        """Weighted so that all rows count alike in the target's own units: `r / Q` is the error of `P/Q`."""
        columns = sorted(chosen, key=lambda c: (c.target, len(c.monomial), c.monomial))
        bare = torch.stack([self._product(c.monomial) for c in columns], 1)
        norm = bare.square().mean(0).sqrt()
        bare = bare / norm
        targets = torch.tensor([c.target for c in columns])
        values = torch.where(targets, bare * self._view.values[:, None], bare)
        noise = torch.where(targets, bare, torch.zeros(1, dtype=bare.dtype))
        weight, error = torch.ones_like(self._y), math.inf
        for _ in range(3):
            residual = values * (self._weight * weight)[:, None]
            weighted = noise * weight[:, None]
            level, c = _smallest(residual.T @ residual, weighted.T @ weighted)
            q = noise @ c
            if not math.isfinite(level) or float(q.abs().min()) < 1e-3 * float(q.abs().max()):
                return None  # a pole among the rows
            weight = 1 / q.abs()
            weight = weight / weight.mean()
            predicted = self._view.inverse(-(torch.where(targets, 0.0, bare) @ c) / q)
            error = float((predicted - self._y).square().mean() / self._y.var(correction=0))
            if not error <= _HOPELESS * least:
                return None
        n = len(self._y)
        nodes = sum(1 + len(c.monomial) for c in columns)
        length = 0.5 * n * math.log(max(error, 1e-20)) + 0.5 * math.log(n) * (len(columns) - 1) + NODE * nodes
        return Ratio(lambda: self._expression(columns, c / norm), error, length)

    def _expression(self, columns: Sequence[_Column], coefficients: Tensor) -> sympy.Expr:
        sides: list[list[sympy.Expr]] = [[], []]
        for column, value in zip(columns, coefficients.tolist(), strict=True):
            factors = (self._atoms[k].expression for k in column.monomial)
            sides[column.target].append(sympy.Mul(sympy.Float(value if column.target else -value, 17), *factors))
        return self._view.restored(sympy.Add(*sides[0]) / sympy.Add(*sides[1]))


def _grown(sets: Tensor, gram: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """The best sets with one more column, best first, and their errors. sets: (s, k)."""
    k = len(gram)
    more = torch.arange(k).repeat(len(sets))
    base = sets.repeat_interleave(k, 0)
    grown = torch.cat([base, more[:, None]], 1)[(base != more[:, None]).all(1)]
    grown = _distinct(grown.sort(1).values, k)
    levels = _levels(gram[grown[:, :, None], grown[:, None, :]], slope[grown[:, :, None], grown[:, None, :]])
    best = levels.argsort()[:_BEAM]
    return grown[best], levels[best]


def _shrunk(sets: Tensor) -> Tensor:
    """All sets that lack one of the columns. sets: (s, k)."""
    k = sets.shape[1]
    return torch.cat([sets[:, [i for i in range(k) if i != left_out]] for left_out in range(k)])


def _distinct(sets: Tensor, columns: int) -> Tensor:
    """Each set once. sets: (s, k), numbers below `columns` in ascending order."""
    key = sets @ torch.tensor([columns**i for i in range(sets.shape[1])])
    order = key.argsort(stable=True)
    first = torch.ones(len(key), dtype=torch.bool)
    first[1:] = key[order][1:] != key[order][:-1]
    return sets[order[first]]


def _whitened(gram: Tensor, slope: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`L^-1 S L^-T` for `gram = L L^T`, L, and which of the batch have none."""
    factor, info = torch.linalg.cholesky_ex(gram)
    half = torch.linalg.solve_triangular(factor, slope, upper=False)
    white = torch.linalg.solve_triangular(factor, half.mT, upper=False)
    bad = (info > 0) | ~white.isfinite().flatten(-2).all(-1)
    return torch.where(bad[..., None, None], 0.0, (white + white.mT) / 2), factor, bad


def _levels(gram: Tensor, slope: Tensor) -> Tensor:
    """Smallest `c'Gc / c'Sc` of each pair of matrices, `(batch, k, k)`; infinite where G is singular."""
    white, _, bad = _whitened(gram, slope)
    # the largest eigenvalue by repeated squaring: far faster than an eigenvalue solver on many tiny matrices
    power = white
    for _ in range(5):
        power = power / _trace(power).clamp_min(1e-300)[:, None, None]
        power = power @ power
    largest = _trace(power @ white) / _trace(power)
    return torch.where(bad | ~largest.isfinite(), torch.inf, 1 / largest)


def _trace(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=-2, dim2=-1).sum(-1)


def _smallest(gram: Tensor, slope: Tensor) -> tuple[float, Tensor]:
    """The smallest ratio of one pair of matrices and the c that it belongs to."""
    white, factor, bad = _whitened(gram, slope)
    values, vectors = torch.linalg.eigh(white)
    if bool(bad) or float(values[-1]) <= 0:
        return math.inf, vectors[:, -1]
    c = torch.linalg.solve_triangular(factor.mT, vectors[:, -1:], upper=True)[:, 0]
    return 1 / float(values[-1]), c
