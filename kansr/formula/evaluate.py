"""Values of an expression on arrays, by walking its tree: no code is generated or run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy import special

from kansr.errors import FormulaError

__all__ = ["UFUNCS", "FunctionKey", "evaluate", "function_key", "node_values"]

Array = NDArray[np.float64]
# A function of one variable in SymPy: its class, and all arguments before the variable, such as the order of `besselj`.
FunctionKey = tuple[object, ...]


def _lambert_w(u: Array) -> Array:
    w = special.lambertw(u, 0)
    return np.where(w.imag == 0, w.real, np.nan)


UFUNCS: Mapping[FunctionKey, Callable[[Array], Array]] = {
    (sympy.exp,): np.exp,
    (sympy.log,): np.log,
    (sympy.sin,): np.sin,
    (sympy.cos,): np.cos,
    (sympy.tan,): np.tan,
    (sympy.asin,): np.arcsin,
    (sympy.acos,): np.arccos,
    (sympy.atan,): np.arctan,
    (sympy.sinh,): np.sinh,
    (sympy.cosh,): np.cosh,
    (sympy.tanh,): np.tanh,
    (sympy.asinh,): np.arcsinh,
    (sympy.Abs,): np.abs,
    (sympy.erf,): special.erf,
    (sympy.gamma,): special.gamma,
    (sympy.loggamma,): special.loggamma,  # NaN below zero, where `gammaln` gives the real part
    (sympy.LambertW,): _lambert_w,
    (sympy.besselj, 0): special.j0,
    (sympy.besselj, 1): special.j1,
    (sympy.harmonic,): lambda n: special.digamma(n + 1) + np.euler_gamma,
}


def function_key(node: sympy.Expr) -> FunctionKey:
    """What tells the functions of one variable apart: `besselj(0, u)` and `besselj(1, u)` are two."""
    return node.func, *node.args[:-1]


def evaluate(expression: sympy.Expr, columns: Mapping[str, Array]) -> Array:
    """Values of `expression`, NaN or infinite where it is not defined.

    Args:
        expression: Of the kind that `parse_expression` gives.
        columns: Symbol name to values, `(rows,)` each.

    Returns:
        `(rows,)`, also for an expression without symbols.

    Raises:
        FormulaError: If the expression holds a symbol that is no column, or an unknown function.
    """
    values = node_values(expression, columns)
    rows = np.broadcast_shapes(*(np.shape(column) for column in columns.values()))
    return np.array(np.broadcast_to(values[expression], rows), dtype=np.float64)


def node_values(expression: sympy.Expr, columns: Mapping[str, Array]) -> Mapping[sympy.Expr, Array]:
    """Values of all parts of an expression, children before their parents; a constant part has one value only.

    Args:
        expression: Of the kind that `parse_expression` gives.
        columns: Symbol name to values, of any shape.

    Raises:
        FormulaError: If the expression holds a symbol that is no column, or an unknown function.
    """
    values: dict[sympy.Expr, Array] = {}
    with np.errstate(all="ignore"):
        # Equal parts are computed once.
        for node in sympy.postorder_traversal(expression):
            if node not in values:
                values[node] = _node(node, values, columns)
    return values


def _node(node: sympy.Expr, values: Mapping[sympy.Expr, Array], columns: Mapping[str, Array]) -> Array:
    arguments = [values[argument] for argument in node.args]
    if node.is_Symbol:
        if node.name not in columns:
            raise FormulaError(f"the formula needs '{node.name}', which is not there")
        return np.asarray(columns[node.name], dtype=np.float64)
    if node.is_Number or node.is_NumberSymbol:
        return np.asarray(float(node))
    if node.is_Add:
        return sum(arguments[1:], arguments[0])
    if node.is_Mul:
        return np.asarray(np.prod(np.broadcast_arrays(*arguments), axis=0))
    if node.is_Pow:
        return _power(arguments[0], node.exp, arguments[1])
    if (function := UFUNCS.get(function_key(node))) is not None:
        return function(arguments[-1])
    raise FormulaError(f"the formula holds the unknown function '{node.func.__name__}'")


def _power(base: Array, exponent: sympy.Expr, value: Array) -> Array:
    """Like NumPy's power, but as exact as writing the quotient or the root out."""
    if exponent == sympy.Rational(1, 2):
        return np.sqrt(base)
    if exponent == sympy.Rational(-1, 2):
        return 1 / np.sqrt(base)
    if exponent.is_Integer and exponent.is_negative:
        return 1 / np.power(base, -value)
    return np.power(base, value)
