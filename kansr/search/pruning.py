"""From a fully connected network to the few edges that the data ask for: elimination, collapse, refinement."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from kansr.kan.edges import EdgeFunction, SplineEdge, SymbolicEdge, fit_spline
from kansr.kan.network import Network, regrid
from kansr.kan.structure import Edge, Op, Structure
from kansr.search.codec import storable
from kansr.search.journal import recorded
from kansr.search.sample import Sample
from kansr.search.score import spline_length
from kansr.train.network import Trained, train, train_splines

__all__ = ["Pruned", "collapse", "drop_edges", "finer", "prune"]

Expired = Callable[[], bool]
# Iterations given to a network without one more edge before that edge is believed to be needed: what it did may have
# to be taken over by all the others.
_PATIENT = 50


@storable
@dataclass(frozen=True)
class Pruned:
    """A network after elimination.

    Attributes:
        network: One network (batch of one).
        mse: Mean square error on the training rows.
        blur: Mean square error that its finite grids cause (near zero when noise dominates).
    """

    network: Network
    mse: float
    blur: float


def drop_edges(network: Network, x: Tensor, positions: Collection[int]) -> Network | None:
    """The network without some edges, each replaced by its mean.

    Edges that hang in the air afterwards go too: those out of a node that nothing feeds any more and those into
    a node that nothing reads.

    Args:
        network: One network (batch of one).
        x: Inputs, `(n, n_inputs)`.
        positions: Which edges.

    Returns:
        The smaller network, or None if nothing reaches the output.
    """
    structure = network.structure
    dead = _dead_edges(structure, set(positions))
    activations = network.trace(x).activations
    edges: list[EdgeFunction] = list(network.edges)
    for node in range(structure.n_inputs, structure.n_nodes):
        alive = [e for e in structure.incoming[node] if e not in dead]
        gone = [e for e in structure.incoming[node] if e in dead]
        if alive and gone:
            means = torch.stack([activations[e].y.mean(1, keepdim=True) for e in gone])
            edges[alive[0]] = _absorb(edges[alive[0]], means, structure.op(node))
    kept = [e for e in range(len(edges)) if e not in dead]
    if not any(structure.edges[e].target == structure.output for e in kept):
        return None
    return _renumbered(structure, [structure.edges[e] for e in kept], [edges[e] for e in kept])


def _dead_edges(structure: Structure, dead: set[int]) -> set[int]:
    while True:
        fed = {e.target for i, e in enumerate(structure.edges) if i not in dead} | set(range(structure.n_inputs))
        read = {e.source for i, e in enumerate(structure.edges) if i not in dead} | {structure.output}
        more = {i for i, e in enumerate(structure.edges) if e.source not in fed or e.target not in read} - dead
        if not more:
            return dead
        dead = dead | more


def _absorb(edge: EdgeFunction, means: Tensor, op: Op) -> EdgeFunction:
    one, none = torch.ones_like(means[0]), torch.zeros_like(means[0])
    scale, shift = (one, means.sum(0)) if op is Op.SUM else (means.prod(0), none)
    if isinstance(edge, SplineEdge):
        return edge.affine(scale, shift)
    if isinstance(edge, SymbolicEdge):
        c, d, a, b = edge.constants.split(1, 1)
        return replace(edge, constants=torch.cat([c * scale, d * scale + shift, a, b], 1))
    raise TypeError(f"cannot absorb a constant into {type(edge).__name__}")


def _renumbered(structure: Structure, edges: list[Edge], functions: list[EdgeFunction]) -> Network:
    """Without the nodes that no edge reaches, edges in order of their target."""
    used = {e.target for e in edges}
    nodes = [n for n in range(structure.n_inputs, structure.n_nodes) if n in used]
    number = {n: structure.n_inputs + k for k, n in enumerate(nodes)} | {i: i for i in range(structure.n_inputs)}
    pairs = [(Edge(number[e.source], number[e.target]), f) for e, f in zip(edges, functions, strict=True)]
    pairs.sort(key=lambda pair: pair[0].target)
    ops = tuple(structure.op(n) for n in nodes)
    return Network(Structure(structure.n_inputs, ops, tuple(e for e, _ in pairs)), tuple(f for _, f in pairs))


def collapse(network: Network, x: Tensor) -> Network:
    """Merges chains: a node with one incoming edge only passes a function on, so each edge out of it swallows it.

    Two splines in a row are one function of one variable, and neither could be named on its own.

    Args:
        network: One network (batch of one).
        x: Inputs, `(n, n_inputs)`.
    """
    while True:
        structure = network.structure
        inner = range(structure.n_inputs, structure.output)
        chain = next((n for n in inner if len(structure.incoming[n]) == 1 and _is_spline_chain(network, n)), None)
        if chain is None:
            return network
        into = structure.incoming[chain][0]
        activations = network.trace(x).activations
        edges, functions = list(structure.edges), list(network.edges)
        for e in structure.outgoing[chain]:
            functions[e] = _through(functions[e], activations[into].x.expand(1, -1), activations[e].y)
            edges[e] = Edge(structure.edges[into].source, edges[e].target)
        del edges[into], functions[into]
        network = _renumbered(structure, edges, functions)


def additive(network: Network, x: Tensor) -> Network:
    """Turns inner products of factors that keep their signs into sums of their logarithms.

    The factors of such a product are known only up to a common power, and no function with fixed exponents fits a
    factor `x**0.73`; as a sum it is known up to a scale and a shift, which every function of the library takes in.

    Args:
        network: One network of splines (batch of one).
        x: Inputs, `(n, n_inputs)`.
    """
    structure = network.structure
    trace = network.trace(x)
    ops, edges = list(structure.ops), list(network.edges)
    for node in range(structure.n_inputs, structure.output):
        incoming = structure.incoming[node]
        around = (*incoming, *structure.outgoing[node])
        if structure.op(node) is not Op.PRODUCT or not all(isinstance(edges[e], SplineEdge) for e in around):
            continue
        factors = [trace.activations[e].y for e in incoming]
        if not all(bool((f.abs().min() > 0.02 * f.abs().max()) & (f[0, 0] * f > 0).all()) for f in factors):
            continue
        logs = [f.abs().log() for f in factors]
        for e, values in zip(incoming, logs, strict=True):
            edges[e] = _through(edges[e], trace.activations[e].x.expand(1, -1), values)
        total = torch.stack(logs).sum(0)
        for e in structure.outgoing[node]:
            edges[e] = _through(edges[e], total, trace.activations[e].y)
        ops[node - structure.n_inputs] = Op.SUM
    return Network(replace(structure, ops=tuple(ops)), tuple(edges))


def _through(edge: EdgeFunction, x: Tensor, y: Tensor) -> SplineEdge:
    assert isinstance(edge, SplineEdge)
    return fit_spline(x, y, edge.grid_size, edge.order)


def _is_spline_chain(network: Network, node: int) -> bool:
    structure = network.structure
    around = structure.incoming[node] + structure.outgoing[node]
    return all(isinstance(network.edges[e], SplineEdge) for e in around)


@recorded
def finer(trained: Trained, sample: Sample, expired: Expired) -> tuple[Trained, float]:
    """The network on grids twice as fine, and how much of its mean square error the coarse grids had caused."""
    grid_size = max((e.grid_size for e in trained.network.edges if isinstance(e, SplineEdge)), default=1)
    network = regrid(trained.network, sample.x, 2 * grid_size)
    fine = train(
        network,
        sample.x,
        sample.y,
        iterations=20,
        weight=sample.weight,
        damping=1e-4,
        stall=0.1,
        patience=4,
        expired=expired,
    )
    return fine, max(float(trained.loss[0] - fine.loss[0]), 0.0)


@recorded
def prune(trained: Trained, sample: Sample, expired: Expired) -> Pruned:
    """Backward elimination: drops edges, least important first, as long as the description length falls.

    The first cuts are bold (half of the edges at once); when one goes too far it is halved, down to single edges.

    Args:
        trained: One network (batch of one).
        sample: Inputs and a target with variance one.
        expired: True ends the elimination where it is.
    """
    _, blur = finer(trained, sample, expired)
    sparse = _sparsify(trained, sample, expired)
    trained = _eliminate(sparse, sample, blur, expired)
    network = additive(collapse(trained.network, sample.x), sample.x)
    trained = _splines(network, sample, iterations=24, damping=1e-4, expired=expired)
    trained = _eliminate(trained, sample, blur, expired)
    fine, blur = finer(trained, sample, expired)
    if _length(fine, len(sample), 0.0) < _length(trained, len(sample), 0.0):
        trained = fine
        finest, blur = finer(trained, sample, expired)
        if _length(finest, len(sample), 0.0) < _length(trained, len(sample), 0.0):
            trained, blur = finest, min(blur / 50, float(finest.loss[0]))
    return Pruned(trained.network, float(trained.loss[0]), blur)


def _sparsify(trained: Trained, sample: Sample, expired: Expired) -> Trained:
    """Turns flat directions towards few edges.

    `f(u) + k*u` and `-k` times the edges that make u cancel: the same network may need twice the edges, none of which
    can be dropped alone. A group penalty too weak to spoil the fit picks the sparse one.
    """
    lamb = min(max(10 * float(trained.loss[0]), 1e-5), 1e-4)
    sparse = _splines(trained.network, sample, iterations=24, damping=1e-3, lamb=lamb, expired=expired).network
    return _splines(sparse, sample, iterations=8, damping=1e-4, expired=expired)


def _splines(network: Network, sample: Sample, **options: Any) -> Trained:
    return train_splines(network, sample.x, sample.y, weight=sample.weight, **options)


def _length(trained: Trained, rows: int, blur: float) -> float:
    return spline_length(float(trained.loss[0]), rows, sum(trained.network.sizes), blur)


def _eliminate(trained: Trained, sample: Sample, blur: float, expired: Expired) -> Trained:
    cut, iterations = len(trained.network.edges) // 2, 16
    shortest = _length(trained, len(sample), blur)
    while len(trained.network.edges) > 1 and not expired():
        order = trained.network.edge_scores(sample.x)[0].argsort().tolist()
        cut = min(cut, len(order) - 1)
        # a bold cut takes the least important edges together; single ones are tried one by one
        groups = [order[:cut]] if cut > 1 else [[e] for e in order[:6]]
        for group in groups:
            smaller = drop_edges(trained.network, sample.x, group)
            if smaller is None:
                continue
            candidate = _splines(smaller, sample, iterations=iterations, regrid_every=5, damping=1e-3, expired=expired)
            length = _length(candidate, len(sample), blur)
            if length < shortest:
                trained, shortest = candidate, length
                break
        else:
            if cut > 1:
                cut //= 2
            elif iterations < _PATIENT:
                iterations = _PATIENT
            else:
                break
    return trained
