"""Curves that no single function describes: compositions, polynomials, sums and products of two functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from kansr.functions import Function, Inner
from kansr.kan.edges import SymbolicEdge
from kansr.kan.structure import Op
from kansr.search.journal import recorded
from kansr.search.least_squares import least_squares
from kansr.search.matching import PRICE, Curve, Match, affordable, matched, polish, project, to_data

__all__ = ["match_compositions", "match_pairs", "match_polynomials"]

# Samples that compositions are searched on; the best are then polished on all.
_THIN = 96
# What may stand inside and outside of a composition: functions that are neither nearly linear nor rare there.
_INNER = ("x^2", "x^3", "x^-1", "exp", "log", "sqrt", "sin", "tanh", "cosh")
# Who names a special function wants it tried everywhere.
_RIPPLES = ("J0", "J1")
_SPECIAL = (*_RIPPLES, "erf", "gamma", "loggamma", "W")
# What may be a factor of a product, and of these the waves, whose starts must not be thinned.
_FACTORS = ("x", *_INNER, "cos", *_SPECIAL)
_WAVES = ("sin", "cos", *_RIPPLES)
_OUTER = ("log", "exp", "x^-1", "x^-2", "sqrt", "1/sqrt", "x^2", "x^3", "asin", "sin", "tanh", "atan", "abs", *_SPECIAL)


@recorded
def match_compositions(curve: Curve, functions: Sequence[Function], *, keep: int = 6) -> list[Match]:
    """Compositions `c*f(a*g(a' x + b') + b) + d` that lie closest to a curve, best first.

    Which start is the right one cannot be seen before the descent, so several of each pair are polished, all
    pairs as one batch.

    Args:
        curve: The samples.
        functions: What may stand inside or outside.
        keep: How many come back.
    """
    if not affordable(curve, 5):
        return []
    thin = Curve(curve.x[:_THIN], curve.y[:_THIN], curve.weight[:_THIN], curve.blur)
    chains = []
    outside = [f for f in functions if f.name in _OUTER]
    for inner in functions:
        if inner.name not in _INNER or (inside := _inner_values(inner, thin)) is None:
            continue
        for outer in outside:
            chain = _pair_starts(inner, outer, *inside, thin)
            if chain is not None:
                chains.append(chain)
    found = polish(thin, chains, 24)[: 2 * keep]
    return polish(curve, [m.chains[0] for m in found], 40)[:keep]


def _thin(starts: Tensor, most: int) -> Tensor:
    return starts[:: max(1, -(-len(starts) // most))]


def _inner_values(inner: Function, curve: Curve) -> tuple[Tensor, Tensor] | None:
    """Inner constants `(rows, 4)` and values `(rows, n)` of the starts that are finite on the data."""
    low, high = torch.tensor(curve.span, dtype=curve.x.dtype)
    constants = to_data(inner, _thin(inner.starts, 30), low, high)
    u = inner.value(constants[:, 2:3] * curve.x + constants[:, 3:4])
    varies = u.isfinite().all(1) & (u.abs().amax(1) < 1e8)
    varies &= (u.amax(1) - u.amin(1)) > 1e-9 * u.abs().amax(1)
    return (constants[varies], u[varies]) if bool(varies.any()) else None


def _pair_starts(
    inner: Function, outer: Function, constants: Tensor, u: Tensor, curve: Curve, keep: int = 4
) -> list[SymbolicEdge] | None:
    """The best starts of one composition, as a batch of chains: one outer start for each of some inner ones."""
    low, high = u.amin(1, keepdim=True), u.amax(1, keepdim=True)
    starts = to_data(outer, _thin(outer.starts, 32), low, high)  # (rows, starts, 4)
    arguments = starts[:, :, 2:3] * u[:, None, :] + starts[:, :, 3:4]
    c, d, loss = (
        t.view(starts.shape[:2]) for t in project(outer.value(arguments).flatten(0, 1), curve.y, curve.weight)
    )
    loss, columns = loss.min(1)
    rows = loss.argsort()[:keep]
    rows = rows[loss[rows].isfinite()]
    if not len(rows):
        return None
    at = rows, columns[rows]
    outside = torch.stack([c[at], d[at], starts[:, :, 2][at], starts[:, :, 3][at]], 1)
    scale, shift = inner.inner.value
    return [SymbolicEdge(inner, constants[rows], (False, False, scale, shift)), SymbolicEdge.of(outer, outside)]


def match_polynomials(curve: Curve, functions: Sequence[Function], *, keep: int = 2) -> list[Match]:
    """Polynomials of degree 2 to 6 through a curve, as sums of powers, best first."""
    powers = {int(f.name[2:]): f for f in functions if f.name[:2] == "x^" and f.name[2:].isdigit()}
    identity = next((f for f in functions if f.name == "x"), None)
    matches = []
    for degree in range(2, 7):
        if identity is None or any(k not in powers for k in range(2, degree + 1)):
            break
        if not affordable(curve, degree + 1):
            break
        columns = torch.stack([curve.x**k for k in range(degree + 1)], 1) * curve.weight[:, None]
        scale = columns.square().sum(0).sqrt().clamp_min(1e-300)
        coef = least_squares(columns / scale, curve.y * curve.weight)
        loss = float((columns / scale @ coef - curve.y * curve.weight).square().sum() / curve.weight.square().sum())
        coef = coef / scale
        chains = [(SymbolicEdge(identity, _row(float(coef[1]), float(coef[0])), (True, True, False, False)),)]
        for k in range(2, degree + 1):
            chains.append((SymbolicEdge(powers[k], _row(float(coef[k]), 0.0), (True, False, False, False)),))
        matches.append(matched(curve, chains, loss))
    return sorted(matches, key=lambda m: m.score)[:keep]


def _row(c: float, d: float) -> Tensor:
    return torch.tensor([[c, d, 1.0, 0.0]], dtype=torch.float64)


@recorded
def match_pairs(curve: Curve, functions: Sequence[Function], op: Op, *, pairs: int = 60, keep: int = 3) -> list[Match]:
    """Sums `c1*f + c2*g + d` or products `c*f*g + d` of two functions that lie closest to a curve, best first.

    For all pairs of starts of all functions the outer constants are solved at once.

    Args:
        curve: The samples.
        functions: What may be a term or factor.
        op: Whether the two are added or multiplied.
        pairs: How many pairs of functions are polished.
        keep: How many come back.
    """
    if not affordable(curve, 6):
        return []
    thin = Curve(curve.x[:_THIN], curve.y[:_THIN], curve.weight[:_THIN], curve.blur)
    used = [f for f in functions if f.complexity and (op is Op.SUM or f.name in _FACTORS)]
    owner, constants, values = _pair_candidates(used, thin, op)
    price = torch.tensor([PRICE * f.complexity for f in used], dtype=values.dtype)[owner]
    loss = _sum_losses(values, thin) if op is Op.SUM else _product_losses(values, thin)
    score = 0.5 * (loss / thin.variance() + thin.blur**2).log10() + price[:, None] + price[None, :]
    chains = [
        _pair_batch(used[f], used[g], constants, values, starts, thin, op)
        for (f, g), starts in _best_pairs(score, owner, pairs).items()
    ]
    found = polish(thin, chains, 30, op)[: 2 * keep]
    return polish(curve, [[term[-1] for term in m.chains] for m in found], 40, op)[:keep]


def _best_pairs(score: Tensor, owner: Tensor, most: int, starts: int = 12) -> dict[tuple[int, int], list[list[int]]]:
    """For the best pairs of functions the rows of their best starts."""
    n_functions = int(owner.max()) + 1
    names = (owner[:, None] * n_functions + owner[None, :]).flatten()
    flat = score.flatten()
    best = torch.full((n_functions**2,), torch.inf, dtype=flat.dtype).scatter_reduce(0, names, flat, "amin")
    chosen = {}
    for name in best.argsort()[:most].tolist():
        members = (names == name).nonzero()[:, 0]
        order = members[flat[members].argsort()[:starts]]
        rows = [list(divmod(position, len(owner))) for position in order[flat[order].isfinite()].tolist()]
        if rows:
            chosen[divmod(name, n_functions)] = rows
    return chosen


def _pair_batch(
    f: Function,
    g: Function,
    constants: Tensor,
    values: Tensor,
    starts: Sequence[Sequence[int]],
    curve: Curve,
    op: Op,
) -> list[SymbolicEdge]:
    """Several starts of one pair of functions as one batch."""
    pairs = [_pair_edges(f, g, constants[list(rows)], values[list(rows)], curve, op) for rows in starts]
    return [replace(part[0], constants=torch.cat([e.constants for e in part])) for part in zip(*pairs, strict=True)]


def _pair_candidates(functions: Sequence[Function], curve: Curve, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    """Which function each candidate is, its constants `(rows, 4)` and its values `(rows, n)`."""
    low, high = torch.tensor(curve.span, dtype=curve.x.dtype)
    owner, constants, values = [], [], []
    for i, f in enumerate(functions):
        # a wave out of phase matches nothing: its starts cannot be thinned
        c = to_data(f, f.starts if f.name in _WAVES else _thin(f.starts, 40), low, high)
        if op is Op.PRODUCT and f.inner is Inner.NONE:  # a factor `x + d` may have its zero anywhere
            c = c.repeat(25, 1)
            c[:, 1] = -torch.linspace(-1.0, 2.0, 25, dtype=c.dtype) * (high - low) - low
        owner.append(torch.full((len(c),), i))
        constants.append(c)
        values.append(f.value(c[:, 2:3] * curve.x + c[:, 3:4]) + c[:, 1:2])
    everything = torch.cat(owner), torch.cat(constants), torch.cat(values)
    good = everything[2].isfinite().all(1) & (everything[2].abs().amax(1) < 1e8) & (everything[2].std(1) > 1e-9)
    return everything[0][good], everything[1][good], everything[2][good]


def _sum_losses(values: Tensor, curve: Curve) -> Tensor:
    """Mean square residual of `c1*v_i + c2*v_j + d` for all pairs, infinite where the two are as good as one."""
    w2 = curve.weight.square() / curve.weight.square().sum()
    target = curve.y - w2 @ curve.y
    centred = values - (values @ w2)[:, None]
    centred = centred / (centred.square() @ w2).sqrt()[:, None]
    gram = (centred * w2) @ centred.T
    b = (centred * w2) @ target
    determinant = 1 - gram.square()
    explained = (b[:, None].square() + b[None, :].square() - 2 * gram * b[:, None] * b[None, :]) / determinant
    loss = (w2 @ target.square() - explained).clamp_min(0)
    return torch.where((determinant > 1e-7).triu(1), loss, torch.inf)


def _product_losses(values: Tensor, curve: Curve) -> Tensor:
    """Mean square residual of `c*v_i*v_j + d` for all pairs."""
    rows = []
    for i in range(len(values)):
        later = project(values[i] * values[i + 1 :], curve.y, curve.weight)[2]
        rows.append(torch.cat([torch.full((i + 1,), torch.inf, dtype=values.dtype), later]))
    return torch.stack(rows)


def _pair_edges(
    f: Function, g: Function, constants: Tensor, values: Tensor, curve: Curve, op: Op
) -> list[SymbolicEdge]:
    """Two functions with their outer constants solved, and only those free that are no flat direction."""
    first, second = constants[:1].clone(), constants[1:].clone()
    if op is Op.SUM:
        columns = torch.stack([*values, torch.ones_like(curve.x)], 1) * curve.weight[:, None]
        outer = least_squares(columns, curve.y * curve.weight)
        first[0, :2], second[0, :2] = outer[[0, 2]], outer[[1, 1]] * torch.tensor([1.0, 0.0])
        return [SymbolicEdge.of(f, first), SymbolicEdge(g, second, (True, False, *g.inner.value))]
    c, _, _ = project((values[0] * values[1])[None, :], curve.y, curve.weight)
    first[0, :2] *= c
    shifts = [h.inner is Inner.NONE for h in (f, g)]
    return [
        SymbolicEdge(f, first, (True, shifts[0], *f.inner.value)),
        SymbolicEdge(g, second, (False, shifts[1], *g.inner.value)),
    ]
