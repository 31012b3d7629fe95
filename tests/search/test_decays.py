"""Ratios with an exponential whose rate is not known."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy
import torch
from torch import Tensor

from kansr.formula.evaluate import evaluate
from kansr.search.decays import decays

V = sympy.Symbol("v", real=True)
LAWS: dict[str, Callable[[Tensor], Tensor]] = {
    "Bose": lambda v: 1 / (torch.exp(1.3 * v) - 1),
    "Fermi": lambda v: 1 / (torch.exp(0.7 * v) + 1),
    "secant": lambda v: 2 / (torch.exp(v) + torch.exp(-v)),
    "tangent": lambda v: torch.tanh(0.4 * v),
    "Planck": lambda v: v / (torch.exp(0.9 * v) - 1),
    "logistic growth": lambda v: 5 / (1 + 9 * torch.exp(-2.1 * v)),
}


def drawn(law: str, level: float) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    v = 0.3 + 4 * torch.rand(800, dtype=torch.float64, generator=generator)
    true = LAWS[law](v)
    return v, true, true + level * true.std() * torch.randn(800, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("law", LAWS)
def test_they_are_found_at_the_noise(law: str) -> None:
    v, true, y = drawn(law, 0.01)
    (ratios,) = decays(v[:, None], y, [V])
    assert len(ratios) <= 6
    assert ratios[0].mse < 1.05e-4
    predicted = torch.from_numpy(evaluate(ratios[0].expression(), {"v": v.numpy()}))
    assert float((predicted - true).square().mean() / true.var()) < 1e-5


def test_one_column_only() -> None:
    v, _, y = drawn("Bose", 0.01)
    assert list(decays(torch.stack([v, v], 1), y, [V, V])) == []


def test_the_clock_ends_it() -> None:
    v, _, y = drawn("Bose", 0.01)
    assert sum(len(found) for found in decays(v[:, None], y, [V], expired=lambda: True)) == 0


def test_columns_with_huge_values_do_no_harm() -> None:
    v, true, _ = drawn("tangent", 0.0)
    for column in (1e6 * (v - 2), -1e-9 * v, torch.zeros_like(v)):
        for found in decays(column[:, None], true, [V]):
            assert all(torch.tensor(ratio.mse).isfinite() for ratio in found)
