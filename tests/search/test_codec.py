"""Values of the search as bytes: the same come back, bit by bit and laid out as they were, and no code with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

import pytest
import sympy
import torch
from torch import Tensor

from kansr.formula.constants import Template
from kansr.functions import LIBRARY
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network, random_network
from kansr.kan.structure import Op, Structure
from kansr.search.codec import pack, storable, unpack
from kansr.search.finishing import Finished
from kansr.search.matching import Match
from kansr.search.naming import Named
from kansr.search.pruning import Pruned
from kansr.train.network import Trained

A = sympy.Symbol("a", real=True)


def same(one: Any, other: Any) -> bool:
    """Whether two values have the same bits, and tensors the same layout."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        bits = one.contiguous().numpy().tobytes(), other.contiguous().numpy().tobytes()
        return bits[0] == bits[1] and (one.shape, one.stride(), one.dtype) == (other.shape, other.stride(), other.dtype)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, sympy.Basic):
        return sympy.srepr(one) == sympy.srepr(other)
    if is_dataclass(one) and one not in LIBRARY.values() and not isinstance(one, Enum):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def network() -> Network:
    structure = Structure.of(2, [(Op.SUM, [0, 1]), (Op.PRODUCT, [0, 2])])
    return random_network(structure, 3, torch.Generator().manual_seed(0), grid_size=4, order=3)


def named() -> Network:
    edge = SymbolicEdge.of(LIBRARY["exp"], torch.tensor([[0.1, 1 / 3, -2e-300, math.inf]], dtype=torch.float64))
    return Network(Structure.of(1, [(Op.SUM, [0])]), (edge,))


VALUES = [
    None, True, 3, -(10**40), 0.1, -0.0, 5e-324, math.nan, math.inf, "θ\n\0", [], (), [1, (2.5, [None])],
    torch.tensor(1.5, dtype=torch.float64), torch.zeros(0, 3, dtype=torch.float64), torch.arange(6).reshape(2, 3),
    torch.tensor([True, False]), torch.rand(4, 3, dtype=torch.float64).T, torch.rand(9, dtype=torch.float64)[::2],
    torch.tensor([math.nan, -0.0], dtype=torch.float64), torch.Generator().manual_seed(3).get_state(),
    sympy.Float(0.1, 17) * A + sympy.pi, Template.of(2.5 * A + sympy.sqrt(A)), LIBRARY["J0"], Op.PRODUCT,
    Trained(network(), torch.rand(3, dtype=torch.float64), torch.rand(3, dtype=torch.float64), 7),
    Pruned(network(), 1e-9, 0.0), Named(named(), 0.5, -3.25), Finished(Template.of(A * 1.5), 0.1, 2.0),
    Match((named().edges,), 0.1, 2.0, Op.PRODUCT),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back(value: object) -> None:
    assert same(unpack(pack(value)), value)


def test_equal_looking_values_have_other_bytes() -> None:
    assert len({pack(value) for value in (0, 0.0, -0.0, False, "0", [], (), None)}) == 8


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, b"bytes", lambda: 3, [sympy.Symbol("a")], torch.ones(2).sparse_dim]
)
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"cannot be stored|no formula"):
        pack(value)


def test_a_class_must_be_marked() -> None:
    @dataclass(frozen=True)
    class Pair:
        first: int
        second: Tensor

    pair = Pair(1, torch.ones(2))
    with pytest.raises(ValueError, match="Pair"):
        pack(pair)
    with pytest.raises(TypeError, match="two classes"):
        storable(type("Pruned", (), {}))


def content(tree: str, data: bytes = b"") -> bytes:
    return len(tree.encode()).to_bytes(4, "big") + tree.encode() + data


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00", content("nonsense"), content("[]"), content('["eval","1"]'), content('["os.system","ls"]'),
        content('["tensor","torch.float64",[2],[1]]'), content('["tensor","object",[0],[1]]'),
        content('["formula","__import__"]'), content('["function","exec"]'), content('["Op","__class__"]'),
        content('["Edge",1]'), content("[" * 100_000), content('["tensor","torch.float64",[-1],[1]]', bytes(8)),
    ],
)  # fmt: skip
def test_hostile_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no stored value"):
        unpack(data)
