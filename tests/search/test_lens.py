"""What a network sees of the table, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

from kansr.formula.evaluate import evaluate
from kansr.search.lens import Lens, TargetView, lenses
from tests.networks import inputs

SYMBOLS = [sympy.Symbol(name, real=True) for name in ("N", "gamma")]
# one column over decades, one that changes its sign
X = torch.stack([10 ** (2 * inputs(80)[:, 0]), 40 * inputs(80)[:, 1] + 3], 1)
Y = 0.2 + X[:, 0] ** 2


@pytest.mark.parametrize("view", TargetView)
def test_the_target_goes_there_and_back(view: TargetView) -> None:
    y = -Y if view is TargetView.LOG_OF_NEGATIVE else Y
    lens = Lens.of(X, y, view)
    seen = lens.target(y)
    assert float(seen.mean()) == pytest.approx(0, abs=1e-12)
    assert float(seen.std(correction=0)) == pytest.approx(1)
    torch.testing.assert_close(lens.restore(seen), y, rtol=1e-10, atol=0)
    formula = lens.output_expression(SYMBOLS[0] + SYMBOLS[1] / 2)
    columns = {"N": seen.numpy() / 2, "gamma": seen.numpy()}
    np.testing.assert_allclose(evaluate(formula, columns), y, rtol=1e-10)


def test_inputs_fill_the_same_interval() -> None:
    lens = Lens.of(X, Y, TargetView.RAW)
    assert lens.logs == (True, False)
    seen = lens.inputs(X)
    torch.testing.assert_close(seen.amin(0), torch.full((2,), -1.0, dtype=torch.float64))
    torch.testing.assert_close(seen.amax(0), torch.full((2,), 1.0, dtype=torch.float64))
    columns = dict(zip(("N", "gamma"), X.T.numpy(), strict=True))
    for k, expression in enumerate(lens.input_expressions(SYMBOLS)):
        np.testing.assert_allclose(evaluate(expression, columns), seen[:, k], rtol=1e-12, atol=1e-13)


def test_the_factor_that_undoes_a_logarithm() -> None:
    lens = Lens.of(X, Y, TargetView.RAW)
    k, none = lens.logarithmic
    ratio = (k * lens.inputs(X)[:, 0]).exp() / X[:, 0]
    torch.testing.assert_close(ratio, ratio[:1].expand(80))
    assert none == 0.0


@pytest.mark.parametrize(
    ("y", "views"),
    [
        (Y, [TargetView.LOG, TargetView.RAW]),
        (-Y, [TargetView.LOG_OF_NEGATIVE, TargetView.RAW]),
        (Y - 5, [TargetView.RAW]),
        (100 + X[:, 1], [TargetView.LOG, TargetView.RAW]),
        (1000 + X[:, 1], [TargetView.RAW]),
    ],
)
def test_a_logarithm_is_tried_where_it_makes_a_difference(y: torch.Tensor, views: list[TargetView]) -> None:
    assert [lens.view for lens in lenses(X, y)] == views


def test_no_logarithm_where_none_may_be_written() -> None:
    (lens,) = lenses(X, Y, logarithms=False)
    assert (lens.view, lens.logs) == (TargetView.RAW, (False, False))
