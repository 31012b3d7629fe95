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
from itertools import chain

import sympy
import torch
from torch import Tensor

from kansr.search.atoms import Atom, View, both_sides, columns_of, families, paired_families, views
from kansr.search.codec import storable
from kansr.search.journal import recorded
from kansr.search.score import NODE
from kansr.train.levenberg_marquardt import never

__all__ = ["Beam", "Pencil", "Ratio", "ratios"]

# Columns, sets kept of each size, largest size.
_COLUMNS, _BEAM, _MOST_TERMS = 120, 60, 6
# Columns that are tried to join a set.
_TRIED = 12
# Sets of which each column is tried to be exchanged for any other.
_EXCHANGED = 12
# Sets of each size that are refitted with the right weights.
_REFITTED = 8
# Formulas offered of each set of atoms.
_OFFERED = 3
# A set with another column must lower the error by this factor, else the noise is reached.
_LOWER = 0.99
# Formulas so many times worse than the best are not refitted further.
_HOPELESS = 4.0
# A target close to the end of its range says nothing of the inverse function: no row counts for more than this.
_STEEPEST = 10.0
# With more columns there are too many pairs of them.
_MOST_PAIRED = 3
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


@storable
@dataclass(frozen=True)
class _Column:
    """A monomial, as sorted numbers of its atoms, with the target as a factor or without."""

    monomial: tuple[int, ...]
    target: bool


@storable
@dataclass(frozen=True)
class _Fit:
    """A set of columns with the coefficients that fit best, and the error and length as in `Ratio`."""

    columns: tuple[_Column, ...]
    coefficients: Tensor
    mse: float
    length: float


def ratios(
    x: Tensor,
    y: Tensor,
    symbols: Sequence[sympy.Symbol],
    weight: Tensor | None = None,
    expired: Callable[[], bool] = never,
) -> Iterator[list[Ratio]]:
    """The ratios of polynomials with few terms that fit best: for one set of atoms after the other, the best first.

    Args:
        x: Columns, `(n, d)`.
        y: Target, `(n,)`.
        symbols: A symbol for each column.
        weight: Factor on each row's residual, `(n,)`.
        expired: True ends it.
    """
    weight = torch.ones_like(y) if weight is None else weight
    columns = columns_of(x, symbols)
    seen = views(y)
    least = math.inf
    more = paired_families(columns) if len(columns) <= _MOST_PAIRED else ()
    for atoms in chain(families(columns), more):
        found: list[Ratio] = []
        for view in seen:
            if expired():
                return
            if view.common or atoms is columns:
                for ratio in (False, True):
                    least = min((r.mse for r in found), default=least)
                    found += Beam(atoms, view, y, weight, ratio=ratio).ratios(least)
        yield sorted(found, key=lambda r: r.length)[:_OFFERED]


