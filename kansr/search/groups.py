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
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

import torch
from torch import Tensor

from kansr.functions import IDENTITY, LIBRARY
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network, random_network
from kansr.kan.structure import Op, Structure
from kansr.search.journal import recorded
from kansr.search.lens import Lens, TargetView, views
from kansr.search.sample import Sample
from kansr.search.table import Table
from kansr.train.network import Trained, train_splines

__all__ = ["reduced_tables"]

# Groups that are tried, fewest first; more groups must lower the mean square error by this factor.
_COUNTS, _LOWER = (1, 2), 0.8
# Starts, rows and iterations of each stage of training.
_STAGES = ((24, 300, 8), (6, 600, 10), (1, 1500, 60))
# Intervals of the curves: few while exponents are looked for, once they are fixed also more.
_GRID_SIZES, _ORDER = (6, 18), 3
# With fewer rows the exponents say nothing. A network with a larger error (over the target's variance) neither.
_FEW_ROWS, _LARGE = 100, 0.3
# How far an exponent may lie from a half of a whole number, and the highest one.
_ODD, _HIGHEST = 0.15, 6.0
# A slope that is a smaller share of its group's largest one is not taken for its unit.
_UNIT = 0.3
# Simple exponents must leave the mean square error where it is, up to this factor, or to what a coarse grid may miss.
_WORSE, _MISSED = 1.1, 1e-6
# A model with a larger error must leave nothing but noise.
_CONVINCING = 1e-5
# Starts of the networks with rounded exponents.
_CHECKS = 3
# Ways to share a power between the factor and f that are tried.
_SHARES = 2

Exponents: TypeAlias = Mapping[int, float]


@dataclass(frozen=True)
class _Model:
    """A trained index model: exponents that are not yet rounded.

    Attributes:
        groups: The exponents in each group, one for each column.
        factor: The exponents of the factor.
        network: The network itself.
        lens: How it sees the table.
        error: Mean square error on the held rows, over the target's variance there.
    """

    groups: list[list[float]]
    factor: list[float]
    network: Network
    lens: Lens
    error: float


