"""Predictions for new tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from kansr.config import FitConfig
from kansr.errors import DataError
from kansr.results import FitResult
from kansr.rundir import Prediction, RunDirectory, predict, read_run
from tests import examples


def predicted(folder: Path, table: str, found: FitResult | None = None) -> Prediction:
    with RunDirectory(folder / "run", FitConfig(data="kepler.csv")) as run:
        run.finish(examples.summary(found), "")
    (folder / "new.csv").write_text(table)
    return predict(read_run(folder / "run"), str(folder / "new.csv"))


def test_a_column_with_the_targets_name_is_appended(tmp_path: Path) -> None:
    found = predicted(tmp_path, "name,a\nEarth,1\nVenus,0.7\n")
    assert found.csv.splitlines()[:2] == ["name,a,P", "Earth,1,365.25"]
    assert found.values.tolist() == [365.25, 365.25 * 0.7**1.5]
    assert found.notes == ()


def test_a_known_target_is_kept_beside_the_prediction(tmp_path: Path) -> None:
    assert predicted(tmp_path, "a,P\n1,365.3\n2,1033\n3,1898\n").csv.startswith("a,P,P_predicted\n1,365.3,365.25\n")


def test_rows_without_a_prediction_and_extrapolation_are_told(tmp_path: Path) -> None:
    found = predicted(tmp_path, "name,a\nA,1\nB,\nC,-1\nD,99\n")
    assert [row.split(",")[2] for row in found.csv.splitlines()[1:4]] == ["365.25", "", ""]
    missing, undefined, outside = found.notes
    assert missing.startswith("1 of 4 rows without a prediction: a value is missing")
    assert undefined.startswith("1 of 4 rows without a prediction: the formula is not defined")
    assert outside == "2 of 4 rows extrapolate: 'a' was 0.387 to 5.203 in the fit"


def test_only_the_columns_of_the_formula_are_needed(tmp_path: Path) -> None:
    found = predicted(tmp_path, "a,c\n1,2\n2,3\n", examples.result("2.0*a", ("a", "b")))
    assert found.values.tolist() == [2.0, 4.0]


def test_a_constant_has_a_value_for_each_row(tmp_path: Path) -> None:
    assert predicted(tmp_path, "a,c\n1,2\n2,3\n", examples.result("2.5")).values.tolist() == [2.5, 2.5]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"new\.csv: no column 'a'"):
        predicted(tmp_path, "b,c\n1,2\n2,3\n")
