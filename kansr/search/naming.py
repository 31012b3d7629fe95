"""Naming: every spline of a pruned network gets functions of the library, judged by the whole network.

The quick way comes first: the curves of a good network are accurate enough that the best match of each edge is
often right, so whole assignments are refitted at once, the most promising first. Where that fails, edges are named
one after the other, each choice followed by a refit of everything that is still free, with a small beam; there
compositions and sums of two terms are tried as well.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import count
from typing import Any

import torch

from kansr.functions import IDENTITY, Function
from kansr.kan.edges import EdgeFunction, SplineEdge, SymbolicEdge
from kansr.kan.network import Network, Trace
from kansr.kan.structure import Edge, Op, Structure
from kansr.search.codec import storable
from kansr.search.combining import match_compositions, match_pairs, match_polynomials
from kansr.search.journal import recorded
from kansr.search.matching import Curve, Match, match_functions
from kansr.search.pruning import Pruned
from kansr.search.sample import Sample
from kansr.search.score import spline_length
from kansr.train.network import Trained, train

__all__ = ["Effort", "Named", "Namer", "with_matches"]

# Samples a curve is matched on.
_SAMPLES = 200
# Whole assignments that are refitted before edges are named one by one.
_ASSIGNMENTS = 12
_BEAM = 3
# Pairs of functions take long to match: they are tried where all but so many edges have a name.
_FEW = 2


class Effort(IntEnum):
    """How far naming goes where the quick way fails."""

    QUICK = 1  # single functions
    WIDE = 2  # compositions, polynomials, sums and products too
    THOROUGH = 3  # edge after edge, the whole network refitted after each choice


@storable
@dataclass(frozen=True)
class Named:
    """A network whose edges all have names.

    Attributes:
        network: One network (batch of one).
        mse: Mean square error on the training rows.
        length: Description length.
    """

    network: Network
    mse: float
    length: float


def with_matches(network: Network, chosen: Mapping[int, Match]) -> Network:
    """Replaces edges by functions.

    Args:
        network: Any network.
        chosen: What replaces some of the edges; what needs nodes of its own (a composition, a sum of terms) gets them.
    """
    structure = network.structure
    # a place is (node, 1) for the nodes there are and (target, 0, edge, ...) for new ones in front of the target
    links: list[tuple[tuple[int, ...], tuple[int, ...], EdgeFunction]] = []
    joints: dict[tuple[int, ...], Op] = {}
    for e, edge in enumerate(structure.edges):
        match = chosen.get(e)
        terms: Sequence[Sequence[EdgeFunction]] = [[network.edges[e]]] if match is None else match.chains
        start: tuple[int, ...] = (edge.source, 1)
        end: tuple[int, ...] = (edge.target, 1)
        if match is not None and len(terms) > 1:
            joint = (edge.target, 0, e, len(terms), 0)
            links.append((joint, end, _joining(match.op)))
            joints[joint] = match.op
            end = joint
        for t, chain in enumerate(terms):
            inner: list[tuple[int, ...]] = [(edge.target, 0, e, t, k) for k in range(len(chain) - 1)]
            places = [start, *inner, end]
            links += zip(places[:-1], places[1:], chain, strict=True)
    targets = sorted({target for _, target, _ in links})
    number = {place: structure.n_inputs + k for k, place in enumerate(targets)}
    number |= {(i, 1): i for i in range(structure.n_inputs)}
    ops = tuple(structure.op(place[0]) if place[1] else joints.get(place, Op.SUM) for place in targets)
    links.sort(key=lambda link: number[link[1]])
    edges = tuple(Edge(number[source], number[target]) for source, target, _ in links)
    return Network(Structure(structure.n_inputs, ops, edges), tuple(f for _, _, f in links))


def _joining(op: Op) -> SymbolicEdge:
    """From the node that joins several terms; a product brings no constant term of its own, a sum does."""
    constants = torch.tensor([[1.0, 0.0, 1.0, 0.0]], dtype=torch.float64)
    return SymbolicEdge(IDENTITY, constants, (False, op is Op.PRODUCT, False, False))


def _complexity(network: Network) -> float:
    """Nodes that the named edges will add to the formula."""
    return sum(e.function.complexity for e in network.edges if isinstance(e, SymbolicEdge) and any(e.free))


@dataclass(frozen=True)
class Namer:
    """Names the edges of networks on given rows.

    Attributes:
        sample: Inputs and a target with variance one.
        functions: What may be used.
        expired: True ends the naming where it is.
        logarithmic: For each input, the factor k that makes `exp(k*input)` the original column, or 0.
    """

    sample: Sample
    functions: Sequence[Function]
    expired: Callable[[], bool]
    logarithmic: Sequence[float]

    @recorded
    def __call__(self, pruned: Pruned, effort: Effort = Effort.WIDE) -> list[Named]:
        """The best complete assignments of names found for a network, best first."""
        goal = max(3 * pruned.mse, 9 * pruned.blur)
        proposals = self._proposals(pruned.network)
        found = self._assign(pruned.network, proposals)
        if effort >= Effort.WIDE and not self._reached(found, goal) and self._widen(pruned.network, proposals):
            found += self._assign(pruned.network, proposals)
        if effort >= Effort.THOROUGH and not self._reached(found, goal):
            found += self._one_by_one(pruned.network, pruned.blur)
        return sorted(found, key=lambda n: n.length)

    def _reached(self, found: Sequence[Named], goal: float) -> bool:
        return self.expired() or any(n.mse <= goal for n in found)

    # --- whole assignments

    def _assign(self, network: Network, proposals: Sequence[Sequence[Match]]) -> list[Named]:
        """Refits whole assignments of names, in ascending order of the sum of their scores."""
        found: list[Named] = []
        if not all(proposals):
            return found
        for ranks in _best_first(proposals, _ASSIGNMENTS):
            if self.expired():
                break
            chosen = {e: proposals[e][rank] for e, rank in enumerate(ranks)}
            found.append(self._finish(with_matches(network, chosen)))
            if found[-1].mse < 1e-18:
                break
        if found:  # flat valleys are long: the best goes on where all others were stopped
            best = min(range(len(found)), key=lambda i: found[i].mse)
            found[best] = self._finish(found[best].network, patiently=True)
        return found

    def _widen(self, network: Network, proposals: list[list[Match]]) -> bool:
        """Adds compositions, polynomials and pairs to the proposals of the edges that no single function describes."""
        trace = self._sampled(network)
        exponents = _Exponents(network.structure, self.logarithmic)
        curves = [self._curve(network, trace, e) for e in range(len(proposals))]
        poor = [e for e, curve in enumerate(curves) if _is_poor(proposals[e], curve)]
        for e, edge in enumerate(network.structure.edges):
            if e in poor and not self.expired():
                more = self._matches(network, trace, e, exponents.factors(edge.source), _match_wide)
                if len(poor) <= _FEW and _is_poor(more, curves[e]):
                    for op in (Op.SUM, Op.PRODUCT):
                        more += match_pairs(curves[e], self.functions, op)
                proposals[e] = sorted(proposals[e][:3] + more, key=lambda m: m.score)[:8]
            exponents.learn(e, proposals[e])
        return bool(poor)

    def _proposals(self, network: Network) -> list[list[Match]]:
        """For every edge its best matches, inputs first, so that a node known to add logarithms serves the next."""
        trace = self._sampled(network)
        proposals: list[list[Match]] = []
        exponents = _Exponents(network.structure, self.logarithmic)
        for e, edge in enumerate(network.structure.edges):
            matches = [] if self.expired() else self._matches(network, trace, e, exponents.factors(edge.source))
            proposals.append(matches)
            exponents.learn(e, matches)
        return proposals

    def _sampled(self, network: Network) -> Trace:
        return network.trace(self.sample.x[:_SAMPLES])

    def _curve(self, network: Network, trace: Trace, e: int) -> Curve:
        activation, sensitivity = trace.activations[e], trace.sensitivities[e]
        listens = sensitivity[0].abs()
        listens = listens + 1e-3 * listens.max() + 1e-300
        weight = listens / listens.square().mean().sqrt()
        error = (trace.output[0] - self.sample.y[:_SAMPLES]).square().mean().sqrt()
        effect = (activation.y[0] - activation.y[0].mean()).mul(sensitivity[0]).square().mean().sqrt()
        blur = float(0.3 * error / effect.clamp_min(1e-12))
        return Curve(activation.x.expand(1, -1)[0], activation.y[0], weight, min(max(blur, 1e-6), 0.3))

    def _matches(
        self,
        network: Network,
        trace: Trace,
        e: int,
        factors: Sequence[float],
        matcher: Callable[[Curve, Sequence[Function]], list[Match]] = match_functions,
    ) -> list[Match]:
        """Matches of an edge, seen directly and, where its source adds logarithms, through powers of the product."""
        curve = self._curve(network, trace, e)
        matches = matcher(curve, self.functions)
        exp = next((f for f in self.functions if f.name == "exp"), None)
        if exp is None:
            return matches
        middle = float(curve.x.mean())
        for k in factors:
            scale = torch.tensor([[1.0, 0.0, k, -k * middle]], dtype=self.sample.x.dtype)
            power = SymbolicEdge(exp, scale, (False, False, False, False))
            seen = replace(curve, x=power(curve.x[None, :]).y[0])
            if any(m.residual < curve.blur for m in matches):
                break
            if bool(seen.x.isfinite().all()) and seen.span[1] < 1e6 * seen.span[0]:
                for match in matcher(seen, self.functions):
                    matches.append(replace(match, chains=tuple((power, *chain) for chain in match.chains)))
        return sorted(matches, key=lambda m: m.score)[:8]

    def _finish(self, network: Network, *, patiently: bool = False) -> Named:
        """Refits all constants of a network without splines."""
        trained = self._train(
            network,
            iterations=120 if patiently else 40,
            damping=1e-3,
            goal=1e-24,
            stall=0.1 if patiently else 0.5,
            patience=6,
        )
        return self._named(trained, 0.0)  # no splines, no blur

    def _train(self, network: Network, **options: Any) -> Trained:
        sample = self.sample
        return train(network, sample.x, sample.y, weight=sample.weight, expired=self.expired, **options)

    def _named(self, trained: Trained, blur: float) -> Named:
        mse, network = float(trained.loss[0]), trained.network
        length = spline_length(mse, len(self.sample), sum(network.sizes), blur, _complexity(network))
        return Named(network, mse, length)

    # --- one edge after the other

    def _one_by_one(self, network: Network, blur: float) -> list[Named]:
        start = self._named(self._train(network, iterations=0), blur)
        states, complete = [start], []
        while states and not self.expired():
            grown: list[Named] = []
            for state in states:
                grown += self._name_one(state, blur)
            grown.sort(key=lambda n: n.length)
            states = []
            for state in grown:
                if not any(isinstance(e, SplineEdge) for e in state.network.edges):
                    complete.append(self._finish(state.network))
                elif len(states) < _BEAM and not any(abs(state.length - s.length) < 1e-6 for s in states):
                    states.append(state)
        return complete

    def _name_one(self, state: Named, blur: float) -> list[Named]:
        """All names for the next edge of a partly named network, each after a refit of the whole."""
        network = state.network
        trace = self._sampled(network)
        e, matches, factors = self._next_edge(network, trace)
        grown = self._try(network, e, matches[:6], blur)
        if min((n.length for n in grown), default=torch.inf) > state.length and not self.expired():
            grown += self._try(network, e, self._matches(network, trace, e, factors, _match_wide), blur)
        return grown

    def _next_edge(self, network: Network, trace: Trace) -> tuple[int, list[Match], list[float]]:
        """The clearest unnamed edge among those whose source is an input or has only named edges."""
        structure = network.structure
        exponents = _Exponents(structure, self.logarithmic)
        for e, named in enumerate(network.edges):
            if isinstance(named, SymbolicEdge):
                exponents.learn(e, [Match(((named,),), 0.0, 0.0)])
        unnamed = [e for e, f in enumerate(network.edges) if isinstance(f, SplineEdge)]
        ready = [
            e
            for e in unnamed
            if not any(isinstance(network.edges[i], SplineEdge) for i in structure.incoming[structure.edges[e].source])
        ]
        options = []
        for e in ready:
            factors = exponents.factors(structure.edges[e].source)
            options.append((e, self._matches(network, trace, e, factors), factors))
        return min(options, key=lambda option: option[1][0].score if option[1] else torch.inf)

    def _try(self, network: Network, e: int, matches: Sequence[Match], blur: float) -> list[Named]:
        tried = []
        for match in matches:
            if self.expired():
                break
            trained = self._train(
                with_matches(network, {e: match}),
                iterations=20,
                damping=1e-3,
                stall=0.1,
                patience=5,
            )
            tried.append(self._named(trained, blur))
        return [n for n in tried if n.length < torch.inf]


def _match_wide(curve: Curve, functions: Sequence[Function]) -> list[Match]:
    """What to try where no single function will do."""
    matches = match_compositions(curve, functions) + match_polynomials(curve, functions)
    return sorted(matches, key=lambda m: m.score)


def _is_poor(matches: Sequence[Match], curve: Curve) -> bool:
    """Whether none of the matches comes near the curve's own accuracy."""
    return all(m.residual > 4 * curve.blur for m in matches)


