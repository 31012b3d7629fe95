"""Rewriting: the same function of the rows, written as a person would.

Own rules instead of `sympy.simplify`: they are fast, they never hang, and they may use what the rows say, such as that
a sum is positive on all of them, which no symbolic assumption can tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import sympy

__all__ = ["Positive", "canonical", "complexity", "shape"]

# Whether an expression is positive on every row.
Positive = Callable[[sympy.Expr], bool]


def complexity(expression: sympy.Expr) -> int:
    """Number of nodes of the expression tree."""
    return sum(1 for _ in sympy.preorder_traversal(expression))


def shape(expression: sympy.Expr) -> Hashable:
    """What is left of a formula without its numbers: equal for two that are the same but for their constants.

    A whole number or ratio in the place of a constant makes no difference; as an exponent it does.
    """
    if expression.is_number:
        return None
    if expression.is_Atom:
        return str(expression)
    if expression.is_Pow and expression.exp.is_Rational:
        return sympy.Pow, shape(expression.base), expression.exp
    if expression.is_Add or expression.is_Mul:
        return expression.func, frozenset(Counter(map(shape, expression.args)).items())
    return expression.func, tuple(map(shape, expression.args))


def canonical(expression: sympy.Expr, positive: Positive) -> sympy.Expr:
    """Merges constants and undoes detours through `exp` and `log`, until nothing changes.

    Args:
        expression: Any expression.
        positive: Whether a part of it is positive on the data.
    """
    for _ in range(8):
        new = _walk(expression, positive)
        if new == expression:
            break
        expression = new
    return expression


def _walk(expression: sympy.Expr, positive: Positive) -> sympy.Expr:
    if expression.is_Atom:
        return expression
    arguments = [_walk(a, positive) for a in (_unmirrored(expression.args) if expression.is_Mul else expression.args)]
    if expression.is_Pow:
        return _power(arguments[0], arguments[1], positive)
    if expression.is_Mul:
        return _product(arguments)
    rule = _RULES.get(expression.func)
    if rule:
        return rule(arguments[0], positive)
    rebuilt = expression.func(*arguments)
    # SymPy leaves `besselj(0, 1.2)` as it is
    return rebuilt.evalf(17) if rebuilt.is_number and rebuilt.has(sympy.Float) else rebuilt


def _unmirrored(factors: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """`(a - b)/(b - a)` is -1; SymPy writes such a quotient where it turns the argument of `besselj(1, a - b)`."""
    rest = list(factors)
    for factor in factors:
        if factor.is_Add and (mirror := 1 / -factor) in rest:
            rest.remove(factor)
            rest.remove(mirror)
            rest.append(sympy.Integer(-1))
    return rest


def _is_one(number: sympy.Expr) -> bool:
    """SymPy's Float(1.0) does not equal 1."""
    return bool(number.is_real) and float(number) == 1.0


