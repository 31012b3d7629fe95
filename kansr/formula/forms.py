"""Equivalent forms of a formula: a person would write the shortest.

Only rearrangements that cannot take long; none of them changes a value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import sympy
from sympy.simplify.fu import TR5, TR6, TR8, TR10i

from kansr.formula.rewrite import Positive, complexity

__all__ = ["cheapest", "constant_apart"]

# Longer expressions are left as they are.
_LONG = 60
# Coefficients that are so many times smaller than others are what rounding leaves.
_ROUNDING = 1e-9


def cheapest(expression: sympy.Expr, positive: Positive) -> sympy.Expr:
    """The shortest among a few equivalent forms, and among those of that one, as long as they get shorter.

    Args:
        expression: Any expression.
        positive: Whether a part of it is positive on the data.
    """
    while complexity(form := _cheapest(expression, positive)) < complexity(expression):
        expression = form
    return form


def _cheapest(expression: sympy.Expr, positive: Positive) -> sympy.Expr:
    expression = _without_signs(expression, positive)
    forms = [expression]
    if complexity(expression) <= _LONG:
        forms += [form(expression) for form in (sympy.factor_terms, sympy.expand_mul)]
        forms.append(sympy.factor_terms(forms[-1]))
        if not expression.has(sympy.Float) and expression.is_rational_function(*expression.free_symbols):
            forms.append(sympy.cancel(expression))
        for form in list(forms):
            forms += _waves(form)
    if expression.has(sympy.LambertW):
        forms.append(expression.replace(sympy.exp, _exp_of_lambert))
    forms += [_squares(form) for form in forms]
    forms += [_gathered(form, positive) for form in forms]
    # SymPy writes `sqrt(a**2*b)` as `Abs(a)*sqrt(b)`
    return min((_without_signs(form, positive) for form in forms), key=complexity)


def constant_apart(expression: sympy.Expr) -> sympy.Expr:
    """A ratio of polynomials as a constant and a proper ratio: `(u + c*v)/v` as `u/v + c`; others as they are."""
    numerator, denominator = sympy.fraction(sympy.together(expression))
    if not denominator.free_symbols or complexity(expression) > _LONG:
        return expression
    try:
        (quotient,), rest = sympy.reduced(numerator, [denominator])
    except sympy.PolynomialError:
        return expression
    if not quotient.is_number or quotient == 0:
        return expression
    # what rounding leaves of terms that cancel would be taken for terms
    scale = max(map(_size, _terms(numerator)))
    rest = sympy.Add(*(term for term in _terms(rest) if _size(term) > _ROUNDING * scale))
    return quotient + rest / denominator


def _terms(expression: sympy.Expr) -> list[sympy.Expr]:
    return list(sympy.Add.make_args(sympy.expand(expression)))


def _size(term: sympy.Expr) -> float:
    return abs(float(term.as_coeff_Mul()[0]))


def _without_signs(expression: sympy.Expr, positive: Positive) -> sympy.Expr:
    """Absolute values of what never changes its sign are left out."""
    return expression.replace(sympy.Abs, lambda u: u if positive(u) else -u if positive(-u) else sympy.Abs(u))


def _waves(expression: sympy.Expr) -> Iterator[sympy.Expr]:
    """By the theorems for sums and squares of sines and cosines."""
    if len(expression.atoms(sympy.sin, sympy.cos)) == 0:
        return
    for rule in (TR5, TR6, TR8, TR10i):
        form = rule(expression)
        expanded = sympy.expand_mul(form)
        factored = sympy.factor_terms(expanded)
        yield from (form, factored, _phased(expanded), _phased(factored))


def _phased(expression: sympy.Expr) -> sympy.Expr:
    """`a*sin(u) + b*cos(u)` as `c*sin(u + d)`, wherever it stands, if `a` or `b` is a constant to be fitted."""
    if expression.is_Atom:
        return expression
    arguments = [_phased(a) for a in expression.args]
    return _one_wave_each(arguments) if expression.is_Add else expression.func(*arguments)


def _one_wave_each(terms: Sequence[sympy.Expr]) -> sympy.Expr:
    sines: dict[sympy.Expr, sympy.Expr] = {}
    cosines: dict[sympy.Expr, sympy.Expr] = {}
    rest = []
    for term in terms:
        number, wave = term.as_coeff_Mul()
        waves = {sympy.sin: sines, sympy.cos: cosines}.get(wave.func)
        if waves is None or wave.args[0] in waves:
            rest.append(term)
        else:
            waves[wave.args[0]] = number
    for u in sines | cosines:
        a, b = sines.get(u, sympy.S.Zero), cosines.get(u, sympy.S.Zero)
        if a != 0 and b != 0 and (a.is_Float or b.is_Float):
            size, phase = math.hypot(float(a), float(b)), math.atan2(float(b), float(a))
            rest.append(sympy.Float(size, 17) * sympy.sin(u + sympy.Float(phase, 17)))
        else:
            rest += [a * sympy.sin(u), b * sympy.cos(u)]
    return sympy.Add(*rest)


def _squares(expression: sympy.Expr) -> sympy.Expr:
    """`a**2 - 2*a*b + b**2` as `(a - b)**2`, wherever it stands."""
    if expression.is_Atom:
        return expression
    arguments = [_squares(a) for a in expression.args]
    return _completed(arguments) if expression.is_Add else expression.func(*arguments)


def _completed(terms: Sequence[sympy.Expr]) -> sympy.Expr:
    """The sum of terms with whole squares in brackets."""
    coefficients = {rest: number for number, rest in (term.as_coeff_Mul() for term in terms)}
    if any(not number.is_Rational for number in coefficients.values()) or len(coefficients) < len(terms):
        return sympy.Add(*terms)
    roots = {}
    for rest in coefficients:
        base, exponent = rest.as_base_exp()
        if rest == 1 or exponent == 2:
            roots[sympy.Integer(1) if rest == 1 else base] = rest
    brackets = []
    for a, b in combinations(sorted(roots, key=lambda root: root.is_number), 2):
        square_a, square_b, product = roots[a], roots[b], a * b
        if not all(part in coefficients for part in (square_a, square_b, product)):
            continue
        p, q, twice = (coefficients[part] for part in (square_a, square_b, product))
        if twice**2 == 4 * p * q:
            # whole numbers inside the bracket if these are squares themselves
            root = sympy.sqrt(p) if sympy.sqrt(p).is_Rational else sympy.Integer(1)
            inside = root * a + twice * root / (2 * p) * b
            brackets.append(p / root**2 * min(inside, -inside, key=complexity) ** 2)
            for part in (square_a, square_b, product):
                del coefficients[part]
    return sympy.Add(*brackets, *(number * rest for rest, number in coefficients.items()))


def _exp_of_lambert(u: sympy.Expr) -> sympy.Expr:
    """`exp(n*W(v) + rest)` is `(v/W(v))^n * exp(rest)`."""
    outside, inside = [], []
    for term in sympy.Add.make_args(u):
        number, w = term.as_coeff_Mul()
        if isinstance(w, sympy.LambertW) and number.is_Integer:
            outside.append((w.args[0] / w) ** number)
        else:
            inside.append(term)
    return sympy.Mul(*outside, sympy.exp(sympy.Add(*inside)))


def _gathered(expression: sympy.Expr, positive: Positive) -> sympy.Expr:
    """`sqrt(a)*sqrt(b)` as `sqrt(a*b)`, `log(a) - log(b)` as `log(a/b)`."""
    if expression.is_Atom:
        return expression
    arguments = [_gathered(a, positive) for a in expression.args]
    if expression.is_Mul:
        return _gathered_roots(arguments, positive)
    if expression.is_Add:
        return _gathered_logs(arguments)
    return expression.func(*arguments)


def _gathered_roots(factors: Sequence[sympy.Expr], positive: Positive) -> sympy.Expr:
    groups: dict[sympy.Expr, list[sympy.Expr]] = {}
    rest = []
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if exponent.is_number and not exponent.is_Integer and not base.is_number and positive(base):
            groups.setdefault(abs(exponent), []).append(base if exponent > 0 else 1 / base)
        else:
            rest.append(factor)
    return sympy.Mul(*rest, *(sympy.Mul(*bases) ** exponent for exponent, bases in groups.items()))


def _gathered_logs(terms: Sequence[sympy.Expr]) -> sympy.Expr:
    groups: dict[sympy.Expr, list[sympy.Expr]] = {}
    rest = []
    for term in terms:
        number, factor = term.as_coeff_Mul()
        if isinstance(factor, sympy.log):
            groups.setdefault(abs(number), []).append(factor.args[0] if number > 0 else 1 / factor.args[0])
        else:
            rest.append(term)
    return sympy.Add(*rest, *(number * sympy.log(sympy.Mul(*parts)) for number, parts in groups.items()))
