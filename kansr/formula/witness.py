"""Points that show a fault of a formula: where it has no finite value, and poles that lie between two points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import sympy
from numpy.typing import NDArray

from kansr.formula.evaluate import evaluate, node_values
from kansr.formula.interval import Bounds, is_proven

__all__ = ["Fault", "Sample", "Trouble"]

Array = NDArray[np.float64]

# So many suspicious points or boxes are looked at closely.
_SUSPECTS = 2
# Next to a pole, at the first of these distances, a formula is larger by `_GROWTH` than at the others; a smooth one,
# and one whose gap can be closed, is not.
_DISTANCES, _GROWTH = (1e-7, 1e-5, 1e-3), 5.0


class Trouble(Enum):
    """What is wrong somewhere; the text is what the user reads."""

    POLE = "has a pole inside"
    UNREAL = "has no real value in a part of"
    OVERFLOW = "is too large for a number in a part of"


@dataclass(frozen=True)
class Fault:
    """A fault with a witness.

    Attributes:
        trouble: What is wrong.
        point: Where, or, for a pole, next to where: values of the symbols that it depends on, by name.
    """

    trouble: Trouble
    point: Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """Points in several boxes.

    Attributes:
        expression: The formula.
        names: Names of its symbols.
        points: `(boxes, points, symbols)`; the last point of each box is inside and on none of its symmetry planes.
        bounds: Bounds of all parts of the formula on each box; a part whose bounds are finite is continuous there.
    """

    expression: sympy.Expr
    names: Sequence[str]
    points: Array
    bounds: Mapping[sympy.Expr, Bounds]

    def faults(self) -> Iterator[Fault]:
        """The faults that the points show, each beyond doubt."""
        shape = self.points.shape[:2]
        found = node_values(self.expression, dict(zip(self.names, np.moveaxis(self.points, 2, 0), strict=True)))
        values = {node: np.broadcast_to(value, shape) for node, value in found.items()}
        yield from self._broken(values)
        for node in values:
            if (cells := _cells(node)) is not None:
                yield from self._between(node, cells, values[node.args[0]])

    def _broken(self, values: Mapping[sympy.Expr, Array]) -> Iterator[Fault]:
        """Points without a finite value that are no accident of rounding and no gap to be closed, as in `sin(x)/x`."""
        for b, s in _some(np.argwhere(~np.isfinite(values[self.expression]))):
            node = next(node for node, value in values.items() if not np.isfinite(value[b, s]))
            trouble = _trouble(node, {part: float(values[part][b, s]) for part in (node, *node.args)})
            point = self.points[b, s]
            inwards = self.points[b, -1] - point
            if trouble is Trouble.UNREAL:
                sure = bool(np.isnan(self._near(point, inwards)).all())
            else:
                sure = np.isinf(values[self.expression][b, s]) or self._grows(point, inwards)
            if sure:
                yield self._fault(trouble, node, point)

    def _between(self, node: sympy.Expr, cells: Callable[[Array], Array], argument: Array) -> Iterator[Fault]:
        """Poles between two points of a box, from the argument of a function that is infinite between two cells."""
        cell = cells(argument)
        continuous = is_proven(self.bounds[node.args[0]])
        for (b,) in _some(np.argwhere(continuous & (cell.min(1) < cell.max(1)))):
            start, end = self.points[b, cell[b].argmin()], self.points[b, cell[b].argmax()]
            point = start + self._change(cells, node.args[0], start, end) * (end - start)
            if self._grows(point, end - point) or self._grows(point, start - point):
                yield self._fault(Trouble.POLE, node, point)

    def _change(self, cells: Callable[[Array], Array], part: sympy.Expr, start: Array, end: Array) -> float:
        """Where between two points, as a share of the way, a part of the formula first comes into another cell."""
        low, high = 0.0, 1.0
        for _ in range(5):
            ways = np.linspace(low, high, 1025)
            cell = cells(self._values(part, start + ways[:, None] * (end - start)))
            first = int(np.argmax(cell != cell[0]))
            if first == 0:  # at the limit of rounding
                break
            low, high = float(ways[first - 1]), float(ways[first])
        return (low + high) / 2

    def _grows(self, point: Array, direction: Array) -> bool:
        """Whether the formula grows without bound, or has no value, on the way to a point."""
        sizes = np.abs(self._near(point, direction))
        return bool(direction.any()) and not bool(sizes[0] / _GROWTH <= sizes[1:].max())

    def _near(self, point: Array, direction: Array) -> Array:
        """Values of the formula next to a point, the nearest first."""
        return self._values(self.expression, point + np.array(_DISTANCES)[:, None] * direction)

    def _values(self, part: sympy.Expr, points: Array) -> Array:
        return evaluate(part, dict(zip(self.names, points.T, strict=True)))

    def _fault(self, trouble: Trouble, node: sympy.Expr, point: Array) -> Fault:
        matters = {symbol.name for symbol in node.free_symbols or self.expression.free_symbols}
        place = zip(self.names, point.tolist(), strict=True)
        return Fault(trouble, {name: value for name, value in place if name in matters})


def _some(suspects: NDArray[np.int64]) -> NDArray[np.int64]:
    """A few of many rows, spread evenly."""
    return suspects[np.unique(np.linspace(0, len(suspects) - 1, _SUSPECTS).astype(int))] if len(suspects) else suspects


def _trouble(node: sympy.Expr, values: Mapping[sympy.Expr, float]) -> Trouble:
    """What is wrong with a part of the formula that has no finite value though its own parts have."""
    if node.is_Add or node.is_Mul or not node.args:
        return Trouble.OVERFLOW
    value, argument = values[node], values[node.args[0] if node.is_Pow else node.args[-1]]
    if argument == 0 or (isinstance(node, sympy.gamma) and argument < 0):
        return Trouble.POLE
    return Trouble.UNREAL if math.isnan(value) else Trouble.OVERFLOW


def _cells(node: sympy.Expr) -> Callable[[Array], Array] | None:
    """For a function that is infinite at some arguments, the number of the interval between them; else None."""
    if node.is_Pow and node.exp.is_number and node.exp.is_negative and float(node.exp).is_integer():
        return np.sign
    if isinstance(node, sympy.tan):
        return lambda u: np.floor(u / np.pi - 0.5)
    if isinstance(node, sympy.gamma):
        return lambda u: np.minimum(np.floor(u), 0.0)
    return None
