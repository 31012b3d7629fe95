"""Algebraic relations: laws that exact data give away by linear algebra alone.

If `y = P/Q` with polynomials P and Q, the columns `m` and `y*m` of all monomials m are linearly dependent, and so they
are for `sqrt(P/Q)`, `exp(P/Q)`, `asin(P/Q)` with the inverse function of y in its place. One QR factorisation of the
columns, simplest first, shows the first one that depends on those before it; its coefficients are the law. (The idea is
that of vanishing ideals of points, H. M. Moeller & B. Buchberger, EUROCAM 1982; in floating point D. Heldt et al.,
J. Symb. Comput. 44, 2009.) Monomials may hold simple functions of a column, or of a pair of columns.

It takes a fraction of a second, needs hardly more rows than the law has terms, and finds nothing where there is noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sympy
import torch
from torch import Tensor

from kansr.search.atoms import Atom, View, both_sides, columns_of, families, paired_families, views
from kansr.train.levenberg_marquardt import never

__all__ = ["paired_relations", "relations"]

# No more columns than this in one factorisation: of monomials in the columns alone, with functions of columns (there
# are many such sets), and with functions of pairs of columns (there are very many).
_MOST_COLUMNS, _FEWER_COLUMNS, _FEW_COLUMNS = 400, 200, 160
# No monomials of a higher degree; in one variable a high degree imitates any smooth function.
_MOST_DEGREE, _MOST_DEGREE_ALONE = 8, 6
# A column depends on those before it if no more than this share of it is left. One of which less than the second share
# is left is taken out: where shares shrink step by step, smooth functions imitate each other.
_DEPENDENT, _INDEPENDENT = 1e-11, 1e-7
# Smaller coefficients are rounding.
_NEGLIGIBLE = 1e-7
# Longer relations, and those with more coefficients that are not simple multiples of another one, imitate the law.
_MOST_TERMS, _MOST_FREE = 24, 6
# In one variable ratios, and polynomials behind a function, imitate with few coefficients.
_MOST_FREE_ALONE = 3
# With more columns there are too many pairs of them.
_MOST_PAIRED = 6


def relations(
    x: Tensor, y: Tensor, symbols: Sequence[sympy.Symbol], expired: Callable[[], bool] = never
) -> Iterator[sympy.Expr]:
    """Formulas in the columns and functions of single columns that hold exactly on the rows, simple ones first.

    Args:
        x: Columns, `(n, d)`.
        y: Target, `(n,)`.
        symbols: A symbol for each column.
        expired: True ends it.
    """
    columns = columns_of(x, symbols)
    seen = views(y)
    for atoms in families(columns):
        for view in seen:
            if expired():
                return
            for ratio in (False, True):
                most = _MOST_COLUMNS if len(atoms) == len(columns) else _FEWER_COLUMNS
                alone = len(columns) == 1 and (ratio or view is not seen[0])
                free = _MOST_FREE_ALONE if alone else _MOST_FREE
                yield from _laws(atoms, view, most, ratio=ratio, free=free)


def paired_relations(
    x: Tensor, y: Tensor, symbols: Sequence[sympy.Symbol], expired: Callable[[], bool] = never
) -> Iterator[sympy.Expr]:
    """The same with functions of the product, ratio, sum or difference of two columns; takes seconds.

    Args:
        x: Columns, `(n, d)`.
        y: Target, `(n,)`.
        symbols: A symbol for each column.
        expired: True ends it.
    """
    columns = columns_of(x, symbols)
    if len(columns) > _MOST_PAIRED:
        return
    seen = [view for view in views(y) if view.common]
    # few rows leave a denominator too little room beside the numerator
    kinds = (False, True) if len(y) < _FEW_COLUMNS else (True,)
    for atoms in paired_families(columns):
        for view in seen:
            if expired():
                return
            for ratio in kinds:
                yield from _laws(atoms, view, _FEW_COLUMNS, ratio=ratio)


def _laws(atoms: Sequence[Atom], view: View, most: int, *, ratio: bool, free: int = _MOST_FREE) -> Iterator[sympy.Expr]:
    """The simplest polynomial, or ratio of two, in the atoms that equals the target as it is viewed; or nothing."""
    atoms = [atom for atom in atoms if atom.usable]
    most = min(len(view.values) - 2, most)
    degree = _MOST_DEGREE if len(atoms) > 1 else _MOST_DEGREE_ALONE
    above, below = both_sides(atoms, most, degree, ratio=ratio)
    rows = min(len(view.values), 3 * most // 2)
    t = view.values[:rows]
    # a column is (degree, 1 with t as a factor and 0 without, monomial)
    order = sorted([(len(m), 0, m) for m in above] + [(len(m) + 1, 1, m) for m in below])
    values = {m: torch.stack([torch.ones_like(t), *(atoms[k].values[:rows] for k in m)]).prod(0) for m in above}
    columns = torch.stack([values[m] * t if q else values[m] for _, q, m in order], 1)
    found = _first_dependence(columns, torch.tensor([q for _, q, _ in order]), free)
    if found is None:
        return
    sides: list[list[sympy.Expr]] = [[], []]
    for (_, q, m), c in zip(order, found.tolist(), strict=True):
        if c:
            factors = (atoms[k].expression for k in m)
            sides[q].append(sympy.Mul(sympy.Float(c if q else -c, 17), *factors))
    yield view.restored(sympy.Add(*sides[0]) / sympy.Add(*sides[1]))


def _first_dependence(columns: Tensor, target: Tensor, free: int) -> Tensor | None:
    """Coefficients of the first linear relation, if it is exact, short and involves the target.

    Args:
        columns: `(n, k)`, simplest first.
        target: 1 for a column that has the target as a factor, `(k,)`.
        free: Most coefficients that are not simple multiples of another one.
    """
    norm = columns.square().sum(0).sqrt()
    columns = columns / norm
    kept = torch.arange(len(norm))
    while True:
        left = torch.linalg.qr(columns[:, kept]).R.diagonal().abs()
        dependent = (left < _DEPENDENT).nonzero()[:, 0]
        if not len(dependent):
            return None
        last = int(dependent[0])
        doubtful = left[:last] < _INDEPENDENT
        if not bool(doubtful.any()):
            break
        kept = torch.cat([kept[:last][~doubtful], kept[last:]])
    chosen, last = kept[:last], int(kept[last])
    solution = torch.ones(len(chosen), dtype=norm.dtype)
    # the first solution carries the rounding of all columns, the last only that of those that matter
    for _ in range(3):
        chosen = chosen[solution.abs() > _NEGLIGIBLE * solution.abs().max().clamp_min(1)]
        if not len(chosen):
            return None
        solution = torch.linalg.lstsq(columns[:, chosen], -columns[:, last, None], driver="gelsd").solution[:, 0]
    coefficients = torch.zeros_like(norm)
    coefficients[chosen], coefficients[last] = solution, 1.0
    exact = float((columns @ coefficients).square().sum().sqrt()) < 10 * _DEPENDENT
    involved = all(bool((coefficients[target == q] != 0).any()) for q in (0, 1))
    coefficients = coefficients / norm
    return coefficients if exact and involved and _is_short(coefficients[coefficients != 0], free) else None


def _is_short(coefficients: Tensor, free: int) -> bool:
    """Whether a relation says more than the digits of its coefficients."""
    if len(coefficients) > _MOST_TERMS:
        return False
    # multiples of each coefficient by a number of twelfths or its inverse, all at once
    ratios = coefficients / coefficients[:, None]
    simple = torch.zeros_like(ratios, dtype=torch.bool)
    for multiple in (12 * ratios, 12 / ratios):
        whole = multiple.round()
        simple |= (whole.abs() <= 240) & ((multiple - whole).abs() < 1e-6 * whole.abs())
    return len(coefficients) - int(simple.sum(1).max()) <= free
