"""Groups of columns whose effects add up or multiply, and a first estimate of what each group contributes.

`y = g(S) + h(T)` with disjoint sets S and T of columns holds exactly if no column of S acts together with one of T:
the law's functional analysis of variance has no term in columns of both (I. M. Sobol', Math. Comput. Simul. 55, 2001;
G. Hooker, KDD 2004). So the score test for interactions of `kansr.search.screening` is made for every pair of columns,
and what acts together, directly or through others, is one group. A strong interaction hides a weak one. So the target
is regressed on polynomials of each group found, and what that leaves is tested again, until no groups have to be
merged. Products are sums of logarithms. (AI Feynman asks a trained network whether the law is separable: S.-M. Udrescu
& M. Tegmark, Science Advances 6, 2020; here the rows alone answer.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, combinations_with_replacement, islice, product
from math import comb

import torch
from torch import Tensor

from kansr.kan.structure import Op
from kansr.search.codec import storable
from kansr.search.journal import recorded
from kansr.search.least_squares import least_squares
from kansr.search.lens import Lens, TargetView, lenses
from kansr.search.screening import effect_chance, interaction_chance, legendre
from kansr.search.table import Table
from kansr.train.levenberg_marquardt import never

__all__ = ["Separation", "groups", "joined", "polynomials", "separate"]

# With fewer rows the tests see nothing; more are not needed.
_FEW_ROWS, _ROWS = 200, 3000
# Degree of the polynomials whose products are tested.
_DEGREE = 4
# Chances that two columns that do not act together seem to, and that a column without influence seems to have one.
_TOGETHER, _EFFECT = 1e-4, 1e-3
# Share of the target below which the polynomials' own errors, which do not come from chance, may look like effects.
_ROUGH = 1e-6
# Degrees of the polynomials of a group: as high as the rows allow, up to this.
_HIGHEST = 10
# Rows for each term of the regressions: of the tests, which need many left over, and of the estimates (all are tried).
_ROWS_PER_TERM = 6.0
_ROWS_PER_TERM_TRIED = (2.5, 7.0, 20.0)


@storable
@dataclass(frozen=True)
class Separation:
    """A law in parts, each a function of its own columns only.

    Attributes:
        op: Whether the parts are added or multiplied.
        groups: The columns of each part, in ascending order; columns without visible influence are in none.
        values: Estimate of each part on the training rows, known up to a constant term or factor, `(k, n)`.
        values_held: The same on the held rows, `(k, m)`.
        error: Mean square error of the estimates taken together on the held rows, over the target's variance there.
    """

    op: Op
    groups: list[list[int]]
    values: Tensor
    values_held: Tensor
    error: float


def joined(op: Op, values: Tensor) -> Tensor:
    """The target that parts give, `(n,)`. values: (k, n)."""
    return values.sum(0) if op is Op.SUM else values.prod(0)


@recorded
def separate(table: Table, expired: Callable[[], bool] = never) -> Separation | None:
    """The separation whose estimates fit best; None if the law seems to have one part only or the rows are too few.

    With many columns the tests of all pairs may take long: `expired` ends them, without a result.
    """
    if len(table.y) < _FEW_ROWS or not table.holds_out or table.x.shape[1] < 2:
        return None
    found = []
    for lens in lenses(table.x, table.y):
        weight = lens.weight(table.y, table.weight)
        parts = groups(lens.inputs(table.x), lens.target(table.y), weight, expired)
        if expired():
            return None
        if len(parts) > 1:
            found += [_estimated(table, lens, parts, ratio) for ratio in _ROWS_PER_TERM_TRIED]
    return min(found, key=lambda s: s.error, default=None)


def groups(u: Tensor, y: Tensor, weight: Tensor | None = None, expired: Callable[[], bool] = never) -> list[list[int]]:
    """Disjoint sets of columns that do not act together, each in ascending order.

    Args:
        u: Columns, each from -1 to 1, `(n, d)`, rows in random order.
        y: Target, `(n,)`.
        weight: Factor on each row's residual, `(n,)`.
        expired: True ends the tests where they are.
    """
    u, y = u[:_ROWS], y[:_ROWS]
    weight = torch.ones_like(y) if weight is None else weight[:_ROWS]
    one = weight[:, None]
    powers = [legendre(column, _DEGREE) for column in u.T]
    parts = [[j] for j in range(len(powers))]
    while len(parts) > 1:
        q = _basis(u, parts, one, _ROWS_PER_TERM)
        left = y * weight - q @ (q.T @ (y * weight))
        if float(left.square().sum()) < _ROUGH * float((y * weight).square().sum()):
            break
        tests = [[powers[j] for j in part] + [polynomials(u[:, part], 2)] * (len(part) > 1) for part in parts]
        together = [
            (first, second)
            for first, second in combinations(range(len(parts)), 2)
            if not expired()
            and any(
                interaction_chance(a * one, b, q, left) < _TOGETHER for a, b in product(tests[first], tests[second])
            )
        ]
        if not together:
            break
        parts = _merged(parts, together)
    return [part for i, part in enumerate(parts) if len(part) > 1 or expired() or _acts(u, y, one, parts, i)]


def _acts(u: Tensor, y: Tensor, one: Tensor, parts: Sequence[list[int]], number: int) -> bool:
    """Whether a column that acts with no other one has an effect of its own."""
    others = [part for i, part in enumerate(parts) if i != number]
    own = legendre(u[:, parts[number][0]], _DEGREE) * one
    return effect_chance(own, _basis(u, others, one, _ROWS_PER_TERM), y * one[:, 0]) < _EFFECT


def _merged(parts: Sequence[list[int]], together: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Connected components of the graph in which the given pairs of parts are joined."""
    component = list(range(len(parts)))
    for first, second in together:
        old, new = component[second], component[first]
        component = [new if c == old else c for c in component]
    merged = [
        sorted(j for part, c in zip(parts, component, strict=True) if c == name for j in part) for name in component
    ]
    return sorted({tuple(part): part for part in merged}.values())


