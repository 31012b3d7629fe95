"""Rewriting keeps the values and gives what a person would write."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import assume, example, given, settings

from kansr.formula.evaluate import evaluate
from kansr.formula.forms import cheapest
from kansr.formula.rewrite import canonical, complexity, shape
from tests.formula.expressions import COLUMNS, A, B, C, all_expressions, expressions, positive, values


def check_same(before: sympy.Expr, after: sympy.Expr, expected: np.ndarray) -> None:
    parts = [evaluate(part, COLUMNS) for part in sympy.preorder_traversal(before)]
    scale = max(1.0, *(float(np.abs(part).max()) for part in parts))
    np.testing.assert_allclose(evaluate(after, COLUMNS), expected, rtol=1e-8, atol=1e-10 * scale)


@given(all_expressions)
@settings(max_examples=250, deadline=None, derandomize=True)
@example(sympy.exp(sympy.Float(2.5) * sympy.log(A)))
@example(sympy.sqrt((A - B) ** 2))
@example((C**2) ** sympy.Rational(3, 2))
@example(sympy.log(C**2))
@example(sympy.log(A * B * C**2))
@example(sympy.sqrt(sympy.Float(-1.3) * C * (C - 2)))
@example(sympy.Abs(sympy.Float(-2.0) * A + B))
@example(sympy.sin(sympy.Float(7.1) - A) * sympy.cos(sympy.Float(-9.3) + C))
@example((A + C) ** 2 / (2 * A + 2 * C))
@example(sympy.tan(sympy.Float(-4.0) - C / 5))
@example(sympy.besselj(1, sympy.Float(1.2) - 3 * A))
@example(A * sympy.exp(-sympy.LambertW(2 * A)))
def test_canonical_never_changes_values(expression: sympy.Expr) -> None:
    expected = values(expression)
    assume(expected is not None)
    check_same(expression, canonical(expression, positive), expected)


@given(all_expressions)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_cheapest_never_changes_values_and_is_never_longer(expression: sympy.Expr) -> None:
    expected = values(expression)
    assume(expected is not None)
    short = cheapest(expression, positive)
    check_same(expression, short, expected)
    assert complexity(short) <= complexity(expression)


@given(all_expressions)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_canonical_settles(expression: sympy.Expr) -> None:
    assume(values(expression) is not None)
    once = canonical(expression, positive)
    twice = canonical(once, positive)
    np.testing.assert_allclose(evaluate(twice, COLUMNS), evaluate(once, COLUMNS), rtol=1e-7, atol=1e-8)
    assert complexity(twice) <= complexity(once)


@pytest.mark.parametrize(
    ("detour", "direct"),
    [
        (sympy.exp(sympy.log(A) - sympy.log(B)), A / B),
        (sympy.exp(2 * sympy.log(A) + sympy.log(B) / 2), A**2 * sympy.sqrt(B)),
        (sympy.log(A * sympy.exp(B)), sympy.log(A) + B),
        (sympy.exp(-sympy.log(A + B)), 1 / (A + B)),
        (sympy.sqrt(A**4), A**2),
        (sympy.Abs(A), A),
        (sympy.Abs(-3 * C), 3 * sympy.Abs(C)),
        (sympy.sin(-A), -sympy.sin(A)),
        (sympy.cosh(-A), sympy.cosh(A)),
        (sympy.exp(sympy.log(A) + C), A * sympy.exp(C)),
        (sympy.log(sympy.exp(C)), C),
        ((2 * A + 2 * B) / 2, A + B),
        ((A - B) / (B - A) * C, -C),
        (sympy.asinh(-A), -sympy.asinh(A)),
        (sympy.erf(-A), -sympy.erf(A)),
        (sympy.besselj(0, -A), sympy.besselj(0, A)),
        (sympy.besselj(1, -A), -sympy.besselj(1, A)),
        (6 * A * sympy.exp(-sympy.LambertW(2 * A)), 3 * sympy.LambertW(2 * A)),
        (sympy.exp(-sympy.LambertW(A)), sympy.exp(-sympy.LambertW(A))),
    ],
)
def test_detours_are_undone(detour: sympy.Expr, direct: sympy.Expr) -> None:
    assert sympy.expand(cheapest(canonical(detour, positive), positive) - direct) == 0


@pytest.mark.parametrize("argument", [1.2 - 3.0 * A, 2.0 * A - 3.0 * B, 3.0 * B - 2.0 * A, -1.5 * A - 0.5])
def test_a_bessel_function_keeps_its_sign_outside(argument: sympy.Expr) -> None:
    """SymPy writes `besselj(1, a - b)` as a quotient of `a - b` and `b - a` times `besselj(1, b - a)`."""
    written = canonical(sympy.besselj(1, argument), positive)
    (bessel,) = written.atoms(sympy.besselj)
    assert complexity(written) <= complexity(bessel) + 2
    assert complexity(canonical(2.5 * sympy.besselj(1, argument) + C, positive)) <= complexity(bessel) + 4


def test_a_bessel_function_of_a_number_is_a_number() -> None:
    written = canonical(A + sympy.besselj(0, sympy.Float(1.2)), positive)
    assert written.atoms(sympy.Float) == {written - A}
    assert float(written - A) == pytest.approx(0.6711327442643627, rel=1e-15)


def test_a_detour_with_fitted_constants_is_a_power() -> None:
    detour = sympy.exp(sympy.Float(1.5) * sympy.log(A) - 2 * sympy.log(B) + sympy.Float(0.7))
    written = canonical(detour, positive)
    assert not written.has(sympy.exp, sympy.log)
    assert len(written.atoms(sympy.Float)) == 2


def test_a_logarithm_of_what_may_be_negative_stays() -> None:
    assert canonical(sympy.log(C**2), positive).has(sympy.log)
    assert not canonical(sympy.sqrt(C**2), positive).equals(C)


def test_phases_lose_whole_periods() -> None:
    written = canonical(sympy.sin(A + sympy.Float(13.0)), positive)
    (phase,) = written.atoms(sympy.Float)
    assert float(phase) == pytest.approx(13 - 4 * np.pi)


def test_a_product_of_sums_has_one_constant_in_front() -> None:
    product = (sympy.Float(1.5) * A + sympy.Float(3.0)) * (sympy.Float(0.2) * B - sympy.Float(0.8) * C)
    written = canonical(product, positive)
    assert {round(float(number), 9) for number in written.atoms(sympy.Float)} == {0.3, 2.0, -4.0}


def test_a_coefficient_that_was_divided_out_is_no_constant() -> None:
    written = canonical(sympy.log(sympy.Float(1.5) * A + sympy.Float(1.5) * B), positive)
    assert [float(number) for number in written.atoms(sympy.Float)] == pytest.approx([np.log(1.5)])


def test_complexity_counts_nodes() -> None:
    assert complexity(A) == 1
    assert complexity(2 * A + B) == 5
    assert complexity(sympy.sin(A) ** 2) == 4


@pytest.mark.parametrize("name", ["E", "I", "S", "N", "gamma", "lambda_"])
def test_names_that_sympy_keeps_for_itself(name: str) -> None:
    symbol = sympy.Symbol(name, real=True)
    expression = sympy.exp(2 * sympy.log(symbol)) + 1 / symbol
    assert cheapest(canonical(expression, lambda _: True), lambda _: True) == symbol**2 + 1 / symbol


@given(expressions)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_shape_does_not_depend_on_constants(expression: sympy.Expr) -> None:
    refitted = expression.xreplace({number: number * 0.93 for number in expression.atoms(sympy.Float)})
    assume(complexity(refitted) == complexity(expression))
    assert shape(refitted) == shape(expression)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (2 * A**2 + B, sympy.Float(1.997) * A**2 + B, True),
        (sympy.Mul(2, A - 1, B - 2), sympy.Mul(3, B - sympy.Rational(1, 3), A + sympy.pi), True),
        (2 * A**2, 2 * A**3, False),
        (sympy.exp(2 * A), sympy.exp(A), False),
        (sympy.exp(2 * A), sympy.exp(2 * B), False),
        (A + 1, A * 2, False),
        (sympy.sin(2 * A), sympy.cos(2 * A), False),
    ],
)
def test_which_formulas_have_the_same_shape(one: sympy.Expr, other: sympy.Expr, same: bool) -> None:
    assert (shape(one) == shape(other)) == same


@pytest.mark.parametrize(
    ("long", "nodes"),
    [
        (1.433 * sympy.sin(2 * A) + 0.443 * sympy.cos(2 * A), 8),
        (-0.886 * sympy.sin(A) ** 2 + 2.866 * sympy.sin(A) * sympy.cos(A) + 0.5 * B, 13),
        (sympy.exp(-A) * (0.3 * sympy.sin(B) - 1.7 * sympy.cos(B)), 10),
    ],
)
def test_waves_of_one_frequency_are_one_wave(long: sympy.Expr, nodes: int) -> None:
    short = cheapest(long, positive)
    assert complexity(short) <= nodes
    np.testing.assert_allclose(evaluate(short, COLUMNS), evaluate(long, COLUMNS), rtol=1e-12, atol=1e-12)


def test_a_sum_takes_in_the_sign_under_a_root() -> None:
    root = canonical(sympy.sqrt(-1 / (A**2 - B**2)), lambda u: u.subs({A: 1.0, B: 2.0}) > 0)
    assert root == (B**2 - A**2) ** sympy.Rational(-1, 2)
