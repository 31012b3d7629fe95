"""Training by gradients alone."""

from __future__ import annotations

import pytest
import torch

from kansr.kan.network import random_network
from kansr.kan.structure import Structure
from kansr.train import network as training
from kansr.train.first_order import lbfgs
from kansr.train.network import train
from tests.networks import inputs

X = inputs(300)
Y = torch.exp(torch.sin(2 * X[:, 0]) + X[:, 1] ** 2)


def test_it_comes_to_the_same_minimum_as_levenberg_marquardt() -> None:
    """A network that is linear in its coefficients has one minimum."""
    network = random_network(Structure.layered([2, 1]), 1, torch.Generator().manual_seed(1))
    expected = train(network, X, Y, iterations=60, stall=1e-9)
    found = lbfgs(network, X, Y, iterations=400)
    torch.testing.assert_close(found.loss, expected.loss, rtol=1e-3, atol=0)


def test_a_wide_network_is_trained_by_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit no matrix of all parameters is formed, and the loss falls all the same."""
    network = random_network(Structure.layered([2, 30, 1]), 1, torch.Generator().manual_seed(1))
    monkeypatch.setattr(training, "WIDE", 100)
    monkeypatch.setattr(training, "levenberg_marquardt", None)
    before = float((network(X) - Y).square().mean())
    assert float(train(network, X, Y, iterations=40).loss[0]) < 0.05 * before


def test_it_stops_when_told() -> None:
    """No step is made after the time is up."""
    network = random_network(Structure.layered([2, 1]), 1, torch.Generator().manual_seed(1))
    fit = lbfgs(network, X, Y, iterations=100, expired=lambda: True)
    torch.testing.assert_close(fit.parameters, network.parameters)
    assert fit.iterations == 0
