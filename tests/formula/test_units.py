"""The quantity in a column's name."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kansr.formula.names import latex_expression, symbol_names, unicode_equation
from kansr.formula.parse import parse_expression
from kansr.formula.units import quantity


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("mass [kg]", "mass"),
        ("mass[kg]", "mass"),
        ("T (K)", "T"),
        ("T(K)", "T"),
        ("θ (deg)", "θ"),
        ("v / m/s", "v"),
        ("g / m s^-2", "g"),
        ("E(MeV)", "E"),
        ("rho (kg/m³)", "rho"),
        ("p (left) [Pa]", "p (left)"),
        ("growth (%)", "growth"),
        ("length [a.u.]", "length"),
        ("wave speed [m/s]", "wave speed"),
    ],
)
def test_a_unit_is_no_part_of_it(name: str, short: str) -> None:
    assert quantity(name) == short


@pytest.mark.parametrize(
    "name",
    ["", "mass", "[kg]", "(K)", "f(x)", "log(P)", "log (P)", "mass / charge", "a/b", "m / s / x", "T [K", "a)(b"],
)
def test_names_without_a_unit_stay(name: str) -> None:
    assert quantity(name) == name


@given(st.text(max_size=20) | st.text("a ([K])/ m", max_size=300))
def test_any_name_keeps_something(name: str) -> None:
    assert bool(quantity(name)) == bool(name)
    assert name.strip().startswith(quantity(name).strip())


def test_symbols_are_short_where_that_is_clear() -> None:
    columns = ["T (K)", "T (degC)", "mass [kg]", "v / m/s", "a [m]", "a", "lambda (nm)"]
    symbols = ["T_K", "T_degC", "mass", "v", "a_m", "a", "lambda_"]
    assert symbol_names(columns) == dict(zip(columns, symbols, strict=True))


def test_the_target_is_shown_without_its_unit_unless_that_is_a_symbol() -> None:
    expression = parse_expression("2*T + 1", ["T"])
    assert unicode_equation(expression, "P [d]") == "P = 2·T + 1"
    assert latex_expression(expression, "P [d]") == "P = 2 T + 1"
    assert unicode_equation(expression, "T [K]") == "T [K] = 2·T + 1"
    assert latex_expression(expression, "T [K]") == r"\mathrm{T\ [K]} = 2 T + 1"


def test_names_that_would_look_the_same_do_not() -> None:
    expression = parse_expression("a1*a_1 + theta*θ", ["a1", "a_1", "theta", "θ"])
    assert unicode_equation(expression, "y") == "y = a1·a_1 + theta·θ"
    assert latex_expression(expression, "y") == r"y = \mathrm{a1} \mathrm{a\_1} + \mathrm{theta} \mathrm{\theta}"
