"""The structures that are tried, simplest first.

Each is fully connected to start with; elimination finds which edges the data need. A node that adds, followed by a
free curve, also stands for a product of positive factors (`exp` of a sum of logarithms), so sums come before products,
which are needed where a factor changes its sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from kansr.errors import ConfigError
from kansr.kan.structure import Op, Structure

__all__ = ["layered", "probes", "structures"]

# Each pattern lists its nodes in order; a node names what feeds it: "x" all inputs, a number an earlier node.
# "?" marks a node that is tried as a sum and as a product.
_PATTERNS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("?", "x"),),
    (("?", "x"), ("+", "0")),
    (("?", "x"), ("?", "x0")),
    (("?", "x"), ("+", "x0"), ("+", "1")),
    (("?", "x"), ("?", "x"), ("+", "01")),
    (("?", "x"), ("?", "x"), ("+", "01"), ("+", "2")),
    (("?", "x"), ("?", "x0"), ("?", "x1")),
    (("+", "x"), ("+", "x"), ("*", "01"), ("+", "x2")),
    (("+", "x"), ("*", "x0"), ("*", "x0"), ("+", "12")),
    (("?", "x"), ("?", "x"), ("+", "x01")),
    (("?", "x"), ("+", "x0"), ("+", "x"), ("+", "x12")),
    (("+", "x"), ("+", "x"), ("+", "x"), ("+", "012"), ("+", "x3")),
    (("+", "x"), ("?", "x"), ("*", "x01")),
    (("?", "x"), ("?", "x"), ("?", "x"), ("+", "x012")),
    (("+", "x"), ("+", "x"), ("+", "x01"), ("+", "x2")),
    (("?", "x"), ("+", "x0"), ("?", "x1"), ("+", "2")),
    (("?", "x"), ("+", "x0"), ("+", "x1"), ("?", "x2")),
)


def layered(layers: Sequence[int], n_inputs: int) -> Structure:
    """The fully connected network of sums that a user asks for.

    Args:
        layers: Nodes of each layer, inputs first, the last one 1.
        n_inputs: Number of inputs that there are.

    Raises:
        ConfigError: If it has another number of inputs.
    """
    if layers[0] != n_inputs:
        asked, right = (",".join(map(str, numbers)) for numbers in (layers, (n_inputs, *layers[1:])))
        message = f"--structure [{asked}]: the first number must be that of the features used, {n_inputs}"
        raise ConfigError(message, f"write [{right}], or choose other features with --features or --drop")
    return Structure.layered(layers)


def probes(n_inputs: int) -> Iterator[Structure]:
    """Flexible structures that find out whether there is anything to learn at all."""
    for pattern in ((("+", "x"),), (("+", "x"), ("+", "x"), ("+", "01"), ("+", "2"))):
        yield _build(n_inputs, tuple(Op(op) for op, _ in pattern), [feeds for _, feeds in pattern])


def structures(n_inputs: int) -> Iterator[Structure]:
    """All structures for so many inputs, simplest first, each once."""
    seen: set[Structure] = set()
    for pattern in _PATTERNS:
        choices = [_ops(n_inputs, op, feeds) for op, feeds in pattern]
        for ops in product(*choices):
            structure = _build(n_inputs, ops, [feeds for _, feeds in pattern])
            if structure not in seen:
                seen.add(structure)
                yield structure


def _ops(n_inputs: int, op: str, feeds: str) -> tuple[Op, ...]:
    """What a node may do; a sum and a product of one are the same."""
    alone = len(feeds.replace("x", "")) + n_inputs * ("x" in feeds) == 1
    return (Op.SUM,) if alone else (Op.SUM, Op.PRODUCT) if op == "?" else (Op(op),)


def _build(n_inputs: int, ops: tuple[Op, ...], feeds: list[str]) -> Structure:
    nodes = []
    for op, feed in zip(ops, feeds, strict=True):
        sources = list(range(n_inputs)) if "x" in feed else []
        nodes.append((op, [*sources, *(n_inputs + int(k) for k in feed.replace("x", ""))]))
    return Structure.of(n_inputs, nodes)
