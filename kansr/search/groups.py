"""Products of powers of columns that a law depends on, instead of on the columns themselves.

Laws of nature hold in any system of units. They can be written as `y = (product of x_i**a_i) * f(v)` with a
dimensionless `v = product of x_i**p_i`, some with two such groups (E. Buckingham, Phys. Rev. 4, 1914). To find them no
units are needed: through logarithms of the columns a group is a sum with constant slopes, and the law a small network,
the multiplicative index model of statistics (W. Haerdle & T. Stoker, J. Am. Stat. Assoc. 84, 1989). Its slopes are the
exponents. Where they are whole numbers or halves, up to a factor, each group becomes one column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from kansr.functions import IDENTITY, LIBRARY
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network, random_network
from kansr.kan.structure import Op, Structure
from kansr.search.lens import Lens, TargetView, views
from kansr.search.table import Table
from kansr.search.training import train_structure
from kansr.train.network import Trained, train_splines

__all__ = ["reduced_tables"]

# Groups that are tried, fewest first; more groups must lower the mean square error by this factor.
_COUNTS, _LOWER = (1, 2), 0.8
# Starts, rows and iterations of each stage of training.
_STAGES = ((24, 300, 8), (6, 600, 10), (1, 1500, 60))
_GRID_SIZE, _ORDER = 6, 3
# With fewer rows the exponents say nothing. A network with a larger error (over the target's variance) neither.
_FEW_ROWS, _LARGE = 100, 0.3
# How far an exponent may lie from a half of a whole number, and the highest one.
_ODD, _HIGHEST = 0.15, 6.0
# A slope that is a smaller share of its group's largest one is not taken for its unit.
_UNIT = 0.3
# Rounded exponents must leave the mean square error where it is, up to this factor, or to rounding.
_WORSE, _ROUNDING = 1.1, 1e-9
# Ways to share a power between the factor and f that are tried.
_SHARES = 2

_Exponents = Mapping[int, float]


@dataclass(frozen=True)
class _Model:
    """A trained index model: exponents that are not yet rounded.

    Attributes:
        groups: The exponents in each group, one for each column.
        factor: The exponents of the factor.
        error: Mean square error on the held rows, over the target's variance there.
    """

    groups: list[list[float]]
    factor: list[float]
    error: float


def reduced_tables(table: Table, generator: torch.Generator, expired: Callable[[], bool]) -> Iterator[Table]:
    """Tables with fewer columns, each a product of powers of the given ones; the most promising first.

    Args:
        table: Rows with positive columns.
        generator: Source of the networks' starts.
        expired: True ends it.
    """
    n, d = table.x.shape
    if n < _FEW_ROWS or d < 2 or not bool((table.x > 0).all()):
        return
    models: list[_Model] = []
    for count in _COUNTS[: d - 1]:
        tried = [_model(table, count, view, generator, expired) for view in views(table.y)]
        if expired():
            return
        known = min((m for m in tried if m is not None), key=lambda m: m.error, default=None)
        if known is not None and known.error < (_LOWER * models[0].error if models else _LARGE):
            models.insert(0, known)
    for model in models:  # on exact data a second group may do no more than help the first one's coarse grid
        for factor, groups in _rounded(model):
            for orientation in (1.0, -1.0) if len(groups) == 1 else (1.0,):
                turned = [{j: orientation * p for j, p in group.items()} for group in groups]
                reduced = table.grouped(factor, turned)
                if _one_by_one(reduced, generator, expired) <= max(_WORSE * model.error, _ROUNDING):
                    yield reduced


def _model(
    table: Table, count: int, view: TargetView, generator: torch.Generator, expired: Callable[[], bool]
) -> _Model | None:
    """The index model with so many groups, by successive halving of random starts."""
    lens = Lens.through(table.x, table.y, view, logs=(True,) * table.x.shape[1])
    lens = lens if view is not TargetView.RAW else lens.uncentred()
    sample = table.seen(lens, _STAGES[-1][1])
    network = _start(table.x.shape[1], count, view, _STAGES[0][0], generator)
    trained: Trained | None = None
    for starts, rows, iterations in _STAGES:
        if trained is not None:
            network = trained.select(trained.loss.argsort()[:starts].tolist()).network
        part = sample.head(rows)
        trained = train_splines(network, part.x, part.y, iterations=iterations, weight=part.weight, expired=expired)
    if trained is None or not math.isfinite(trained.rmse):
        return None
    return _Model(*_exponents(trained.network, lens), table.network_error(trained.network, lens))


def _start(n_inputs: int, count: int, view: TargetView, batch: int, generator: torch.Generator) -> Network:
    """Random slopes on the way into the groups and to the output, and a curve from each group to the output.

    The target's logarithm is a sum of logarithms; the target itself is a product of powers, which may be negative.
    """
    inputs = range(n_inputs)
    op = Op.PRODUCT if view is TargetView.RAW else Op.SUM
    nodes = [*[(Op.SUM, inputs)] * count, (op, range(n_inputs + count))]
    structure = Structure.of(n_inputs, nodes)
    network = random_network(structure, batch, generator, grid_size=_GRID_SIZE, order=_ORDER)
    for position, edge in enumerate(structure.edges):
        if edge.source >= n_inputs:
            continue
        slopes = torch.randn(batch, 1, dtype=torch.float64, generator=generator) / math.sqrt(n_inputs)
        into_group = edge.target != structure.output
        line = _line(slopes) if into_group or op is Op.SUM else _power(0.3 * slopes)
        network = network.replace_edge(position, line)
    return network


def _line(slopes: Tensor) -> SymbolicEdge:
    """`slope * u`. slopes: (batch, 1)."""
    zero, one = torch.zeros_like(slopes), torch.ones_like(slopes)
    return SymbolicEdge(IDENTITY, torch.cat([slopes, zero, one, zero], 1), (True, False, False, False))


def _power(slopes: Tensor) -> SymbolicEdge:
    """`exp(slope * u)`. slopes: (batch, 1)."""
    zero, one = torch.zeros_like(slopes), torch.ones_like(slopes)
    return SymbolicEdge(LIBRARY["exp"], torch.cat([one, zero, slopes, zero], 1), (False, False, True, False))


def _exponents(network: Network, lens: Lens) -> tuple[list[list[float]], list[float]]:
    """The exponents in each group and in the factor."""
    structure = network.structure
    spread = 1.0 if lens.view is TargetView.RAW else lens.spread

    def slopes(node: int) -> list[float]:
        found = []
        for e in structure.incoming[node]:
            edge, source = network.edges[e], structure.edges[e].source
            if source < structure.n_inputs and isinstance(edge, SymbolicEdge):
                c, _, a, _ = edge.constants[0].tolist()
                found.append((a if edge.function is not IDENTITY else c) / float(lens.scale[source]))
        return found

    groups = [slopes(node) for node in range(structure.n_inputs, structure.output)]
    return groups, [spread * a for a in slopes(structure.output)]


def _rounded(model: _Model) -> list[tuple[_Exponents, list[_Exponents]]]:
    """Factor and groups with simple exponents, the simplest first; nothing if a group has no such exponents."""
    groups = [group for slopes in model.groups if (group := _simple_group(slopes))]
    if len(groups) < len(model.groups) or not sum(map(len, groups)) > len(groups):
        return []
    # a power of v may stand in the factor as well as in f: so that one column of each group is not in the factor
    found: dict[tuple[float, ...], tuple[float, _Exponents]] = {}
    for absent in product(*groups):
        left = list(model.factor)
        for slopes, j in zip(model.groups, absent, strict=True):
            share = left[j] / slopes[j]
            left = [a - share * p for a, p in zip(left, slopes, strict=True)]
        whole = [_half(a) for a in left]
        if all(abs(a - w) <= _ODD for a, w in zip(left, whole, strict=True)):
            odd = sum(w % 1 != 0 for w in whole)
            found[tuple(whole)] = sum(map(abs, whole)) + odd, {j: w for j, w in enumerate(whole) if w}
    return [(factor, groups) for _, factor in sorted(found.values(), key=lambda f: f[0])[:_SHARES]]


def _simple_group(slopes: Sequence[float]) -> _Exponents:
    """The slopes as multiples of one of them, rounded to halves; empty if that leaves no simple numbers."""
    largest = max(map(abs, slopes))
    found: list[tuple[float, _Exponents]] = []
    for unit in slopes:
        if abs(unit) < _UNIT * largest or largest == 0:
            continue
        ratios = [p / unit for p in slopes]
        whole = [_half(r) for r in ratios]
        if all(abs(r - w) <= _ODD and abs(w) <= _HIGHEST for r, w in zip(ratios, whole, strict=True)):
            found.append((sum(map(abs, whole)), {j: w for j, w in enumerate(whole) if w}))
    return min(found, key=lambda f: f[0], default=(0.0, {}))[1]


def _half(number: float) -> float:
    """The nearest half of a whole number."""
    return round(2 * number) / 2 if math.isfinite(number) else math.inf


def _one_by_one(table: Table, generator: torch.Generator, expired: Callable[[], bool]) -> float:
    """Error of a product of one curve for each column, on the held rows, over the target's variance."""
    d = table.x.shape[1]
    structure = Structure.of(d, [(Op.PRODUCT if d > 1 else Op.SUM, range(d))])
    errors = [math.inf]
    for logs in ((False,) * d, (True,) * d):
        lens = Lens.through(table.x, table.y, TargetView.RAW, logs)
        lens = lens.uncentred() if d > 1 else lens
        trained = train_structure(structure, table.seen(lens, _STAGES[-1][1]), generator, expired)
        if trained is not None:
            errors.append(table.network_error(trained.network, lens))
    return min(errors)
