"""What the user allows, and that the search keeps to it without deciding anything by what it may not offer."""

from __future__ import annotations

import pytest
import sympy
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kansr.formula.constants import Rows
from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression
from kansr.formula.rewrite import complexity
from kansr.functions import allowed_heads, select
from kansr.kan.network import Network
from kansr.search.cutting import cut
from kansr.search.finishing import Finisher
from kansr.search.ledger import Ledger, Listener, Origin
from kansr.search.lens import Lens, TargetView
from kansr.search.limits import NO_LIMITS, Limits
from kansr.search.table import Table
from kansr.train.levenberg_marquardt import never
from tests.formula.expressions import COLUMNS, SYMBOLS, expressions, tensors, values
from tests.search.test_finishing import TABLE, finisher, read

X = torch.stack([torch.linspace(0.5, 3.0, 60, dtype=torch.float64).roll(17 * k) for k in range(2)], 1)
A, B = (sympy.Symbol(name, real=True) for name in "ab")


@pytest.mark.parametrize(
    ("text", "exclude", "foreign"),
    [
        ("2*exp(a) + log(b)", ["exp"], ["exp"]),
        ("2*exp(a) + log(b)", ["log", "exp"], ["exp", "log"]),
        ("sin(a) + cos(b)", ["cos"], ["cos", "sin"]),
        ("exp(-a**2)", ["gauss"], []),
        ("2**a", ["exp"], ["exp"]),
        ("a**b", ["exp"], ["exp"]),
        ("a**(3/2)/b**1.37", ["exp", "log", "sqrt", "x^-1"], []),
        ("Abs(a) + tanh(b)", ["abs"], ["Abs"]),
        ("1.5*a + 2", [name for name in select(None) if name not in ("0", "x")], []),
    ],
)
def test_functions_that_are_not_allowed(text: str, exclude: list[str], foreign: list[str]) -> None:
    limits = Limits(allowed_heads(select(None, exclude)))
    expression = parse_expression(text, "ab")
    assert limits.foreign(expression) == foreign
    assert limits.admit(expression) == (not foreign)
    assert NO_LIMITS.admit(expression)


@given(expressions, st.integers(1, 20))
def test_size_is_the_number_of_nodes(expression: sympy.Expr, nodes: int) -> None:
    assert Limits(nodes=nodes).admit(expression) == (complexity(expression) <= nodes)


def ledger(y: torch.Tensor, limits: Limits, listener: Listener | None = None) -> Ledger:
    table = Table(X[:40], y[:40], X[40:], y[40:], (A, B))
    return Ledger(table, never, listener or Listener(), limits)


def origin() -> Origin:
    none = Network.__new__(Network)  # nothing here looks at it
    return Origin(none, none, Lens.of(X, X[:, 0], TargetView.RAW), (A, B))


def test_an_exact_formula_that_is_not_allowed_explains_nothing() -> None:
    y = 1.5 * (0.8 * X[:, 0]).exp() + X[:, 1]
    law = parse_expression("1.5*exp(0.8*a) + 1.0*b", "ab")
    free = ledger(y, NO_LIMITS)
    free.add(law, origin(), lambda mse: True)
    assert free.explains_all()
    without = ledger(y, Limits(allowed_heads(select(None, ["exp"]))))
    without.add(law, origin(), lambda mse: True)
    assert not without.explains_all()
    assert [f.finished.expression.has(sympy.exp) for f in without.found] == [False, False]
    assert [f.finished.mse < 1e-20 for f in without.refused] == [True]
    assert without.best in without.found


@pytest.mark.parametrize("nodes", range(1, 14, 2))
def test_what_is_too_long_is_offered_in_short(nodes: int) -> None:
    y = X[:, 0] ** 2 * X[:, 1] + 0.1 * (3 * X[:, 1]).sin()
    short = ledger(y, Limits(nodes=nodes))
    short.add(parse_expression("1.01*a**2.0*b + 0.09*sin(2.99*b)", "ab"), origin(), lambda mse: True)
    assert all(f.complexity <= nodes for f in short.found)
    assert all(f.complexity > nodes for f in short.refused)
    # from 5 nodes on there is room for a**2*b, which leaves only the small wave unexplained
    assert (short.best.finished.mse < 0.01) == (nodes >= 5)
    assert short.explains_all() == (nodes >= 13)


def test_the_part_that_is_missed_least_goes() -> None:
    finish = finisher(evaluate(read("a**2*b + 0.05*sin(E) + 0.3"), TABLE))
    law = finish(read("1.01*a**2*b + 0.06*sin(E) + 0.31"))
    short = cut(law, 8, finish)
    assert short is not None
    rest = short.expression - SYMBOLS[0] ** 2 * SYMBOLS[1]
    assert rest.is_number
    assert float(rest) == pytest.approx(0.33, abs=0.05)


@given(expressions, st.integers(1, 9))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_cut_formula_is_short_enough(expression: sympy.Expr, nodes: int) -> None:
    y = values(expression)
    assume(y is not None)
    assume(float(y.std()) > 1e-3)
    rows = Rows(tensors(), torch.from_numpy(y))
    finish = Finisher(rows, rows, never)
    long = finish.fit(expression, rows)
    short = cut(long, nodes, finish)
    if short is not None:
        assert complexity(short.expression) <= nodes
        error = evaluate(short.expression, COLUMNS) - y
        assert short.mse == pytest.approx(float((error**2).mean() / y.var()), rel=1e-6, abs=1e-20)


def test_no_time_is_left_to_cut() -> None:
    finish = finisher(evaluate(read("a*b"), TABLE))
    hurried = Finisher(finish.rows, finish.sample, lambda: True)
    assert cut(finish.fit(read("1.1*a*b + 0.1"), finish.rows), 3, hurried) is None
