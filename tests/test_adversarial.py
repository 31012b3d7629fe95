"""Tables that are hard on the arithmetic, without files; `benchmarks/adversarial.py` runs all of them as processes."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from benchmarks.adversarial import TABLES
from kansr.config import FitConfig
from kansr.data.dataset import Dataset
from kansr.data.split import split_rows
from kansr.export import to_json
from kansr.pipeline import fit
from kansr.results import SilentRecorder
from kansr.rundir import summarise

WORST = (
    "all times 1e-300",
    "all times 1e150",
    "values up to 1.7e308",
    "denormal numbers",
    "exp up to 1e304",
    "only two rows vary",
    "3 rows, 20 columns",
    "40 rows, 200 columns",
    "400 rows, 300 columns",
)


@pytest.mark.parametrize("name", WORST)
def test_there_is_a_formula_for_every_table(name: str) -> None:
    table = TABLES[name](np.random.default_rng(len(name)))
    features = tuple(f"x{k}" for k in range(table.shape[1] - 1))
    split = split_rows(len(table), 0, 0.15, 0.15)
    x, y = np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1])
    data = Dataset("table", features, "y", x, y, split, (), "00" * 32, len(y))
    config = FitConfig(data="table.csv", time_limit=1.0, threads=1)
    result = fit(data, config, SilentRecorder(), lambda: False)
    assert all(np.isfinite(float(number)) for number in result.best.expression.atoms(sympy.Number))
    assert result.acceptable == bool(result.best.expression.free_symbols)
    assert not any("bug" in note for note in result.notes)
    assert '"expression"' in to_json(summarise(data, config, result))
