"""From raw expressions to the formulas that are shown."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch
from hypothesis import HealthCheck, assume, given, settings

from kansr.formula.constants import Rows
from kansr.formula.dual import evaluate_dual
from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression
from kansr.formula.rewrite import complexity
from kansr.search.finishing import Finisher
from kansr.train.levenberg_marquardt import never
from tests.formula.expressions import COLUMNS, expressions, tensors, values

NAMES = ("a", "b", "E", "gamma")
SYMBOLS = {name: sympy.Symbol(name, real=True) for name in NAMES}
GENERATOR = np.random.default_rng(8)
TABLE = {name: GENERATOR.uniform(0.5, 3.0, 150) for name in NAMES}


def finisher(y: np.ndarray) -> Finisher:
    columns = {SYMBOLS[name]: torch.from_numpy(column) for name, column in TABLE.items()}
    rows = Rows(columns, torch.from_numpy(y))

    def is_positive(expression: sympy.Expr) -> bool:
        value, _ = evaluate_dual(expression, columns, {}, torch.empty(0, dtype=torch.float64))
        return bool((value > 0).all())

    return Finisher(rows, rows, never)


def read(text: str) -> sympy.Expr:
    return parse_expression(text, NAMES)


# What naming may leave, and the law it stands for.
RAW = {
    "exponents are snapped": ("1.02*exp(1.4999*log(a) - 0.9998*log(b))", "a**(3/2)/b"),
    "constants are snapped": ("0.49*a*b**2 + 0.003", "a*b**2/2"),
    "multiples of pi": ("sin(3.1*a + 0.02)", "sin(pi*a)"),
    "terms that do nothing go": ("2.01*a + 0.0001*exp(b) - 0.003", "2*a"),
    "a constant that is no simple number stays": ("1.2*E*gamma", "1.2345*E*gamma"),
    "names that SymPy keeps for itself": ("0.99*exp(2.001*log(E) + 1.0*log(gamma))", "E**2*gamma"),
    "factors": ("0.98*exp(1.01*log(a) + 0.99*log(a + 1.02*b))", "a*(a + b)"),
}


@pytest.mark.parametrize("name", RAW)
def test_the_law_comes_out_as_a_person_would_write_it(name: str) -> None:
    raw, law = (read(text) for text in RAW[name])
    finished = finisher(evaluate(law, TABLE))(raw)
    np.testing.assert_allclose(evaluate(finished.expression, TABLE), evaluate(law, TABLE), rtol=1e-9)
    assert complexity(finished.expression) <= complexity(law)
    assert finished.mse < 1e-18
    assert {s.name for s in finished.expression.free_symbols} == {s.name for s in law.free_symbols}


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_finishing_never_makes_the_description_longer(name: str, noise: float) -> None:
    raw, law = (read(text) for text in RAW[name])
    y = evaluate(law, TABLE)
    y = y + noise * y.std() * np.random.default_rng(1).standard_normal(len(y))
    finish = finisher(y)
    plain = finish.fit(raw, finish.rows)
    finished = finish(raw)
    # the last digits that the data do not support may cost half a nat: a mean square error larger by 1/n
    assert finished.length <= plain.length + 0.5
    # what it says of itself is true
    residual = evaluate(finished.expression, TABLE) - y
    assert finished.mse == pytest.approx(float(np.mean(residual**2) / y.var()), rel=1e-6, abs=1e-28)


def test_noise_decides_how_many_digits_are_kept() -> None:
    law = read("1.2345678*a + 0.7654321*b")
    clean = evaluate(law, TABLE)
    digits = []
    for noise in (0.0, 1e-4, 0.03):
        y = clean + noise * np.random.default_rng(2).standard_normal(len(clean))
        written = finisher(y)(read("1.2*a + 0.8*b")).expression
        digits.append(max(len(str(float(number)).lstrip("0.")) for number in written.atoms(sympy.Float)))
    assert digits[0] > digits[1] > digits[2]


def test_a_true_constant_is_not_snapped_away() -> None:
    y = evaluate(read("2.02*a + 1"), TABLE)
    written = finisher(y + 1e-3 * np.random.default_rng(3).standard_normal(len(y)))(read("2.1*a + 0.9")).expression
    slope = float(written.diff(SYMBOLS["a"]))
    assert slope == pytest.approx(2.02, abs=1e-3)


@given(expressions)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_formula_that_is_right_stays_right(expression: sympy.Expr) -> None:
    """Finishing a law on its own rows keeps its values."""
    y = values(expression)
    assume(y is not None)
    assume(float(np.ptp(y)) > 1e-3)
    rows = Rows(tensors(), torch.from_numpy(y))
    finish = Finisher(rows, rows, never)
    assume(finish.fit(expression, rows).mse < 1e-24)
    finished = finish(expression)
    np.testing.assert_allclose(evaluate(finished.expression, COLUMNS), y, rtol=0, atol=1e-8 * float(np.std(y)))
    assert finished.length <= finish.rough(expression).length + 0.5


def test_no_time_gives_a_formula_all_the_same() -> None:
    finish = finisher(evaluate(read("2*a"), TABLE))
    hurried = Finisher(finish.rows, finish.sample, lambda: True)
    assert hurried(read("1.5*a + 0.1")).expression.free_symbols == {SYMBOLS["a"]}
