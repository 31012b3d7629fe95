"""B-splines against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline
from torch import Tensor

from kansr.kan.edges import SplineEdge, fit_spline
from kansr.kan.splines import dense_basis, local_basis, pieces

GRIDS = [(1, -1.0, 1.0), (4, 0.2, 0.9), (7, -3.0, 50.0)]


def scipy_spline(coef: Tensor, low: float, high: float, grid_size: int, order: int) -> BSpline:
    step = (high - low) / grid_size
    knots = low + step * np.arange(-order, grid_size + order + 1)
    return BSpline(knots, coef.numpy(), order, extrapolate=True)


def ends(low: float, high: float) -> tuple[Tensor, Tensor]:
    return torch.tensor([[low]], dtype=torch.float64), torch.tensor([[high]], dtype=torch.float64)


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize(("grid_size", "low", "high"), GRIDS)
def test_every_basis_function_is_scipys(grid_size: int, low: float, high: float, order: int) -> None:
    # no sample on a knot, where pieces of order 0 jump
    x = torch.linspace(low, high, 62, dtype=torch.float64)[1:-1] + 1e-4 * (high - low)
    basis = dense_basis(x[None, :], *ends(low, high), grid_size, order)[0]
    unit = torch.eye(grid_size + order, dtype=torch.float64)
    expected = scipy_spline(unit, low, high, grid_size, order)(x.numpy())
    np.testing.assert_allclose(basis.T.numpy(), expected, atol=1e-13)


@pytest.mark.parametrize("order", range(1, 6))
@pytest.mark.parametrize(("grid_size", "low", "high"), GRIDS)
def test_value_and_slope_are_scipys_and_go_on_as_a_line(
    grid_size: int, low: float, high: float, order: int, generator: torch.Generator
) -> None:
    coef = torch.randn(grid_size + order, dtype=torch.float64, generator=generator)
    edge = SplineEdge(coef[None, :], *ends(low, high), order)
    reference = scipy_spline(coef, low, high, grid_size, order)
    span = high - low
    inside = np.linspace(low, high, 97)[1:-1]
    activation = edge(torch.from_numpy(inside)[None, :])
    np.testing.assert_allclose(activation.y[0], reference(inside), atol=1e-12)
    if order > 1:  # the slope of order 1 jumps at the knots
        np.testing.assert_allclose(activation.slope[0], reference(inside, 1), atol=1e-11)
    for end, sign in ((low, -1), (high, 1)):
        # just inside the end, where SciPy and kansr agree on the piece
        at, slope = reference(end - 1e-12 * sign * span), reference(end - 1e-12 * sign * span, 1)
        outside = end + sign * span * np.array([0.01, 0.5, 3.0])
        beyond = edge(torch.from_numpy(outside)[None, :])
        np.testing.assert_allclose(beyond.y[0], at + slope * (outside - end), rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(beyond.slope[0], np.full(3, slope), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("order", range(6))
def test_the_basis_sums_to_one_everywhere(order: int) -> None:
    x = torch.linspace(-3.0, 4.0, 50, dtype=torch.float64)[None, :]
    basis = local_basis(x, *ends(-1.0, 2.0), 4, order)
    torch.testing.assert_close(basis.values.sum(1), torch.ones_like(x))
    torch.testing.assert_close(basis.slopes.sum(1), torch.zeros_like(x), rtol=0, atol=1e-12)


def test_only_the_functions_next_to_a_sample_are_given() -> None:
    x = torch.tensor([[-1.0, -0.4, 0.1, 1.0, 7.0]], dtype=torch.float64)
    basis = local_basis(x, *ends(-1.0, 1.0), 4, 3)
    assert basis.index.tolist() == [[0, 1, 2, 3, 3]]
    assert basis.columns()[0, :, 1].tolist() == [1, 2, 3, 4]


def test_members_of_a_batch_have_their_own_grids() -> None:
    x = torch.linspace(-0.5, 2.5, 30, dtype=torch.float64).expand(2, -1)
    low, high = torch.tensor([[0.0], [-1.0]], dtype=torch.float64), torch.tensor([[1.0], [3.0]], dtype=torch.float64)
    both = dense_basis(x, low, high, 5, 3)
    for i in range(2):
        alone = dense_basis(x[i : i + 1], low[i : i + 1], high[i : i + 1], 5, 3)
        torch.testing.assert_close(both[i : i + 1], alone, rtol=0, atol=0)


def test_nothing_stays_nothing() -> None:
    x = torch.tensor([[0.3, torch.nan, torch.inf]], dtype=torch.float64)
    values = local_basis(x, *ends(0.0, 1.0), 4, 3).values.sum(1)
    assert values.isfinite().tolist() == [[True, False, False]]


def test_the_pieces_are_continuous() -> None:
    for order in range(1, 6):
        table = pieces(order)
        start, end = table[:, 0], table.sum(1)
        torch.testing.assert_close(end[1:], start[:-1])
        assert end[0] == pytest.approx(0, abs=1e-15)


# The small penalty that bridges empty intervals is felt where a basis function hardly reaches into the grid.
@pytest.mark.parametrize(("order", "tolerance"), [(1, 1e-5), (2, 2e-5), (3, 1e-4), (5, 2e-3)])
def test_a_fit_of_samples_is_the_least_squares_spline(order: int, tolerance: float, generator: torch.Generator) -> None:
    x = torch.rand(1, 400, dtype=torch.float64, generator=generator) * 3 - 1
    y = (2 * x).sin() + 0.1 * x.exp()
    edge = fit_spline(x, y, 6, order)
    reference = scipy_spline(torch.eye(6 + order, dtype=torch.float64), float(edge.low), float(edge.high), 6, order)
    columns = reference(x[0].numpy())
    coef = np.linalg.lstsq(columns, y[0].numpy(), rcond=None)[0]
    np.testing.assert_allclose(edge(x).y[0].numpy(), columns @ coef, rtol=0, atol=tolerance)
    assert float(edge.low) < float(x.min())
    assert float(edge.high) > float(x.max())


def test_a_gap_in_the_samples_is_bridged_smoothly() -> None:
    x = torch.cat([torch.linspace(0, 1, 50), torch.linspace(9, 10, 50)]).to(torch.float64)[None, :]
    edge = fit_spline(x, 3 * x - 1, 20)
    between = torch.linspace(1, 9, 40, dtype=torch.float64)[None, :]
    torch.testing.assert_close(edge(between).y, 3 * between - 1, rtol=0, atol=0.3)


def test_samples_all_at_one_place_give_a_finite_spline() -> None:
    x = torch.full((1, 20), 2.5, dtype=torch.float64)
    edge = fit_spline(x, torch.full_like(x, 4.0), 5)
    assert edge.coef.isfinite().all()
    torch.testing.assert_close(edge(x).y, torch.full_like(x, 4.0), rtol=1e-4, atol=0)