def _basis(u: Tensor, parts: Sequence[list[int]], one: Tensor, rows_per_term: float) -> Tensor:
    """Orthonormal basis of the polynomials of each part, `(n, p)`."""
    terms = [
        polynomials(u[:, part], degree)
        for part, degree in zip(parts, _degrees(parts, len(u), rows_per_term), strict=True)
    ]
    q: Tensor = torch.linalg.qr(torch.cat([torch.ones_like(one), *terms], 1) * one)[0]
    return q


def _degrees(parts: Sequence[list[int]], rows: int, rows_per_term: float) -> list[int]:
    """Degree of each part's polynomials: raised in turn, where it costs least, while there are rows for the terms."""
    degrees = [1] * len(parts)

    def terms(number: int, more: int) -> int:
        size = len(parts[number])
        return comb(size + degrees[number] + more, size) - 1

    room = rows / rows_per_term - sum(terms(i, 0) for i in range(len(parts)))
    able = [i for i in range(len(parts)) if degrees[i] < _HIGHEST]
    while able:
        cheapest = min(able, key=lambda i: (degrees[i], terms(i, 1)))
        cost = terms(cheapest, 1) - terms(cheapest, 0)
        if cost > room:
            able.remove(cheapest)
            continue
        room -= cost
        degrees[cheapest] += 1
        if degrees[cheapest] == _HIGHEST:
            able.remove(cheapest)
    return degrees


def polynomials(u: Tensor, degree: int) -> Tensor:
    """All products of Legendre polynomials of the columns up to a total degree, but for 1, `(n, p)`. u: (n, d)."""
    powers = [torch.cat([torch.ones_like(u[:, :1]), legendre(column, degree)], 1) for column in u.T]
    columns = []
    for total in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(len(powers)), total):
            factors = [powers[j][:, chosen.count(j)] for j in sorted(set(chosen))]
            columns.append(reduce(torch.mul, factors))
    return torch.stack(columns, 1)


def _estimated(table: Table, lens: Lens, parts: list[list[int]], rows_per_term: float) -> Separation:
    """The parts as polynomials fitted together to the training rows, of very many to the first."""
    u, t = lens.inputs(table.x), lens.target(table.y)
    # polynomials go wild beyond the rows that they were fitted to
    held = lens.inputs(table.x_held).clamp(-1, 1)
    weight = lens.weight(table.y, table.weight)
    one = torch.ones_like(t)[:, None] if weight is None else weight[:, None]
    # as many terms as all rows allow would take minutes: the time grows with their cube
    degrees = _degrees(parts, min(len(u), _ROWS), rows_per_term)
    blocks = [polynomials(u[:, part], degree) for part, degree in zip(parts, degrees, strict=True)]
    design = torch.cat([torch.ones_like(one), *blocks], 1)
    solution = least_squares((design * one)[:_ROWS], (t * one[:, 0])[:_ROWS])
    coefficients = iter(solution.tolist())
    constant = next(coefficients) * lens.spread + lens.shift
    shares, shares_held = [], []
    for part, degree, block in zip(parts, degrees, blocks, strict=True):
        own = torch.tensor(list(islice(coefficients, block.shape[1])), dtype=t.dtype) * lens.spread
        shares.append(block @ own)
        shares_held.append(polynomials(held[:, part], degree) @ own)
    values, values_held = torch.stack(shares), torch.stack(shares_held)
    op = Op.SUM if lens.view is TargetView.RAW else Op.PRODUCT
    for each in (values, values_held):
        each[0] += constant
        if op is Op.PRODUCT:
            each.exp_()
            each[0] *= 1 if lens.view is TargetView.LOG else -1
    rows = table.held_rows()
    error = float(rows.weigh(joined(op, values_held) - rows.y).square().mean()) / rows.variance()
    return Separation(op, parts, values, values_held, error)
