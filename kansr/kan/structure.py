"""The graph of a network: which node feeds which, and whether a node adds or multiplies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import pairwise

__all__ = ["Edge", "Op", "Structure"]


class Op(Enum):
    """What a node does with the activations of its incoming edges."""

    SUM = "+"
    PRODUCT = "*"


@dataclass(frozen=True, order=True)
class Edge:
    """A function of one variable from node `source` to node `target`."""

    source: int
    target: int


@dataclass(frozen=True)
class Structure:
    """A directed graph without cycles, from the inputs to one output. Immutable.

    Nodes are numbered: the inputs first, then the others, each after all that feed it; the last one is the
    output. Two edges may join the same pair of nodes (a sum or product of two terms in one variable).

    Attributes:
        n_inputs: Number of inputs.
        ops: What each node after the inputs does.
        edges: In ascending order of their target.
    """

    n_inputs: int
    ops: tuple[Op, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        if not self.ops:
            raise ValueError("a structure needs an output node")
        if any(not (e.source < e.target < self.n_nodes) for e in self.edges):
            raise ValueError(f"each edge must lead to a later node below {self.n_nodes}: {self.edges}")
        if any(e.target < self.n_inputs for e in self.edges):
            raise ValueError("an input has no incoming edges")

    @classmethod
    def of(cls, n_inputs: int, nodes: Sequence[tuple[Op, Iterable[int]]]) -> Structure:
        """From one `(op, sources)` per node after the inputs."""
        edges = [Edge(s, n_inputs + k) for k, (_, sources) in enumerate(nodes) for s in sources]
        return cls(n_inputs, tuple(op for op, _ in nodes), tuple(edges))

    @classmethod
    def layered(cls, width: Sequence[int]) -> Structure:
        """The fully connected network of sums of the KAN paper, `[n_in, ..., 1]`.

        Raises:
            ValueError: If the last layer has not exactly one node.
        """
        if len(width) < 2 or width[-1] != 1 or min(width) < 1:
            raise ValueError(f"width must read [n_in, ..., 1], not {list(width)}")
        nodes: list[tuple[Op, Iterable[int]]] = []
        start = 0
        for here, following in pairwise(width):
            nodes += [(Op.SUM, range(start, start + here))] * following
            start += here
        return cls.of(width[0], nodes)

    @property
    def n_nodes(self) -> int:
        """Inputs, inner nodes and the output."""
        return self.n_inputs + len(self.ops)

    @property
    def output(self) -> int:
        """Number of the output node."""
        return self.n_nodes - 1

    def op(self, node: int) -> Op:
        """What an inner node or the output does."""
        return self.ops[node - self.n_inputs]

    @cached_property
    def incoming(self) -> tuple[tuple[int, ...], ...]:
        """For each node the positions of the edges that lead to it."""
        return self._group([e.target for e in self.edges])

    @cached_property
    def outgoing(self) -> tuple[tuple[int, ...], ...]:
        """For each node the positions of the edges that start from it."""
        return self._group([e.source for e in self.edges])

    def _group(self, ends: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        groups: list[list[int]] = [[] for _ in range(self.n_nodes)]
        for position, node in enumerate(ends):
            groups[node].append(position)
        return tuple(tuple(g) for g in groups)

    def used_inputs(self) -> tuple[int, ...]:
        """The inputs that some edge reads."""
        return tuple(i for i in range(self.n_inputs) if self.outgoing[i])
