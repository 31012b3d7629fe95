"""Columns without influence: left out, told, and brought back where the others explain too little."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch

from kansr.cli.main import main
from kansr.functions import LIBRARY
from kansr.results import Outcome
from kansr.search import driver, shortcuts
from kansr.search.driver import Budget, Search
from kansr.search.structures import structures
from kansr.search.table import Table
from kansr.train.levenberg_marquardt import never


@pytest.fixture(autouse=True)
def _networks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the shortcuts, which give no networks and take their time."""
    for name in ("relations", "paired_relations", "ratios", "decays"):
        monkeypatch.setattr(shortcuts, name, lambda *_: iter(()))


def test_the_run_tells_which_columns_it_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).uniform(0.5, 3.0, (500, 6))
    y = np.exp(0.7 * x[:, 1]) + 2 * np.arctan(3 * x[:, 3] - 4) + 1.5 * np.sin(2 * x[:, 4])
    names = ["d1", "a", "d2", "mass (kg)", "lambda", "d3"]
    text = io.StringIO()
    csv.writer(text).writerows([[*names, "y"], *np.column_stack([x, y]).tolist()])
    (tmp_path / "table.csv").write_text(text.getvalue())
    out = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["kansr", "fit", str(tmp_path / "table.csv"), "--out", str(out), "--quiet"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    edges = list(csv.DictReader((out / "edges.csv").read_text().splitlines()))
    assert {edge["source"] for edge in edges} == {"a", "mass (kg)", "lambda"}
    assert {edge["target"] for edge in edges} == {"y"}
    weights = torch.load(out / "network.pt", weights_only=True)
    assert weights["lens.exponents"].argmax(1).tolist() == [1, 3, 4]
    assert (weights["lens.exponents"].sum(1) == 1).all()
    assert weights["lens.centre"].shape == (3,)
    content = json.loads((out / "formula.json").read_text())
    assert "left out, no visible influence: d1, d2, d3" in content["notes"]


def test_what_was_left_out_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks trained on some columns and on all of them stand side by side."""
    monkeypatch.setattr(driver, "relevant", lambda x, y, weight: [1])
    monkeypatch.setattr(driver, "structures", lambda columns: itertools.islice(structures(columns), 2))
    x = torch.from_numpy(np.random.default_rng(2).uniform(-1.0, 1.0, (300, 3)))
    noise = torch.from_numpy(np.random.default_rng(3).normal(scale=0.02, size=300))  # no formula ends the search
    y = torch.sin(3 * x[:, 1]) + 0.5 * x[:, 2].square() + noise
    a, b, c = sympy.symbols("a b c", real=True)
    functions = [LIBRARY[name] for name in ("0", "x", "x^2", "sin")]
    table = Table(x[:200], y[:200], x[200:], y[200:], (a, b, c))
    result = Search(
        table,
        functions,
        torch.Generator().manual_seed(0),
        Budget(never, never, never, lambda: math.inf, lambda: math.inf),
    ).run()
    assert result.outcome is Outcome.CONVERGED
    assert result.unseen == []
    assert result.found[0].finished.expression.free_symbols == {b, c}
    seen = {tuple(found.origin.inputs) for found in result.found if found.origin is not None}
    assert seen == {(b,), (a, b, c)}
