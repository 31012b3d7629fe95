"""Text to SymPy expression, without evaluating any code.

`sympy.sympify` runs `eval` and reads `E`, `I`, `S`, `N`, `beta` as its own objects. A run folder is data that may come
from anywhere, and a column may have any of these names, so kansr walks Python's syntax tree with a short whitelist.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy

from kansr.errors import FormulaError
from kansr.formula.deadline import TimeIsUp, within
from kansr.formula.evaluate import UFUNCS, evaluate
from kansr.text import brief, visible

__all__ = ["CONSTANTS", "FUNCTIONS", "ON_REQUEST", "Functions", "parse_expression"]

MAX_LENGTH = 10_000
# A sum of n terms is n levels deep.
MAX_DEPTH = 300
# What kansr writes is ten or twenty levels deep; SymPy's printers need several calls for each.
MAX_NESTING = 50
# SymPy asks of a power or a sine whether it is real or rational; there are small formulas that it ponders for hours.
MAX_SECONDS = 5.0
# SymPy expands exact powers, `(2*x)**n` too: larger exponents and numbers are an attack, not physics.
MAX_EXPONENT = 1024
MAX_BITS = 4096
# SymPy writes out the gamma function of whole and half numbers, however large; its float64 ends at 171.6.
MAX_GAMMA = 171


def _special(*key: object, limit: float = math.inf) -> Callable[[float], float]:
    """What `evaluate` takes a function for, on one number whose size is no more than `limit`."""

    def value(number: float) -> float:
        return float(UFUNCS[key](np.asarray(number))) if abs(number) <= limit else math.nan

    return value


# SymPy's function and the same in floats, which guards the size of constants before SymPy sees them.
_Pair = tuple[Callable[[sympy.Expr], sympy.Expr], Callable[[float], float]]
Functions = Mapping[str, _Pair]
FUNCTIONS: Functions = MappingProxyType(
    {
        "exp": (sympy.exp, math.exp),
        "log": (sympy.log, math.log),
        "sqrt": (sympy.sqrt, math.sqrt),
        "sin": (sympy.sin, math.sin),
        "cos": (sympy.cos, math.cos),
        "tan": (sympy.tan, math.tan),
        "asin": (sympy.asin, math.asin),
        "acos": (sympy.acos, math.acos),
        "atan": (sympy.atan, math.atan),
        "sinh": (sympy.sinh, math.sinh),
        "cosh": (sympy.cosh, math.cosh),
        "tanh": (sympy.tanh, math.tanh),
        "asinh": (sympy.asinh, math.asinh),
        "Abs": (sympy.Abs, abs),
        "erf": (sympy.erf, math.erf),
        "gamma": (sympy.gamma, _special(sympy.gamma, limit=MAX_GAMMA)),
        "loggamma": (sympy.loggamma, _special(sympy.loggamma, limit=MAX_GAMMA)),
        "LambertW": (sympy.LambertW, _special(sympy.LambertW)),
    }
)
# `besselj` by its first argument, the order.
_BESSEL: Mapping[int, _Pair] = MappingProxyType(
    {n: (partial(sympy.besselj, n), _special(sympy.besselj, n)) for n in (0, 1)}
)
# A column may have the name of such a function, unless the user asked for the function.
ON_REQUEST = frozenset({"besselj", "gamma", "loggamma", "LambertW"})
CONSTANTS: Mapping[str, sympy.Expr] = MappingProxyType({"pi": sympy.pi})
_OPERATORS: Mapping[type[ast.operator], Callable[..., Any]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }
)


class _Value(NamedTuple):
    """An expression, and its value where it holds no symbol."""

    expression: sympy.Expr
    number: float | None


def parse_expression(text: str, symbols: Iterable[str], functions: Functions = FUNCTIONS) -> sympy.Expr:
    """The expression that `text` spells in SymPy syntax.

    Decimal numbers become exactly the float64 that Python reads; integers and their ratios stay exact.

    Args:
        text: Such as `365.25*a**(3/2)`.
        symbols: Names of the real symbols that may appear; they win over functions and constants.
        functions: Functions that may appear, in SymPy and in floats; those that kansr writes when absent.

    Raises:
        FormulaError: If the text holds anything but numbers, these symbols, `pi`, arithmetic and known functions.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"the formula is longer than {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            # Python warns of text such as `1if`, which is refused below anyway.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _error(text, "is not an expression") from None
    try:
        expression = within(MAX_SECONDS, lambda: _Parser(text, symbols, functions).value(tree.body, 0).expression)
    except TimeIsUp:
        raise _error(text, f"takes more than {MAX_SECONDS:.0f} s to read") from None
    except RecursionError:
        raise _error(text, "is nested too deeply") from None
    except FormulaError:
        raise
    except Exception:  # noqa: BLE001 (SymPy fails in its own ways on constants such as `asin(sin(10**300))`)
        raise _error(text, "is nothing that can be calculated") from None
    if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
        raise _error(text, "is nowhere a finite real number")
    if _nesting(expression) > MAX_NESTING:
        raise _error(text, "is nested too deeply")
    return expression


