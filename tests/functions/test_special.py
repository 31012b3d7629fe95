"""Special functions and their derivatives against mpmath, over the whole range of float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import special as scipy_special

from kansr.functions import LIBRARY, special

Array = NDArray[np.float64]
Exact = Callable[[mpmath.mpf], mpmath.mpf]
INVERSE_E = 0.36787944117144233

TINY = np.logspace(-300, -3, 25)
# no zero of a Bessel function is hit; 25 is where another formula takes over
MODERATE = np.concatenate([np.linspace(0.01, 40, 150), [24.999999, 25.0, 25.000001]])
LARGE = np.logspace(1.7, 8, 30)
NEAR_WHOLE = -np.arange(1, 40) + 1e-7
NEGATIVE = -np.concatenate([TINY, np.linspace(0.0123, 169.3, 200)])
POSITIVE = np.concatenate([TINY, np.linspace(0.013, 171.0, 200)])
LOW_W = -INVERSE_E + np.logspace(-16.2, -0.45, 80)
ANY_W = np.concatenate([np.logspace(-300, 308, 80), -np.logspace(-300, -0.5, 40), np.linspace(-0.36, 5, 60)])


def both(x: Array) -> Array:
    return np.concatenate([x, -x])


def exact(function: Exact, x: Array) -> Array:
    with mpmath.workdps(50):
        return np.array([float(function(mpmath.mpf(float(v)))) for v in x])


def check(name: str, value: Exact, slope: Exact, x: Array, scale: Array | float = 0.0) -> None:
    """Value and derivative, each relative to itself or to the scale, whichever is larger."""
    entry, at = LIBRARY[name], torch.from_numpy(x)
    for actual, expected in ((entry.value(at), exact(value, x)), (entry.derivative(at), exact(slope, x))):
        error = np.abs(actual.numpy() - expected)
        worst = float((error / np.maximum(np.abs(expected), scale)).max())
        assert worst < 1e-13


@pytest.mark.parametrize("order", [0, 1])
def test_bessel_functions(order: int) -> None:
    """Near their zeros only the error relative to the wave's height can be small."""
    x = both(np.concatenate([MODERATE, LARGE]))
    height = np.minimum(0.3, 0.7 / np.sqrt(np.abs(x)))
    check(f"J{order}", lambda v: mpmath.besselj(order, v), lambda v: mpmath.besselj(order, v, 1), x, height)


def test_bessel_functions_of_tiny_arguments() -> None:
    check("J1", lambda v: mpmath.besselj(1, v), lambda v: mpmath.besselj(1, v, 1), both(TINY))
    check("J0", lambda v: mpmath.besselj(0, v), lambda v: mpmath.besselj(0, v, 1), both(TINY))
    assert special.bessel_j1(torch.zeros(1, dtype=torch.float64)).item() == 0
    assert special.bessel_j1_slope(torch.zeros(1, dtype=torch.float64)).item() == 0.5


def test_error_function() -> None:
    x = both(np.concatenate([TINY, np.linspace(0.01, 20, 100)]))
    check("erf", mpmath.erf, lambda v: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-v * v), x)


def test_gamma_has_the_right_sign_everywhere() -> None:
    moderate = np.abs(NEGATIVE) > 1e-150  # the derivative overflows nearer to the pole
    x = np.concatenate([POSITIVE[POSITIVE > 1e-150], NEGATIVE[moderate], NEAR_WHOLE])
    value = exact(mpmath.gamma, x)
    np.testing.assert_allclose(LIBRARY["gamma"].value(torch.from_numpy(x)), value, rtol=1e-13)
    slope = exact(lambda v: mpmath.gamma(v) * mpmath.digamma(v), x)
    error = np.abs(LIBRARY["gamma"].derivative(torch.from_numpy(x)).numpy() - slope)
    assert (error <= 1e-13 * np.maximum(np.abs(slope), np.abs(value))).all()
    tiny = torch.from_numpy(both(TINY))
    np.testing.assert_allclose(LIBRARY["gamma"].value(tiny), scipy_special.gamma(tiny.numpy()), rtol=1e-13)


def test_logarithm_of_gamma() -> None:
    x = np.concatenate([POSITIVE, np.logspace(2, 300, 30)])
    at = torch.from_numpy(x)
    np.testing.assert_allclose(LIBRARY["loggamma"].value(at), exact(mpmath.loggamma, x), rtol=1e-13)
    np.testing.assert_allclose(LIBRARY["loggamma"].derivative(at), exact(mpmath.digamma, x), rtol=1e-13)


def test_lambert_w_up_to_its_branch_point_and_to_the_largest_number() -> None:
    x = np.concatenate([LOW_W, ANY_W, [np.nextafter(-INVERSE_E, 0)]])
    with mpmath.workdps(50):
        w = [mpmath.lambertw(mpmath.mpf(float(v))).real for v in x]
        slope = np.array([float(1 / ((1 + v) * mpmath.exp(v))) for v in w])
    at = torch.from_numpy(x)
    np.testing.assert_allclose(special.lambert_w(at), np.array([float(v) for v in w]), rtol=1e-14)
    np.testing.assert_allclose(special.lambert_w_slope(at), slope, rtol=1e-13)
    zero = torch.zeros(1, dtype=torch.float64)
    assert (special.lambert_w(zero).item(), special.lambert_w_slope(zero).item()) == (0, 1)


@pytest.mark.parametrize(
    ("name", "outside"),
    [("gamma", [0.0, -1.0, -7.0]), ("loggamma", [0.0, -0.5, -2.0]), ("W", [-0.368, -INVERSE_E, -1.0, -1e300])],
)
def test_outside_of_the_domain_there_is_no_value(name: str, outside: list[float]) -> None:
    assert LIBRARY[name].value(torch.tensor(outside, dtype=torch.float64)).isnan().all()


@pytest.mark.parametrize("name", ["J0", "J1", "erf", "gamma", "loggamma", "W"])
def test_a_missing_value_stays_missing(name: str) -> None:
    nothing = torch.tensor([math.nan], dtype=torch.float64)
    assert LIBRARY[name].value(nothing).isnan().all()
    assert LIBRARY[name].derivative(nothing).isnan().all()
