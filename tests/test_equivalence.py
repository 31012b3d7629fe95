"""Random small laws are found; what cannot matter, such as names, units and the order of rows, does not."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kansr.config import FitConfig
from kansr.formula.evaluate import evaluate
from kansr.pipeline import fit
from kansr.results import FitResult, SilentRecorder
from tests.test_pipeline import dataset

CONFIG = FitConfig(data="table.csv", time_limit=20.0, threads=1)
U, V = sympy.symbols("u v", real=True)


def found(x: NDArray[np.float64], y: NDArray[np.float64], names: tuple[str, ...] = ("u", "v")) -> FitResult:
    return fit(dataset(x, y, names), CONFIG, SilentRecorder(), lambda: False)


def rows(n: int = 300, seed: int = 5) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0.5, 3.0, (n, 2))


def at(expression: sympy.Expr, x: NDArray[np.float64], names: tuple[str, ...] = ("u", "v")) -> NDArray[np.float64]:
    return evaluate(expression, dict(zip(names, x.T, strict=True)))


@st.composite
def formulas(draw: st.DrawFn, depth: int = 2) -> sympy.Expr:
    """Columns and small numbers, added, multiplied, divided, and under a root, an exponential or a sine."""
    if depth == 0:
        return draw(st.sampled_from([U, V]))
    left = draw(formulas(depth=depth - 1))
    kind = draw(st.sampled_from(["+", "*", "/", "sqrt", "exp", "sin"]))
    if kind in "+*/":
        right = draw(formulas(depth=depth - 1) | st.integers(2, 4).map(sympy.Integer))
        return {"+": left + right, "*": left * right, "/": left / right}[kind]
    return {"sqrt": sympy.sqrt, "exp": lambda u: sympy.exp(-u), "sin": sympy.sin}[kind](left)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(formulas())
def test_random_laws_predict_rows_that_were_never_seen(law: sympy.Expr) -> None:
    assume(law.free_symbols)
    x, new = rows(), rows(200, seed=6)
    y, truth = at(law, x), at(law, new)
    assume(np.isfinite(y).all() and np.isfinite(truth).all() and 1e-3 < y.std() < 1e3)
    assert np.sqrt(np.mean((at(found(x, y).best.expression, new) - truth) ** 2)) < 1e-3 * truth.std()


LAW = (U + V) / (1 + U * V / 4)


@pytest.mark.parametrize("factor", [1e-6, 1e4])
def test_units_change_constants_and_nothing_else(factor: float) -> None:
    x = rows()
    scaled = x * [factor, 1.0]
    plain, other = found(x, at(LAW, x)), found(scaled, at(LAW, x))
    new = rows(100, seed=7)
    np.testing.assert_allclose(
        at(other.best.expression, new * [factor, 1.0]), at(plain.best.expression, new), rtol=1e-7
    )


def test_names_and_the_order_of_rows_do_not_matter() -> None:
    x = rows()
    y = at(LAW, x)
    plain = found(x, y).best.expression
    order = np.random.default_rng(8).permutation(len(y))
    assert sympy.simplify(found(x[order], y[order]).best.expression - plain) == 0
    other = found(x[:, ::-1], y, ("lambda", "E")).best
    new = rows(100, seed=7)
    symbols = sorted(other.expression.free_symbols, key=str)
    renamed = other.expression.xreplace(dict(zip(symbols, (U, V), strict=True)))  # E, lambda -> the columns' order
    np.testing.assert_allclose(at(renamed, new), at(plain, new), rtol=1e-9)
