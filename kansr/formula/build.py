"""From a network whose edges all have names to a SymPy expression in the original columns."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network
from kansr.kan.structure import Op

__all__ = ["network_expression"]


def network_expression(network: Network, inputs: Sequence[sympy.Expr]) -> sympy.Expr:
    """The network's output as an expression of its inputs.

    Args:
        network: One network (batch of one) without splines.
        inputs: What stands for each input, such as the scaled column.

    Raises:
        TypeError: If an edge has no name.
    """
    structure = network.structure
    values = list(inputs)
    for node in range(structure.n_inputs, structure.n_nodes):
        terms = []
        for e in structure.incoming[node]:
            edge = network.edges[e]
            if not isinstance(edge, SymbolicEdge):
                raise TypeError(f"edge {e} has no name")
            c, d, a, b = (sympy.Float(float(v)) for v in edge.constants[0])
            inner = _affine(a, values[structure.edges[e].source], b)
            terms.append(_affine(c, edge.function.sympy(inner), d))
        values.append(sympy.Add(*terms) if structure.op(node) is Op.SUM else sympy.Mul(*terms))
    return values[-1]


def _affine(scale: sympy.Float, value: sympy.Expr, shift: sympy.Float) -> sympy.Expr:
    """`scale*value + shift` with exact ones and zeros left out and sums multiplied out."""
    # SymPy's Float(1.0) does not equal 1: compare numbers
    if float(scale) == 1:
        scaled = value
    elif isinstance(value, sympy.Add):
        scaled = sympy.Add(*(scale * term for term in value.args))
    else:
        scaled = scale * value
    return scaled + shift if float(shift) != 0 else scaled
