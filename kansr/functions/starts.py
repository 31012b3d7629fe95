"""Start values for the inner constants `a` and `b` of `c*f(a*x + b) + d`, for an argument that fills [0, 1].

The outer constants are linear and solved exactly for each start (variable projection), so a start is only
two numbers, and a grid over the plausible ones costs less than one badly chosen descent. Data on another
interval are mapped to [0, 1] first: every form here keeps its shape under that map.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = [
    "bounded",
    "fixed",
    "inside",
    "oscillating",
    "poles",
    "ripples",
    "scales",
    "shifts",
    "steps",
    "stretched_shifts",
]

# How far outside the data a singularity may sit, in units of the data's range.
_GAPS = (1e-6, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0, 8.0, 20.0)


def _pairs(rows: list[tuple[float, float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def fixed() -> Tensor:
    """Only `a = 1, b = 0`."""
    return _pairs([(1.0, 0.0)])


def shifts() -> Tensor:
    """For functions of a positive argument: `x + b` and the reflected `b - x`."""
    return _pairs([(1.0, gap) for gap in _GAPS] + [(-1.0, 1 + gap) for gap in _GAPS])


def stretched_shifts(edge: float = 0.0) -> Tensor:
    """For functions of an argument above `edge` whose shape changes with its scale, such as gamma; reflected too."""
    scales = (0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1024.0)
    gaps = (0.01, 0.1, 0.3, 0.6, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
    return _pairs(
        [(a, gap + edge) for a in scales for gap in gaps] + [(-a, a + gap + edge) for a in scales for gap in gaps]
    )


def poles() -> Tensor:
    """For negative powers: the pole on either side of the data (reflection would only change a sign)."""
    return _pairs([(1.0, gap) for gap in _GAPS] + [(1.0, -1 - gap) for gap in _GAPS])


def inside() -> Tensor:
    """For positive powers and `abs`: the centre inside the data or on either side of it."""
    return _pairs([(1.0, -float(q)) for q in torch.linspace(-3.0, 4.0, 57)])


def scales() -> Tensor:
    """For growth and decay: rates from nearly linear to a factor `exp(30)` over the data."""
    rates = torch.logspace(math.log10(0.05), math.log10(30.0), 20, dtype=torch.float64)
    rates = torch.cat([-rates, rates])
    return torch.stack([rates, torch.zeros_like(rates)], 1)


def oscillating() -> Tensor:
    """For sine and cosine: up to five periods over the data, four phases each."""
    rates = torch.linspace(0.4, 32.0, 80, dtype=torch.float64)
    phases = torch.arange(4, dtype=torch.float64) * (math.pi / 4)
    grid = torch.cartesian_prod(rates, phases)
    grid[:, 1] -= grid[:, 0] / 2
    return grid


def ripples() -> Tensor:
    """For Bessel functions, waves with a centre: among the data or below them, in steps of a sixth of a period."""
    rates = [float(a) for a in torch.linspace(0.8, 32.0, 40)]
    return _pairs([(a, k * math.pi / 3) for a in rates for k in range(-int(a), int(1.2 * a) + 1)])


def steps() -> Tensor:
    """For functions with one centre and a width (tanh, Gaussian, ...)."""
    return _pairs([(s, -s * t / 4) for s in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0) for t in range(-4, 9)])


def bounded() -> Tensor:
    """For asin and acos: the data mapped into parts of [-1, 1]."""
    ends = (-0.9999, -0.99, -0.9, -0.6, -0.2, 0.0, 0.3, 0.6, 0.9, 0.99, 0.9999)
    return _pairs([(q - p, p) for p in ends for q in ends if q > p])
