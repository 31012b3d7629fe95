"""Networks on general graphs: values by hand, derivatives by automatic differentiation and by differences."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kansr.kan.edges import SplineEdge
from kansr.kan.network import Network, random_network, regrid
from kansr.kan.structure import Op, Structure
from tests.networks import PRODUCT, STRUCTURES, SUM, autograd, inputs, mixed, quotients, spline_sizes, splines, symbolic

EVERY = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=list(STRUCTURES))


def by_hand(network: Network, x: Tensor) -> Tensor:
    """The output of one network, edge after edge."""
    structure = network.structure
    values = [column[None, :] for column in x.T]
    for node in range(structure.n_inputs, structure.n_nodes):
        terms = [f(values[e.source]).y for e, f in zip(structure.edges, network.edges, strict=True) if e.target == node]
        stacked = torch.stack(terms)
        values.append(stacked.sum(0) if structure.op(node) is Op.SUM else stacked.prod(0))
    return values[-1]


@EVERY
@pytest.mark.parametrize("make", [splines, mixed])
def test_output_is_the_sum_or_product_of_the_activations(structure: Structure, make: type) -> None:
    network = make(structure, 3)
    x = inputs(17)
    torch.testing.assert_close(network(x), by_hand(network, x))
    assert network(x).shape == (3, 17)


@EVERY
@pytest.mark.parametrize("make", [splines, mixed])
def test_jacobian(structure: Structure, make: type) -> None:
    network = make(structure, 2)
    x = inputs(13, reach=1.2)  # also outside of the grids

    def output(parameters: Tensor) -> Tensor:
        return network.with_parameters(parameters)(x)

    value, jacobian = network.linearize(x)
    torch.testing.assert_close(value, network(x))
    torch.testing.assert_close(jacobian, autograd(output, network.parameters), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(jacobian, quotients(output, network.parameters), rtol=1e-5, atol=1e-6)


@EVERY
def test_sensitivity_is_the_derivative_by_an_activation(structure: Structure) -> None:
    """A shift of one edge's curve, the same for all rows, moves the output by its sensitivity."""
    network, x, step = splines(structure), inputs(11), 1e-6
    trace = network.trace(x)
    for e, edge in enumerate(network.edges):
        assert isinstance(edge, SplineEdge)
        one = torch.ones(1, 1, dtype=torch.float64)
        up = network.replace_edge(e, edge.affine(one, step * one))(x)
        down = network.replace_edge(e, edge.affine(one, -step * one))(x)
        torch.testing.assert_close(trace.sensitivities[e], (up - down) / (2 * step), rtol=1e-6, atol=1e-7)


@EVERY
def test_edge_scores(structure: Structure) -> None:
    network, x = mixed(structure, 2), inputs(40)
    trace = network.trace(x)
    for member in range(2):
        for e in range(len(network.edges)):
            spread = trace.activations[e].y[member].numpy().std(ddof=1)
            listens = (trace.sensitivities[e][member].numpy() ** 2).mean() ** 0.5
            assert float(network.edge_scores(x)[member, e]) == pytest.approx(spread * listens, rel=1e-10)


def test_an_edge_that_nobody_hears_has_no_score() -> None:
    structure = STRUCTURES["a node that nobody reads"]
    scores = splines(structure).edge_scores(inputs(30))[0]
    assert scores[:2].tolist() == [0.0, 0.0]
    assert (scores[2:] > 0).all()


@EVERY
def test_parameters_and_members_go_there_and_back(structure: Structure) -> None:
    network, x = mixed(structure, 3), inputs(9)
    parameters = network.parameters
    assert parameters.shape == (3, sum(network.sizes))
    assert network.batch == 3
    torch.testing.assert_close(network.with_parameters(parameters)(x), network(x), rtol=0, atol=0)
    torch.testing.assert_close(network.with_parameters(parameters + 0.1).parameters, parameters + 0.1)
    torch.testing.assert_close(network.select([2, 0])(x), network(x)[[2, 0]])


def test_a_named_network_is_its_formula() -> None:
    structure = Structure.of(2, [(SUM, [0, 1]), (PRODUCT, [0, 2])])
    edges = (symbolic("x^2"), symbolic("sin", 2.0), symbolic("x", 3.0, 1.0), symbolic("exp", a=-0.5))
    x = inputs(20)
    a, b = x.T
    expected = (3 * a + 1) * torch.exp(-0.5 * (a**2 + 2 * torch.sin(b)))
    torch.testing.assert_close(Network(structure, edges)(x)[0], expected)


@pytest.mark.parametrize("base", [False, True])
@EVERY
def test_regrid_keeps_the_curves(structure: Structure, base: bool) -> None:
    x = inputs(400)
    network = splines(structure, 2, base=base)
    # splines that already live where their samples are, so that only the grid moves
    settled = regrid(network, x, 12)
    finer = regrid(settled, x, 48)
    assert set(spline_sizes(finer)) == {48}
    scale = settled(x).std(1, keepdim=True)
    assert float(((finer(x) - settled(x)) / scale).abs().max()) < 2e-3
    for before, after in zip(settled.trace(x).activations, finer.trace(x).activations, strict=True):
        assert float((after.y - before.y).square().mean().sqrt()) < 1e-3 * float(before.y.std())


def test_regrid_moves_the_grids_to_the_samples() -> None:
    x = 5 + 2 * inputs(200)
    network = regrid(splines(STRUCTURES["layers"]), x)
    for activation, edge in zip(network.trace(x).activations, network.edges, strict=True):
        assert isinstance(edge, SplineEdge)
        assert float(edge.low) < float(activation.x.min()) < float(edge.low) + 0.2
        assert float(edge.high) - 0.2 < float(activation.x.max()) < float(edge.high)
        assert edge.grid_size == 5


def test_regrid_leaves_names_and_the_share_of_the_base_function() -> None:
    network, x = mixed(STRUCTURES["skips"]), inputs(300)
    moved = regrid(network, x, 9)
    for before, after in zip(network.edges, moved.edges, strict=True):
        if isinstance(before, SplineEdge):
            assert isinstance(after, SplineEdge)
            assert after.scale_base is before.scale_base
            assert after.grid_size == 9
        else:
            assert after is before


@EVERY
def test_random_networks_differ_and_come_back_with_the_seed(structure: Structure) -> None:
    first, second = (random_network(structure, 4, torch.Generator().manual_seed(3)) for _ in range(2))
    x = inputs(50)
    torch.testing.assert_close(first(x), second(x), rtol=0, atol=0)
    assert first(x).isfinite().all()
    assert (first(x).std(1) > 0.01).all()
    assert torch.unique(first(x)[:, 0]).shape == (4,)


def test_random_edges_are_nearly_lines_around_their_start() -> None:
    """Edges into sums pass through zero, edges into products through one."""
    x = torch.zeros(1, 2, dtype=torch.float64)
    for structure, at in ((STRUCTURES["one sum"], 0.0), (STRUCTURES["one product"], 1.0)):
        network = random_network(structure, 30, torch.Generator().manual_seed(0), grid_size=7, order=2)
        for activation in network.trace(x).activations:
            assert float((activation.y - at).abs().mean()) < 0.06


def test_replacing_an_edge_leaves_the_others() -> None:
    network, x = splines(STRUCTURES["one sum"]), inputs(15)
    named = network.replace_edge(1, symbolic("x", 0.0, 0.5))
    torch.testing.assert_close(named(x), network.trace(x).activations[0].y + 0.5)
    assert named.structure is network.structure
    assert replace(network, edges=network.edges) == network