def _split_coefficient(expression: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A number times the rest; the coefficient of a sum is the one that leaves it simplest."""
    if isinstance(expression, sympy.Add):
        factor = _common_factor(expression)
        return factor, sympy.Add(*(_divided(term, factor) for term in expression.args))
    number, rest = expression.as_coeff_Mul()
    return number, rest


def _divided(term: sympy.Expr, factor: sympy.Expr) -> sympy.Expr:
    number, rest = term.as_coeff_Mul()
    ratio = number / factor
    # the coefficient that was divided out is one by choice, no longer a constant to be fitted
    return rest if _is_one(ratio) else ratio * rest


def _coefficients(expression: sympy.Add) -> list[sympy.Expr]:
    return [term.as_coeff_Mul()[0] for term in expression.args]


def _common_factor(expression: sympy.Add) -> sympy.Expr:
    """The coefficient that, divided out, turns most of the others into small whole numbers."""
    coefficients = _coefficients(expression)
    if all(c.is_Rational for c in coefficients):
        content = expression.as_content_primitive()[0]
        return content if content != 0 else sympy.Integer(1)

    def plain(term: sympy.Expr) -> tuple[int, bool, int]:
        factor = term.as_coeff_Mul()[0]
        ratios = [float(c / factor) for c in coefficients]
        whole = sum(abs(r - round(r)) < 1e-7 * abs(r) and abs(r) < 13 for r in ratios)
        return whole, not term.is_number, sum(r > 0 for r in ratios)

    return max(expression.args, key=plain).as_coeff_Mul()[0]


def _log(u: sympy.Expr, positive: Positive) -> sympy.Expr:
    if isinstance(u, sympy.exp):
        return u.args[0]
    if u.is_Pow and positive(u.base):
        return _scale(u.exp, _log(u.base, positive))
    number, rest = _split_coefficient(u)
    if number < 0:
        number, rest = -number, -rest
    outside: list[sympy.Expr] = [] if _is_one(number) else [sympy.log(number)]
    factors = list(rest.args) if rest.is_Mul else [rest]
    if len(factors) > 1 and all(positive(f) for f in factors):
        return sympy.Add(*outside, *(_log(f, positive) for f in factors))
    if rest.is_Pow and positive(rest.base):
        return sympy.Add(*outside, _scale(rest.exp, _log(rest.base, positive)))
    return sympy.Add(*outside, sympy.log(rest))


def _scale(factor: sympy.Expr, value: sympy.Expr) -> sympy.Expr:
    return sympy.Add(*(factor * term for term in sympy.Add.make_args(value)))


def _exp(u: sympy.Expr, positive: Positive) -> sympy.Expr:
    """`exp(a + p*log(v) + rest)` is `exp(a) * v**p * exp(rest)`."""
    outside, inside = [], []
    for term in sympy.Add.make_args(u):
        logs = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.log)]
        if term.is_number:
            outside.append(sympy.exp(term).evalf(17) if term.has(sympy.Float) else sympy.exp(term))
        elif len(logs) == 1 and (term / logs[0]).is_number:
            outside.append(logs[0].args[0] ** (term / logs[0]))
        else:
            inside.append(term)
    return sympy.Mul(*outside, sympy.exp(sympy.Add(*inside)))


def _power(base: sympy.Expr, exponent: sympy.Expr, positive: Positive) -> sympy.Expr:
    if not exponent.is_number:
        return base**exponent
    if base.is_Pow and (exponent.is_Integer or positive(base.base)):
        return base.base ** (base.exp * exponent)
    if isinstance(base, sympy.exp):
        return sympy.exp(_scale(exponent, base.args[0]))
    number, rest = _split_coefficient(base)
    whole = exponent.is_Integer
    if number < 0 and not whole:
        number, rest = -number, _negated(rest)
    factors = list(rest.args) if rest.is_Mul else [rest]
    if len(factors) > 1 and (whole or all(positive(f) for f in factors)):
        rest = sympy.Mul(*(_power(f, exponent, positive) for f in factors))
        return number**exponent * rest
    if _is_one(number):
        return rest**exponent
    return number**exponent * _power(rest, exponent, positive) if rest.is_Pow else number**exponent * rest**exponent


def _negated(expression: sympy.Expr) -> sympy.Expr:
    """The negative; a sum among the factors takes the sign in, if there is one: `1/(a - b)` becomes `1/(b - a)`."""
    for factor in sympy.Mul.make_args(expression):
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_odd:
            return expression / factor * sympy.Add(*(-term for term in base.args)) ** exponent
    return -expression


def _product(factors: Sequence[sympy.Expr]) -> sympy.Expr:
    """Takes the coefficient out of every sum, so that a product has one constant in front."""
    numbers = [f for f in factors if f.is_number]
    rest = [f for f in factors if not f.is_number]
    if len(rest) > 1:
        split = [_split_coefficient(f) if f.is_Add else (sympy.Integer(1), f) for f in rest]
        numbers += [number for number, _ in split]
        rest = [factor for _, factor in split]
    exponents = [f.args[0] for f in rest if isinstance(f, sympy.exp)]
    rest = [f for f in rest if not isinstance(f, sympy.exp)]
    if exponents:
        rest.append(sympy.exp(sympy.Add(*exponents)))
    number = sympy.Mul(*numbers)
    return sympy.Mul(*rest) if _is_one(number) else sympy.Mul(number, *rest)


def _wave(function: Callable[[sympy.Expr], sympy.Expr], period: float) -> Callable[[sympy.Expr, Positive], sympy.Expr]:
    def rule(u: sympy.Expr, positive: Positive) -> sympy.Expr:
        """A phase is only known up to whole periods."""
        phase, rest = u.as_coeff_Add()
        if rest.as_coeff_Mul()[0] < 0:
            sign = -1 if function in (sympy.sin, sympy.tan) else 1
            return sign * rule(-u, positive)
        if phase.is_Float and not -period / 2 <= phase <= period / 2:
            return function(rest + sympy.Float(math.remainder(float(phase), period)))
        return function(u)

    return rule


def _odd(function: Callable[[sympy.Expr], sympy.Expr]) -> Callable[[sympy.Expr, Positive], sympy.Expr]:
    return lambda u, positive: -function(-u) if _leads_negative(u) else function(u)


def _tanh(u: sympy.Expr, positive: Positive) -> sympy.Expr:
    """`tanh` of a sum of logarithms is a ratio of powers."""
    powers = []
    for term in sympy.Add.make_args(u):
        number, rest = term.as_coeff_Mul()
        if not isinstance(rest, sympy.log) or not (2 * number).is_Integer:
            return _odd(sympy.tanh)(u, positive)
        powers.append(rest.args[0] ** (2 * number))
    power = sympy.Mul(*powers)
    return (power - 1) / (power + 1)


def _even(function: Callable[[sympy.Expr], sympy.Expr]) -> Callable[[sympy.Expr, Positive], sympy.Expr]:
    return lambda u, positive: function(-u) if _leads_negative(u) else function(u)


def _leads_negative(u: sympy.Expr) -> bool:
    return all(c < 0 for c in (t.as_coeff_Mul()[0] for t in sympy.Add.make_args(u)))


def _abs(u: sympy.Expr, positive: Positive) -> sympy.Expr:
    if positive(u):
        return u
    if positive(-u):
        return -u
    number, rest = _split_coefficient(u)
    return abs(number) * sympy.Abs(rest)


_RULES: dict[type, Callable[[sympy.Expr, Positive], sympy.Expr]] = {
    sympy.log: _log,
    sympy.exp: _exp,
    sympy.Abs: _abs,
    sympy.sin: _wave(sympy.sin, 2 * math.pi),
    sympy.cos: _wave(sympy.cos, 2 * math.pi),
    sympy.tan: _wave(sympy.tan, math.pi),
    sympy.asin: _odd(sympy.asin),
    sympy.atan: _odd(sympy.atan),
    sympy.sinh: _odd(sympy.sinh),
    sympy.tanh: _tanh,
    sympy.cosh: _even(sympy.cosh),
}