class Beam:
    """The search for one set of atoms and one view of the target.

    Args:
        atoms: What monomials are made of.
        view: How the target is seen.
        y: The target, `(n,)`.
        weight: Factor on each row's residual, `(n,)`.
        ratio: Whether there may be a denominator.
        degree: No monomials of a higher degree.
        emphasis: Another factor on the rows while sets are compared: a guess at one over the denominator, `(n,)`.
    """

    def __init__(
        self,
        atoms: Sequence[Atom],
        view: View,
        y: Tensor,
        weight: Tensor,
        *,
        ratio: bool,
        degree: int = _MOST_DEGREE,
        emphasis: Tensor | None = None,
    ) -> None:
        self._atoms = [atom for atom in atoms if atom.usable]
        self._view = view
        self._y = y
        # from errors of the target as it is viewed to weighted errors of the target
        self._weight = weight * view.slope.abs().clamp_max(_STEEPEST * float(view.slope.abs().median()))
        self._row_weight = weight
        self._emphasis = torch.ones_like(y) if emphasis is None else emphasis
        self._spread = float((weight * (y - y.mean())).square().mean())
        above, below = both_sides(self._atoms, min(_COLUMNS, len(y) // 3), degree, ratio=ratio)
        self._columns = [_Column(m, target=False) for m in above] + [_Column(m, target=True) for m in below]
        values = {m: self._product(m) for m in {*above, *below}}
        self._bare = torch.stack([values[c.monomial] for c in self._columns], 1)
        self._norm = self._bare.square().mean(0).sqrt()
        self._bare = self._bare / self._norm
        self._targets = torch.tensor([c.target for c in self._columns])

    def _product(self, monomial: tuple[int, ...]) -> Tensor:
        factors = [self._atoms[k].values for k in monomial]
        return torch.stack([torch.ones_like(self._y), *factors]).prod(0)

    def pencil(self) -> Pencil:
        """The two matrices that tell how well any set of columns would do."""
        residual = torch.where(self._targets, self._bare * self._view.values[:, None], self._bare)
        residual = residual * (self._weight * self._emphasis)[:, None]
        noise = torch.where(self._targets, self._bare, torch.zeros(1, dtype=self._y.dtype)) * self._emphasis[:, None]
        return Pencil(residual.T @ residual, noise.T @ noise, self._targets)

    def ratios(self, least: float) -> Iterator[Ratio]:
        """What the beam meets, refitted, each once; nothing much worse than `least`, the smallest error so far."""
        return map(self._ratio, self._fits(least))

    @recorded
    def _fits(self, least: float) -> list[_Fit]:
        fits = []
        relations = self.pencil()
        sets, levels = relations.best(relations.pairs())
        seen: set[frozenset[_Column]] = set()
        for size in range(2, _MOST_TERMS + 1):
            level = float(levels[0])
            worth = levels <= _HOPELESS * min(level, least * self._spread)
            for chosen in sets[worth][:_REFITTED].tolist():
                reduced = self.reduced(chosen)
                if reduced is not None and reduced not in seen:
                    seen.add(reduced)
                    fit = self._fit(reduced, least)
                    if fit is not None:
                        least = min(least, fit.mse)
                        fits.append(fit)
            if size == _MOST_TERMS:
                break
            smaller = sets
            sets, levels = relations.best(relations.grown(smaller))
            # any column of the best sets may be exchanged for another
            sets, levels = relations.best(torch.cat([sets, relations.grown(_shrunk(sets[:_EXCHANGED]))]))
            if not len(levels) or float(levels[0]) > _LOWER * level:  # few rows allow few columns
                break
        return fits

    def reduced(self, chosen: Sequence[int]) -> frozenset[_Column] | None:
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

    def refitted(self, chosen: frozenset[_Column]) -> Ratio | None:
        """Weighted so that all rows count alike in the target's own units: `r / Q` is the error of `P/Q`."""
        fit = self._fit(chosen)
        return None if fit is None else self._ratio(fit)

    def _ratio(self, fit: _Fit) -> Ratio:
        return Ratio(lambda: self._expression(fit.columns, fit.coefficients), fit.mse, fit.length)

    def _fit(self, chosen: frozenset[_Column], least: float = math.inf) -> _Fit | None:
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
            error = float((self._row_weight * (predicted - self._y)).square().mean() / self._spread)
            if not error <= _HOPELESS * least:
                return None
        n = len(self._y)
        nodes = sum(1 + len(c.monomial) for c in columns)
        length = 0.5 * n * math.log(max(error, 1e-20)) + 0.5 * math.log(n) * (len(columns) - 1) + NODE * nodes
        return _Fit(tuple(columns), c / norm, error, length)

    def _expression(self, columns: Sequence[_Column], coefficients: Tensor) -> sympy.Expr:
        sides: list[list[sympy.Expr]] = [[], []]
        for column, value in zip(columns, coefficients.tolist(), strict=True):
            factors = (self._atoms[k].expression for k in column.monomial)
            sides[column.target].append(sympy.Mul(sympy.Float(value if column.target else -value, 17), *factors))
        return self._view.restored(sympy.Add(*sides[0]) / sympy.Add(*sides[1]))


@dataclass(frozen=True)
class Pencil:
    """Inner products of all columns, and of what noise in the target adds to them.

    Attributes:
        gram: Of the columns, `(k, k)`.
        slope: Of their derivatives by the target, `(k, k)`.
        target: Which columns have the target as a factor, `(k,)`.
    """

    gram: Tensor
    slope: Tensor
    target: Tensor

    def pairs(self) -> Tensor:
        """Every column with the target as a factor, with any other one."""
        k = len(self.gram)
        first = self.target.nonzero()[:, 0].repeat_interleave(k)
        second = torch.arange(k).repeat(int(self.target.sum()))
        sets = torch.stack([first, second], 1)[first != second]
        return _distinct(sets.sort(1).values, k)

    def best(self, sets: Tensor) -> tuple[Tensor, Tensor]:
        """The best of some sets, best first, and their errors. sets: (s, k)."""
        sets = _distinct(sets.sort(1).values, len(self.gram))
        levels, _ = self.levels(sets)
        order = levels.argsort()[:_BEAM]
        return sets[order], levels[order]

    def all_levels(self, sets: Tensor) -> Tensor:
        """The smallest `c'Gc / c'Sc` of sets of any size, filled up with -1, `(s,)`."""
        sizes = (sets >= 0).sum(1)
        levels = torch.full((len(sets),), torch.inf, dtype=self.gram.dtype)
        for size in sizes.unique().tolist():
            levels[sizes == size] = self.levels(sets[sizes == size, :size])[0]
        return levels

    def levels(self, sets: Tensor) -> tuple[Tensor, Tensor]:
        """Smallest `c'Gc / c'Sc` of each set, and the c that it belongs to; infinite where columns depend."""
        white, factor, bad = _whitened(self._part(self.gram, sets), self._part(self.slope, sets))
        # the largest eigenvalue by repeated squaring: far faster than an eigenvalue solver on many tiny matrices
        power = white
        for _ in range(5):
            power = power / _trace(power).clamp_min(1e-300)[:, None, None]
            power = power @ power
        largest = _trace(power @ white) / _trace(power)
        vector = power.gather(2, power.diagonal(dim1=1, dim2=2).argmax(1)[:, None, None].expand(-1, sets.shape[1], 1))
        c = torch.linalg.solve_triangular(factor.mT, vector, upper=True)[:, :, 0]
        return torch.where(bad | ~largest.isfinite(), torch.inf, 1 / largest), c

    def grown(self, sets: Tensor) -> Tensor:
        """Each set with one more column: the ones that best explain what it leaves. sets: (s, k)."""
        _, c = self.levels(sets)
        bare = (~self.target[sets]).to(c.dtype)
        inside = self._part(self.gram, sets)
        rows = self.gram[sets]  # (s, k, all)
        # parts of the numerator have been fitted to the rest: only what they leave of a column can help
        masked = inside * bare[:, :, None] * bare[:, None, :] + torch.diag_embed(1 - bare)
        # columns that depend on each other give no finite numbers, and so no gain
        shares, singular = torch.linalg.solve_ex(masked, rows * bare[:, :, None])
        shares = torch.where(singular[:, None, None] > 0, torch.nan, shares)
        left = torch.einsum("sk,ska->sa", c, rows) - torch.einsum(
            "sk,skl,sla->sa", c, inside * bare[:, None, :], shares
        )
        size = self.gram.diagonal() - (rows * bare[:, :, None] * shares).sum(1)
        gain = left.square() / size.clamp_min(1e-12)
        gain = torch.where(gain.isfinite(), gain, -1.0).scatter(1, sets, -1.0)
        more = gain.topk(min(_TRIED, gain.shape[1]), 1).indices
        grown = torch.cat([sets.repeat_interleave(more.shape[1], 0), more.reshape(-1, 1)], 1)
        return grown[(sets.repeat_interleave(more.shape[1], 0) != more.reshape(-1, 1)).all(1)]

    @staticmethod
    def _part(matrix: Tensor, sets: Tensor) -> Tensor:
        return matrix[sets[:, :, None], sets[:, None, :]]


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
