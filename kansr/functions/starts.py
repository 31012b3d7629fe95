"""Start values for the inner constants `a` and `b` of `c*f(a*x + b) + d`.

The outer constants are linear and solved exactly for each start (variable projection), so a start is only
two numbers, and a grid over the plausible ones costs less than one badly chosen descent.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["bounded", "fixed", "inside", "oscillating", "poles", "scales", "shifts", "steps"]

# How far outside the data a singularity may sit, in units of the data's range.
_GAPS = (1e-6, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0, 8.0, 20.0)


def _pairs(rows: list[tuple[float, float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def fixed(low: float, high: float) -> Tensor:
    """Only `a = 1, b = 0`."""
    return _pairs([(1.0, 0.0)])


def shifts(low: float, high: float) -> Tensor:
    """For functions of a positive argument: `x + b` and the reflected `b - x`, positive on the data."""
    span = high - low
    ahead = [(1.0, -low + gap * span) for gap in _GAPS]
    reflected = [(-1.0, high + gap * span) for gap in _GAPS]
    return _pairs([*ahead, *reflected])


def poles(low: float, high: float) -> Tensor:
    """For negative powers: the pole on either side of the data (reflection would only change a sign)."""
    span = high - low
    return _pairs([(1.0, -low + g * span) for g in _GAPS] + [(1.0, -high - g * span) for g in _GAPS])


def inside(low: float, high: float) -> Tensor:
    """For positive powers and `abs`: the centre inside the data or on either side of it."""
    span = high - low
    return _pairs([(1.0, -(low + span * float(q))) for q in torch.linspace(-3.0, 4.0, 57)])


def scales(low: float, high: float) -> Tensor:
    """For growth and decay: rates from nearly linear to a factor `exp(30)` over the data."""
    rates = torch.logspace(math.log10(0.05), math.log10(30.0), 20, dtype=torch.float64) / (high - low)
    rates = torch.cat([-rates, rates])
    return torch.stack([rates, torch.zeros_like(rates)], 1)


def oscillating(low: float, high: float) -> Tensor:
    """For sine and cosine: up to five periods over the data, four phases each."""
    rates = torch.linspace(0.4, 32.0, 80, dtype=torch.float64) / (high - low)
    phases = torch.arange(4, dtype=torch.float64) * (math.pi / 4)
    grid = torch.cartesian_prod(rates, phases)
    grid[:, 1] -= grid[:, 0] * (low + high) / 2
    return grid


def steps(low: float, high: float) -> Tensor:
    """For functions with one centre and a width (tanh, Gaussian, ...)."""
    span = high - low
    rows = [(s / span, -s / span * (low + span * t / 4)) for s in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0) for t in range(-4, 9)]
    return _pairs(rows)


def bounded(low: float, high: float) -> Tensor:
    """For asin and acos: the data mapped into parts of `[-1, 1]`."""
    span = high - low
    ends = (-0.9999, -0.99, -0.9, -0.6, -0.2, 0.0, 0.3, 0.6, 0.9, 0.99, 0.9999)
    return _pairs([((q - p) / span, p - (q - p) / span * low) for p in ends for q in ends if q > p])
