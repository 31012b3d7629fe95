"""What stands on an edge: a spline, or a function of the library with its constants.

Both kinds give, for a batch of networks at once, their value, their derivative by x and their derivatives by
the free parameters, which is all that training needs to know of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import silu

from kansr.functions import Function
from kansr.kan.splines import dense_basis, local_basis

__all__ = ["Activation", "EdgeFunction", "SplineEdge", "SymbolicEdge", "fit_spline"]

# Writes d output / d parameters into its block `(batch, parameters, n)`, given d output / d activation.
FillJacobian = Callable[[Tensor, Tensor], None]


@dataclass(frozen=True)
class Activation:
    """An edge at work on the data.

    Attributes:
        x: What goes in, `(batch, n)`.
        y: What comes out, `(batch, n)`.
        slope: dy/dx, `(batch, n)`.
        fill_jacobian: Writes the edge's block of the Jacobian.
    """

    x: Tensor
    y: Tensor
    slope: Tensor
    fill_jacobian: FillJacobian


class EdgeFunction(Protocol):
    """A function on an edge, for a batch of networks."""

    @property
    def parameters(self) -> Tensor:
        """The free parameters, `(batch, m)`."""

    def with_parameters(self, parameters: Tensor) -> EdgeFunction:
        """The same function with other parameters."""

    def __call__(self, x: Tensor) -> Activation:
        """Evaluates it. x: (batch, n)."""

    def select(self, members: Tensor) -> EdgeFunction:
        """The function in some members of the batch only."""


@dataclass(frozen=True)
class SplineEdge:
    """`scale_base * silu(x) + sum_i coef_i * B_i(x)` (Liu et al. 2024, arXiv:2404.19756, eq. 2.10 to 2.12).

    The paper's `scale_spline` is absorbed in `coef`: a product of two free parameters is a flat direction.

    Attributes:
        coef: `(batch, grid_size + order)`.
        low: Left end of the grid, `(batch, 1)`.
        high: Right end of the grid, `(batch, 1)`.
        order: Degree k of the pieces.
        scale_base: `(batch, 1)`, or None without the base function.
    """

    coef: Tensor
    low: Tensor
    high: Tensor
    order: int = 3
    scale_base: Tensor | None = None

    @property
    def grid_size(self) -> int:
        """Number of grid intervals G."""
        return self.coef.shape[1] - self.order

    @property
    def parameters(self) -> Tensor:
        """The coefficients, then `scale_base` where there is one."""
        return self.coef if self.scale_base is None else torch.cat([self.coef, self.scale_base], 1)

    def with_parameters(self, parameters: Tensor) -> SplineEdge:
        """The same grid with other coefficients."""
        if self.scale_base is None:
            return replace(self, coef=parameters)
        return replace(self, coef=parameters[:, :-1], scale_base=parameters[:, -1:])

    def select(self, members: Tensor) -> SplineEdge:
        """The spline in some members of the batch only."""
        base = None if self.scale_base is None else self.scale_base[members]
        return replace(self, coef=self.coef[members], low=self.low[members], high=self.high[members], scale_base=base)

    def affine(self, scale: Tensor, shift: Tensor) -> SplineEdge:
        """The curve times `scale` plus `shift`, `(batch, 1)` each: the basis functions sum to one."""
        base = None if self.scale_base is None else self.scale_base * scale
        return replace(self, coef=self.coef * scale + shift, scale_base=base)

    def __call__(self, x: Tensor) -> Activation:
        """Evaluates the curve. x: (batch, n)."""
        x = x.expand(self.coef.shape[0], -1)
        basis = local_basis(x, self.low, self.high, self.grid_size, self.order)
        columns = basis.columns()
        coef = self.coef.gather(1, columns.flatten(1)).view_as(columns)
        y = (coef * basis.values).sum(1)
        slope = (coef * basis.slopes).sum(1)
        base = self.scale_base
        if base is not None:
            s = torch.sigmoid(x)
            y = y + base * x * s
            slope = slope + base * s * (1 + x * (1 - s))

        def fill_jacobian(block: Tensor, sensitivity: Tensor) -> None:
            splines = block if base is None else block[:, :-1]
            splines.zero_().scatter_(1, columns, basis.values * sensitivity[:, None, :])
            if base is not None:
                block[:, -1] = silu(x) * sensitivity

        return Activation(x, y, slope, fill_jacobian)


@dataclass(frozen=True)
class SymbolicEdge:
    """`c * f(a*x + b) + d` with a function `f` of the library.

    Attributes:
        function: f.
        constants: c, d, a, b, `(batch, 4)`.
        free: Which of the four are fitted.
    """

    function: Function
    constants: Tensor
    free: tuple[bool, bool, bool, bool]

    @classmethod
    def of(cls, function: Function, constants: Tensor) -> SymbolicEdge:
        """With the function's own minimal set of free constants."""
        scale, shift = function.inner.value
        return cls(function, constants, (function.complexity > 0, True, scale, shift))

    @property
    def _free_columns(self) -> list[int]:
        return [i for i, free in enumerate(self.free) if free]

    @property
    def parameters(self) -> Tensor:
        """The free constants."""
        return self.constants[:, self._free_columns]

    def with_parameters(self, parameters: Tensor) -> SymbolicEdge:
        """The same function with other free constants."""
        constants = self.constants.clone()
        constants[:, self._free_columns] = parameters
        return replace(self, constants=constants)

    def select(self, members: Tensor) -> SymbolicEdge:
        """The function in some members of the batch only."""
        return replace(self, constants=self.constants[members])

    def __call__(self, x: Tensor) -> Activation:
        """Evaluates the function. x: (batch, n)."""
        x = x.expand(self.constants.shape[0], -1)
        c, d, a, b = self.constants.T[..., None]
        u = a * x + b
        f, df = self.function.value(u), self.function.derivative(u)
        inner = c * df

        def fill_jacobian(block: Tensor, sensitivity: Tensor) -> None:
            columns = (f, None, inner * x, inner)
            for row, i in enumerate(self._free_columns):
                column = columns[i]
                block[:, row] = sensitivity if column is None else column * sensitivity

        return Activation(x, c * f + d, a * inner, fill_jacobian)


def fit_spline(x: Tensor, y: Tensor, grid_size: int, order: int = 3, margin: float = 0.005) -> SplineEdge:
    """The spline through samples of a curve, by least squares on a grid that covers them.

    Where an interval holds no sample, a small penalty on second differences (P. Eilers & B. Marx, Statist. Sci. 11,
    1996) bridges it smoothly.

    Args:
        x: Samples, `(batch, n)`.
        y: The curve there, `(batch, n)`.
        grid_size: Number of intervals G.
        order: Degree k of the pieces.
        margin: Room beyond the outermost samples, as a share of their range.
    """
    low, high = x.min(1, keepdim=True).values, x.max(1, keepdim=True).values
    room = margin * (high - low) + 1e-9 * (1 + low.abs())
    low, high = low - room, high + room
    basis = dense_basis(x, low, high, grid_size, order)
    size = grid_size + order
    bend = torch.diff(torch.eye(size, dtype=x.dtype), n=2, dim=0)
    normal = basis @ basis.mT + 1e-7 * x.shape[1] * (bend.T @ bend + 1e-4 * torch.eye(size, dtype=x.dtype))
    coef = torch.linalg.solve(normal, (basis @ y[:, :, None])[:, :, 0])
    return SplineEdge(coef, low, high, order)
