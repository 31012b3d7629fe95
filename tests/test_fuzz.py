"""A few hundred of the cases of `benchmarks/fuzz.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kansr.data import read_table
from tests.fuzzing import WrittenTable, check, damaged, good_files, kansr, written_tables

GOOD = good_files()
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(relaxed, max_examples=120)
@given(table=written_tables())
def test_what_was_written_is_what_is_read(tmp_path: Path, table: WrittenTable) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table.content)
    read = read_table(str(path))
    assert list(read.columns) == list(table.values)
    for name, values in table.values.items():
        np.testing.assert_array_equal(read.columns[name].values, values, err_msg=str(read.columns[name].notes))


@settings(relaxed, max_examples=150)
@given(st.data())
def test_damaged_files_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD)))
    path = tmp_path / name
    path.write_bytes(data.draw(damaged(GOOD[name])))
    check(kansr("inspect", str(path)), seconds=20)


@settings(relaxed, max_examples=8)
@given(st.data())
def test_damaged_tables_are_fitted_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("fit")
    path = folder / "t.csv"
    path.write_bytes(data.draw(damaged(GOOD["t.csv"])))
    outcome = kansr("fit", str(path), "--out", str(folder / "run"), "--time-limit", "1", "--quiet")
    check(outcome, seconds=30, allowed=(0, 3, 4))
    assert (folder / "run" / "status.json").exists() == (outcome.status != 3)
