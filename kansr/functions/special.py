"""Special functions on tensors, value and derivative, to the precision of float64.

torch's own Bessel functions are wrong in the seventh digit near 5 (torch 2.13), and it has neither a gamma function nor
Lambert's W. What is written here stays on the device and needs no branch per element: every formula is evaluated for
all elements, with its argument clamped to where it is valid, and the right one is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = [
    "bessel_j0",
    "bessel_j1",
    "bessel_j1_slope",
    "digamma",
    "erf_slope",
    "gamma",
    "gamma_slope",
    "lambert_w",
    "lambert_w_slope",
    "log_gamma",
]

# Up to here the mean over a period, beyond it the asymptotic series; there the smallest term is below e^-50.
_FAR, _HANKEL_TERMS = 25.0, 22
# Nodes in half a period: the error is J_79(25) or less, some 1e-25.
_NODES = tuple(math.sin((k + 0.5) * math.pi / 40) for k in range(20))
# From here on seven terms of Stirling's series have an error below 1e-16.
_STIRLING = 12
_STIRLING_TERMS = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
# 1/e as the sum of two floats: Lambert's W has its branch point at -1/e.
_INVERSE_E = (0.36787944117144233, -1.2428753672788363e-17)
# Nearer to the branch point, in `sqrt(2 (e u + 1))`, than this, the series is used.
_NEAR_BRANCH = 0.2


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    value = torch.zeros_like(x)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def bessel_j0(u: Tensor) -> Tensor:
    """Bessel function of the first kind of order zero."""
    return _bessel(0, u)


def bessel_j1(u: Tensor) -> Tensor:
    """Bessel function of the first kind of order one."""
    return _bessel(1, u)


def bessel_j1_slope(u: Tensor) -> Tensor:
    """Derivative of J1."""
    return bessel_j0(u) - torch.where(u == 0, 0.5, bessel_j1(u) / u)


def _bessel(order: int, u: Tensor) -> Tensor:
    x = u.abs()
    value = torch.where(x < _FAR, _bessel_mean(order, x.clamp_max(_FAR)), _bessel_far(order, x.clamp_min(_FAR)))
    return value if order == 0 else value * u.sign()


def _bessel_mean(order: int, x: Tensor) -> Tensor:
    """`J0(x)` is the mean of `cos(x sin t)` over a period, `J1(x)` that of `sin(t) sin(x sin t)`.

    The trapezoidal rule converges exponentially (L. N. Trefethen & J. A. C. Weideman, SIAM Rev. 56, 2014).
    """
    terms = (torch.cos(x * s) if order == 0 else s * torch.sin(x * s) for s in _NODES)
    return sum(terms, torch.zeros_like(x)) / len(_NODES)


def _hankel_coefficients(order: int) -> tuple[list[float], list[float]]:
    """Coefficients of the two series in `1/x^2` (NIST Digital Library of Mathematical Functions, 10.17.3)."""
    a = [1.0]
    for k in range(1, _HANKEL_TERMS):
        a.append(a[-1] * (4 * order**2 - (2 * k - 1) ** 2) / (8 * k))
    signed = [c * (1, 1, -1, -1)[k % 4] for k, c in enumerate(a)]
    return signed[::2], signed[1::2]


_HANKEL = tuple(_hankel_coefficients(order) for order in (0, 1))


def _bessel_far(order: int, x: Tensor) -> Tensor:
    even, odd = _HANKEL[order]
    inverse = x.reciprocal()
    cos, sin = torch.cos(x), torch.sin(x)
    # cosine and sine of x - pi/4 or x - 3/4 pi, times sqrt(2): a phase would be rounded
    cosine, sine = (cos + sin, sin - cos) if order == 0 else (sin - cos, -sin - cos)
    series = cosine * _polynomial(even, inverse**2) - sine * inverse * _polynomial(odd, inverse**2)
    return series * (inverse / math.pi).sqrt()


def erf_slope(u: Tensor) -> Tensor:
    """Derivative of the error function."""
    return torch.exp(-u * u) * (2 / math.sqrt(math.pi))


def gamma(u: Tensor) -> Tensor:
    """The gamma function, NaN at its poles."""
    value = _gamma_of_positive(u.abs())
    return torch.where(u > 0, value, -math.pi / (u * value * _sin_pi(u))).masked_fill(_is_pole(u), math.nan)


def gamma_slope(u: Tensor) -> Tensor:
    """Derivative of the gamma function."""
    return gamma(u) * digamma(u)


def log_gamma(u: Tensor) -> Tensor:
    """Logarithm of the gamma function, for positive arguments."""
    return torch.lgamma(u).masked_fill(u <= 0, math.nan)


def digamma(u: Tensor) -> Tensor:
    """Logarithmic derivative of the gamma function, NaN at its poles.

    torch's own loses digits near the negative whole numbers.
    """
    positive = torch.digamma(u.abs())
    reflected = positive - 1 / u - math.pi / torch.tan(math.pi * (u - u.round()))
    return torch.where(u > 0, positive, reflected).masked_fill(_is_pole(u), math.nan)


def _is_pole(u: Tensor) -> Tensor:
    return (u <= 0) & (u == u.round())


def _sin_pi(u: Tensor) -> Tensor:
    """`sin(pi u)`, exact in its zeros."""
    whole = u.round()
    return torch.sin(math.pi * (u - whole)) * (1 - 2 * whole.remainder(2))


def _gamma_of_positive(x: Tensor) -> Tensor:
    """Stirling's series, after the recurrence has led to where it holds."""
    product = torch.ones_like(x)
    for _ in range(_STIRLING):
        low = x < _STIRLING
        product = torch.where(low, product * x, product)
        x = torch.where(low, x + 1, x)
    inverse = x.reciprocal()
    correction = torch.exp(inverse * _polynomial(_STIRLING_TERMS, inverse**2))
    root = torch.pow(x, 0.5 * x - 0.25)  # the whole power would overflow too early
    return (root * torch.exp(-x)) * root * correction * math.sqrt(2 * math.pi) / product


