"""Values of the search as bytes, and back: exact, and without any code in them.

A value is nothing, a truth value, a number, text, a tensor, an expression, a function of the library, a list or tuple
of values, or one of the frozen classes that are marked as `storable`. It becomes JSON with the tensors behind it.
"""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from functools import cache
from math import prod
from typing import Any, TypeVar

import sympy
import torch
from torch import Tensor

from kansr.formula.constants import Template
from kansr.formula.trees import from_tree, to_tree
from kansr.functions import LIBRARY, Function
from kansr.kan.edges import SplineEdge, SymbolicEdge
from kansr.kan.network import Network
from kansr.kan.structure import Edge, Op, Structure
from kansr.train.network import Trained

__all__ = ["pack", "storable", "unpack"]

_T = TypeVar("_T")

_CLASSES: dict[str, type] = {
    kind.__name__: kind for kind in (Edge, Network, Op, SplineEdge, Structure, SymbolicEdge, Template, Trained)
}
_DTYPES = {str(dtype): dtype for dtype in (torch.float64, torch.int64, torch.bool, torch.uint8)}
_PLAIN = frozenset({type(None), bool, int, float, str})
_LENGTH = 4


def storable(kind: type[_T]) -> type[_T]:
    """Marks a dataclass whose fields are all of them values as one itself."""
    if _CLASSES.setdefault(kind.__name__, kind) is not kind:
        raise TypeError(f"two classes are called {kind.__name__}")
    return kind


def pack(value: object) -> bytes:
    """The value as bytes.

    Raises:
        ValueError: If it is none that can be stored.
    """
    tensors: list[Tensor] = []
    text = json.dumps(_tree(value, tensors), separators=(",", ":")).encode()
    return b"".join([len(text).to_bytes(_LENGTH, "big"), text, *(t.contiguous().numpy().tobytes() for t in tensors)])


def unpack(data: bytes) -> Any:
    """The value that `pack` made the bytes of.

    Raises:
        ValueError: If they are none of its kind.
    """
    end = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
    try:
        return _value(json.loads(data[_LENGTH:end]), _Buffer(data, end))
    except (ValueError, TypeError, LookupError, RecursionError, RuntimeError) as error:
        raise ValueError(f"no stored value: {error}") from None


def _tree(value: object, tensors: list[Tensor]) -> object:
    """The value as JSON holds it: whatever is no plain number or text is a list that begins with its kind."""
    if type(value) in _PLAIN or isinstance(value, (int, float, str)):  # the first is quick
        return value
    if isinstance(value, (list, tuple)):
        return ["list" if isinstance(value, list) else "tuple", *[_tree(v, tensors) for v in value]]
    if isinstance(value, Tensor):
        tensors.append(value)
        return ["tensor", str(value.dtype), list(value.shape), list(value.stride())]
    if isinstance(value, sympy.Basic):
        return ["formula", to_tree(value)]
    if isinstance(value, Function) and LIBRARY.get(value.name) is value:
        return ["function", value.name]
    name = type(value).__name__
    if _CLASSES.get(name) is not type(value):
        raise ValueError(f"cannot be stored: {name}")
    if isinstance(value, Enum):
        return [name, value.name]
    return [name, *[_tree(getattr(value, field), tensors) for field in _fields(name)]]


@cache
def _fields(name: str) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(_CLASSES[name]))


def _value(tree: Any, buffer: _Buffer) -> Any:
    if not isinstance(tree, list):
        return tree
    kind, *parts = tree
    if kind == "tensor":
        return buffer.tensor(_DTYPES[parts[0]], parts[1], parts[2])
    if kind == "formula":
        return from_tree(parts[0])
    if kind == "function":
        return LIBRARY[parts[0]]
    if kind in ("list", "tuple"):
        values = [_value(part, buffer) for part in parts]
        return values if kind == "list" else tuple(values)
    found: Any = _CLASSES[kind]
    return found[parts[0]] if issubclass(found, Enum) else found(*(_value(part, buffer) for part in parts))


class _Buffer:
    """Tensors one after the other."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._start = start

    def tensor(self, dtype: torch.dtype, shape: list[int], stride: list[int]) -> Tensor:
        """The next one, laid out in memory as it was: the last digits of products depend on that."""
        end = self._start + prod(shape) * dtype.itemsize
        part = bytearray(self._data[self._start : end])
        if len(part) != end - self._start:
            raise ValueError("a tensor is missing")
        self._start = end
        flat = torch.frombuffer(part, dtype=dtype) if part else torch.empty(0, dtype=dtype)
        dense = flat.clone().reshape(shape)
        if dense.stride() == tuple(stride) or 0 in stride:
            return dense
        return torch.empty_strided(shape, stride, dtype=dtype).copy_(dense)
