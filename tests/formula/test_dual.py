"""Values and derivatives on tensors against the evaluation of finished formulas and SymPy's derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch
from hypothesis import assume, given, settings

from kansr.errors import FormulaError
from kansr.formula.constants import Template
from kansr.formula.dual import evaluate_dual
from kansr.formula.evaluate import evaluate
from kansr.functions import LIBRARY
from tests.formula.expressions import (
    COLUMNS,
    SYMBOLS,
    WITHOUT_VALUE,
    A,
    C,
    all_expressions,
    expressions,
    tensors,
    values,
)

NONE = torch.empty(0, dtype=torch.float64)


@given(all_expressions)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_values_are_those_of_the_finished_formula(expression: sympy.Expr) -> None:
    assume(not expression.has(*WITHOUT_VALUE))
    value, derivatives = evaluate_dual(expression, tensors(), {}, NONE)
    assert derivatives is None
    expected = evaluate(expression, COLUMNS)
    finite = np.isfinite(expected) & (np.abs(expected) < 1e100)
    actual = value.expand(len(expected)).numpy()
    np.testing.assert_allclose(actual[finite], expected[finite], rtol=1e-11, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))


@given(expressions)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_derivatives_by_constants_are_sympys(expression: sympy.Expr) -> None:
    assume(values(expression) is not None)
    template = Template.of(expression)
    assume(template.symbols)
    positions = {s: i for i, s in enumerate(template.symbols)}
    _, derivatives = evaluate_dual(template.form, tensors(), positions, template.values)
    assert derivatives is not None
    put_back = {s: sympy.Float(float(v), 17) for s, v in zip(template.symbols, template.values, strict=True)}
    for i, symbol in enumerate(template.symbols):
        slope = sympy.diff(template.form, symbol).doit().xreplace(put_back)
        if slope.atoms(sympy.Derivative, sympy.sign, sympy.Subs):
            continue  # of a modulus, which `evaluate` cannot give
        expected = evaluate(slope, COLUMNS)
        np.testing.assert_allclose(derivatives[i].expand(len(expected)), expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", LIBRARY)
def test_every_function_of_the_library_can_be_a_part_of_a_formula(name: str) -> None:
    function, u = LIBRARY[name], torch.linspace(0.1, 0.9, 7, dtype=torch.float64)
    scale = sympy.Symbol("_c0", real=True)
    value, derivatives = evaluate_dual(
        function.sympy(scale * A), {A: u}, {scale: 0}, torch.tensor([0.7], dtype=torch.float64)
    )
    torch.testing.assert_close(value.expand(7), function.value(0.7 * u))
    if derivatives is None:
        assert name == "0"
    else:
        torch.testing.assert_close(derivatives[0], u * function.derivative(0.7 * u))


def test_negative_bases_keep_whole_powers() -> None:
    value, _ = evaluate_dual(C**3 + C ** (-2), tensors(), {}, NONE)
    np.testing.assert_allclose(value, COLUMNS["C"] ** 3 + COLUMNS["C"] ** -2.0)
    assert evaluate_dual(sympy.sqrt(C), tensors(), {}, NONE)[0].isnan().tolist() == (COLUMNS["C"] < 0).tolist()


def test_an_exponent_may_be_a_constant() -> None:
    power = sympy.Symbol("_c0", real=True)
    a = tensors()[A]
    value, derivatives = evaluate_dual(A**power, tensors(), {power: 0}, torch.tensor([1.7], dtype=torch.float64))
    torch.testing.assert_close(value, a**1.7)
    assert derivatives is not None
    torch.testing.assert_close(derivatives[0], a**1.7 * a.log())


def test_what_has_no_value_is_refused() -> None:
    with pytest.raises(FormulaError, match="column 'z'"):
        evaluate_dual(sympy.Symbol("z") + A, tensors(), {}, NONE)
    for unknown in (sympy.besselj(2, A), sympy.bessely(0, A), sympy.sign(C)):
        with pytest.raises(FormulaError, match=f"'{type(unknown).__name__}'"):
            evaluate_dual(unknown, tensors(), {}, NONE)


def test_names_that_sympy_keeps_for_itself() -> None:
    names = ("E", "I", "S", "N", "gamma", "lambda_")
    symbols = [sympy.Symbol(name, real=True) for name in names]
    columns = {s: torch.full((3,), 2.0 + i, dtype=torch.float64) for i, s in enumerate(symbols)}
    value, _ = evaluate_dual(sympy.Add(*symbols), columns, {}, NONE)
    assert value.tolist() == [27.0] * 3
    assert len(SYMBOLS) == 3
