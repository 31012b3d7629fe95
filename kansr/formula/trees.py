"""An expression as nested lists of numbers and words, and back: node by node the same, also where SymPy would simplify.

This is for kansr's own files. Text for people and other programs is `format_expression`; reading that gives the same
value, but its sums may be sorted anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import sympy

from kansr.formula.parse import FUNCTIONS, ON_REQUEST

__all__ = ["Tree", "from_tree", "to_tree"]

# A word and what belongs to it, such as `["+", ["Symbol", "a"], ["Rational", 1, 2]]`.
Tree: TypeAlias = list[object]

_NUMBERS = {str(n): n for n in (sympy.pi, sympy.E, sympy.I, sympy.oo, -sympy.oo, sympy.zoo, sympy.nan)}
_NAMES = {number: name for name, number in _NUMBERS.items()}
_WORDS = {*FUNCTIONS, *ON_REQUEST} - {"sqrt"}  # a root is a power
_HEADS: Mapping[str, type[sympy.Basic]] = MappingProxyType(
    {"+": sympy.Add, "*": sympy.Mul, "**": sympy.Pow, **{word: getattr(sympy, word) for word in sorted(_WORDS)}}
)
_WORD_OF = {head: word for word, head in _HEADS.items()}


def to_tree(expression: sympy.Expr) -> Tree:
    """The expression node by node.

    Raises:
        ValueError: If it holds something else than kansr's functions, numbers and real symbols.
    """
    if expression.is_Float:
        sign, mantissa, exponent, bits = expression._mpf_
        return ["Float", int(sign), int(mantissa), int(exponent), int(bits), int(expression._prec)]
    if expression.is_Rational:
        return ["Rational", int(expression.p), int(expression.q)]
    if expression in _NAMES:
        return [_NAMES[expression]]
    if expression.is_Symbol and expression == sympy.Symbol(expression.name, real=True):
        return ["Symbol", expression.name]
    word = _WORD_OF.get(expression.func)
    if word is None or not expression.args:
        raise ValueError(f"no formula of kansr's kind: {expression.func.__name__}")
    return [word, *map(to_tree, expression.args)]


def from_tree(tree: object) -> sympy.Expr:
    """The expression that `to_tree` took apart.

    Raises:
        ValueError: If the lists are none of its kind.
    """
    match tree:
        case ["Float", int(sign), int(mantissa), int(exponent), int(bits), int(precision)]:
            return sympy.Float((sign, mantissa, exponent, bits), precision=precision)
        case ["Rational", int(p), int(q)] if q:
            return sympy.Rational(p, q)
        case ["Symbol", str(name)]:
            return sympy.Symbol(name, real=True)
        case [str(name)] if name in _NUMBERS:
            return _NUMBERS[name]
        case [str(word), *parts] if parts and word in _HEADS:
            return _HEADS[word](*map(from_tree, parts), evaluate=False)
    raise ValueError("no expression")
