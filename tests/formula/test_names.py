"""Symbols for column names, and the printed forms of formulas."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
import sympy
from hypothesis import given

from kansr.formula.names import (
    format_expression,
    latex_expression,
    latex_name,
    symbol_names,
    unicode_expression,
    unicode_name,
)
from kansr.formula.parse import parse_expression

NAMES = ("a", "b", "m1", "m_2", "theta", "E", "mass_kg", "lambda_")


def read(text: str) -> sympy.Expr:
    return parse_expression(text, NAMES)


@pytest.mark.parametrize("name", ["a", "E", "I", "S", "beta", "θ", "mass_kg", "_x", "print", "gamma"])
def test_identifiers_stay(name: str) -> None:
    assert symbol_names([name]) == {name: name}


@pytest.mark.parametrize(
    ("column", "symbol"),
    [
        ("lambda", "lambda_"),
        ("None", "None_"),
        ("exp", "exp_"),
        ("pi", "pi_"),
        ("Abs", "Abs_"),
        ("Float", "Float_"),
        ("asinh", "asinh_"),
        ("mass (kg)", "mass"),
        ("1st", "x_1st"),
        ("", "x"),
        ("  ", "x"),
        ("data.x", "data_x"),
        ("\u00b5", "\u03bc"),  # micro sign to the letter mu, as Python reads it
    ],
)
def test_other_names_are_sanitised(column: str, symbol: str) -> None:
    assert symbol_names([column]) == {column: symbol}


def test_a_column_gives_way_to_a_function_that_was_asked_for() -> None:
    columns = ["gamma", "besselj", "a"]
    assert list(symbol_names(columns).values()) == columns
    assert list(symbol_names(columns, {"gamma"}).values()) == ["gamma_", "besselj", "a"]


def test_own_names_come_first_and_collisions_are_numbered() -> None:
    columns = ["mass (kg)", "mass_kg", "mass-kg", "mass [kg]"]
    assert list(symbol_names(columns).values()) == ["mass_kg_2", "mass_kg", "mass_kg_3", "mass_kg_4"]


@given(st.lists(st.text(max_size=8), unique=True, max_size=6))
def test_any_columns_get_distinct_symbols_that_formulas_can_hold(columns: list[str]) -> None:
    symbols = symbol_names(columns)
    assert list(symbols) == columns
    assert len(set(symbols.values())) == len(columns)
    total = sympy.Add(*(sympy.Symbol(name, real=True) for name in symbols.values()))
    assert parse_expression(format_expression(total), symbols.values()) == total


@pytest.mark.parametrize("name", ["E", "I", "S", "N", "beta", "gamma", "zeta", "lambda_", "Float_", "θ"])
def test_sympify_reads_the_printed_form(name: str) -> None:
    symbol = sympy.Symbol(name, real=True)
    expr = sympy.Float(0.1) * sympy.exp(1) * symbol ** sympy.Rational(3, 2) + sympy.Float(1e-7) + sympy.pi
    assert (sympy.sympify(format_expression(expr), locals={name: symbol}) - expr).evalf(
        subs={symbol: 2}, chop=True
    ) == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("365.25*a**(3/2)", "365.25·a^(3/2)"),
        ("6.6743e-11*m1*m_2/a**2", "6.6743·10⁻¹¹·m₁·m₂/a²"),
        ("1.0e-7*a", "10⁻⁷·a"),
        ("0.12345678901*a", "0.123457·a"),
        ("theta**2/16 + pi", "θ²/16 + π"),
        ("sqrt(a)*b", "√a·b"),
        ("a/sqrt(1 - b**2)", "a/√(1 - b²)"),
        ("a**(-1/2)", "1/√a"),
        ("a**-3", "1/a³"),
        ("(a + b)**-2", "1/(a + b)²"),
        ("sin(a)**2", "sin(a)²"),
        ("1.5**a", "1.5^a"),
        ("1e-9**a", "(10⁻⁹)^a"),
        ("(-2.5)**a", "(-2.5)^a"),
        ("a**-b", "a^(-b)"),
        ("Abs(a - b)", "|a - b|"),
        ("exp(-a*b)*lambda_", "λ·exp(-a·b)"),
        ("mass_kg + E", "E + mass_kg"),
        ("besselj(0, 2.5*a)**2 + besselj(1, b)", "J₀(2.5·a)² + J₁(b)"),
        ("gamma(a)*loggamma(b)**2", "Γ(a)·logΓ(b)²"),
        ("1/LambertW(a)", "1/W(a)"),
    ],
)
def test_unicode(text: str, shown: str) -> None:
    assert unicode_expression(read(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("365.25*a**(3/2)", r"P = 365.25 a^{\frac{3}{2}}"),
        ("6.6743e-11*m1*m_2", r"P = 6.6743 \cdot 10^{-11} m_{1} m_{2}"),
        ("log(a)*asin(b)", r"P = \ln{\left(a \right)} \arcsin{\left(b \right)}"),
        ("asinh(a)*erf(b)", r"P = \operatorname{arsinh}{\left(a \right)} \operatorname{erf}{\left(b \right)}"),
        ("2.5*besselj(0, a)*besselj(1, b)**2", r"P = 2.5 J_{0}\left(a\right) J^{2}_{1}\left(b\right)"),
        ("gamma(a)*LambertW(b)", r"P = W\left(b\right) \Gamma\left(a\right)"),
        ("loggamma(a)", r"P = \ln{\Gamma\left(a\right)}"),
        ("loggamma(a)**2", r"P = \left(\ln{\Gamma\left(a\right)}\right)^{2}"),
        ("theta*mass_kg", r"P = \mathrm{mass\_kg} \theta"),
    ],
)
def test_latex(text: str, shown: str) -> None:
    assert latex_expression(read(text), "P") == shown


def test_names_of_targets() -> None:
    assert [unicode_name(n) for n in ("theta_1", "x1", "period", "mass (kg)")] == ["θ₁", "x₁", "period", "mass (kg)"]
    assert latex_name("50% of m_1") == r"\mathrm{50\%\ of\ m\_1}"
    assert latex_name("T_max") == r"T_{\mathrm{max}}"


def test_floats_have_no_superfluous_digits() -> None:
    assert format_expression(read("365.250000000000*a")) == "365.25*a"
    assert format_expression(read("0.1 + 0.2")) == "0.30000000000000004"
