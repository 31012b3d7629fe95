"""Expressions as nested lists: the same tree comes back, also one that SymPy would simplify."""

from __future__ import annotations

import json

import pytest
import sympy
from hypothesis import assume, given

from kansr.formula.constants import Template
from kansr.formula.trees import from_tree, to_tree
from tests.formula.expressions import WITHOUT_VALUE, A, B, expressions, special_expressions


def again(expression: sympy.Expr) -> sympy.Expr:
    return from_tree(json.loads(json.dumps(to_tree(expression))))


@given(expressions)
def test_every_node_comes_back(expression: sympy.Expr) -> None:
    assume(not expression.has(*WITHOUT_VALUE))
    assert sympy.srepr(again(expression)) == sympy.srepr(expression)


@given(special_expressions)
def test_every_node_of_special_functions_comes_back(expression: sympy.Expr) -> None:
    assume(not expression.has(*WITHOUT_VALUE))
    assert sympy.srepr(again(expression)) == sympy.srepr(expression)


@given(expressions)
def test_templates_come_back_though_they_are_not_simplified(expression: sympy.Expr) -> None:
    assume(not expression.has(*WITHOUT_VALUE))
    form = Template.of(expression).form
    assert sympy.srepr(again(form)) == sympy.srepr(form)


def test_order_and_precision_are_kept() -> None:
    unordered = sympy.Add(B, A, B, evaluate=False)
    assert again(unordered).args == (B, A, B)
    assert again(sympy.Float(0.1, 30))._prec == sympy.Float(0.1, 30)._prec


@pytest.mark.parametrize("expression", [sympy.Symbol("a"), sympy.Integral(A, A), sympy.Function("f")(A)])
def test_what_is_no_formula_is_refused(expression: sympy.Expr) -> None:
    with pytest.raises(ValueError, match="no formula"):
        to_tree(expression)


@pytest.mark.parametrize(
    "tree",
    [
        "a",
        [],
        ["+"],
        ["eval", ["Symbol", "a"]],
        ["Symbol", 3],
        ["Rational", 1, 0],
        ["Float", 0, 1],
        ["__class__"],
        None,
    ],
)
def test_what_is_no_tree_is_refused(tree: object) -> None:
    with pytest.raises(ValueError, match="no expression"):
        from_tree(tree)
