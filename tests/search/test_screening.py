import pytest
import torch
from scipy import stats

from kansr.search.factors import power_factors, product
from kansr.search.screening import relevant, visible


def random(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return 1 + 4 * torch.rand(rows, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def noise(rows: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(rows, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_columns_that_matter_are_kept(level: float) -> None:
    x = random(1000, 8)
    y = x[:, 1] * x[:, 4].sin() + (x[:, 6] - 3) * (x[:, 2] - 3)  # the last two only act together
    kept = relevant(x, y + level * noise(1000))
    assert {1, 2, 4, 6} <= set(kept)
    assert len(kept) < 8


def test_chance_keeps_as_many_as_it_should() -> None:
    kept = [len(visible(random(400, 8, seed), noise(400, seed + 50))) for seed in range(20)]
    assert sum(kept) <= stats.binom.ppf(0.9999, 8 * 20, 0.05)


def test_few_rows_or_columns_are_not_judged() -> None:
    assert relevant(random(50, 8), noise(50)) == list(range(8))
    assert relevant(random(1000, 3), noise(1000)) == [0, 1, 2]


@pytest.mark.parametrize("level", [0.0, 0.01])
def test_powers_are_found_and_nothing_else(level: float) -> None:
    x = random(1400, 4)
    y = x[:, 0] ** 2 / x[:, 2].sqrt() * (1 + x[:, 1] * x[:, 3])
    y = y + level * y.square().mean().sqrt() * noise(1400)
    factors = power_factors(x, y)
    assert factors == {0: 2.0, 2: -0.5}
    torch.testing.assert_close(product(x, factors), x[:, 0] ** 2 / x[:, 2].sqrt())


def test_sums_have_no_factors() -> None:
    x = random(1400, 3)
    assert power_factors(x, x[:, 0] + x[:, 1] * x[:, 2]) == {}