def lambert_w(u: Tensor) -> Tensor:
    """Principal branch of Lambert's W, the inverse of `w exp(w)`; NaN below -1/e."""
    return _lambert(u)[0]


def lambert_w_slope(u: Tensor) -> Tensor:
    """Derivative of Lambert's W; infinite at -1/e."""
    w, above = _lambert(u)
    return torch.where(u == 0, 1.0, w / u) / above


def _branch_coefficients(terms: int = 22) -> list[float]:
    """Of W as a series in `sqrt(2 (e u + 1))` (R. M. Corless et al., Adv. Comput. Math. 5, 1996, eq. 4.23)."""
    m, a = [-1.0, 1.0], [2.0, -1.0]
    for k in range(2, terms):
        a.append(sum(m[j] * m[k + 1 - j] for j in range(2, k)))
        m.append((k - 1) / (k + 1) * (m[k - 2] / 2 + a[k - 2] / 4) - a[k] / 2 - m[k - 1] / (k + 1))
    return m


_BRANCH = _branch_coefficients()


def _lambert(u: Tensor) -> tuple[Tensor, Tensor]:
    """`W(u)`, and `1 + W(u)` with all its digits near the branch point, where it vanishes."""
    distance = (u + _INVERSE_E[0]) + _INVERSE_E[1]
    p = (2 * math.e * distance).sqrt()
    near = p * _polynomial(_BRANCH[1:], p.clamp_max(_NEAR_BRANCH))
    # a start for either sign (S. Winitzki, 2003), then Newton's method (R. Iacono & J. P. Boyd, Adv. Comput. Math. 43,
    # 2017), which neither overflows nor loses digits
    log = torch.log1p(u.clamp_min(0))
    below = math.e * u / (1 + 1 / (1 / p + 1 / (math.e - 1) - math.sqrt(0.5)))
    w = torch.where(u > 0, log * (1 - torch.log1p(log) / (2 + log)), below)
    for _ in range(5):
        w = w * (1 + torch.log(u / w)) / (1 + w)
    w = torch.where(u == 0, u, w)
    close = p < _NEAR_BRANCH
    return torch.where(close, near - 1, w), torch.where(close, near, 1 + w)
