"""Rows that do not count alike, from the table to the formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from kansr.config import FitConfig
from kansr.data import load
from kansr.formula.evaluate import evaluate
from kansr.pipeline import fit
from kansr.results import FitResult, SilentRecorder

Array = NDArray[np.float64]


def run(folder: Path, **options: object) -> FitResult:
    """Fits `table.csv` in the folder."""
    config = FitConfig(data=str(folder / "table.csv"), time_limit=15.0, **options)
    return fit(load(config), config, SilentRecorder(), lambda: False)


def write(folder: Path, **columns: Array) -> None:
    rows = np.stack(list(columns.values()), 1)
    np.savetxt(folder / "table.csv", rows, delimiter=",", header=",".join(columns), comments="")


def values(result: FitResult, *x: float) -> Array:
    return evaluate(result.best.expression, {"x": np.array(x)})


@pytest.fixture
def measured(tmp_path: Path) -> tuple[Path, Array, Array, Array]:
    """A line whose last points are hardly known."""
    generator = np.random.default_rng(4)
    x = np.linspace(0.2, 5.0, 120)
    sigma = np.where(x < 2.5, 0.01, 1.0)
    y = 1.7 * x + 0.4 + sigma * generator.standard_normal(120)
    write(tmp_path, x=x, s=sigma, w=sigma**-2, y=y)
    return tmp_path, x, y, sigma


def test_errors_that_differ_from_row_to_row(measured: tuple[Path, Array, Array, Array]) -> None:
    folder, _, _, _ = measured
    truth = 1.7 * np.array([0.5, 1.5, 4.0]) + 0.4
    for options in ({"sigma": "s", "drop": ("w",)}, {"weights": "w", "drop": ("s",)}):
        result = run(folder, **options)
        assert set(result.symbols) == {"x"}
        np.testing.assert_allclose(values(result, 0.5, 1.5, 4.0), truth, atol=0.02)
        assert any("chi-square per degree of freedom" in note for note in result.notes) == ("sigma" in options)
    plain = run(folder, features=("x",))
    assert np.abs(values(plain, 0.5, 1.5, 4.0) - truth).max() > 0.1  # the noisy half decides


def test_constants_have_the_errors_that_the_measurements_give(measured: tuple[Path, Array, Array, Array]) -> None:
    """The reported ones, against SciPy on the training rows."""
    folder, x, y, sigma = measured
    config = FitConfig(data=str(folder / "table.csv"), sigma="s", drop=("w",), seed=3, time_limit=15.0)
    data = load(config)
    result = fit(data, config, SilentRecorder(), lambda: False)
    assert len(result.best.constants) == 2
    rows = data.split.train
    reference, covariance = curve_fit(
        lambda x, a, b: a * x + b, x[rows], y[rows], sigma=sigma[rows], absolute_sigma=True
    )
    chi2 = float((((reference[0] * x + reference[1] - y) / sigma)[rows] ** 2).sum()) / (len(rows) - 2)
    (note,) = [note for note in result.notes if note.startswith("chi-square")]
    assert float(note.split()[5]) == pytest.approx(chi2, rel=0.02)
    errors = np.sqrt(np.diag(covariance) * max(1.0, chi2))
    assert sorted(c.stderr or 0.0 for c in result.best.constants) == pytest.approx(sorted(errors), rel=0.02)
