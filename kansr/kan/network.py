"""A structure with a function on every edge, for a batch of restarts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.edges import Activation, EdgeFunction, SplineEdge, fit_spline
from kansr.kan.structure import Op, Structure

__all__ = ["Network", "Trace", "random_network", "regrid"]


@dataclass(frozen=True)
class Trace:
    """Everything that one pass through a network computes.

    Attributes:
        output: `(batch, n)`.
        activations: One per edge.
        sensitivities: d output / d activation of each edge, `(batch, n)` each.
    """

    output: Tensor
    activations: tuple[Activation, ...]
    sensitivities: tuple[Tensor, ...]


@dataclass(frozen=True)
class Network:
    """A Kolmogorov-Arnold network on a general graph.

    Attributes:
        structure: The graph.
        edges: The function on each of `structure.edges`, all with the same batch size.
    """

    structure: Structure
    edges: tuple[EdgeFunction, ...]

    @property
    def parameters(self) -> Tensor:
        """All free parameters, edge after edge, `(batch, P)`."""
        return torch.cat([e.parameters for e in self.edges], 1)

    @property
    def sizes(self) -> list[int]:
        """Number of free parameters of each edge."""
        return [e.parameters.shape[1] for e in self.edges]

    @property
    def batch(self) -> int:
        """Number of restarts that are held at once."""
        return self.edges[0].parameters.shape[0]

    def with_parameters(self, parameters: Tensor) -> Network:
        """The same network with other parameters, `(batch, P)`."""
        parts = parameters.split(self.sizes, 1)
        return Network(self.structure, tuple(e.with_parameters(p) for e, p in zip(self.edges, parts, strict=True)))

    def select(self, members: Sequence[int]) -> Network:
        """Some members of the batch."""
        index = torch.tensor(list(members))
        return Network(self.structure, tuple(e.select(index) for e in self.edges))

    def replace_edge(self, position: int, edge: EdgeFunction) -> Network:
        """Another function on one edge."""
        return Network(self.structure, (*self.edges[:position], edge, *self.edges[position + 1 :]))

    def __call__(self, x: Tensor) -> Tensor:
        """The output, `(batch, n)`. x: (n, n_inputs)."""
        return self._forward(x)[0]

    def _forward(self, x: Tensor) -> tuple[Tensor, list[Activation]]:
        structure = self.structure
        values: list[Tensor] = [column[None, :] for column in x.T]
        activations: list[Activation] = [None] * len(self.edges)  # type: ignore[list-item]
        for node in range(structure.n_inputs, structure.n_nodes):
            total: Tensor | None = None
            for e in structure.incoming[node]:
                activation = self.edges[e](values[structure.edges[e].source])
                activations[e] = activation
                total = _joined(structure.op(node), total, activation.y)
            values.append(x.new_zeros(self.batch, x.shape[0]) if total is None else total)
        return values[-1], activations

    def trace(self, x: Tensor) -> Trace:
        """One pass forwards and one backwards. x: (n, n_inputs)."""
        structure = self.structure
        output, activations = self._forward(x)
        node_sensitivity: list[Tensor | None] = [None] * structure.n_nodes
        node_sensitivity[-1] = torch.ones_like(output)
        sensitivities: list[Tensor] = [output] * len(self.edges)
        for node in reversed(range(structure.n_inputs, structure.n_nodes)):
            of_node = node_sensitivity[node]
            if of_node is None:  # nothing reads this node
                of_node = torch.zeros_like(output)
            incoming = structure.incoming[node]
            for e in incoming:
                of_edge = of_node
                if structure.op(node) is Op.PRODUCT:
                    for other in incoming:
                        if other != e:
                            of_edge = of_edge * activations[other].y
                sensitivities[e] = of_edge
                source = structure.edges[e].source
                if source >= structure.n_inputs:
                    through = of_edge * activations[e].slope
                    before = node_sensitivity[source]
                    node_sensitivity[source] = through if before is None else before + through
        return Trace(output, tuple(activations), tuple(sensitivities))

    def linearize(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Output `(batch, n)` and Jacobian d output / d parameters `(batch, P, n)`. x: (n, n_inputs)."""
        trace = self.trace(x)
        sizes = self.sizes
        jacobian = x.new_empty(self.batch, sum(sizes), x.shape[0])
        blocks = jacobian.split(sizes, 1)
        for block, activation, sensitivity in zip(blocks, trace.activations, trace.sensitivities, strict=True):
            activation.fill_jacobian(block, sensitivity)
        return trace.output, jacobian

    def edge_scores(self, x: Tensor) -> Tensor:
        """How much each edge moves the output: sd of its activation times rms of its sensitivity, `(batch, E)`."""
        trace = self.trace(x)
        scores = [
            a.y.std(1) * s.square().mean(1).sqrt() for a, s in zip(trace.activations, trace.sensitivities, strict=True)
        ]
        return torch.stack(scores, 1)


