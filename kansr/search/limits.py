"""What the user allows a formula to be; what else the search meets is no candidate."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from kansr.formula.rewrite import complexity
from kansr.functions import Head

__all__ = ["NO_LIMITS", "Limits"]


@dataclass(frozen=True)
class Limits:
    """The functions that a formula may hold, and its size.

    The library alone does not settle that: a product seen as `exp` of a sum of logarithms brings in functions that no
    edge was named with, so finished formulas are looked at. Powers with a fixed exponent are always allowed.

    Attributes:
        heads: SymPy's functions that may appear; all when None.
        nodes: Most nodes of the expression tree; any number when None.
    """

    heads: frozenset[Head] | None = None
    nodes: int | None = None

    def admit(self, expression: sympy.Expr) -> bool:
        """Whether a formula may be offered."""
        return not self.too_long(expression) and not self.foreign(expression)

    def too_long(self, expression: sympy.Expr) -> bool:
        """Whether it has more nodes than allowed."""
        return self.nodes is not None and complexity(expression) > self.nodes

    def foreign(self, expression: sympy.Expr) -> list[str]:
        """The functions in it that are not allowed, by SymPy's names, in alphabetical order."""
        if self.heads is None:
            return []
        found = {type(part) for part in expression.atoms(sympy.Function)}
        if any(power.exp.free_symbols for power in expression.atoms(sympy.Pow)):
            found.add(sympy.exp)  # `2**x` is an exponential function in other words
        return sorted(head.__name__ for head in found - self.heads)


NO_LIMITS = Limits()
