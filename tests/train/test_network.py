"""Training of networks: normal equations against the explicit sums, chunks of rows, splines on known functions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from kansr.kan.network import Network, random_network
from kansr.kan.structure import Structure
from kansr.train import network as training
from kansr.train.network import NetworkProblem, train, train_splines
from kansr.train.sparsity import GroupPenalty
from tests.networks import STRUCTURES, SUM, autograd, inputs, mixed, spline_sizes, splines

EVERY = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=list(STRUCTURES))


def target(x: Tensor) -> Tensor:
    """The function of the KAN paper's first example, with variance one."""
    y = torch.exp(torch.sin(math.pi * x[:, 0]) + x[:, 1] ** 2)
    return (y - y.mean()) / y.std(correction=0)


@EVERY
@pytest.mark.parametrize("weighted", [False, True])
def test_normal_equations_are_the_explicit_sums(structure: Structure, weighted: bool) -> None:
    network, x = mixed(structure, 2), inputs(29)
    y = target(x)
    weight = 0.5 + x[:, 0].square() if weighted else None
    factor = torch.ones_like(y) if weight is None else weight
    equations = NetworkProblem(network, x, y, weight=weight)(network.parameters)

    def residuals(parameters: Tensor) -> Tensor:
        return (network.with_parameters(parameters)(x) - y) * factor

    r, jacobian = residuals(network.parameters), autograd(residuals, network.parameters)
    torch.testing.assert_close(equations.matrix, torch.einsum("bpn,bqn->bpq", jacobian, jacobian) / 29)
    torch.testing.assert_close(equations.gradient, torch.einsum("bpn,bn->bp", jacobian, r) / 29)
    torch.testing.assert_close(equations.loss, r.square().mean(1))


@pytest.mark.parametrize("rows", [1, 7, 50])
def test_chunks_of_rows_add_up(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network, x = mixed(STRUCTURES["skips"], 3), inputs(50)
    y, weight = target(x), 1 + x[:, 1].abs()
    penalty = GroupPenalty.of(network, x, 0.1)
    problem = NetworkProblem(network, x, y, penalty, weight)
    whole = problem(network.parameters)
    seen: list[int] = []
    sums = NetworkProblem._sums

    def counted(self: NetworkProblem, network: Network, chunk: slice) -> tuple[Tensor, Tensor, Tensor]:
        seen.append(len(x[chunk]))
        return sums(self, network, chunk)

    monkeypatch.setattr(training, "_JACOBIAN_LIMIT", rows * network.parameters.numel())
    monkeypatch.setattr(NetworkProblem, "_sums", counted)
    chunked = problem(network.parameters)
    assert sum(seen) == 50
    assert max(seen) == rows
    torch.testing.assert_close(chunked.matrix, whole.matrix, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(chunked.gradient, whole.gradient, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(chunked.loss, whole.loss, rtol=1e-12, atol=1e-13)


def test_training_lowers_the_loss_of_each_member() -> None:
    network, x = mixed(STRUCTURES["layers"], 4), inputs(200)
    y = target(x)
    before = (network(x) - y).square().mean(1)
    trained = train(network, x, y, iterations=15)
    torch.testing.assert_close(trained.loss, (trained.network(x) - y).square().mean(1))
    assert (trained.loss < 0.5 * before).all()
    best = trained.best()
    assert best.network.batch == 1
    assert best.rmse == pytest.approx(float(trained.loss.min()) ** 0.5)
    torch.testing.assert_close(trained.select([3, 1]).loss, trained.loss[[3, 1]])


def test_rows_without_weight_do_not_count() -> None:
    network, x = splines(STRUCTURES["one sum"]), inputs(120)
    y = x[:, 0] ** 2 - x[:, 1]
    spoilt = torch.where(torch.arange(120) < 30, 100.0, y)
    weight = torch.where(torch.arange(120) < 30, 0.0, 1.0).to(torch.float64)
    trained = train(network, x, spoilt, weight=weight, iterations=20, stall=0.0)
    assert float((trained.network(x)[0, 30:] - y[30:]).abs().max()) < 1e-4


def test_the_function_of_the_kan_paper() -> None:
    x = inputs(1000)
    network = random_network(Structure.layered([2, 1, 1]), 4, torch.Generator().manual_seed(1), grid_size=8)
    trained = train_splines(network, x, target(x), iterations=60)
    assert trained.rmse < 3e-3
    fresh = inputs(1000, seed=99)
    rows = torch.cat([fresh, x])
    # the same scaling of the target as on the training rows
    y = torch.exp(torch.sin(math.pi * rows[:, 0]) + rows[:, 1] ** 2)
    y = ((y - y[1000:].mean()) / y[1000:].std(correction=0))[:1000]
    assert float((trained.best().network(fresh)[0] - y).square().mean().sqrt()) < 6e-3


def test_the_goal_ends_the_training() -> None:
    x = inputs(200)
    y = x @ torch.tensor([1.0, -2.0], dtype=torch.float64)
    network = random_network(STRUCTURES["one sum"], 3, torch.Generator().manual_seed(0))
    assert float(train_splines(network, x, y, iterations=60, goal=1e-3).loss.min()) <= 1e-3
    asked = []

    def expired() -> bool:
        asked.append(True)
        return len(asked) > 3

    train_splines(network, x, y, iterations=60, goal=0.0, expired=expired)
    assert len(asked) < 8


def test_the_penalty_empties_idle_edges() -> None:
    """The target reads one input; without the penalty the edges cancel each other as they like."""
    structure = Structure.of(3, [(SUM, [0, 1, 2]), (SUM, [0, 1, 2, 3])])
    x = inputs(300, 3)
    y = torch.sin(3 * x[:, 0])
    network = random_network(structure, 1, torch.Generator().manual_seed(2))
    free = train_splines(network, x, y, iterations=40).network
    sparse = train_splines(network, x, y, iterations=40, lamb=1e-3).network
    idle = [e for e, edge in enumerate(structure.edges) if edge.source in (1, 2)]

    def strongest(trained: object) -> float:
        activations = trained.trace(x).activations  # type: ignore[attr-defined]
        return max(float(activations[e].y.std()) for e in idle)

    assert strongest(sparse) < 1e-3
    assert strongest(sparse) < 0.1 * strongest(free)
    assert float((sparse(x)[0] - y).square().mean().sqrt()) < 0.05


def test_training_keeps_the_size_of_the_grids() -> None:
    x = inputs(150)
    trained = train_splines(splines(STRUCTURES["skips"], 2), x, target(x), iterations=12)
    assert set(spline_sizes(trained.network)) == {5}