def _joined(op: Op, total: Tensor | None, y: Tensor) -> Tensor:
    """What a node holds after one more of its edges."""
    if total is None:
        return y
    return total + y if op is Op.SUM else total * y


def random_network(
    structure: Structure,
    batch: int,
    generator: torch.Generator,
    *,
    grid_size: int = 5,
    order: int = 3,
    base_function: bool = False,
) -> Network:
    """A batch of random networks for inputs in `[-1, 1]`.

    Edges into sums start as lines of random slope, edges into products as `1 + slope*x`, so that no factor
    starts at zero; both with a little curvature to break symmetry.
    """
    size = grid_size + order
    # a spline whose coefficients are these abscissae is the identity
    line = (2 * torch.arange(size, dtype=torch.float64) - (order - 1)) / grid_size - 1
    edges: list[EdgeFunction] = []
    for edge in structure.edges:
        uniform = torch.rand(batch, 2, dtype=torch.float64, generator=generator)
        slope = (0.5 + 0.7 * uniform[:, :1]) * torch.where(uniform[:, 1:] < 0.5, -1.0, 1.0)
        wiggle = 0.05 * torch.randn(batch, size, dtype=torch.float64, generator=generator)
        if structure.op(edge.target) is Op.SUM:
            coef = slope * line / len(structure.incoming[edge.target]) ** 0.5 + wiggle
        else:
            coef = 1 + 0.4 * slope * line + wiggle
        low = torch.full((batch, 1), -1.0, dtype=torch.float64)
        base = torch.zeros(batch, 1, dtype=torch.float64) if base_function else None
        edges.append(SplineEdge(coef, low, -low, order, base))
    return Network(structure, tuple(edges))


def regrid(network: Network, x: Tensor, grid_size: int | None = None) -> Network:
    """Moves every spline's grid to where its samples are, keeping the curves (`update_grid` of the paper).

    Args:
        network: Any network; its named edges stay as they are.
        x: Inputs, `(n, n_inputs)`.
        grid_size: Another number of intervals for all splines (`extend_grid` of the paper).
    """
    structure = network.structure
    values: list[Tensor] = [column[None, :] for column in x.T]
    edges = list(network.edges)
    for node in range(structure.n_inputs, structure.n_nodes):
        total: Tensor | None = None
        for e in structure.incoming[node]:
            edge, source = edges[e], values[structure.edges[e].source].expand(network.batch, -1)
            y = edge(source).y
            if isinstance(edge, SplineEdge) and not (grid_size in (None, edge.grid_size) and _covers(edge, source)):
                edges[e] = edge = refit_spline(edge, source, y, grid_size or edge.grid_size)
                y = edge(source).y
            total = _joined(structure.op(node), total, y)
        values.append(x.new_zeros(network.batch, x.shape[0]) if total is None else total)
    return Network(structure, tuple(edges))


def _covers(edge: SplineEdge, x: Tensor, slack: float = 0.02) -> bool:
    """Whether the grid already fits the samples: a refit would only cost time and a little accuracy."""
    low, high = x.min(1, keepdim=True).values, x.max(1, keepdim=True).values
    room = slack * (high - low)
    return bool(((edge.low - low).abs() <= room).all() and ((edge.high - high).abs() <= room).all())


def refit_spline(edge: SplineEdge, x: Tensor, y: Tensor, grid_size: int) -> SplineEdge:
    """The same curve on a grid that covers `x`; the base function keeps its share."""
    if edge.scale_base is None:
        return fit_spline(x, y, grid_size, edge.order)
    rest = fit_spline(x, y - edge.scale_base * torch.nn.functional.silu(x), grid_size, edge.order)
    return SplineEdge(rest.coef, rest.low, rest.high, edge.order, edge.scale_base)
