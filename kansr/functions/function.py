"""One entry of the function library: everything that is known about a function of one variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import sympy
from torch import Tensor

__all__ = ["Function", "Inner"]


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
