"""Names for the edges of pruned networks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch

from kansr.formula.build import network_expression
from kansr.formula.evaluate import evaluate
from kansr.functions import LIBRARY, STANDARD, without_twins
from kansr.kan.edges import SymbolicEdge
from kansr.kan.network import Network, random_network
from kansr.kan.structure import Op, Structure
from kansr.search.matching import Match
from kansr.search.naming import Effort, Namer, with_matches
from kansr.search.pruning import Pruned, finer, prune
from kansr.search.sample import Sample
from kansr.train.levenberg_marquardt import never
from kansr.train.network import train_splines
from tests.networks import PRODUCT, STRUCTURES, SUM, inputs, splines, symbolic

X = inputs(400)
FUNCTIONS = without_twins(STANDARD)


def match(*chains: tuple[SymbolicEdge, ...], op: Op = SUM) -> Match:
    return Match(chains, 0.0, 0.0, op)


def pruned(structure: Structure, y: torch.Tensor) -> Pruned:
    network = random_network(structure, 4, torch.Generator().manual_seed(5))
    trained = train_splines(network, X, y, iterations=50).best()
    found = prune(trained, Sample(X, y), never)
    finest, blur = finer(trained, Sample(X, y), never)
    return found if found.mse < float(finest.loss[0]) else Pruned(finest.network, float(finest.loss[0]), blur)


def test_one_function_replaces_one_edge() -> None:
    network = splines(STRUCTURES["skips"])
    named = with_matches(network, {2: match((symbolic("sin", 2.0),))})
    assert named.structure == network.structure
    torch.testing.assert_close(named(X), network.replace_edge(2, symbolic("sin", 2.0))(X))


def test_a_chain_gets_nodes_of_its_own() -> None:
    network = splines(STRUCTURES["one product"])
    long = with_matches(network, {1: match((symbolic("x^2", b=0.3), symbolic("exp", 0.5, 0.1)))})
    assert (len(long.edges), long.structure.ops) == (3, (SUM, PRODUCT))
    expected = network.trace(X).activations[0].y * (0.5 * ((X[:, 1] + 0.3) ** 2).exp() + 0.1)
    torch.testing.assert_close(long(X), expected)


def test_a_sum_of_terms_on_an_edge_into_a_product() -> None:
    network = Network(STRUCTURES["one product"], (symbolic("exp"), symbolic("x", 1.0, 2.0)))
    terms = match((symbolic("x^2"),), (symbolic("sin", a=2.0), symbolic("exp")), (symbolic("x", 0.5),))
    summed = with_matches(network, {0: terms})
    a, b = X.T
    torch.testing.assert_close(summed(X)[0], (a**2 + (2 * a).sin().exp() + a / 2) * (b + 2))


def test_chains_on_all_edges_at_once() -> None:
    structure = Structure.of(2, [(PRODUCT, [0, 1]), (SUM, [0, 2])])
    network = Network(structure, (symbolic("x"),) * 4)
    chosen = {e: match((symbolic("x", 2.0), symbolic("x^2")), (symbolic("x", 0.5),)) for e in range(4)}
    a, b = X.T

    def f(u: torch.Tensor) -> torch.Tensor:
        return 4 * u**2 + u / 2

    torch.testing.assert_close(with_matches(network, chosen)(X)[0], f(a) + f(f(a) * f(b)))


def test_a_product_of_terms_has_a_constant_of_its_own() -> None:
    network = Network(STRUCTURES["one product"], (symbolic("exp"), symbolic("x", 1.0, 2.0)))
    product = with_matches(network, {0: match((symbolic("x^2"),), (symbolic("sin"),), op=PRODUCT)})
    a, b = X.T
    torch.testing.assert_close(product(X)[0], a**2 * a.sin() * (b + 2))
    shift = product.edges[product.structure.incoming[3][0]]
    assert isinstance(shift, SymbolicEdge)
    assert shift.free == (False, True, False, False)


LAWS = {
    "sum": (Structure.layered([2, 1]), lambda a, b: torch.sin(3 * a) + b**2),
    "function of a sum": (Structure.layered([2, 1, 1]), lambda a, b: torch.exp(torch.sin(math.pi * a) + b**2)),
    "product": (Structure.of(2, [(PRODUCT, [0, 1])]), lambda a, b: a * (b + 0.3) ** 2),
    "composition": (Structure.layered([2, 1]), lambda a, b: torch.log(1.5 + torch.exp(2 * a)) + b),
}


@pytest.mark.parametrize("name", LAWS)
def test_the_law_is_found_from_its_network(name: str) -> None:
    structure, law = LAWS[name]
    y = law(*X.T)
    y = y / y.std(correction=0)
    network = pruned(structure, y)
    found = Namer(Sample(X, y), FUNCTIONS, never, (0.0, 0.0))(network, Effort.THOROUGH)
    best = found[0]
    assert all(isinstance(edge, SymbolicEdge) for n in found for edge in n.network.edges)
    assert best.mse < 1e-16
    assert best.mse == pytest.approx(float((best.network(X)[0] - y).square().mean()), rel=1e-6, abs=1e-24)
    assert [n.length for n in found] == sorted(n.length for n in found)
    symbols = [sympy.Symbol(s, real=True) for s in "ab"]
    formula = network_expression(best.network, symbols)
    columns = {"a": X[:, 0].numpy(), "b": X[:, 1].numpy()}
    np.testing.assert_allclose(evaluate(formula, columns), best.network(X)[0], rtol=1e-9, atol=1e-9)


def test_a_small_library_is_respected() -> None:
    y = torch.sin(3 * X[:, 0]) + X[:, 1]
    y = y / y.std(correction=0)
    functions = [LIBRARY[name] for name in ("0", "x", "x^2", "x^3")]
    found = Namer(Sample(X, y), functions, never, (0.0, 0.0))(pruned(Structure.layered([2, 1]), y))
    names = {e.function.name for n in found for e in n.network.edges if isinstance(e, SymbolicEdge)}
    assert names <= {"0", "x", "x^2", "x^3"}


def test_no_time_gives_no_names() -> None:
    network = Pruned(splines(STRUCTURES["layers"]), 0.5, 0.0)
    assert Namer(Sample(X, X[:, 0]), FUNCTIONS, lambda: True, (0.0, 0.0))(network, Effort.THOROUGH) == []
