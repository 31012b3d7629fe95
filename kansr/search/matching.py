"""Which functions of the library look like a curve: one curve, given by weighted samples.

For every function the inner constants run over a grid of starts and the outer two are solved exactly; the best
starts are then polished by Levenberg-Marquardt. The order found here is a proposal only: a name is judged in the
context of its network (`kansr.search.naming`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.functions import IDENTITY, Function, Inner
from kansr.kan.edges import EdgeFunction, SymbolicEdge
from kansr.kan.network import Network
from kansr.kan.structure import Op, Structure
from kansr.search.bank import BankEdge
from kansr.search.codec import storable
from kansr.train.network import train

__all__ = ["PRICE", "Curve", "Match", "affordable", "match_functions", "matched", "polish", "project", "to_data"]

# Price of one unit of complexity, in decades of the residual.
PRICE = 0.15


@dataclass(frozen=True)
class Curve:
    """Samples of a curve to be named.

    Attributes:
        x: `(n,)`.
        y: `(n,)`.
        weight: How much the network listens to each sample, `(n,)`, rms one.
        blur: Relative error of the samples; no residual below it counts for or against a function.
    """

    x: Tensor
    y: Tensor
    weight: Tensor
    blur: float = 1e-6

    @property
    def span(self) -> tuple[float, float]:
        """Smallest and largest x."""
        return float(self.x.min()), float(self.x.max())

    def variance(self) -> float:
        """Weighted variance of y."""
        w2 = self.weight.square()
        mean = (w2 @ self.y) / w2.sum()
        return float((w2 @ (self.y - mean).square()) / w2.sum())


def affordable(curve: Curve, constants: int) -> bool:
    """Whether so many constants can be told from so few samples; any curve runs through enough free ones."""
    return len(curve.x) >= 1.5 * constants + 1


@storable
@dataclass(frozen=True)
class Match:
    """A sum or product of chains of functions laid over a curve.

    Attributes:
        chains: The terms; each is one function, or several, innermost first.
        residual: Weighted rms residual relative to the curve's own spread.
        score: Decades of residual (down to the blur) plus the price of the functions; low is good.
        op: Whether the terms are added or multiplied.
    """

    chains: tuple[tuple[SymbolicEdge, ...], ...]
    residual: float
    score: float
    op: Op = Op.SUM

    @property
    def name(self) -> str:
        """Such as `log(exp)`, `x + sin` or `x * sin`."""
        terms = [[e.function.name for e in reversed(chain)] for chain in self.chains]
        return f" {self.op.value} ".join("(".join(names) + ")" * (len(names) - 1) for names in terms)

    @property
    def only(self) -> SymbolicEdge | None:
        """The last function of the only term; None for several."""
        return self.chains[0][-1] if len(self.chains) == 1 else None


def matched(curve: Curve, chains: Sequence[Sequence[SymbolicEdge]], loss: float, op: Op = Op.SUM) -> Match:
    """A match with its score, from the weighted mean square residual that it leaves."""
    residual = math.sqrt(loss / max(curve.variance(), 1e-300))
    complexity = sum(e.function.complexity for chain in chains for e in chain) + len(chains) - 1
    score = math.log10(math.hypot(residual, curve.blur)) + PRICE * complexity
    return Match(tuple(tuple(chain) for chain in chains), residual, score, op)


def project(values: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted least squares of `c*v + d` on y for each row v.

    Args:
        values: `(rows, n)`.
        y: `(n,)`.
        weight: `(n,)`.

    Returns:
        c, d and the mean square residual, `(rows,)` each; the residual is infinite for a row that is not finite.
    """
    w2 = weight.square() / weight.square().sum()
    y_mean = w2 @ y
    target = y - y_mean
    mean = values @ w2
    centred = values - mean[:, None]
    cov = centred @ (w2 * target)
    var = centred.square() @ w2
    c = cov / var
    loss = w2 @ target.square() - c * cov
    good = loss.isfinite() & (var > 1e-24 * mean.square())
    return c, y_mean - c * mean, torch.where(good, loss.clamp_min(0), torch.inf)


