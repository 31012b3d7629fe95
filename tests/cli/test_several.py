"""Several targets, groups, levels, sheets: whole runs of the program."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.fuzzing import kansr


@pytest.fixture
def table(tmp_path: Path) -> Path:
    a = np.linspace(1, 4, 36)
    sites = np.array(list("ABC") * 12)
    frame = pd.DataFrame({"site": sites, "a": a, "P": (1 + (sites == "B")) * a**2, "Q": 3 * a})
    frame.loc[36] = ["=bad/../x", 1.0, 2.0, 3.0]
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path


def test_one_fit_for_each_group_with_an_overview(table: Path) -> None:
    arguments = ("fit", str(table / "t.csv"), "--target", "P", "--features", "a", "--group-by", "site")
    outcome = kansr(*arguments, "--out", str(table / "runs"))
    assert outcome.status == 5, outcome
    rows = list(csv.DictReader((table / "runs" / "summary.csv").read_text().splitlines()))
    assert [row["group"] for row in rows] == ["'=bad/../x", "A", "B", "C"]
    assert [row["status"] for row in rows] == ["data", "ok", "ok", "ok"]
    assert [row["expression"] for row in rows] == ["", "a**2", "2*a**2", "a**2"]
    assert json.loads((table / "runs" / "summary.json").read_text())["runs"][2]["folder"] == rows[2]["folder"]
    assert sorted(path.name for path in (table / "runs").iterdir()) == [
        "P_A",
        "P_B",
        "P_C",
        "summary.csv",
        "summary.json",
    ]
    assert "failed: " in outcome.stdout
    assert "P B" in outcome.stdout
    assert "2·a²" in outcome.stdout
    again = kansr(*arguments, "--out", str(table / "runs"), "--resume", "--json")
    assert again.status == 5
    assert json.loads(again.stdout) == json.loads((table / "runs" / "summary.json").read_text())
    rerun = kansr("rerun", str(table / "runs" / "P_B"), "--out", str(table / "again"))
    assert rerun.status == 0, rerun
    assert kansr(*arguments, "--out", str(table / "runs")).status == 2


def test_several_targets_explain_none_of_the_others(table: Path) -> None:
    arguments = ("fit", str(table / "t.csv"), "--target", "P", "--target", "Q", "--group-by", "site", "--group", "A")
    outcome = kansr(*arguments, "--out", str(table / "runs"), "--json")
    assert outcome.status == 0, outcome
    runs = json.loads(outcome.stdout)["runs"]
    assert [(run["target"], run["expression"]) for run in runs] == [("P", "a**2"), ("Q", "3*a")]


def test_levels_in_a_formula_and_in_its_predictions(tmp_path: Path) -> None:
    a = np.linspace(1, 4, 40)
    frame = pd.DataFrame({"a": a, "kind": ["x", "y"] * 20, "T (K)": 2 * a + 3 * (np.arange(40) % 2)})
    frame.to_excel(tmp_path / "t.xlsx", sheet_name="data", index=False)
    run = str(tmp_path / "run")
    outcome = kansr("fit", str(tmp_path / "t.xlsx"), "--sheet", "data", "--categorical", "kind", "--out", run)
    assert outcome.status == 0, outcome
    assert "T = 2·a + 3·kind_y" in outcome.stdout
    predicted = kansr("predict", run, "-", stdin=b"kind;a\ny;1,5\nx;2,5\nz;1,0\n=1+1;1,0\n")
    assert predicted.status == 0
    assert [row.split(",")[-1] for row in predicted.stdout.splitlines()] == ["T (K)", "6.0", "5.0", "", ""]
    assert "'=1+1" in predicted.stdout
    assert "2 of 4 rows without a prediction" in predicted.stderr
    assert "1 cells that a spreadsheet would run" in predicted.stderr


def test_mistakes(table: Path) -> None:
    path = str(table / "t.csv")
    for arguments, message in (
        (("--group-by", "sit"), "--group-by 'sit': no such column"),
        (("--target", "P", "--target", "R"), "--target 'R': no such column"),
        (("--sheet", "1"), "is no spreadsheet"),
    ):
        outcome = kansr("fit", path, "--features", "a", *arguments, "--time-limit", "2", "--out", str(table / "x"))
        assert message in outcome.stderr
        assert outcome.status == 2
