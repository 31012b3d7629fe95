"""Formulas from strangers: nothing is run, and whatever is read can be printed and evaluated, in bounded time."""

from __future__ import annotations

import contextlib

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from kansr.errors import FormulaError
from kansr.formula import parse
from kansr.formula.evaluate import evaluate
from kansr.formula.names import format_expression, latex_expression, unicode_expression
from kansr.formula.parse import CONSTANTS, FUNCTIONS, parse_expression

NAMES = ("a", "b", "E")
# The watchdog may hit Hypothesis counting a garbage collection: Python only reports that, and the next hit ends it.
swallowed = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__base__.__subclasses__()",
        "a.__class__",
        "exp.__globals__['os']",
        "(lambda: a)()",
        "lambda a: a",
        "[x for x in (a,)]",
        "{a: b}",
        "{a}",
        "(a for a in b)",
        "f'{a}'",
        "'a'*3",
        "b'a'",
        "(c := a)",
        "a if a else b",
        "a and b",
        "not a",
        "~a",
        "a @ b",
        "a % b",
        "a // b",
        "a << b",
        "a | b",
        "a == b",
        "a in b",
        "await a",
        "yield a",
        "...",
        "None",
        "True",
        "1j",
        "a + 2j",
        "1_0j",
        "*a",
        "a, b",
        "a; b",
        "a = b",
        "import os",
        "exp(a, evaluate=False)",
        "exp(*[a])",
        "exp(**a)",
        "exp()(a)",
        "sin[a]",
        "1e400",
        "-1e400*a",
        "9**9**9",
        "9**9**9**9",
        "2**(2**20)",
        "a**(10**9)",
        "gamma(10**6)",
        "10**(10**10)*a",
        "exp(exp(exp(exp(9.0))))",
        "a\x00b",
        "\x00",
        "a\u202e",
        "а",  # Cyrillic, like the Latin letter
        "еxp(a)",
        "open('x')",
        "eval('a')",
        "exec",
        "print(a)",
        "globals()",
        "S('a')",
        "Symbol(a)",
        "sympify(a)",
        "factorial(a)",
        "Integral(a, b)",
        "exp" + "(exp" * 60 + "(a)" + ")" * 60,
        "(" * 199 + "a" + ")" * 199 + "(",
        "-" * 301 + "a",
        "+".join(["a*b"] * 2600),
        "a" * 10_001,
        "1" * 5000,
    ],
)
def test_what_is_no_formula_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_expression(text, NAMES)
    assert len(caught.value.message) < 200
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(("text", "same"), [("ａ + ｂ", "a + b"), ("ｅｘｐ(a)", "exp(a)"), ("𝐸", "E")])
def test_letters_of_another_width_are_what_python_takes_them_for(text: str, same: str) -> None:
    assert parse_expression(text, NAMES) == parse_expression(same, NAMES)


@swallowed
def test_what_sympy_ponders_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MAX_SECONDS", 0.2)
    with pytest.raises(FormulaError, match="takes more than"):
        parse_expression("2**((1/3)**tanh(7*a**(99991/99989 + 171)))", NAMES)


NUMBERS = ["0", "1", "-1", "2", "3", "1/3", "0.5", "171", "1024", "-1023", "2**1000", "10**300", "1e308", "5e-324"]
leaf = st.sampled_from([*NAMES, *CONSTANTS, *NUMBERS, "17**200", "99991/99989"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    call = st.sampled_from([*(f"{name}(" for name in FUNCTIONS), "besselj(0, ", "besselj(1, "])
    return (
        st.tuples(call, inner).map(lambda p: f"{p[0]}{p[1]})")
        | st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**", "**"]), inner).map(
            lambda p: f"({p[0]}){p[1]}({p[2]})"
        )
        | st.tuples(call, st.integers(2, 40), inner).map(lambda p: p[0] * p[1] + p[2] + ")" * p[1])
    )


@swallowed
@given(st.recursive(leaf, _grow, max_leaves=10))
@settings(max_examples=150, deadline=None)
def test_any_formula_is_read_and_printed_or_refused(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(FormulaError), np.errstate(all="ignore"):
        patch.setattr(parse, "MAX_SECONDS", 1.0)
        expression = parse_expression(text, NAMES)
        assert latex_expression(expression, "P").isascii()
        assert unicode_expression(expression)
        assert evaluate(expression, {name: np.array([0.5, 1.5]) for name in NAMES}).shape == (2,)
        parse_expression(format_expression(expression), NAMES)


@given(st.text(st.sampled_from("abE01.e+-*/() ,:=[]{}'\"\\_\n\0~@#$!;ａ\u202e"), max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FormulaError):
        parse_expression(text, NAMES)
