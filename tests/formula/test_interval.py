"""Bounds of formulas against their values at random points."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings

from kansr.formula.evaluate import node_values
from kansr.formula.interval import bounds_of_parts, is_proven
from kansr.formula.parse import parse_expression
from kansr.functions import LIBRARY
from tests.formula.expressions import WITHOUT_VALUE, all_expressions

X = sympy.Symbol("x", real=True)
# ends of an interval: ordinary, tiny, whole, far out
ends = st.one_of(st.floats(-3, 3), st.floats(-1e-3, 1e-3), st.integers(-4, 4).map(float), st.floats(-400, 400))
intervals = st.tuples(ends, ends).map(lambda pair: sorted(end + 0.0 for end in pair))  # no negative zero
boxes = st.fixed_dictionaries({"a": intervals, "b": intervals, "C": intervals})


def points(low: float, high: float, n: int = 24) -> np.ndarray:
    """The ends and points between them."""
    shares = np.concatenate([[0.0, 1.0, 0.5], np.random.default_rng(5).uniform(size=n)])
    return np.clip(low * (1 - shares) + high * shares, low, high)


@given(all_expressions, boxes)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_values_lie_within_the_bounds(expression: sympy.Expr, box: dict[str, list[float]]) -> None:
    assume(not expression.has(*WITHOUT_VALUE))
    bounds = bounds_of_parts(
        expression, {name: (np.array([low]), np.array([high])) for name, (low, high) in box.items()}
    )
    shuffled = np.random.default_rng(6)
    values = node_values(expression, {name: shuffled.permutation(points(*ends)) for name, ends in box.items()})
    for part, value in values.items():
        low, high = (float(np.ravel(bound)[0]) for bound in bounds[part])
        assert (value[np.isfinite(value)] >= low).all()
        assert (value[np.isfinite(value)] <= high).all()
        if is_proven(bounds[part]).all():
            assert np.isfinite(value).all()


@pytest.mark.parametrize("name", LIBRARY)
def test_bounds_of_each_function_are_close(name: str) -> None:
    """On narrow intervals where the function is defined they are proven and hardly wider than its values."""
    expression = LIBRARY[name].sympy(X)
    low = np.linspace(0.1, 0.9, 50) if "-1 <=" in LIBRARY[name].domain else np.linspace(0.1, 1.5, 50)
    high = low + 1e-3
    bounds = bounds_of_parts(expression, {"x": (low, high)})[expression]
    assert is_proven(bounds).all()
    inside = node_values(expression, {"x": np.linspace(low, high, 9)})[expression] + np.zeros((9, 50))
    spread = inside.max(0) - inside.min(0)
    assert (bounds[1] - bounds[0] <= 2 * spread + 2e-3).all()


@pytest.mark.parametrize(
    ("text", "low", "high", "least", "most"),
    [
        ("x**2", -1, 2, 0, 4),
        ("x**3", -1, 2, -1, 8),
        ("x**-2", 1, 2, 0.25, 1),
        ("x**-3", -2, -1, -1, -0.125),
        ("x**2.0", -3, 1, 0, 9),
        ("sqrt(x)", 0, 4, 0, 2),
        ("x**1.5", 0, 4, 0, 8),
        ("x**-1.5", 1, 4, 0.125, 1),
        ("2**x", -1, 2, 0.5, 4),
        ("sin(x)", 0, 3, 0, 1),
        ("sin(x)", 1, 9, -1, 1),
        ("cos(x)", -1, 2, math.cos(2), 1),
        ("tan(x)", -1, 1, -math.tan(1), math.tan(1)),
        ("acos(x)", -1, 1, 0, math.pi),
        ("cosh(x)", -1, 2, 1, math.cosh(2)),
        ("Abs(x)", -3, 2, 0, 3),
        ("gamma(x)", 1, 4, 0.8856031944108887, 6),
        ("log(x)", 1, math.e, 0, 1),
        ("x - 2*x", 0, 1, -1, 0),
    ],
)
def test_bounds_are_the_range(text: str, low: float, high: float, least: float, most: float) -> None:
    expression = parse_expression(text, ["x"])
    found = bounds_of_parts(expression, {"x": (np.array([low]), np.array([high]))})[expression]
    assert [float(bound[0]) for bound in found] == pytest.approx([least, most], rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1/x", -1, 1),
        ("1/x", 0, 1),
        ("x**-2", -1, 1),
        ("sqrt(x)", -0.1, 1),
        ("x**-0.5", 0, 1),
        ("x**1.3", -1e-9, 1),
        ("x**x", -0.1, 1),
        ("(-2)**x", 0.1, 0.3),
        ("log(x)", 0, 1),
        ("asin(x)", 0, 1.1),
        ("tan(x)", 1, 2),
        ("exp(x)", 0, 1000),
        ("1/(1 + exp(x))", 0, 1000),
        ("loggamma(x)", -0.5, 1),
        ("gamma(x)", -0.6, -0.4),
        ("LambertW(x)", -0.4, 1),
        ("atan(1/x)", -1, 1),
    ],
)
def test_what_may_have_no_value_is_unproven(text: str, low: float, high: float) -> None:
    expression = parse_expression(text, ["x"])
    bounds = bounds_of_parts(expression, {"x": (np.array([low, 1.2]), np.array([high, 1.3]))})[expression]
    assert not is_proven(bounds)[0]
    assert bounds[0][0] == -np.inf


def test_an_unknown_function_is_unproven() -> None:
    bounds = bounds_of_parts(sympy.sign(X), {"x": (np.array([1.0]), np.array([2.0]))})
    assert not is_proven(bounds[sympy.sign(X)]).any()
    assert is_proven(bounds[X]).all()
