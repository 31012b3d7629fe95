import math
from collections.abc import Callable

import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.search.relations import paired_relations, relations

U, V, W = sympy.symbols("u v w", real=True)


def table(columns: int, rows: int = 300, low: float = 0.5, high: float = 3.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return low + (high - low) * torch.rand(rows, columns, dtype=torch.float64, generator=generator)


def values(expression: sympy.Expr, x: torch.Tensor) -> torch.Tensor:
    f = sympy.lambdify((U, V, W)[: x.shape[1]], expression, "numpy")
    return torch.as_tensor(f(*x.numpy().T), dtype=torch.float64)


def first(law: sympy.Expr, x: torch.Tensor, *, paired: bool = False) -> sympy.Expr | None:
    find = paired_relations if paired else relations
    return next(find(x, values(law, x), (U, V, W)[: x.shape[1]]), None)


LAWS = [
    (U * V, 2),
    (U**2 - 3 * U * V + V / 2, 2),
    ((U + V) / (1 + U * V), 2),
    (U * W / (V * (U + W)), 3),
    (sympy.sqrt(U**2 + V**2), 2),
    (-sympy.sqrt(U / V), 2),
    (sympy.exp(-(U**2) / V), 2),
    (sympy.log(U + V**2), 2),
    (sympy.asinh(3 * U), 1),
    (sympy.sin(U) * V + sympy.cos(U), 2),
    (U ** sympy.Rational(1, 2) * V + 1, 2),
    (sympy.sin(sympy.pi * U) * V, 2),
    (V**U, 2),
]


@pytest.mark.parametrize(("law", "columns"), LAWS)
def test_exact_laws_are_found_and_hold_elsewhere(law: sympy.Expr, columns: int) -> None:
    found = first(law, table(columns))
    assert found is not None
    elsewhere = table(columns, 200, 3.0, 4.0)
    torch.testing.assert_close(values(found, elsewhere), values(law, elsewhere), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("law", [sympy.cos(U * V) * W, sympy.sin(U - V) + W, sympy.exp(U / V) - W, sympy.sin(U**2) * W])
def test_functions_of_pairs(law: sympy.Expr) -> None:
    x = table(3)
    found = first(law, x, paired=True)
    assert found is not None
    torch.testing.assert_close(values(found, x), values(law, x), rtol=1e-7, atol=1e-8)


def test_twenty_rows_are_enough_for_a_short_law() -> None:
    x = table(2, rows=20)
    law = 8 / (2 + U**2 + V**2)
    found = first(law, x)
    assert found is not None
    elsewhere = table(2, low=3.0, high=9.0)
    torch.testing.assert_close(values(found, elsewhere), values(law, elsewhere), rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("law", [sympy.sin(U**2) * sympy.cos(U) - 1, sympy.sin(U) + sympy.sin(U + U**2)])
def test_twenty_rows_are_enough_for_functions_of_pairs(law: sympy.Expr) -> None:
    found = first(law, table(1, rows=20), paired=True)
    assert found is not None
    elsewhere = table(1, low=3.0, high=9.0)
    torch.testing.assert_close(values(found, elsewhere), values(law, elsewhere), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_noise_has_no_relations(seed: int) -> None:
    x = table(2)
    noise = torch.randn(len(x), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    y = x[:, 0] * x[:, 1] + 1e-6 * noise
    assert next(relations(x, y, (U, V)), None) is None


@pytest.mark.parametrize(
    "smooth",
    [
        torch.special.bessel_j0,
        lambda u: torch.erf(u) * u,
        lambda u: 1 / (1 + u**1.37),
        lambda u: (1.3 * u).sin() + u**0.7,
        lambda u: (-u * u).exp() * u.tanh(),
    ],
)
def test_smooth_functions_are_not_imitated(smooth: Callable[[torch.Tensor], torch.Tensor]) -> None:
    x = table(2, rows=1000, high=4.5)
    assert next(relations(x, smooth(x[:, 0]), (U, V)), None) is None


COEFFICIENT = st.integers(-5, 5).filter(bool)
MONOMIAL = st.sampled_from([U, V, U * V, U**2, V**2, U**2 * V, sympy.Integer(1)])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.dictionaries(MONOMIAL, COEFFICIENT, min_size=1, max_size=3),
    st.dictionaries(MONOMIAL, COEFFICIENT, min_size=1, max_size=2),
)
def test_random_ratios(above: dict[sympy.Expr, int], below: dict[sympy.Expr, int]) -> None:
    x = table(2)
    p, q = (sympy.Add(*(c * m for m, c in part.items())) for part in (above, below))
    denominator = values(q + 0 * U, x).expand(len(x))
    law = sympy.cancel(p / q)
    if not law.free_symbols or float(denominator.abs().min()) < 1e-3 * float(denominator.abs().max()):
        return
    y = values(law, x)
    found = next(relations(x, y, (U, V)))
    error = (values(found, x) - y).square().mean().sqrt() / y.std()
    assert math.isfinite(float(error))
    assert float(error) < 1e-7
