import pytest
import sympy
import torch

from kansr.search.ratios import Ratio, ratios
from tests.search.test_relations import U, V, W, table, values


def noisy(law: sympy.Expr, x: torch.Tensor, noise: float, seed: int = 0) -> torch.Tensor:
    y = values(law, x)
    random = torch.randn(len(y), dtype=y.dtype, generator=torch.Generator().manual_seed(seed))
    return y + noise * y.square().mean().sqrt() * random


def best(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None = None) -> Ratio:
    first = next(ratios(x, y, (U, V, W)[: x.shape[1]], weight))
    return min(first, key=lambda r: r.length)


@pytest.mark.parametrize(
    "law",
    [U * V / W, (U * V + W * W) / (U + W), (U * W + V * V) / (V * W + U), (U**2 + V**2) / (1 + W), U * V + 2 * W],
)
@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_the_law_behind_noise(law: sympy.Expr, noise: float) -> None:
    x = table(3, rows=1000)
    found = best(x, noisy(law, x, noise)).expression()
    elsewhere = table(3, rows=500)
    error = (values(found, elsewhere) - values(law, elsewhere)).square().mean().sqrt()
    assert float(error) < 0.4 * noise * float(values(law, elsewhere).square().mean().sqrt())


def test_the_error_is_that_of_the_expression() -> None:
    x = table(2, rows=400)
    y = noisy(U / (1 + V), x, 0.02)
    ratio = best(x, y)
    error = (values(ratio.expression(), x) - y).square().mean() / y.var(correction=0)
    assert float(error) == pytest.approx(ratio.mse, rel=1e-6)


def test_rows_without_weight_do_not_matter() -> None:
    x = table(2, rows=600)
    y = noisy(U * V, x, 0.01)
    weight = torch.ones_like(y)
    y[:60] += 50.0
    weight[:60] = 1e-6
    found = best(x, y, weight).expression()
    torch.testing.assert_close(values(found, x)[60:], values(U * V, x)[60:], rtol=0.02, atol=0.02)
