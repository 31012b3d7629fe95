"""Each format gives back the numbers of the formula."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy

from kansr.cli.export import Format
from kansr.export import FORMATS, to_json, to_latex, to_python, to_sympy
from kansr.formula.evaluate import evaluate
from kansr.results import Metrics
from tests import examples

TEXTS = [
    "365.25*a**(3/2)",
    "a**-3/3 + pi*sqrt(b)",
    "exp(-a)*cos(2.5*b + 0.1)/sqrt(1 - a**2/100)",
    "Abs(a - b) + erf(a) + exp(1)",
    "asin(a/10) + acos(b/10) + atan(a) + log(b) + tan(a)*tanh(b) + sinh(a) + cosh(b) + asinh(a)",
    "besselj(0, a) + 2.5*besselj(1, a*b) + gamma(a - 3.3) + loggamma(b)**2",
    "LambertW(a)/2",
]


def function(code: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "formula.py", "exec"), names)  # noqa: S102 (our own module is to be tried)
    found: Callable[..., Any] = names["predict"]
    return found


def test_the_command_line_offers_all_formats() -> None:
    assert [str(f) for f in Format] == list(FORMATS)


@pytest.mark.parametrize("text", TEXTS)
def test_python_agrees_with_the_formula(text: str) -> None:
    summary = examples.summary(examples.result(text, ("a", "b")))
    a, b = np.array([0.5, 1.0, 2.0]), np.array([1.5, 2.5, 3.0])
    arguments = {"a": a, "b": b}
    used = [arguments[s.name] for s in sorted(summary.result.best.expression.free_symbols, key=str)]
    expected = evaluate(summary.result.best.expression, arguments)
    np.testing.assert_allclose(function(to_python(summary))(*used), expected, rtol=1e-14)


@pytest.mark.parametrize("text", ["LambertW(a)", "loggamma(a)", "gamma(a)", "besselj(1, a)", "asinh(a)"])
def test_python_is_undefined_where_the_formula_is(text: str) -> None:
    summary = examples.summary(examples.result(text))
    a = np.array([-1e3, -2.5, -1.0, -0.367, 0.0, 1e-200, 1e300])
    with np.errstate(all="ignore"):
        expected = evaluate(summary.result.best.expression, {"a": a})
        np.testing.assert_array_equal(function(to_python(summary))(a), expected)
        values = [function(to_python(summary))(value) for value in a.tolist()]
    assert all(isinstance(value, float) for value in values)
    np.testing.assert_array_equal(values, expected)


def test_python_loads_scipy_only_for_special_functions() -> None:
    assert all(
        "scipy" not in to_python(examples.summary(examples.result(text))) for text in (TEXTS[0], "a*pi + exp(1)")
    )
    assert "\nimport scipy.special\n" in to_python(examples.summary(examples.result("erf(a)")))


def test_python_takes_whole_numbers() -> None:
    code = to_python(examples.summary(examples.result("a**-2")))
    assert function(code)(2) == 0.25
    assert function(code)([1, 2]).tolist() == [1.0, 0.25]


def test_python_of_a_constant_has_one_value_for_each_row() -> None:
    assert function(to_python(examples.summary(examples.result("2.5"))))([1, 2]).tolist() == [2.5, 2.5]


def test_python_survives_strange_names() -> None:
    features = ('"""', "np", "lambda", "back\\slash\n", "predict")
    found = examples.result("x + 2*np + 3*lambda_ + 4*back_slash + 5*predict", features, 'T"""\\')
    assert function(to_python(examples.summary(found)))(1, 1, 1, 1, 1) == 15


def test_python_needs_nothing_but_numpy() -> None:
    code = to_python(examples.summary()) + "\nimport sys\nprint(predict(1.0), 'kansr' in sys.modules)\n"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "365.25 False\n"


def test_python_says_how_good_it_is() -> None:
    code = to_python(examples.summary())
    assert "cross-validation: RMSE 0.24" in code
    assert "c0 = 365.25 +- 0.021" in code
    assert "a: 0.387 to 5.203" in code


def test_sympy_is_read_by_sympify() -> None:
    symbols = {name: sympy.Symbol(name, real=True) for name in ("E", "S")}
    text = to_sympy(examples.summary(examples.result("0.1*E**(3/2) + S", ("E", "S"))))
    assert sympy.sympify(text, locals=symbols) == 0.1 * symbols["E"] ** sympy.Rational(3, 2) + symbols["S"]


def test_latex_is_one_line() -> None:
    assert to_latex(examples.summary()) == "P = 365.25 a^{\\frac{3}{2}}\n"


def test_json_has_null_for_what_is_not_finite() -> None:
    result = examples.result()
    broken = replace(result.best, metrics={"test": Metrics(math.nan, math.inf, math.inf, 0.1, 0.1, 1)})
    text = to_json(examples.summary(replace(result, best=broken, front=(broken,), noise=math.nan)))
    content = json.loads(text, parse_constant=pytest.fail)
    assert content["metrics"]["test"]["r2"] is None
    assert content["noise"] is None