def _error(text: str, reason: str) -> FormulaError:
    shown = visible(" ".join(text[:MAX_LENGTH].split()))
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return FormulaError(f"not a formula: '{shown}' {reason}")


def _nesting(expression: sympy.Expr) -> int:
    """Levels of the tree; level by level, since calls may not be nested as deeply as trees are."""
    levels, level = 0, {expression}
    while level:
        levels, level = levels + 1, {argument for node in level for argument in node.args}
    return levels


class _Parser:
    def __init__(self, text: str, symbols: Iterable[str], functions: Functions) -> None:
        self.text = text
        self.functions = functions
        self.symbols = {name: sympy.Symbol(name, real=True) for name in symbols}

    def error(self, reason: str) -> FormulaError:
        return _error(self.text, reason)

    def value(self, node: ast.expr, depth: int) -> _Value:
        if depth > MAX_DEPTH:
            raise self.error("is nested too deeply")
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self.literal(number)
            case ast.Name(id=name):
                return self.name(name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                inner = self.value(operand, depth + 1)
                return self.negated(inner) if isinstance(sign, ast.USub) else inner
            case ast.BinOp(left=left, op=operator, right=right):
                return self.binary(self.value(left, depth + 1), operator, self.value(right, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
                return self.call(name, self.functions.get(name), self.value(argument, depth + 1))
            case ast.Call(
                func=ast.Name(id="besselj" as name), args=[ast.Constant(value=int() as order), argument], keywords=[]
            ) if not isinstance(order, bool):
                return self.call(name, _BESSEL.get(order), self.value(argument, depth + 1))
        raise self.error("holds something that is no arithmetic")

    def literal(self, number: float) -> _Value:
        if isinstance(number, int):
            if number.bit_length() > 1023:
                raise self.error("holds a number that is too large")
            return _Value(sympy.Integer(number), float(number))
        if not math.isfinite(number):
            raise self.error("holds a number that is too large")
        return _Value(sympy.Float(number), number)

    def name(self, name: str) -> _Value:
        if name in self.symbols:
            return _Value(self.symbols[name], None)
        if name in CONSTANTS:
            return _Value(CONSTANTS[name], float(CONSTANTS[name]))
        raise self.error(f"holds the unknown name {brief(name)}")

    def negated(self, operand: _Value) -> _Value:
        return _Value(-operand.expression, None if operand.number is None else -operand.number)

    def call(self, name: str, function: _Pair | None, argument: _Value) -> _Value:
        if name in self.symbols or function is None:
            raise self.error(f"holds the unknown function {brief(name)}")
        symbolic, numeric = function
        number = None if argument.number is None else self.finite(numeric, argument.number)
        return self.settled(symbolic(argument.expression), number)

    def binary(self, left: _Value, sign: ast.operator, right: _Value) -> _Value:
        if type(sign) not in _OPERATORS:
            raise self.error("holds something that is no arithmetic")
        apply = _OPERATORS[type(sign)]
        if isinstance(sign, ast.Div) and right.number == 0:
            raise self.error("divides by zero")
        constant = left.number is not None and right.number is not None
        number = self.finite(apply, left.number, right.number) if constant else None
        if not isinstance(sign, ast.Pow):
            return self.settled(apply(left.expression, right.expression), number)
        if right.expression.is_Rational and abs(right.expression) > MAX_EXPONENT:
            raise self.error(f"holds an exponent beyond {MAX_EXPONENT}")
        power = apply(left.expression, right.expression)
        if _is_oversized(power):
            raise self.error("holds a power of numbers that is too large")
        return self.settled(power, number)

    def settled(self, expression: sympy.Expr, number: float | None) -> _Value:
        """A value whose number is known also where the symbols cancelled, as in `x - x + 9`."""
        if number is None and expression.is_number:
            number = self.finite(lambda: evaluate(expression, {}).item())
        return _Value(expression, number)

    def finite(self, function: Callable[..., float | complex], *arguments: float | None) -> float:
        """The value of a constant part: it must be an ordinary number before SymPy may expand it."""
        try:
            number = function(*arguments)
        except (ValueError, OverflowError, ZeroDivisionError, FormulaError):
            number = math.nan
        if isinstance(number, complex) or not math.isfinite(number):
            raise self.error("holds a constant that is no finite real number")
        return number


def _is_oversized(power: sympy.Expr) -> bool:
    """Whether a further power or quotient of this one could blow up.

    Rational bases count with their exponents, since `2**(x + n)/2**x` is expanded to `2**n`.
    """
    if any(max(r.p.bit_length(), r.q.bit_length()) > MAX_BITS for r in power.atoms(sympy.Rational)):
        return True
    if any(not math.isfinite(float(f)) for f in power.atoms(sympy.Float)):
        return True
    exponents = [p.exp for p in power.atoms(sympy.Pow) if p.base.is_Rational]
    return any(abs(r) > MAX_EXPONENT for e in exponents for r in e.atoms(sympy.Rational))
