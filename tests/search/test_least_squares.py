from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from kansr.search.least_squares import least_squares


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_the_shortest_solution_whatever_the_rank(rank: int, generator: torch.Generator) -> None:
    left, right = (torch.randn(12 if side else 4, rank, dtype=torch.float64, generator=generator) for side in (1, 0))
    design, target = left @ right.T, torch.randn(12, dtype=torch.float64, generator=generator)
    expected = np.linalg.pinv(design.numpy(), rcond=1e-10) @ target.numpy()
    assert least_squares(design, target).numpy() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused_in_silence(bad: float, capfd: pytest.CaptureFixture[str]) -> None:
    design = torch.ones(3, 2, dtype=torch.float64)
    design[1, 1] = bad
    with pytest.raises(RuntimeError, match="not finite"):
        least_squares(design, torch.ones(3, dtype=torch.float64))
    assert capfd.readouterr() == ("", "")
