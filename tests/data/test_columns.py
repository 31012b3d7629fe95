from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from kansr.data import read_columns
from kansr.errors import DataError
from tests.data.writing import write


def test_needed_columns_are_numbers_and_the_others_stay_as_written(tmp_path: Path) -> None:
    table = read_columns(write(tmp_path, "id,b,a,note\n007,1,2.50,NA\n008,,3,\n"), ["a", "b"])
    assert list(table.cells.columns) == ["id", "b", "a", "note"]
    np.testing.assert_array_equal(table.features["a"], [2.5, 3])
    np.testing.assert_array_equal(table.features["b"], [1, np.nan])
    assert table.cells.to_numpy().tolist() == [["007", "1", "2.50", "NA"], ["008", "", "3", ""]]


def test_one_row_and_one_column_are_enough(tmp_path: Path) -> None:
    assert read_columns(write(tmp_path, "a\n1,5\n"), ["a"]).features["a"].tolist() == [1.5]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert read_columns("-", ["a"]).features["a"].tolist() == [1.0]


@pytest.mark.parametrize(("content", "columns"), [("1,2\n3,4\n", ["x1", "x2"]), ("1,2,9\n3,4,9\n", ["x1", "x2", "y"])])
def test_without_header_the_target_may_be_absent(tmp_path: Path, content: str, columns: list[str]) -> None:
    table = read_columns(write(tmp_path, content), ["x1", "x2"])
    assert list(table.cells.columns) == columns
    assert [table.features[name].tolist() for name in ("x1", "x2")] == [[1, 3], [2, 4]]


def test_a_missing_column_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'mass'") as caught:
        read_columns(write(tmp_path, "Mass,b\n1,2\n"), ["mass"])
    assert caught.value.hint == "did you mean 'Mass'? columns: Mass, b"


def test_a_bad_cell_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 3: column 'a' is 'x', which is no number") as caught:
        read_columns(write(tmp_path, "a,b\n1,2\nx,2\n"), ["a"])
    assert caught.value.hint
