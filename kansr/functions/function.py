"""One entry of the function library: everything that is known about a function of one variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import sympy
from torch import Tensor

__all__ = ["Function", "Head", "Inner"]

# A function of SymPy, such as `sympy.exp`.
Head: TypeAlias = type[sympy.Function]
_ARGUMENT = sympy.Symbol("u", real=True)


class Inner(Enum):
    """Which constants of the inner affine map `a*x + b` are free; the others would be a flat direction.

    `c*exp(a*x + b)` has three constants that act as two, `c*(a*x + b)**p` likewise: minimal forms train
    faster and print shorter.
    """

    NONE = (False, False)
    SHIFT = (False, True)
    SCALE = (True, False)
    AFFINE = (True, True)


@dataclass(frozen=True)
class Function:
    """A named function `f`, used on an edge as `c*f(a*x + b) + d`.

    Attributes:
        name: As the user writes it in `--functions`.
        value: `f`, elementwise on a tensor; NaN outside its domain.
        derivative: `f'`, elementwise.
        sympy: `f` of a SymPy expression.
        inner: Which of `a` and `b` are free.
        starts: Start values of `a` and `b` for an argument in [0, 1], `(starts, 2)`.
        complexity: Price of choosing it, in nodes of the expression tree.
        latex: `f(u)` in LaTeX.
        domain: Where it is defined, in words.
        twin: Name of the function that this one is with other constants (`cos` is a shifted `sin`); the search
            tries only one of two twins, and the finished formula is written with the one that reads better.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]
    sympy: Callable[[sympy.Expr], sympy.Expr]
    inner: Inner
    starts: Tensor
    complexity: int
    latex: str
    domain: str = "all real numbers"
    twin: str | None = None

    @property
    def family(self) -> str:
        """The same for twins: to the user they are one function."""
        return self.twin or self.name

    @property
    def heads(self) -> frozenset[Head]:
        """SymPy's functions that it is written with; none for a power."""
        return frozenset(type(part) for part in self.sympy(_ARGUMENT).atoms(sympy.Function))

    @property
    def head(self) -> Head | None:
        """SymPy's function if it is nothing but that, such as `exp`; None for a power or `exp(-u**2)`."""
        written = self.sympy(_ARGUMENT)
        return type(written) if isinstance(written, sympy.Function) and written.args == (_ARGUMENT,) else None
