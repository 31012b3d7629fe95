"""The group penalty against its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kansr.kan.structure import Structure
from kansr.train.network import NetworkProblem
from kansr.train.sparsity import GroupPenalty
from tests.networks import STRUCTURES, autograd, inputs, splines

EVERY = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=list(STRUCTURES))


@EVERY
def test_it_is_the_reweighted_variance_of_each_activation(structure: Structure) -> None:
    """Splines are linear in their coefficients: the form is `lamb * var / (sd at the last visit + floor)`, exactly."""
    network, x, lamb, floor = splines(structure, 2, base=True), inputs(60), 0.3, 0.01
    penalty = GroupPenalty.of(network, x, lamb, floor)
    there = network.with_parameters(network.parameters * 0.8 - 0.05)
    added = penalty.add_to(NetworkProblem(network, x, x[:, 0])(there.parameters), there.parameters)
    bare = NetworkProblem(network, x, x[:, 0])(there.parameters)
    # the curves of the other parameters on what each edge gets now
    for member in range(2):
        total = 0.0
        for edge, activation in zip(there.edges, network.trace(x).activations, strict=True):
            now = activation.y[member].numpy()
            then = edge(activation.x).y[member].numpy()
            total += lamb * np.var(then) / (np.std(now, ddof=1) + floor)
        assert float(added.loss[member] - bare.loss[member]) == pytest.approx(total, rel=1e-9)


@EVERY
def test_its_gradient_and_matrix_belong_to_its_loss(structure: Structure) -> None:
    network, x = splines(structure, 2), inputs(40)
    penalty = GroupPenalty.of(network, x, 0.2)
    problem = NetworkProblem(network, x, x[:, 0])
    bare, added = problem(network.parameters), problem(network.parameters)
    added = penalty.add_to(added, network.parameters)

    def pull(parameters: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bp,bpq,bq->b", parameters, penalty.form, parameters)[:, None]

    # normal equations carry half the derivatives of the mean square
    half = autograd(pull, network.parameters)[:, :, 0] / 2
    torch.testing.assert_close(added.gradient - bare.gradient, half)
    torch.testing.assert_close(added.matrix - bare.matrix, penalty.form)
    torch.testing.assert_close(penalty.form, penalty.form.mT)


def test_a_constant_edge_costs_nothing() -> None:
    network, x = splines(STRUCTURES["one sum"]), inputs(50)
    flat = network.with_parameters(torch.full_like(network.parameters, 2.5))
    penalty = GroupPenalty.of(flat, x, 1.0)
    equations = NetworkProblem(flat, x, x[:, 0])(flat.parameters)
    torch.testing.assert_close(penalty.add_to(equations, flat.parameters).loss, equations.loss)


def test_edges_do_not_mix() -> None:
    network, x = splines(STRUCTURES["layers"]), inputs(50)
    form = GroupPenalty.of(network, x, 1.0).form[0]
    first = network.sizes[0]
    assert (form[:first, first:] == 0).all()
    assert (form[:first, :first] != 0).any()