def reduced_tables(
    table: Table, only_noise: Callable[[Table], bool], generator: torch.Generator, expired: Callable[[], bool]
) -> Iterator[Table]:
    """Tables with fewer columns, each a product of powers of the given ones; the most promising first.

    Args:
        table: Rows with positive columns.
        only_noise: Whether there is nothing to be learned from the rows of a table.
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
        worst = max(_WORSE * model.error, _MISSED)
        for groups in _simple_groups(model):
            # a power of a group may stand in the factor or in the curve: as in the model the curve is easy to learn
            share = {j: model.factor[j] for j in _absent(groups)}
            known = _known(table, model.lens.view, groups, share, generator, expired)
            if known is None or known.error > worst:
                continue
            if known.error > _CONVINCING and not only_noise(table.unexplained(known.network, known.lens)):
                continue
            for factor in _factors(known, groups):
                whole = _shared(factor, groups, share)
                checked = _known(table, model.lens.view, groups, whole, generator, expired)
                if checked is not None and checked.error <= worst:
                    yield table.grouped(factor, groups)
                    if len(groups) == 1:
                        yield table.grouped(factor, [{j: -p for j, p in groups[0].items()}])
            break


def _model(
    table: Table, count: int, view: TargetView, generator: torch.Generator, expired: Callable[[], bool]
) -> _Model | None:
    """The index model with so many groups."""
    lens = _lens(table, view)
    network = _start(table.x.shape[1], count, view, (_STAGES[0][0], _GRID_SIZES[0]), generator)
    return _trained(table, network, lens, expired)


def _known(
    table: Table,
    view: TargetView,
    groups: Sequence[Exponents],
    factor: Exponents,
    generator: torch.Generator,
    expired: Callable[[], bool],
) -> _Model | None:
    """The index model with given groups and some given exponents in the factor, on the grid that suits it better."""
    lens = _lens(table, view)
    models = []
    for grid_size in _GRID_SIZES:
        network = _start(table.x.shape[1], len(groups), view, (_CHECKS, grid_size), generator)
        models.append(_trained(table, _fixed(network, groups, factor, lens), lens, expired))
    return min((m for m in models if m is not None), key=lambda m: m.error, default=None)


def _lens(table: Table, view: TargetView) -> Lens:
    """Logarithms of all columns."""
    lens = Lens.through(table.x, table.y, view, (True,) * table.x.shape[1])
    return lens if view is not TargetView.RAW else lens.uncentred()


def _trained(table: Table, network: Network, lens: Lens, expired: Callable[[], bool]) -> _Model | None:
    """Successive halving of the starts of a network."""
    trained = _halved(network, table.seen(lens, _STAGES[-1][1]), expired)
    if trained is None or not math.isfinite(trained.rmse):
        return None
    best = trained.best().network
    return _Model(*_exponents(best, lens), best, lens, table.network_error(best, lens))


@recorded
def _halved(network: Network, sample: Sample, expired: Callable[[], bool]) -> Trained | None:
    trained: Trained | None = None
    for starts, rows, iterations in _STAGES if network.batch > _CHECKS else _STAGES[-1:]:
        if trained is not None:
            network = trained.select(trained.loss.argsort()[:starts].tolist()).network
        part = sample.head(rows)
        trained = train_splines(network, part.x, part.y, iterations=iterations, weight=part.weight, expired=expired)
    return trained


def _start(n_inputs: int, count: int, view: TargetView, size: tuple[int, int], generator: torch.Generator) -> Network:
    """Random slopes on the way into the groups and to the output, and a curve from each group to the output.

    The target's logarithm is a sum of logarithms; the target itself is a product of powers, which may be negative.
    `size`: how many starts, and how many intervals the curves have.
    """
    inputs = range(n_inputs)
    op = Op.PRODUCT if view is TargetView.RAW else Op.SUM
    nodes = [*[(Op.SUM, inputs)] * count, (op, range(n_inputs + count))]
    structure = Structure.of(n_inputs, nodes)
    batch, grid_size = size
    network = random_network(structure, batch, generator, grid_size=grid_size, order=_ORDER)
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


def _fixed(network: Network, groups: Sequence[Exponents], factor: Exponents, lens: Lens) -> Network:
    """The network with given exponents in its groups and some given ones in the factor, which stay as they are."""
    structure = network.structure
    zero = torch.zeros(network.batch, 1, dtype=torch.float64)
    raw = lens.view is TargetView.RAW
    exponents = {structure.n_inputs + k: group for k, group in enumerate(groups)}
    for e, edge in enumerate(structure.edges):
        if edge.source >= structure.n_inputs:
            continue
        scale = zero + float(lens.scale[edge.source])
        if edge.target != structure.output:
            line = _line(scale * exponents[edge.target].get(edge.source, 0.0))
        elif edge.source in factor:
            slopes = scale * factor[edge.source]
            line = _power(slopes) if raw else _line(slopes / lens.spread)
        else:
            continue
        network = network.replace_edge(e, replace(line, free=(False,) * 4))
    return network


def _absent(groups: Sequence[Exponents]) -> list[int]:
    """A column of each group, each another one; groups of few columns choose first."""
    chosen: dict[int, int] = {}
    for k, group in sorted(enumerate(groups), key=lambda item: len(item[1])):
        chosen[k] = max(group, key=lambda j: (j not in chosen.values(), abs(group[j])))
    return [chosen[k] for k in range(len(groups))]


def _shared(factor: Exponents, groups: Sequence[Exponents], share: Exponents) -> Exponents:
    """The factor times powers of the groups, so that some columns have given exponents in it."""
    columns = {j for group in groups for j in group} | set(factor)
    whole = {j: factor.get(j, 0.0) for j in columns}
    for group, j in zip(groups, share, strict=True):
        more = (share[j] - whole[j]) / group[j]
        whole = {i: a + more * group.get(i, 0.0) for i, a in whole.items()}
    return whole


def _simple_groups(model: _Model) -> Iterator[list[Exponents]]:
    """The groups with simple exponents in place of the fitted ones, the simplest first."""
    choices = [sorted(_simple(slopes), key=lambda group: sum(map(abs, group.values()))) for slopes in model.groups]
    for groups in product(*choices):
        if sum(map(len, groups)) > len(groups):  # else there would be no fewer columns
            yield list(groups)


def _simple(slopes: Sequence[float]) -> list[Exponents]:
    """The slopes as multiples of one of them, rounded to halves; and their signs alone."""
    largest = max(map(abs, slopes))
    found: list[Exponents] = [{j: math.copysign(1.0, p) for j, p in enumerate(slopes) if abs(p) > _UNIT * largest}]
    for unit in slopes:
        if abs(unit) < _UNIT * largest or largest == 0:
            continue
        ratios = [p / unit for p in slopes]
        whole = [_half(r) for r in ratios]
        if all(abs(r - w) <= _ODD and abs(w) <= _HIGHEST for r, w in zip(ratios, whole, strict=True)):
            group = {j: w for j, w in enumerate(whole) if w}
            if group not in found and {j: -w for j, w in group.items()} not in found:
                found.append(group)
    return found


def _factors(model: _Model, groups: Sequence[Exponents]) -> list[Exponents]:
    """The exponents of the factor, rounded to halves, the simplest first.

    A power of a group may stand in the factor as well as in the function of the group: so that the factor lacks one
    column of each group.
    """
    found: dict[tuple[float, ...], float] = {}
    for absent in product(*groups):
        left = list(model.factor)
        for group, j in zip(groups, absent, strict=True):
            share = left[j] / group[j]
            left = [a - share * group.get(i, 0.0) for i, a in enumerate(left)]
        whole = [_half(a) for a in left]
        if all(abs(a - w) <= _ODD for a, w in zip(left, whole, strict=True)):
            found[tuple(whole)] = sum(map(abs, whole)) + sum(w % 1 != 0 for w in whole)
    simplest = sorted(found, key=lambda whole: found[whole])[:_SHARES]
    return [{j: w for j, w in enumerate(whole) if w} for whole in simplest]


def _half(number: float) -> float:
    """The nearest half of a whole number."""
    return round(2 * number) / 2 if math.isfinite(number) else math.inf
