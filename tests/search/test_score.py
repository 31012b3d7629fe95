from __future__ import annotations

import math

import pytest

from kansr.search.score import NODE, ROUNDING, constants_length, description_length, spline_length


def test_description_length_by_hand() -> None:
    assert description_length(1e-4, 200, 3.0, 5) == pytest.approx(100 * math.log(1e-4) + 3.0 + 5 * NODE)
    assert description_length(0.0, 200, 0, 0) == pytest.approx(100 * math.log(ROUNDING))
    assert description_length(1e-8, 200, 0, 0, floor=1e-6) == pytest.approx(100 * math.log(1e-6))
    assert description_length(math.inf, 200, 0, 0) == math.inf
    assert description_length(math.nan, 200, 0, 0) == math.inf


def test_a_constant_costs_the_digits_that_the_data_give_it() -> None:
    assert constants_length([5.0], [5e-4], 100) == pytest.approx(math.log(1e4), rel=1e-3)
    assert constants_length([5.0, -5.0], [5e-4, 5e-4], 100) == pytest.approx(2 * math.log(1e4), rel=1e-3)
    # never less than half a logarithm of the rows
    assert constants_length([0.001], [1.0], 10_000) == pytest.approx(0.5 * math.log(10_000))
    # more than any that is determined, also when the error is exactly zero
    assert constants_length([1.0], [None], 100) > constants_length([1.0], [1e-14], 100)
    assert constants_length([], [], 100) == 0


def test_an_edge_fewer_is_worth_more_than_a_little_error() -> None:
    assert spline_length(1.0e-3, 500, 24, 0.0) < spline_length(0.99e-3, 500, 32, 0.0)
    assert spline_length(1.0e-3, 500, 24, 0.0) > spline_length(0.5e-3, 500, 32, 0.0)
    assert spline_length(1e-3, 500, 10, 0.0) == pytest.approx(description_length(1e-3, 500, 5 * math.log(500), 0))


def test_losses_below_the_blur_are_equal() -> None:
    assert spline_length(1e-8, 500, 8, 1e-8) == spline_length(8e-8, 500, 8, 1e-8)
    assert spline_length(1e-8, 500, 8, 1e-8) < spline_length(1e-7, 500, 8, 1e-8)
