"""Formulas of which a person knows whether they are the law."""

from __future__ import annotations

import numpy as np
import pytest

from kansr.bench import Problem, Settings
from kansr.bench.judge import judge
from kansr.bench.suite import Range
from kansr.errors import FormulaError
from kansr.formula.parse import parse_expression

NAMES = ("x", "y")
LAW = Problem("p", parse_expression("x*sin(y)", NAMES), NAMES, {n: Range(low=1, high=3) for n in NAMES})
CLEAN = Settings()
NOISY = Settings(noise=0.1)


@pytest.mark.parametrize(
    ("text", "recovered", "clean"),
    [
        ("x*sin(y)", True, True),
        ("1.0000000001*x*sin(y)", True, True),
        ("x*sin(3.14159265358979 - y)", True, True),
        ("x*sin(y) + 0*x", True, True),
        ("x*sin(y)*(sin(x/7)**2 + cos(x/7)**2)", True, False),
        ("1.00001*x*sin(y)", False, False),
        ("Abs(x*sin(y))", False, False),  # sin(y) is positive in the range, but not beyond it
        ("x*sqrt(1 - cos(y)**2)", False, False),
        ("x*y", False, False),
        ("log(-x)", False, False),
        ("2", False, False),
    ],
)
def test_without_noise(text: str, recovered: bool, clean: bool) -> None:
    narrow = Problem("p", LAW.expression, NAMES, {"x": Range(low=1, high=3), "y": Range(low=0.1, high=3)})
    verdict = judge(narrow, text, CLEAN)
    assert (verdict.recovered, verdict.clean) == (recovered, clean)


def test_the_numbers() -> None:
    verdict = judge(LAW, "1.01*x*sin(y)", CLEAN)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(1, 3, (2, 400_000))
    law = x * np.sin(y)
    nrmse = 0.01 * np.sqrt(np.mean(law**2)) / law.std()
    assert verdict.nrmse == pytest.approx(nrmse, rel=0.05)
    assert verdict.r2 == pytest.approx(1 - nrmse**2, abs=1e-4)
    assert (verdict.complexity, verdict.true_complexity) == (5, 4)
    assert verdict.extrapolated < 0.1


def test_where_the_formula_has_no_value_it_is_infinitely_wrong() -> None:
    verdict = judge(LAW, "log(x - 2)", CLEAN)
    assert verdict.nrmse == np.inf
    assert verdict.r2 == -np.inf


def test_noise_leaves_room() -> None:
    assert judge(LAW, "1.005*x*sin(y)", NOISY).recovered
    assert not judge(LAW, "1.005*x*sin(y)", CLEAN).recovered
    assert not judge(LAW, "1.05*x*sin(y)", NOISY).recovered


def test_columns_without_effect() -> None:
    verdict = judge(LAW, "x*sin(y) + 1e-9*dummy2", CLEAN, ("dummy1", "dummy2"))
    assert (verdict.recovered, verdict.dummies_used) == (True, 1)
    with pytest.raises(FormulaError, match="dummy2"):
        judge(LAW, "x*sin(y) + 1e-9*dummy2", CLEAN)


def test_columns_under_another_symbol() -> None:
    assert judge(LAW, "x*sin(y_)", CLEAN, symbols={"x": "x", "y": "y_"}).clean


def test_true_formulas_are_judged_where_they_have_a_value() -> None:
    names = ("x",)
    root = Problem("p", parse_expression("sqrt(x)", names), names, {"x": Range(low=0, high=1)})
    assert judge(root, "x**0.5", CLEAN).clean
    assert not judge(root, "x", CLEAN).recovered
