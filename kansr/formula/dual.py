"""Derivatives of an expression by its constants: forward-mode differentiation along the tree, on torch tensors.

`kansr.formula.evaluate` gives values alone, exactly as the finished formula is used; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import sympy
import torch
from torch import Tensor

from kansr.errors import FormulaError
from kansr.formula.evaluate import FunctionKey, function_key
from kansr.functions import LIBRARY, Function

__all__ = ["Dual", "evaluate_dual"]

# A value `(n,)` with its derivatives by the constants `(p, n)`, or None where it depends on none of them.
Dual = tuple[Tensor, Tensor | None]


def _by_key() -> Mapping[FunctionKey, Function]:
    """The entries of the library that SymPy writes as one function, which leaves out powers, `gauss` and `sigmoid`."""
    u = sympy.Symbol("u", real=True)
    written = ((function.sympy(u), function) for function in LIBRARY.values())
    return {function_key(e): function for e, function in written if e.is_Function and e.args[-1] == u}


_FUNCTIONS = _by_key()


def evaluate_dual(
    expression: sympy.Expr,
    columns: Mapping[sympy.Symbol, Tensor],
    constants: Mapping[sympy.Symbol, int],
    values: Tensor,
) -> Dual:
    """Value and derivatives by forward-mode differentiation along the tree.

    Args:
        expression: Any expression of the functions that the library prints.
        columns: Data, `(n,)` each.
        constants: Symbols of the constants with their positions.
        values: The constants, `(p,)`.

    Raises:
        FormulaError: If the expression holds a symbol or function that has no value.
    """
    if expression.is_Symbol:
        if expression in constants:
            unit = torch.zeros(len(values), 1, dtype=values.dtype)
            unit[constants[expression]] = 1.0
            return values[constants[expression]], unit
        if expression in columns:
            return columns[expression], None
        raise FormulaError(f"the formula needs a column '{expression}'")
    if expression.is_number:
        return torch.tensor(_number(expression), dtype=torch.float64), None
    if expression.is_Function:
        return _call(expression, evaluate_dual(expression.args[-1], columns, constants, values))
    parts = [evaluate_dual(argument, columns, constants, values) for argument in expression.args]
    if expression.is_Add:
        return reduce(_add, parts)
    if expression.is_Mul:
        return reduce(_multiply, parts)
    if expression.is_Pow:
        return _power(parts[0], parts[1], expression.exp)
    raise _unknown(expression)


def _unknown(expression: sympy.Expr) -> FormulaError:
    return FormulaError(f"the formula holds '{type(expression).__name__}', which kansr does not know")


def _call(expression: sympy.Expr, argument: Dual) -> Dual:
    function = _FUNCTIONS.get(function_key(expression))
    if function is None:
        raise _unknown(expression)
    u, du = argument
    return function.value(u), None if du is None else function.derivative(u) * du


def _number(expression: sympy.Expr) -> float:
    try:
        return float(expression)
    except TypeError:  # a complex number
        return float("nan")


def _add(left: Dual, right: Dual) -> Dual:
    (u, du), (v, dv) = left, right
    return u + v, dv if du is None else du if dv is None else du + dv


def _multiply(left: Dual, right: Dual) -> Dual:
    (u, du), (v, dv) = left, right
    terms = [t for t in (None if du is None else du * v, None if dv is None else u * dv) if t is not None]
    return u * v, sum(terms[1:], terms[0]) if terms else None


def _power(base: Dual, exponent: Dual, symbolic: sympy.Expr) -> Dual:
    (u, du), (p, dp) = base, exponent
    # an integer exponent keeps torch on the branch that allows negative bases
    q: Tensor | float | int = int(symbolic) if symbolic.is_Integer else p
    value = u**q
    terms: Sequence[Tensor] = [
        *([] if du is None else [q * u ** (q - 1) * du]),
        *([] if dp is None else [value * torch.log(u) * dp]),
    ]
    return value, sum(terms[1:], terms[0]) if terms else None
