"""A spline network as accurate as it can be in a given time, without any thought of naming it.

Several structures race: all are trained from many starts on coarse grids, the better ones go on to finer grids, and
what counts is the error on rows that were held out. At last the winner is fitted to all rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from kansr.functions import IDENTITY
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network, random_network, regrid
from kansr.kan.structure import Op, Structure
from kansr.train.network import train, train_splines
from kansr.train.penalty import Smoothness

__all__ = ["Approximation", "Contender", "approximate", "contenders"]

# Starts, rows and iterations of the first look at a structure; the best start of the last stage goes on.
_LOOKS = ((12, 400, 8), (3, 1000, 12))
_FIRST_GRID = 6
# Grid size, and how many contenders are trained on it. A grid that coarse misleads: few are left out early.
_RUNGS = ((6, 9), (12, 5), (24, 3), (40, 2))
# Parameters for each row, at most.
_DENSEST = 0.65
# Iterations between two renewals of grids and penalty; how often they are renewed, and at the end at most.
_ITERATIONS, _ROUNDS, _LAST_ROUNDS = 10, 3, 12
# Weight of the smoothness of each curve, as a share of the loss.
_SMOOTHNESS = 1e-3
# One row in so many is held out.
_HELD_OUT = 6
# Shares of the time after which no more structure is looked at, and no grid is refined.
_LOOKING, _REFINING = 0.35, 0.75


@dataclass(frozen=True)
class Contender:
    """A structure and the degree of its splines."""

    structure: Structure
    order: int


@dataclass(frozen=True)
class Approximation:
    """A trained network of splines.

    Attributes:
        contender: What it was made of.
        network: For inputs in `[-1, 1]` and a target of variance one, a batch of one.
        grid_size: Intervals of its splines.
        shift: Mean of the target.
        scale: Its standard deviation.
        held_out: Root mean square error on the held-out rows, while they were.
    """

    contender: Contender
    network: Network
    grid_size: int
    shift: float
    scale: float
    held_out: float

    def __call__(self, x: Tensor) -> Tensor:
        """Values of the target, `(n,)`. x: (n, n_inputs), in `[-1, 1]`."""
        return self.network(x)[0] * self.scale + self.shift


def contenders(n_inputs: int) -> list[Contender]:
    """Structures that suit many smooth functions, the most promising first.

    Layers of sums, deep and wide, some with a chain of curves at the end, which is one curve on a grid that is fine
    where it must be; a sum of products of functions of one variable each; and products of sums.
    """
    d = n_inputs
    inputs = range(d)
    separable = Structure.of(d, [(Op.PRODUCT, inputs)] * 9 + [(Op.SUM, range(d, d + 9))])
    factors = [(Op.PRODUCT, (d, d + 1)), (Op.PRODUCT, (d + 2, d + 3))]
    bilinear = Structure.of(d, [*[(Op.SUM, inputs)] * 4, *factors, (Op.SUM, (d + 4, d + 5)), (Op.SUM, (d + 6,))])
    chain = Structure.layered([d, 3, 2, 1, 1])
    return [
        Contender(Structure.layered([d, 5, 4, 1]), 5),
        Contender(separable, 5),
        Contender(Structure.layered([d, 4, 3, 1]), 5),
        Contender(Structure.layered([d, 5, 3, 1, 1]), 5),
        Contender(Structure.layered([d, 6, 1]), 5),
        Contender(chain, 3),
        Contender(bilinear, 5),
        Contender(chain, 5),
        Contender(Structure.layered([d, 2, 1, 1]), 5),
    ]


def approximate(
    x: Tensor,
    y: Tensor,
    candidates: Sequence[Contender],
    generator: torch.Generator,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Approximation:
    """Fits the best of several spline networks to rows without noise.

    Args:
        x: Inputs in `[-1, 1]`, `(n, n_inputs)`; the network is meant for all of that range.
        y: Target, `(n,)`.
        candidates: What to try; the clock may leave out the last ones.
        generator: Source of the starts.
        seconds: Time for everything.
        clock: What the time is taken from; `time.process_time` does not count what other programs take.
    """
    started = clock()

    def after(share: float) -> Callable[[], bool]:
        return lambda: clock() - started > share * seconds

    shift, scale = float(y.mean()), float(y.std()) or 1.0
    race = _Race(x, (y - shift) / scale)
    field: list[Approximation] = []
    for contender in candidates:
        if field and after(_LOOKING)():
            break
        network = race.first_look(contender, generator, after(_LOOKING))
        error = race.held_out_error(network) * scale
        field.append(Approximation(contender, network, _FIRST_GRID, shift, scale, error))
    best = min(field, key=_held_out)
    for grid_size, places in _RUNGS:
        field = sorted(field, key=_held_out)[:places]
        for place, entry in enumerate(field):
            if race.is_dense(entry, grid_size) or after(_REFINING)():
                continue
            network = race.train(entry.network, grid_size, after(_REFINING))
            error = race.held_out_error(network) * scale
            field[place] = replace(entry, network=network, grid_size=grid_size, held_out=error)
        best = min([best, *field], key=_held_out)
    return replace(best, network=race.finish(best.network, best.grid_size, after(1.0)))


def _held_out(entry: Approximation) -> float:
    return entry.held_out


class _Race:
    """The rows, split into those that train and those that judge.

    Args:
        x: Inputs, `(n, n_inputs)`.
        y: Target of variance one, `(n,)`.
    """

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self._x, self._y = x, y
        self._judges = torch.arange(len(x)) % _HELD_OUT == 0
        corners = list(product((-1.0, 1.0), repeat=x.shape[1])) if x.shape[1] <= 10 else []
        self._corners = torch.tensor(corners, dtype=x.dtype).reshape(-1, x.shape[1])

    def held_out_error(self, network: Network) -> float:
        """Root mean square error on the rows that judge."""
        error = network(self._x[self._judges])[0] - self._y[self._judges]
        return float(error.square().mean().sqrt().nan_to_num(torch.inf))

    def is_dense(self, entry: Approximation, grid_size: int) -> bool:
        """Whether a network on such grids would have too many parameters for the rows."""
        splines = sum(size > 0 for size in entry.network.sizes)
        return splines * (grid_size + entry.contender.order) > _DENSEST * len(self._y)

    def first_look(self, contender: Contender, generator: torch.Generator, expired: Callable[[], bool]) -> Network:
        """The best of many random starts after a short training on few rows."""
        x, y = self._x[~self._judges], self._y[~self._judges]
        network = _start(contender, _LOOKS[0][0], generator)
        best = list(range(network.batch))
        for starts, rows, iterations in _LOOKS:
            network = network.select(best[:starts])
            trained = train_splines(network, x[:rows], y[:rows], iterations=iterations, expired=expired)
            network, best = trained.network, trained.loss.argsort().tolist()
        return network.select(best[:1])

    def train(self, network: Network, grid_size: int, expired: Callable[[], bool]) -> Network:
        """Trains on finer grids, without the rows that judge."""
        x, y = self._x[~self._judges], self._y[~self._judges]
        return self._rounds(network, x, y, grid_size, _ROUNDS, expired)

    def finish(self, network: Network, grid_size: int, expired: Callable[[], bool]) -> Network:
        """Trains on all rows to the end."""
        return self._rounds(network, self._x, self._y, grid_size, _LAST_ROUNDS, expired)

    def _rounds(
        self, network: Network, x: Tensor, y: Tensor, grid_size: int, rounds: int, expired: Callable[[], bool]
    ) -> Network:
        # Grids that end at the outermost rows would leave the corners of the domain to straight lines.
        covering = torch.cat([x, self._corners])
        damping: float | Tensor = 1e-3
        before = torch.inf
        for _ in range(rounds):
            network = regrid(network, covering, grid_size)
            loss = (network(x) - y).square().mean(1)
            penalty = Smoothness.of(network, loss, _SMOOTHNESS)
            trained = train(network, x, y, iterations=_ITERATIONS, damping=damping, penalty=penalty, expired=expired)
            network, damping = trained.network, trained.damping
            if expired() or trained.rmse > 0.97 * before:
                break
            before = trained.rmse
        return network


def _start(contender: Contender, batch: int, generator: torch.Generator) -> Network:
    """Random splines, but none behind a product of splines, where it would be a flat direction more than a help."""
    structure = contender.structure
    network = random_network(structure, batch, generator, grid_size=_FIRST_GRID, order=contender.order)
    constants = torch.tensor([[1.0, 0.0, 1.0, 0.0]], dtype=torch.float64).repeat(batch, 1)
    for position, edge in enumerate(structure.edges):
        if edge.source >= structure.n_inputs and structure.op(edge.source) is Op.PRODUCT:
            network = network.replace_edge(position, SymbolicEdge(IDENTITY, constants, (False,) * 4))
    return network
