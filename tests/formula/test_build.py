"""The formula of a named network against the network itself, on rows in the table's units."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

from kansr.formula.build import network_expression
from kansr.formula.evaluate import evaluate
from kansr.formula.names import format_expression
from kansr.formula.parse import parse_expression
from kansr.functions import LIBRARY
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network
from kansr.kan.structure import Structure
from kansr.search.lens import Lens, TargetView
from tests.networks import STRUCTURES, inputs, row, splines

E, LAMBDA = sympy.Symbol("E", real=True), sympy.Symbol("lambda_", real=True)


def named(structure: Structure) -> Network:
    """A different function on every edge, all defined on `[-1, 1]`."""
    names = ("exp", "x^2", "sin", "x", "tanh", "gauss", "x^3", "atan", "sigmoid")
    generator = torch.Generator().manual_seed(11)
    edges = []
    for e in range(len(structure.edges)):
        constants = 0.4 + 0.5 * torch.rand(1, 4, dtype=torch.float64, generator=generator)
        edges.append(SymbolicEdge.of(LIBRARY[names[e % len(names)]], constants))
    return Network(structure, tuple(edges))


@pytest.mark.parametrize("view", TargetView)
@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=list(STRUCTURES))
def test_formula_and_network_agree_on_raw_rows(structure: Structure, view: TargetView) -> None:
    # the first column spans decades and is seen through a logarithm, the second is far from zero
    x = torch.stack([10 ** (1.5 * inputs(40)[:, 0] + 2), 3e4 + 500 * inputs(40)[:, 1]], 1)
    y = (-1 if view is TargetView.LOG_OF_NEGATIVE else 1) * (x[:, 0] * x[:, 1])
    lens = Lens.of(x, y, view)
    assert lens.logs == (True, False)
    network = named(structure)
    output = network_expression(network, lens.input_expressions([E, LAMBDA]))
    formula = lens.output_expression(output)
    expected = lens.restore(network(lens.inputs(x))[0]).numpy()
    columns = {"E": x[:, 0].numpy(), "lambda_": x[:, 1].numpy()}
    np.testing.assert_allclose(evaluate(formula, columns), expected, rtol=1e-10)
    # also after a round trip through text, as a run folder holds it
    read = parse_expression(format_expression(formula), list(columns))
    np.testing.assert_allclose(evaluate(read, columns), expected, rtol=1e-10)


@pytest.mark.parametrize("name", LIBRARY)
def test_every_function_becomes_its_formula(name: str) -> None:
    edge = SymbolicEdge.of(LIBRARY[name], row(1.7, -0.3, 0.8, 0.1))
    network = Network(Structure.layered([1, 1]), (edge,))
    x = torch.linspace(0.1, 1.0, 9, dtype=torch.float64)
    formula = network_expression(network, [E])
    np.testing.assert_allclose(evaluate(formula, {"E": x.numpy()}), network(x[:, None])[0], rtol=1e-13)


def test_exact_ones_and_zeros_are_left_out() -> None:
    edge = SymbolicEdge.of(LIBRARY["exp"], row(1.0, 0.0, 1.0, 0.0))
    assert network_expression(Network(Structure.layered([1, 1]), (edge,)), [E]) == sympy.exp(E)


def test_a_spline_has_no_formula() -> None:
    with pytest.raises(TypeError, match="edge 0 has no name"):
        network_expression(splines(STRUCTURES["one sum"]), [E, LAMBDA])
