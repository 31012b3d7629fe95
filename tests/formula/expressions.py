"""Random small expressions, and their values on rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import hypothesis.strategies as st
import numpy as np
import sympy
import torch
from numpy.typing import NDArray

from kansr.formula.dual import evaluate_dual
from kansr.formula.evaluate import evaluate

Call = Callable[[sympy.Expr], sympy.Expr]
A, B, C = (sympy.Symbol(name, real=True) for name in "abC")
SYMBOLS = (A, B, C)
# a and b are positive, C changes its sign
COLUMNS: dict[str, NDArray[np.float64]] = {
    "a": np.linspace(0.3, 1.9, 12),
    "b": 2.2 - np.linspace(0.2, 1.3, 12) ** 2,
    "C": np.linspace(-1.5, 1.2, 12),
}
FUNCTIONS: tuple[Call, ...] = (
    sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.asin, sympy.acos, sympy.atan, sympy.sinh, sympy.cosh,
    sympy.tanh, sympy.asinh, sympy.Abs,
)  # fmt: skip


def _loggamma(u: sympy.Expr) -> sympy.Expr:
    try:
        return sympy.loggamma(u)
    except ValueError:  # SymPy's answer to `loggamma(-1.0)`
        return sympy.nan


SPECIAL: tuple[Call, ...] = (
    partial(sympy.besselj, 0), partial(sympy.besselj, 1), sympy.erf, sympy.gamma, _loggamma, sympy.LambertW,
)  # fmt: skip
EXPONENTS = (-3, -2, -1, 2, 3, 4, sympy.Rational(1, 2), sympy.Rational(-1, 2), sympy.Rational(3, 2))

# What SymPy makes of 1/0, sqrt(-1), tan(pi/2) and their like.
WITHOUT_VALUE = (sympy.besseli, sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.AccumBounds)

numbers = st.one_of(
    st.integers(-4, 4).map(sympy.Integer),
    st.sampled_from([sympy.Rational(1, 2), sympy.Rational(-2, 3), sympy.pi]),
    st.floats(0.1, 4.0).map(lambda v: sympy.Float(v, 17)),
    st.floats(-4.0, -0.1).map(lambda v: sympy.Float(v, 17)),
)
leaves = st.one_of(st.sampled_from(SYMBOLS), numbers)


def _expressions(functions: tuple[Call, ...]) -> st.SearchStrategy[sympy.Expr]:
    def grow(children: st.SearchStrategy[sympy.Expr]) -> st.SearchStrategy[sympy.Expr]:
        return st.one_of(
            st.tuples(children, children).map(lambda p: p[0] + p[1]),
            st.tuples(children, children).map(lambda p: p[0] * p[1]),
            st.tuples(children, st.sampled_from(EXPONENTS)).map(lambda p: p[0] ** p[1]),
            st.tuples(st.sampled_from(functions), children).map(lambda p: p[0](p[1])),
        )

    return st.recursive(leaves, grow, max_leaves=7)


expressions = _expressions(FUNCTIONS)
special_expressions = _expressions((*SPECIAL, sympy.exp, sympy.log))
all_expressions = st.one_of(expressions, special_expressions)


def tensors() -> dict[sympy.Symbol, torch.Tensor]:
    """The columns as torch gets them."""
    return {s: torch.from_numpy(COLUMNS[s.name]) for s in SYMBOLS}


def positive(expression: sympy.Expr) -> bool:
    """Whether an expression is positive on every row."""
    value, _ = evaluate_dual(expression, tensors(), {}, torch.empty(0, dtype=torch.float64))
    return bool((value > 0).all())


def values(expression: sympy.Expr) -> NDArray[np.float64] | None:
    """Values of an expression whose parts are all real and of moderate size, else None."""
    if expression.has(*WITHOUT_VALUE):
        return None
    parts = [evaluate(part, COLUMNS) for part in sympy.preorder_traversal(expression)]
    if not all(np.isfinite(part).all() and np.abs(part).max() < 1e6 for part in parts):
        return None
    return parts[0]
