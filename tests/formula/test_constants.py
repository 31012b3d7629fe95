"""The constants of a formula against SciPy's curve_fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy
import torch
from hypothesis import assume, given, settings
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from scipy.special import j0

from kansr.formula.constants import Rows, Template
from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression
from tests.formula.expressions import COLUMNS, all_expressions, values

Array = NDArray[np.float64]
T = np.linspace(0.1, 4.0, 60)
NOISE = 0.03 * np.random.default_rng(5).standard_normal(60)
t = sympy.Symbol("t", real=True)

# text with start values, the same as a function, the true constants
LAWS: dict[str, tuple[str, Callable[..., Array], list[float]]] = {
    "line": ("1.0*t + 0.5", lambda t, b, a: a * t + b, [0.3, 2.0]),
    "decay": ("0.1 + 1.5*exp(-0.5*t)", lambda t, d, c, k: d + c * np.exp(k * t), [0.5, 2.0, -1.2]),
    "wave": ("1.0*sin(2.1*t + 0.1)", lambda t, a, b, w: a * np.sin(w * t + b), [1.5, 0.3, 2.0]),
    "power": ("1.2*t**1.3", lambda t, c, p: c * t**p, [0.8, 1.7]),
    "ripple": ("1.2*besselj(0, 2.1*t)", lambda t, c, k: c * j0(k * t), [1.5, 2.0]),
    "ratio": ("2.0*t/(0.5 + t)", lambda t, c, b: c * t / (t + b), [3.0, 0.8]),
}


def rows_of(y: Array) -> Rows:
    return Rows({t: torch.from_numpy(T)}, torch.from_numpy(y))


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("units", [1.0, 1e6])
def test_constants_and_standard_errors_are_scipys(name: str, units: float) -> None:
    text, law, truth = LAWS[name]
    y = law(T, *truth) + NOISE
    fitted, mse = Template.of(parse_expression(text, ["t"])).fit(rows_of(y))
    reference, covariance = curve_fit(law, T, y, p0=truth)
    # the order of the constants is that of the expression's parts: pair each with the nearest
    errors = fitted.standard_errors(rows_of(y))
    expected = np.sqrt(np.diag(covariance))
    for value, error in zip(fitted.values.tolist(), errors, strict=True):
        nearest = int(np.abs(reference - value).argmin())
        assert value == pytest.approx(reference[nearest], rel=1e-5)
        assert error == pytest.approx(expected[nearest], rel=1e-3)
    residual = law(T, *reference) - y
    assert mse == pytest.approx(float(residual @ residual) / len(y) / y.var(), rel=1e-6)
    # in other units of the target, a linear constant and its error scale alike
    if name == "line":
        scaled = Template.of(parse_expression(text, ["t"])).fit(rows_of(units * y))[0]
        assert sorted(scaled.values.tolist()) == pytest.approx(sorted(units * fitted.values.numpy()), rel=1e-8)
        assert sorted(scaled.standard_errors(rows_of(units * y))) == pytest.approx(  # type: ignore[type-var]
            sorted(units * e for e in errors if e), rel=1e-6
        )


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_measurement_errors_count_as_in_scipy(name: str, spread: float) -> None:
    """With a scatter below the measurement errors these are believed, above it the scatter is."""
    text, law, truth = LAWS[name]
    sigma = 0.02 + 0.01 * T
    y = law(T, *truth) + spread * sigma * NOISE / 0.03
    rows = Rows({t: torch.from_numpy(T)}, torch.from_numpy(y), torch.from_numpy(1 / sigma))
    fitted, mse = Template.of(parse_expression(text, ["t"])).fit(rows)
    reference, absolute = curve_fit(law, T, y, p0=truth, sigma=sigma, absolute_sigma=True)
    relative = curve_fit(law, T, y, p0=truth, sigma=sigma)[1]
    known = zip(fitted.values.tolist(), fitted.standard_errors(rows, known=1.0), strict=True)
    for (value, error), scatter in zip(known, fitted.standard_errors(rows), strict=True):
        nearest = int(np.abs(reference - value).argmin())
        assert value == pytest.approx(reference[nearest], rel=1e-5)
        covariance = absolute if spread < 1 else relative
        assert error == pytest.approx(np.sqrt(covariance[nearest, nearest]), rel=1e-3)
        assert scatter == pytest.approx(np.sqrt(relative[nearest, nearest]), rel=1e-3)
    residual = (law(T, *reference) - y) / sigma
    total = (y - np.average(y, weights=sigma**-2)) / sigma
    assert mse == pytest.approx(float(residual @ residual) / float(total @ total), rel=1e-6)


@given(all_expressions)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_taking_constants_out_and_putting_them_back_changes_nothing(expression: sympy.Expr) -> None:
    expected = values(expression)
    assume(expected is not None)
    template = Template.of(expression)
    assert not template.form.atoms(sympy.Float)
    assert len(template.symbols) == len(template.values) == len(set(template.symbols))
    np.testing.assert_allclose(evaluate(template.expression(), COLUMNS), expected, rtol=1e-11, atol=1e-12)


def test_whole_numbers_and_ratios_are_no_constants() -> None:
    template = Template.of(parse_expression("2*t**(3/2) + 1.5*t - 1/3 + pi", ["t"]))
    assert template.values.tolist() == [1.5]
    assert template.form.has(sympy.pi)
    assert template.form.has(sympy.Rational(-1, 3))


def test_a_formula_without_constants_is_measured() -> None:
    template = Template.of(t**2)
    fitted, mse = template.fit(rows_of(T**2 + 0.1))
    assert fitted is template
    assert mse == pytest.approx(0.01 / (T**2).var())
    assert template.standard_errors(rows_of(T**2)) == []
    assert Template.of(sympy.log(t - 2)).fit(rows_of(T))[1] == float("inf")


def test_a_constant_that_the_rows_do_not_determine_has_no_error() -> None:
    template = Template.of(sympy.Float(1.5) * t + sympy.Float(0.5) * t**2)
    doubled = Template(template.form + sympy.Symbol("_c9", real=True) * t, template.symbols, template.values)
    doubled = Template(
        doubled.form, (*template.symbols, sympy.Symbol("_c9", real=True)), torch.cat([template.values, torch.ones(1)])
    )
    assert doubled.standard_errors(rows_of(T**2)) == [None, None, None]
    assert all(template.standard_errors(rows_of(T**2)))
    few = Rows({t: torch.from_numpy(T[:2])}, torch.from_numpy(T[:2]))
    assert template.standard_errors(few) == [None, None]


def test_data_without_noise_are_fitted_to_the_last_digits() -> None:
    text, law, truth = LAWS["decay"]
    fitted, mse = Template.of(parse_expression(text, ["t"])).fit(rows_of(law(T, *truth)), iterations=60)
    assert mse < 1e-26
    assert sorted(fitted.values.tolist()) == pytest.approx(sorted(truth), rel=1e-10)


def test_the_fit_can_be_cut_short() -> None:
    template = Template.of(parse_expression(LAWS["wave"][0], ["t"]))
    fitted, _ = template.fit(rows_of(np.sin(2 * T)), expired=lambda: True)
    assert fitted.values.tolist() == template.values.tolist()
