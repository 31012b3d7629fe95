"""Functions of which every digit is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from kansr.kan.edges import SymbolicEdge
from kansr.kan.structure import Op, Structure
from kansr.train.approximate import Contender, approximate, contenders

DEEP = Contender(Structure.layered([2, 2, 1]), 5)
SEPARABLE = Contender(Structure.of(2, [(Op.PRODUCT, (0, 1))] * 2 + [(Op.SUM, (2, 3))]), 5)
ALONE = Contender(Structure.layered([2, 1]), 3)


def rows(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor(np.sin(np.pi / 2 * np.random.default_rng(seed).uniform(-1, 1, (n, 2))))
    return x, 100 + 5 * torch.exp(x[:, 0]) * torch.sin(2 * x[:, 1])


def test_the_best_structure_wins_and_is_accurate(generator: torch.Generator) -> None:
    x, y = rows(500, 0)
    found = approximate(x, y, [ALONE, DEEP, SEPARABLE], generator, seconds=1, clock=lambda: 0)
    assert found.contender == SEPARABLE
    assert any(isinstance(edge, SymbolicEdge) for edge in found.network.edges)
    fresh, true = rows(2000, 1)
    error = float((found(fresh) - true).square().mean().sqrt())
    assert error < 1e-6
    assert found.held_out < 1e-5
    assert found.network.parameters.shape == (1, 4 * (found.grid_size + 5))
    assert found.network.parameters.shape[1] < 0.65 * 500


def test_the_clock_ends_it_with_what_there_is(generator: torch.Generator) -> None:
    x, y = rows(200, 0)
    ticks = itertools.count()
    found = approximate(x, y, [DEEP, SEPARABLE], generator, seconds=0.5, clock=lambda: next(ticks))
    assert found.contender == DEEP
    assert found(x).shape == (200,)
    assert found(x).isfinite().all()


def test_the_same_generator_gives_the_same_network() -> None:
    x, y = rows(200, 0)
    first, second = (
        approximate(x, y, [DEEP], torch.Generator().manual_seed(3), seconds=1, clock=lambda: 0)(x) for _ in range(2)
    )
    assert (first == second).all()


def test_a_constant_is_no_trouble(generator: torch.Generator) -> None:
    x, y = rows(200, 0)
    found = approximate(x, torch.full_like(y, 7.0), [ALONE], generator, seconds=1, clock=lambda: 0)
    np.testing.assert_allclose(found(x), 7.0)


@pytest.mark.parametrize("n_inputs", [1, 2, 6])
def test_contenders_are_different_and_read_all_inputs(n_inputs: int) -> None:
    offered = contenders(n_inputs)
    assert len(set(offered)) == len(offered)
    assert all(c.structure.used_inputs() == tuple(range(n_inputs)) for c in offered)
