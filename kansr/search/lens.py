"""How a network sees the table: which columns through a logarithm, all scaled, the target with variance one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import sympy
import torch
from torch import Tensor

__all__ = ["Lens", "TargetView", "lenses", "views"]

# A positive column is seen through a logarithm if it spans more than this factor, with half of its values crowded into
# this share of the range (a time that starts close to zero spans decades too, but evenly).
_WIDE, _CROWDED = 50.0, 0.15
# The target's logarithm is tried from this factor on: products become sums.
_PRODUCT_LIKE = 2.0


class TargetView(Enum):
    """What the network is trained to give."""

    RAW = "y"
    LOG = "log(y)"
    LOG_OF_NEGATIVE = "log(-y)"


@dataclass(frozen=True)
class Lens:
    """Maps between the table and what the network sees.

    Attributes:
        logs: Which inputs go through a logarithm.
        centre: Middle of each input, after the logarithm.
        scale: Half its range; the network sees `[-1, 1]`.
        view: What the network is trained to give.
        shift: Mean of that.
        spread: Its standard deviation; the network gives mean zero and variance one.
    """

    logs: tuple[bool, ...]
    centre: Tensor
    scale: Tensor
    view: TargetView
    shift: float
    spread: float

    @classmethod
    def of(cls, x: Tensor, y: Tensor, view: TargetView, *, logarithms: bool = True) -> Lens:
        """For given rows. x: (n, d), y: (n,). Inputs may be seen through logarithms, or none is."""
        return cls.through(x, y, view, tuple(logarithms and _spans_decades(c) for c in x.T))

    @classmethod
    def through(cls, x: Tensor, y: Tensor, view: TargetView, logs: tuple[bool, ...]) -> Lens:
        """For given rows, with logarithms of given columns. x: (n, d), y: (n,)."""
        seen = _logged(x, logs)
        low, high = seen.min(0).values, seen.max(0).values
        t = _view(y, view)
        # what is the same in all training rows, though not in all rows, is divided by one
        scale = torch.where(high > low, (high - low) / 2, 1.0)
        return cls(logs, (low + high) / 2, scale, view, float(t.mean()), float(t.std(correction=0)) or 1.0)

    def inputs(self, x: Tensor) -> Tensor:
        """What the network reads, `(n, d)`."""
        return (_logged(x, self.logs) - self.centre) / self.scale

    def target(self, y: Tensor) -> Tensor:
        """What the network shall give, `(n,)`."""
        return (_view(y, self.view) - self.shift) / self.spread

    def weight(self, y: Tensor, weight: Tensor | None) -> Tensor | None:
        """Factor on each row's residual as the network sees it, `(n,)`, rms one; None where all count alike.

        Through a logarithm errors that are equal in the target's units grow as it shrinks: small targets count less.
        Large ones count alike, since there the network's own error is relative.
        """
        if self.view is TargetView.RAW:
            return weight
        size = y.abs()
        listens = size / torch.hypot(size, size.median())
        listens = listens if weight is None else listens * weight
        return listens / listens.square().mean().sqrt()

    def restore(self, output: Tensor) -> Tensor:
        """The target in its own units from the network's output."""
        t = output * self.spread + self.shift
        if self.view is TargetView.RAW:
            return t
        return t.exp() if self.view is TargetView.LOG else -t.exp()

    def uncentred(self) -> Lens:
        """The same without the shift of the target: `y - mean` of a product is no product."""
        return replace(self, shift=0.0)

    @property
    def logarithmic(self) -> list[float]:
        """For each input the factor k for which `exp(k*input)` is the column up to a constant; 0 without a log."""
        return [float(s) if log else 0.0 for log, s in zip(self.logs, self.scale, strict=True)]

    def input_expressions(self, symbols: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
        """What the network reads, in terms of the columns."""
        numbers = zip(symbols, self.logs, self.centre.tolist(), self.scale.tolist(), strict=True)
        return [(sympy.log(s) if log else s) / sympy.Float(r, 17) - sympy.Float(c / r, 17) for s, log, c, r in numbers]

    def output_expression(self, output: sympy.Expr) -> sympy.Expr:
        """The target in terms of the network's output."""
        spread = sympy.Float(self.spread, 17)
        t = sympy.Add(*(spread * term for term in sympy.Add.make_args(output)), sympy.Float(self.shift, 17))
        if self.view is TargetView.RAW:
            return t
        return sympy.exp(t) if self.view is TargetView.LOG else -sympy.exp(t)


def _spans_decades(column: Tensor) -> bool:
    low, high = float(column.min()), float(column.max())
    return low > 0 and high > _WIDE * low and float(column.median()) - low < _CROWDED * (high - low)


def _logged(x: Tensor, logs: Sequence[bool]) -> Tensor:
    return torch.stack([c.log() if log else c for c, log in zip(x.T, logs, strict=True)], 1)


def _view(y: Tensor, view: TargetView) -> Tensor:
    return y if view is TargetView.RAW else y.log() if view is TargetView.LOG else (-y).log()


def lenses(x: Tensor, y: Tensor, *, logarithms: bool = True) -> list[Lens]:
    """The ways worth trying to look at a table, the most promising first.

    Args:
        x: Inputs, `(n, d)`.
        y: Target, `(n,)`.
        logarithms: Whether logarithms may be looked through; what is seen so can only be named with `exp` and `log`.
    """
    return [Lens.of(x, y, view, logarithms=logarithms) for view in views(y, logarithms=logarithms)]


def views(y: Tensor, *, logarithms: bool = True) -> list[TargetView]:
    """The ways worth trying to look at a target, `(n,)`, the most promising first."""
    if logarithms and bool((y > 0).all()) and float(y.max() / y.min()) > _PRODUCT_LIKE:
        return [TargetView.LOG, TargetView.RAW]
    if logarithms and bool((y < 0).all()) and float(y.min() / y.max()) > _PRODUCT_LIKE:
        return [TargetView.LOG_OF_NEGATIVE, TargetView.RAW]
    return [TargetView.RAW]