def to_data(function: Function, start: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Constants c, d, a, b on the data from starts on [0, 1]; c and d are to be solved. start: (..., 2)."""
    span = (high - low).clamp_min(1e-12)
    a, b = start[..., 0] / span, start[..., 1] - start[..., 0] / span * low
    if function.inner is Inner.SHIFT:  # f(span * u) is f(u) with other outer constants
        a, b = start[..., 0], b * span
    elif function.inner is Inner.SCALE:
        b = torch.zeros_like(b)
    elif function.inner is Inner.NONE:
        a, b = torch.ones_like(a), torch.zeros_like(b)
    a, b = torch.broadcast_tensors(a, b)
    return torch.stack([torch.ones_like(a), torch.zeros_like(a), a, b], -1)


def _best_starts(function: Function, curve: Curve, keep: int) -> tuple[Tensor, Tensor]:
    """The best starts with their outer constants solved: constants `(<= keep, 4)` and losses."""
    low, high = torch.tensor(curve.span, dtype=curve.x.dtype)
    constants = to_data(function, function.starts, low, high)
    u = constants[:, 2:3] * curve.x + constants[:, 3:4]
    c, d, loss = project(function.value(u), curve.y, curve.weight)
    order = loss.argsort()[:keep]
    order = order[loss[order].isfinite()]
    return torch.stack([c, d, constants[:, 2], constants[:, 3]], 1)[order], loss[order]


def polish(
    curve: Curve, chains: Sequence[Sequence[SymbolicEdge]], iterations: int, pair: Op | None = None
) -> list[Match]:
    """Descends from every member of every chain, all as one batch, and gives the best of each chain, best first.

    Args:
        curve: The samples.
        chains: Functions one inside the other, innermost first; each with a batch of starts.
        iterations: At most so many.
        pair: Where this is given, each chain is instead two functions that are added or multiplied.
    """
    if not chains:
        return []
    layers: list[EdgeFunction] = [BankEdge.of(layer) for layer in zip(*chains, strict=True)]
    structure = Structure.of(1, [(Op.SUM, [k]) for k in range(len(layers))])
    if pair is not None:
        structure = Structure.of(1, [(pair, [0, 0]), (Op.SUM, [1])])
        joint = torch.tensor([[1.0, 0.0, 1.0, 0.0]], dtype=curve.x.dtype).expand(layers[0].parameters.shape[0], 4)
        layers.append(SymbolicEdge(IDENTITY, joint, (False, pair is Op.PRODUCT, False, False)))
    trained = train(
        Network(structure, tuple(layers)),
        curve.x[:, None],
        curve.y,
        weight=curve.weight,
        iterations=iterations,
        damping=1e-3,
        goal=(0.1 * curve.blur) ** 2 * curve.variance(),
        patience=6,
        stall=0.1,
    )
    banks = [e for e in trained.network.edges if isinstance(e, BankEdge)]
    matches, first = [], 0
    for run in banks[0].runs:
        best = first + int(trained.loss[first : first + run].argmin())
        first += run
        if math.isfinite(loss := float(trained.loss[best])):
            members = [bank.member(best) for bank in banks]
            terms = [members] if pair is None else [[member] for member in members]
            matches.append(matched(curve, terms, loss, pair or Op.SUM))
    return sorted(matches, key=lambda m: m.score)


def match_functions(
    curve: Curve, functions: Iterable[Function], *, keep: int = 6, starts: int = 2, iterations: int = 25
) -> list[Match]:
    """The functions that lie closest to a curve, best first; identity is always among them.

    Args:
        curve: The samples.
        functions: What may be tried.
        keep: How many come back (plus identity).
        starts: Starts polished for each function.
        iterations: Of the polishing.
    """
    rough = [(f, *_best_starts(f, curve, starts)) for f in functions]
    chains = [[SymbolicEdge.of(f, constants)] for f, constants, losses in rough if len(losses)]
    found = polish(curve, chains, iterations)
    return [m for position, m in enumerate(found) if position < keep or m.name == "x"]
