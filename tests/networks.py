"""Small networks of all kinds, and derivatives found the slow way."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kansr.functions import LIBRARY
from kansr.kan.edges import EdgeFunction, SplineEdge, SymbolicEdge
from kansr.kan.network import Network, random_network
from kansr.kan.structure import Op, Structure

SUM, PRODUCT = Op.SUM, Op.PRODUCT

# Two inputs each; parallel edges join the same pair of nodes.
STRUCTURES = {
    "one sum": Structure.of(2, [(SUM, [0, 1])]),
    "one product": Structure.of(2, [(PRODUCT, [0, 1])]),
    "layers": Structure.layered([2, 3, 1]),
    "two products into a sum": Structure.of(2, [(PRODUCT, [0, 1]), (PRODUCT, [0, 1]), (SUM, [2, 3])]),
    "product of a sum and inputs": Structure.of(2, [(SUM, [0, 1]), (PRODUCT, [0, 1, 2])]),
    "skips": Structure.of(2, [(SUM, [0, 1]), (SUM, [0, 2]), (PRODUCT, [1, 2, 3])]),
    "parallel edges": Structure.of(2, [(SUM, [0, 0, 1]), (PRODUCT, [2, 2, 1])]),
    "a node that nobody reads": Structure.of(2, [(SUM, [0, 1]), (PRODUCT, [0, 1]), (SUM, [0, 3])]),
}


def row(*constants: float) -> Tensor:
    """Constants c, d, a, b of one edge."""
    return torch.tensor([constants], dtype=torch.float64)


def symbolic(name: str, c: float = 1.0, d: float = 0.0, a: float = 1.0, b: float = 0.0) -> SymbolicEdge:
    """`c * f(a*x + b) + d`."""
    return SymbolicEdge.of(LIBRARY[name], row(c, d, a, b))


def splines(structure: Structure, batch: int = 1, *, seed: int = 0, base: bool = False) -> Network:
    """A random spline network whose base functions, if any, take part."""
    generator = torch.Generator().manual_seed(seed)
    network = random_network(structure, batch, generator, base_function=base)
    noise = 0.3 * torch.randn(network.parameters.shape, dtype=torch.float64, generator=generator)
    return network.with_parameters(network.parameters + noise)


def mixed(structure: Structure, batch: int = 1, *, seed: int = 0) -> Network:
    """Splines on every other edge, named functions on the rest."""
    network = splines(structure, batch, seed=seed, base=True)
    names = ("sin", "exp", "tanh", "x^2", "x", "gauss")
    edges: list[EdgeFunction] = list(network.edges)
    generator = torch.Generator().manual_seed(seed + 1)
    for e in range(0, len(edges), 2):
        constants = 0.5 + torch.rand(batch, 4, dtype=torch.float64, generator=generator)
        edges[e] = SymbolicEdge.of(LIBRARY[names[e // 2 % len(names)]], constants)
    return Network(structure, tuple(edges))


def inputs(n: int, columns: int = 2, *, seed: int = 5, reach: float = 1.0) -> Tensor:
    """Rows in `[-reach, reach]`, `(n, columns)`."""
    generator = torch.Generator().manual_seed(seed)
    return reach * (2 * torch.rand(n, columns, dtype=torch.float64, generator=generator) - 1)


def spline_sizes(network: Network) -> list[int]:
    """Grid sizes of the splines."""
    return [e.grid_size for e in network.edges if isinstance(e, SplineEdge)]


def autograd(function: Callable[[Tensor], Tensor], parameters: Tensor) -> Tensor:
    """Jacobian `(batch, P, n)` of a function `(batch, P) -> (batch, n)` whose members do not depend on each other."""
    at = parameters.clone().requires_grad_()
    output = function(at)
    rows = [torch.autograd.grad(column.sum(), at, retain_graph=True)[0] for column in output.T]
    return torch.stack(rows, 2)


def quotients(function: Callable[[Tensor], Tensor], parameters: Tensor, step: float = 1e-5) -> Tensor:
    """The same by central differences."""
    columns = []
    for k in range(parameters.shape[1]):
        move = torch.zeros_like(parameters)
        move[:, k] = step
        columns.append((function(parameters + move) - function(parameters - move)) / (2 * step))
    return torch.stack(columns, 1)
