"""One entry of the function library: everything that is known about a function of one variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import sympy
from torch import Tensor

__all__ = ["Function", "Inner", "Starts"]

# From the range of the argument to the start values of (scale, shift), one row each: (starts, 2).
Starts = Callable[[float, float], Tensor]


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
        starts: Start values of `a` and `b` for an argument between two numbers.
        complexity: Price of choosing it, in nodes of the expression tree.
        latex: `f(u)` in LaTeX.
        domain: Where it is defined, in words.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]
    sympy: Callable[[sympy.Expr], sympy.Expr]
    inner: Inner
    starts: Starts
    complexity: int
    latex: str
    domain: str = "all real numbers"
