"""Ratios of polynomials in one variable and an exponential of it, whose rate has to be found.

Most functions of statistical physics are such ratios: of Bose and Einstein, Fermi and Dirac, Planck, Langevin, the
hyperbolic tangent and secant, the logistic curve. For a given rate they are found like any other short ratio
(`kansr.search.ratios`); with so few columns all short sets can be tried, at every rate of a fine scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import sympy
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from kansr.search.atoms import columns_of, views
from kansr.search.journal import recorded
from kansr.search.ratios import Beam, Ratio
from kansr.train.levenberg_marquardt import never

__all__ = ["decays"]

# Rates times the variable's median: the least one, the step to the next one, how many.
_LEAST, _STEP, _RATES = 0.05, 1.12, 56
# Degree of the monomials, largest set of them.
_DEGREE, _MOST_TERMS = 2, 4
# Sets of each size whose rate is refined, formulas offered.
_REFINED, _OFFERED = 10, 6


def decays(
    x: Tensor,
    y: Tensor,
    symbols: Sequence[sympy.Symbol],
    weight: Tensor | None = None,
    expired: Callable[[], bool] = never,
) -> Iterator[list[Ratio]]:
    """The shortest ratios in one variable and an exponential of it that fit; nothing for more than one variable.

    Args:
        x: One column, `(n, 1)`.
        y: Target, `(n,)`.
        symbols: A symbol for it.
        weight: Factor on each row's residual, `(n,)`.
        expired: True ends it.
    """
    typical = float(x[:, 0].abs().median()) if x.shape[1] == 1 else 0.0
    if typical == 0.0:
        return
    (column,), view = columns_of(x, symbols), views(y)[0]
    weight = torch.ones_like(y) if weight is None else weight

    rates = [_LEAST * _STEP**k / typical for k in range(_RATES)]
    rates = [rate for rate in rates if column.decay(_STEP * rate).usable]
    if not rates:
        return
    found: dict[object, Ratio] = {}
    for emphasis in (None, y.abs() / y.abs().mean()):  # a denominator may be small where the target is large

        def beam(rate: float, emphasis: Tensor | None = emphasis) -> Beam:
            atoms = [column, column.decay(rate)]
            return Beam(atoms, view, y, weight, ratio=True, degree=_DEGREE, emphasis=emphasis)

        for chosen, rate in _promising(beam, rates, expired):
            if expired():
                break
            refined = beam(_best_rate(beam, chosen, rate))
            reduced = refined.reduced(chosen)
            ratio = None if reduced is None else refined.refitted(reduced)
            if ratio is not None and (reduced not in found or ratio.mse < found[reduced].mse):
                found[reduced] = ratio
    yield sorted(found.values(), key=lambda r: r.length)[:_OFFERED]


@recorded
def _promising(
    beam: Callable[[float], Beam], rates: Sequence[float], expired: Callable[[], bool]
) -> list[tuple[list[int], float]]:
    """The best sets of columns of each size, with the best of some rates.

    Next to the right rate a larger set does better than the right one, so sizes are not compared.
    """
    sets = _all_sets(beam(rates[0]).pencil().target)
    sizes = (sets >= 0).sum(1)
    levels = []
    for rate in rates:
        if expired():
            return []
        levels.append(beam(rate).pencil().all_levels(sets))
    least, best = _lowest(torch.stack(levels))
    promising = []
    for size in range(2, _MOST_TERMS + 1):
        members = (sizes == size).nonzero()[:, 0]
        for k in members[least[members].argsort()[:_REFINED]].tolist():
            if math.isfinite(float(least[k])):
                promising.append((sets[k, :size].tolist(), rates[int(best[k])]))
    return promising


@recorded
def _best_rate(beam: Callable[[float], Beam], chosen: Sequence[int], rate: float) -> float:
    """The rate near a given one at which some columns do best."""

    def level(exponent: float) -> float:
        value, _ = beam(math.exp(exponent)).pencil().levels(torch.tensor([chosen]))
        return float(value[0].log().nan_to_num(700.0, 700.0, -700.0))

    low, high = math.log(rate / _STEP), math.log(rate * _STEP)
    return math.exp(float(minimize_scalar(level, bounds=(low, high), method="bounded", options={"maxiter": 25}).x))


def _lowest(levels: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest level of each set between the rates, and the nearest rate. levels: (rates, sets)."""
    best = levels.argmin(0)
    middle = best.clamp(1, len(levels) - 2)
    before, at, after = (levels.gather(0, (middle + k)[None, :])[0] for k in (-1, 0, 1))
    # a parabola through three rates: a wrong rate adds an error that grows with the square of the distance
    bend = before - 2 * at + after
    lowest = at - (after - before).square() / (8 * bend)
    lowest = torch.where((bend > 0) & lowest.isfinite(), lowest, levels.amin(0))
    return lowest.clamp_min(1e-6 * levels.amin(0)), best


def _all_sets(target: Tensor) -> Tensor:
    """All sets of a few columns with and without the target, `(sets, _MOST_TERMS)`, filled up with -1."""
    is_target = target.tolist()
    sets = [
        [*chosen, *[-1] * (_MOST_TERMS - size)]
        for size in range(2, _MOST_TERMS + 1)
        for chosen in combinations(range(len(is_target)), size)
        if 0 < sum(is_target[k] for k in chosen) < size
    ]
    return torch.tensor(sets)
