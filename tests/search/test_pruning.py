"""What elimination may change and what it must keep."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from kansr.kan.edges import SplineEdge, fit_spline
from kansr.kan.network import Network, random_network, regrid
from kansr.kan.structure import Edge, Op, Structure
from kansr.search.pruning import additive, collapse, drop_edges, finer, prune
from kansr.search.sample import Sample
from kansr.train.levenberg_marquardt import never
from kansr.train.network import Trained, train_splines
from tests.networks import PRODUCT, STRUCTURES, SUM, inputs, mixed, spline_sizes, splines, symbolic

X = inputs(300)


def spline(x: Tensor, y: Tensor, grid_size: int = 40) -> SplineEdge:
    return fit_spline(x[None, :], y[None, :], grid_size)


def flat(network: Network, e: int, value: float) -> Network:
    """The network with a constant on one edge."""
    edge = network.edges[e]
    assert isinstance(edge, SplineEdge)
    return network.replace_edge(e, SplineEdge(torch.full_like(edge.coef, value), edge.low, edge.high, edge.order))


@pytest.mark.parametrize("name", ["one sum", "one product", "layers", "skips", "product of a sum and inputs"])
def test_an_edge_that_gives_a_constant_is_dropped_without_a_trace(name: str) -> None:
    structure = STRUCTURES[name]
    for e in range(len(structure.edges)):
        network = flat(splines(structure), e, -0.7 if structure.op(structure.edges[e].target) is Op.SUM else 1.4)
        smaller = drop_edges(network, X, [e])
        assert smaller is not None
        assert len(smaller.edges) < len(network.edges)
        torch.testing.assert_close(smaller(X), network(X), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("make", [splines, mixed])
def test_a_dropped_edge_is_replaced_by_its_mean(make: type) -> None:
    structure = STRUCTURES["one sum"]
    network = make(structure)
    first, second = network.trace(X).activations
    smaller = drop_edges(network, X, [0])
    assert smaller is not None
    torch.testing.assert_close(smaller(X), second.y + first.y.mean())
    smaller = drop_edges(Network(STRUCTURES["one product"], network.edges), X, [1])
    assert smaller is not None
    torch.testing.assert_close(smaller(X), first.y * second.y.mean())


@pytest.mark.parametrize("op", Op)
def test_several_dropped_edges_are_replaced_by_all_their_means(op: Op) -> None:
    network = splines(Structure.of(2, [(op, [0, 1, 0])]))
    first, second, third = (activation.y for activation in network.trace(X).activations)
    smaller = drop_edges(network, X, [0, 2])
    assert smaller is not None
    if op is Op.SUM:
        expected = second + first.mean() + third.mean()
    else:
        expected = second * first.mean() * third.mean()
    torch.testing.assert_close(smaller(X), expected)


def test_edges_that_hang_in_the_air_go_too() -> None:
    network = splines(STRUCTURES["layers"])
    structure = network.structure
    into = [e for e, edge in enumerate(structure.edges) if edge.target == 2]
    smaller = drop_edges(network, X, into)
    assert smaller is not None
    assert smaller.structure == Structure.of(2, [(SUM, [0, 1]), (SUM, [0, 1]), (SUM, [2, 3])])
    out_of = [e for e, edge in enumerate(structure.edges) if edge.source == 2]
    smaller = drop_edges(network, X, out_of)
    assert smaller is not None
    assert len(smaller.edges) == 6


def test_nothing_is_left_when_the_output_has_no_edges() -> None:
    assert drop_edges(splines(STRUCTURES["one sum"]), X, [0, 1]) is None
    assert drop_edges(splines(Structure.layered([2, 1, 1])), X, [2]) is None
    assert drop_edges(splines(Structure.layered([2, 1, 1])), X, [0, 1]) is None


def test_dropping_nothing_changes_nothing() -> None:
    network = splines(STRUCTURES["skips"])
    same = drop_edges(network, X, [])
    assert same is not None
    assert same.structure == network.structure
    torch.testing.assert_close(same(X), network(X), rtol=0, atol=0)


def test_a_chain_collapses_into_one_edge() -> None:
    structure = Structure.of(2, [(SUM, [0]), (SUM, [2]), (SUM, [1, 3])])
    u = torch.sin(2 * X[:, 0])
    v = u.exp()
    edges = (spline(X[:, 0], u), spline(u, v), spline(X[:, 1], X[:, 1] ** 2), spline(v, v / 2))
    order = sorted(range(4), key=lambda e: structure.edges[e].target)
    assert order == [0, 1, 2, 3]
    network = Network(structure, edges)
    short = collapse(network, X)
    assert set(short.structure.edges) == {Edge(0, 2), Edge(1, 2)}
    torch.testing.assert_close(short(X), network(X), rtol=0, atol=1e-4)


def test_a_node_that_feeds_several_collapses_into_all_of_them() -> None:
    structure = Structure.of(1, [(SUM, [0]), (SUM, [1, 0]), (PRODUCT, [1, 2])])
    x = X[:, :1]
    u = x[:, 0] ** 2 + x[:, 0]
    edges = (
        spline(x[:, 0], u), spline(u, u.sin()), spline(x[:, 0], x[:, 0]), spline(u, 1 + u / 3),
        spline(u.sin() + x[:, 0], (u.sin() + x[:, 0]).exp()),
    )  # fmt: skip
    network = Network(structure, edges)
    short = collapse(network, x)
    assert short.structure.ops == (SUM, PRODUCT)
    assert sorted(e.source for e in short.structure.edges) == [0, 0, 0, 1]
    torch.testing.assert_close(short(x), network(x), rtol=0, atol=1e-4)


def test_named_chains_stay() -> None:
    structure = Structure.of(1, [(SUM, [0]), (SUM, [1])])
    network = Network(structure, (symbolic("sin"), symbolic("exp")))
    assert collapse(network, X[:, :1]) is network


def test_a_product_of_factors_that_keep_their_signs_becomes_a_sum() -> None:
    structure = Structure.of(2, [(PRODUCT, [0, 1]), (SUM, [2])])
    f, g = 2 + torch.sin(X[:, 0]), -torch.exp(0.5 * X[:, 1])
    edges = (spline(X[:, 0], f), spline(X[:, 1], g), spline(f * g, (f * g).sin()))
    network = Network(structure, edges)
    sums = additive(network, X)
    assert sums.structure.ops == (SUM, SUM)
    assert sums.structure.edges == network.structure.edges
    torch.testing.assert_close(sums(X), network(X), rtol=0, atol=1e-4)


def test_a_product_of_factors_that_change_their_signs_stays() -> None:
    structure = Structure.of(2, [(PRODUCT, [0, 1]), (SUM, [2])])
    f, g = X[:, 0], 2 + X[:, 1]
    network = Network(structure, (spline(X[:, 0], f), spline(X[:, 1], g), spline(f * g, f * g)))
    assert additive(network, X) == network
    last = Network(Structure.of(2, [(PRODUCT, [0, 1])]), (spline(X[:, 0], f + 3), spline(X[:, 1], g)))
    assert additive(last, X).structure.ops == (PRODUCT,)


def test_finer_grids_show_what_the_coarse_ones_cost() -> None:
    y = torch.sin(9 * X[:, 0]) + X[:, 1] ** 2
    y = y / y.std(correction=0)
    structure = Structure.of(2, [(SUM, [0, 1])])
    network = random_network(structure, 1, torch.Generator().manual_seed(0), grid_size=6)
    coarse = train_splines(network, X, y, iterations=20)
    fine, blur = finer(coarse, Sample(X, y), never)
    assert set(spline_sizes(fine.network)) == {12}
    assert float(fine.loss[0]) < 0.1 * float(coarse.loss[0])
    assert blur == pytest.approx(float(coarse.loss[0] - fine.loss[0]))


def test_elimination_finds_the_edges_that_the_data_need() -> None:
    """Two of four inputs, joined by one node."""
    x = inputs(400, 4)
    y = torch.exp(torch.sin(math.pi * x[:, 0]) + x[:, 2] ** 2)
    y = (y - y.mean()) / y.std(correction=0)
    network = random_network(Structure.layered([4, 1, 1]), 3, torch.Generator().manual_seed(3))
    trained = train_splines(network, x, y, iterations=40).best()
    pruned = prune(trained, Sample(x, y), never)
    structure = pruned.network.structure
    assert structure == Structure.of(4, [(SUM, [0, 2]), (SUM, [4])])
    assert structure.used_inputs() == (0, 2)
    assert pruned.mse <= 2 * float(trained.loss[0])
    assert pruned.mse == pytest.approx(float((pruned.network(x)[0] - y).square().mean()))


def test_a_useless_hidden_node_goes() -> None:
    x = inputs(300)
    y = x[:, 0] ** 2 + torch.sin(3 * x[:, 1])
    y = (y - y.mean()) / y.std(correction=0)
    structure = Structure.of(2, [(SUM, [0, 1]), (SUM, [0, 1, 2])])
    network = random_network(structure, 1, torch.Generator().manual_seed(1))
    pruned = prune(train_splines(network, x, y, iterations=30), Sample(x, y), never)
    assert pruned.network.structure == Structure.of(2, [(SUM, [0, 1])])


def test_elimination_ends_when_the_time_is_up() -> None:
    trained = Trained(regrid(splines(STRUCTURES["layers"]), X), *[torch.ones(1, dtype=torch.float64)] * 2, 0)
    pruned = prune(trained, Sample(X, X[:, 0]), lambda: True)
    assert len(pruned.network.edges) == len(trained.network.edges)
