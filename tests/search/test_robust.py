"""Outliers: Huber's weights against SciPy, and the law behind a table that has many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from kansr.config import FitConfig
from kansr.data import Dataset
from kansr.data.split import split_rows
from kansr.formula.constants import Rows, Template
from kansr.formula.evaluate import evaluate
from kansr.formula.parse import parse_expression
from kansr.pipeline import fit
from kansr.results import SilentRecorder
from kansr.search.finishing import Finished
from kansr.search.ledger import Found
from kansr.search.robust import factors_by_formula, factors_by_network, huber_factors, rescored
from kansr.search.table import Table
from kansr.train.levenberg_marquardt import never

x, z = (sympy.Symbol(name, real=True) for name in "xz")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_factors_are_the_roots_of_hubers_weights(values: list[float]) -> None:
    residual = np.array(values)
    factors = huber_factors(torch.from_numpy(residual)).numpy()
    assert ((factors > 0) & (factors <= 1)).all()
    limit = 1.345 * 1.4826 * np.sort(np.abs(residual))[(len(residual) - 1) // 2]
    if limit > 1e-6:
        expected = np.minimum(1.0, limit / np.maximum(np.abs(residual), 1e-300))
        np.testing.assert_allclose(factors**2, expected, rtol=1e-12)


def line(rows: int = 200) -> Table:
    """A line with outliers on one side."""
    generator = np.random.default_rng(2)
    values = generator.uniform(0.0, 4.0, rows)
    y = 1.5 * values + 0.7 + 0.05 * generator.standard_normal(rows)
    y[generator.permutation(rows)[: rows // 10]] += 5.0
    columns, target = torch.from_numpy(values)[:, None], torch.from_numpy(y)
    return Table(columns, target, columns, target, (x,))


def start(text: str, table: Table) -> Found:
    template, mse = Template.of(parse_expression(text, ["x", "z"])).fit(table.rows())
    return Found(Finished(template, mse, 0.0), 1.0)


def test_the_constants_are_those_of_hubers_loss() -> None:
    table = line()
    best = start("1.0*x + 0.1", table)
    for _ in range(20):  # each call makes three rounds
        factors = factors_by_formula(table, best, never)
        (best,) = rescored([best], table.weighted(*factors), never)
    template = Template.of(best.finished.expression).fit(table.weighted(*factors).rows())[0]
    residual = template.residuals(table.rows(), template.values)[0]
    scale = 1.345 * 1.4826 * float(residual.abs().median())
    values, y = table.x[:, 0].numpy(), table.y.numpy()
    reference = least_squares(lambda c: c[0] * values + c[1] - y, [1.0, 0.1], loss="huber", f_scale=scale).x
    assert sorted(template.values.tolist(), reverse=True) == pytest.approx(reference, rel=2e-3)
    plain = start("1.0*x + 0.1", table).finished.template.values.tolist()
    assert reference[1] < 0.75 < 1.0 < min(plain)  # least squares are drawn half a unit up


def test_a_network_tells_outliers_before_any_formula_does() -> None:
    table = line(400)
    factors = factors_by_network(table, torch.Generator().manual_seed(0), never)
    assert factors is not None
    outliers = (table.y - 1.5 * table.x[:, 0] - 0.7).abs() > 1
    assert float(factors[0][outliers].median()) < 0.3 < 0.8 < float(factors[0][~outliers].mean())
    few = replace(table, x=table.x[:20], y=table.y[:20], x_held=table.x[:20], y_held=table.y[:20])
    assert factors_by_network(few, torch.Generator().manual_seed(0), never) is None


def test_a_law_with_ten_percent_of_gross_errors() -> None:
    generator = np.random.default_rng(6)
    columns = generator.uniform(0.5, 3.0, (400, 2))
    y = 2 * columns[:, 0] * columns[:, 1]
    noise = 0.01 * y.std()
    outliers = generator.permutation(400)[:40]
    measured = y + noise * generator.standard_normal(400)
    measured[outliers] += 50 * noise
    data = Dataset("t", ("x", "z"), "y", columns, measured, split_rows(400, 0, 0.15, 0.15), (), "00" * 32, 400)
    config = FitConfig(data="t.csv", loss="huber", time_limit=30.0)
    result = fit(data, config, SilentRecorder(), lambda: False)
    predicted = evaluate(result.best.expression, {"x": columns[:, 0], "z": columns[:, 1]})
    np.testing.assert_allclose(predicted, y, rtol=0.01)
    assert str(result.best.expression) == "2*x*z"
    (note,) = [note for note in result.notes if "count less than half" in note]
    light, rows = (int(word) for word in note.split() if word.isdigit())
    assert rows == 340
    assert 25 <= light <= 60
    # errors are those of all rows, outliers too
    train = data.split.train
    assert result.best.metrics["train"].rmse == pytest.approx(
        float(np.sqrt(np.mean((predicted - measured)[train] ** 2)))
    )


def test_rows_without_outliers_are_fitted_as_ever() -> None:
    values = torch.linspace(0.0, 1.0, 50, dtype=torch.float64)
    rows = Rows({x: values}, 2 * values)
    assert bool((huber_factors(rows.y - 2 * values) == 1).all())
