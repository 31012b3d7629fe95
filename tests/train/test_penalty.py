"""The penalty on rough curves against its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kansr.functions import LIBRARY
from kansr.kan.edges import SplineEdge, SymbolicEdge
from kansr.kan.network import random_network, regrid
from kansr.kan.structure import Structure
from kansr.train.levenberg_marquardt import NormalEquations
from kansr.train.network import train
from kansr.train.penalty import QuadraticPenalty, Smoothness


def test_a_quadratic_form_adds_its_value_and_derivatives(generator: torch.Generator) -> None:
    root = torch.randn(2, 3, 3, dtype=torch.float64, generator=generator)
    form, at = root @ root.mT, torch.randn(2, 3, dtype=torch.float64, generator=generator)
    nothing = NormalEquations(torch.zeros(2, 3, 3).double(), torch.zeros(2, 3).double(), torch.zeros(2).double())
    added = QuadraticPenalty(form).add_to(nothing, at)
    for i in range(2):
        p, q = at[i].numpy(), form[i].numpy()
        np.testing.assert_allclose(added.loss[i], p @ q @ p)
        # The loss is a mean of squares: its gradient is twice `gradient`, its second derivative twice `matrix`.
        np.testing.assert_allclose(added.gradient[i], q @ p)
        np.testing.assert_allclose(added.matrix[i], q)


def test_each_spline_weighs_its_share_of_the_loss(generator: torch.Generator) -> None:
    network = random_network(Structure.layered([2, 1, 1]), 3, generator, grid_size=6, base_function=True)
    line = SymbolicEdge.of(LIBRARY["exp"], torch.ones(3, 4, dtype=torch.float64))
    network = network.replace_edge(1, line)
    loss = torch.tensor([1.0, 0.1, 0.0], dtype=torch.float64)
    form = Smoothness.of(network, loss, 0.01).form
    start = 0
    for edge, size in zip(network.edges, network.sizes, strict=True):
        block, own = form[:, start : start + size, start : start + size], edge.parameters
        weight = (own[:, None, :] @ block @ own[:, :, None])[:, 0, 0]
        expected = (0.01 * loss if isinstance(edge, SplineEdge) else 0 * loss).numpy()
        np.testing.assert_allclose(weight, expected, rtol=1e-6)
        if isinstance(edge, SplineEdge):
            rough = np.square(np.diff(edge.coef.numpy(), n=3)).sum(1)
            other = torch.randn(edge.coef.shape, dtype=torch.float64, generator=generator)
            rest = torch.ones(3, size - other.shape[1], dtype=torch.float64)
            probe = torch.cat([other, rest], 1)
            value = (probe[:, None, :] @ block @ probe[:, :, None])[:, 0, 0]
            np.testing.assert_allclose(value, expected * np.square(np.diff(other.numpy(), n=3)).sum(1) / rough)
        start += size
    assert start == form.shape[1]


def test_curves_go_on_as_parabolas_where_no_rows_are(generator: torch.Generator) -> None:
    x = torch.linspace(-1, 0.3, 60, dtype=torch.float64)[:, None]
    y = 1 - 2 * x[:, 0] + 3 * x[:, 0] ** 2
    end = torch.ones(1, 1, dtype=torch.float64)
    network = regrid(random_network(Structure.layered([1, 1]), 1, generator, grid_size=12), torch.cat([x, end]), 12)
    for _ in range(3):
        loss = (network(x) - y).square().mean(1) + 1e-8
        network = train(network, x, y, iterations=30, penalty=Smoothness.of(network, loss, 1e-3)).network
    assert float(network(end)) == pytest.approx(2.0, abs=1e-2)
