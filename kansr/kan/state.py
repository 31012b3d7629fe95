"""A network of splines as plain tensors, to be stored without any code in the file."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from kansr.kan.edges import EdgeFunction, SplineEdge
from kansr.kan.network import Network
from kansr.kan.structure import Edge, Op, Structure

__all__ = ["from_state", "to_state"]


def to_state(network: Network) -> dict[str, Tensor]:
    """The network as named tensors; `torch.load(..., weights_only=True)` reads them back.

    Raises:
        TypeError: If an edge is no spline.
    """
    structure = network.structure
    state = {
        "n_inputs": torch.tensor(structure.n_inputs),
        "is_product": torch.tensor([op is Op.PRODUCT for op in structure.ops]),
        "edges": torch.tensor([[e.source, e.target] for e in structure.edges]),
    }
    for i, edge in enumerate(network.edges):
        if not isinstance(edge, SplineEdge):
            raise TypeError(f"edge {i} is no spline")
        parts = {"coef": edge.coef, "low": edge.low, "high": edge.high, "order": torch.tensor(edge.order)}
        if edge.scale_base is not None:
            parts["scale_base"] = edge.scale_base
        state |= {f"edge{i}.{name}": value.clone() for name, value in parts.items()}
    return state


def from_state(state: Mapping[str, Tensor]) -> Network:
    """The network that `to_state` took apart.

    Raises:
        KeyError: If a tensor is missing.
        ValueError: If the tensors describe no graph.
    """
    ops = tuple(Op.PRODUCT if product else Op.SUM for product in state["is_product"].tolist())
    pairs = tuple(Edge(source, target) for source, target in state["edges"].tolist())
    edges: list[EdgeFunction] = []
    for i in range(len(pairs)):
        coef, low, high = (state[f"edge{i}.{name}"] for name in ("coef", "low", "high"))
        edges.append(SplineEdge(coef, low, high, int(state[f"edge{i}.order"]), state.get(f"edge{i}.scale_base")))
    return Network(Structure(int(state["n_inputs"]), ops, pairs), tuple(edges))