def _best_first(proposals: Sequence[Sequence[Match]], most: int) -> Iterator[tuple[int, ...]]:
    """Choices of one match for every edge, by rank, in ascending order of the sum of scores."""
    tie = count()
    start = (0,) * len(proposals)
    heap = [(0.0, next(tie), start)]
    seen = {start}
    for _ in range(most):
        if not heap:
            return
        total, _, ranks = heapq.heappop(heap)
        yield ranks
        for e, rank in enumerate(ranks):
            following = (*ranks[:e], rank + 1, *ranks[e + 1 :])
            if rank + 1 < len(proposals[e]) and following not in seen:
                seen.add(following)
                more = proposals[e][rank + 1].score - proposals[e][rank].score
                heapq.heappush(heap, (total + more, next(tie), following))


class _Exponents:
    """Which nodes add logarithms, and the factors that turn them into products of whole powers."""

    def __init__(self, structure: Structure, logarithmic: Sequence[float]) -> None:
        self._structure = structure
        self._inputs = logarithmic
        self._slopes: dict[int, float] = {}

    def learn(self, e: int, matches: Sequence[Match]) -> None:
        """Notes the slope by the logarithm when the best match of an edge, or one as good, is a logarithm."""
        edge = self._structure.edges[e]
        for match in matches[:3]:
            if match.score > matches[0].score + 0.3:
                break
            function = match.only
            if function is None or len(match.chains[0]) > 1:
                continue
            slope = float(function.constants[0, 0])
            if function.function.name == "log":
                self._slopes[e] = slope
                break
            if function.function.name == "x" and edge.source < self._structure.n_inputs and self._inputs[edge.source]:
                self._slopes[e] = slope / self._inputs[edge.source]
                break

    def factors(self, node: int) -> list[float]:
        """Factors k for which `exp(k * node)` is a product of whole powers; none if the node adds other things."""
        if node < self._structure.n_inputs:
            k = self._inputs[node]
            return [k, -k] if k else []
        incoming = self._structure.incoming[node]
        if self._structure.op(node) is not Op.SUM or not all(e in self._slopes for e in incoming):
            return []
        least = min(abs(self._slopes[e]) for e in incoming)
        return [sign * power / least for power in (1, 2) for sign in (1, -1)] if least > 1e-9 else []
