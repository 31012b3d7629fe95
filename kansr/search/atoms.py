"""What algebraic relations are made of: columns and simple functions of one or two of them; views of the target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import sympy
import torch
from torch import Tensor

__all__ = ["Atom", "View", "both_sides", "columns_of", "families", "paired_families", "views"]

_ANY_POWER = 99
# Beyond this exp(y) and sinh(y) tell large targets only.
_MODERATE = 20.0


@dataclass(frozen=True, eq=False)
class Atom:
    """A factor of monomials.

    Attributes:
        values: `(n,)`.
        expression: The same in the columns' symbols.
        most: Highest power; the square of a cosine is told by the sine, that of a root is the column itself.
    """

    values: Tensor
    expression: sympy.Expr
    most: int = _ANY_POWER

    @property
    def usable(self) -> bool:
        """Whether its powers are numbers that differ."""
        size = self.values.abs()
        return bool(size.isfinite().all()) and 0 < float(size.max()) < 1e12 and float(self.values.std()) > 0

    def waves(self) -> list[Atom]:
        """Sine and cosine."""
        return [
            Atom(self.values.sin(), sympy.sin(self.expression)),
            Atom(self.values.cos(), sympy.cos(self.expression), 1),
        ]

    def half_turns(self) -> list[Atom]:
        """Sine and cosine of pi times it."""
        return Atom(math.pi * self.values, sympy.pi * self.expression).waves()

    def log(self) -> list[Atom]:
        """Logarithm of the absolute value."""
        positive = bool((self.values > 0).all())
        return [Atom(self.values.abs().log(), sympy.log(self.expression if positive else sympy.Abs(self.expression)))]

    def exp(self) -> list[Atom]:
        """Exponential."""
        return [Atom(self.values.exp(), sympy.exp(self.expression))]

    def decay(self, rate: float) -> Atom:
        """Exponential that falls at a given rate, which is a constant to be fitted."""
        return Atom((-rate * self.values).exp(), sympy.exp(-sympy.Float(rate, 17) * self.expression))

    def distance(self, other: Atom) -> Atom:
        """Square of the difference."""
        return Atom((self.values - other.values).square(), (self.expression - other.expression) ** 2)

    def sqrt(self) -> list[Atom]:
        """Square root."""
        return [Atom(self.values.sqrt(), sympy.sqrt(self.expression), 1)]


def columns_of(x: Tensor, symbols: Sequence[sympy.Symbol]) -> list[Atom]:
    """The columns themselves. x: (n, d)."""
    return [Atom(column, symbol) for column, symbol in zip(x.T, symbols, strict=True)]


def families(columns: list[Atom]) -> list[list[Atom]]:
    """Sets of atoms worth making monomials of: the columns and functions of single ones, simple sets first."""
    waves = [w for c in columns for w in c.waves()]
    sets = [columns, columns + waves, waves]
    for function in (Atom.log, Atom.exp, Atom.sqrt, Atom.half_turns):
        sets.append(columns + [f for c in columns for f in function(c)])
    for one in columns if len(columns) > 1 else []:
        roots = [r for c in columns if c is not one for r in c.sqrt()]
        sets += [columns + one.waves(), columns + one.waves() + roots]
    distances = [a.distance(b) for a, b in combinations(columns, 2)]
    return [*sets, columns + distances] if distances else sets


def paired_families(columns: list[Atom]) -> Iterator[list[Atom]]:
    """Sets of atoms with functions of two columns together."""
    waves = [w for c in columns for w in c.waves()]
    for pair, first, second in _pairs(columns):
        yield columns + pair.waves()
        yield columns + pair.exp()
        yield pair.waves() + waves
        for one in dict.fromkeys((first, second)):
            yield columns + pair.waves() + one.waves()


def _pairs(columns: Sequence[Atom]) -> Iterator[tuple[Atom, Atom, Atom]]:
    """Squares, products, differences, ratios and sums of columns, each with the two that it is made of."""
    for a, b in combinations_with_replacement(columns, 2):
        yield Atom(a.values * b.values, a.expression * b.expression), a, b
        if a is not b:
            yield Atom(a.values - b.values, a.expression - b.expression), a, b
            yield Atom(a.values / b.values, a.expression / b.expression), a, b
            yield Atom(a.values + b.values, a.expression + b.expression), a, b


def monomials(atoms: Sequence[Atom], most: int, degree: int) -> list[tuple[int, ...]]:
    """Monomials as sorted tuples of numbers of atoms, by degree.

    Args:
        atoms: The factors.
        most: How many there may be.
        degree: Highest degree, if there is room for all of it.
    """
    found: list[tuple[int, ...]] = [()]
    for d in range(1, degree + 1):
        if math.comb(len(atoms) + d - 1, d) > 4 * most:
            break
        tuples = combinations_with_replacement(range(len(atoms)), d)
        more = [m for m in tuples if all(m.count(k) <= atoms[k].most for k in set(m))]
        if len(found) + len(more) > most:
            break
        found += more
    return found


def both_sides(
    atoms: Sequence[Atom], most: int, degree: int, *, ratio: bool
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Monomials of numerator and denominator, no more than `most` together; the latter is 1 if not a `ratio`."""
    if not ratio:
        return monomials(atoms, most - 1, degree), [()]
    above = monomials(atoms, 2 * most // 3, degree)
    return above, monomials(atoms, most - len(above), len(above[-1]))


@dataclass(frozen=True)
class View:
    """A function of the target that may be a simple function of the columns.

    Attributes:
        values: Of the target, `(n,)`.
        slope: Derivative of the target by them, `(n,)`.
        inverse: The target from values like these, NaN where there is none.
        restored: The same for a SymPy expression.
        common: Whether laws often have this form.
    """

    values: Tensor
    slope: Tensor
    inverse: Callable[[Tensor], Tensor]
    restored: Callable[[sympy.Expr], sympy.Expr]
    common: bool = False


def views(y: Tensor) -> list[View]:
    """The target through the functions whose inverse gives it back, the usual ones first. y: (n,)."""
    size = float(y.abs().max())
    sign = 1 if bool((y > 0).all()) else -1
    found = [View(y, torch.ones_like(y), lambda t: t, lambda u: u, common=True)]
    if bool((sign * y > 0).all()):
        found.append(View(y * y, 0.5 / y, lambda t: sign * t.sqrt(), lambda u: sign * sympy.sqrt(u), common=True))
        found.append(View((sign * y).log(), y, lambda t: sign * t.exp(), lambda u: sign * sympy.exp(u), common=True))
    if size < _MODERATE:
        found.append(View(y.exp(), (-y).exp(), torch.log, sympy.log))
        found.append(View(y.sinh(), 1 / y.cosh(), torch.asinh, sympy.asinh))
    if size <= math.pi / 2:
        found.append(View(y.sin(), 1 / y.cos(), torch.asin, sympy.asin))
        found.append(View(y.tan(), y.cos().square(), torch.atan, sympy.atan))
    if float(y.min()) >= 0 and size <= math.pi:
        found.append(View(y.cos(), 1 / y.sin(), torch.acos, sympy.acos))
    return found
