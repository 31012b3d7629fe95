"""Columns of a few levels, groups, dates and truth values, from the table to predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kansr.config import FitConfig
from kansr.data import load, read_columns
from kansr.errors import ConfigError, DataError, KansrError
from tests.data.writing import load_text, write

TABLE = "site,a,t\nB,1,2\nA,2,3\nC,3,5\nB,4,7\n,5,1\n"


def test_levels_become_columns_of_0_and_1(tmp_path: Path) -> None:
    data = load_text(tmp_path, TABLE, categorical=("site",))
    assert data.features == ("site=A", "site=C", "a")
    assert data.x.tolist() == [[0, 0, 1], [1, 0, 2], [0, 1, 3], [0, 0, 4]]
    assert data.notes == (
        "column 'site': 1 or 0 for each level but 'B', which is the one with 0 everywhere",
        "1 of 5 rows left out: a value is missing or not finite (site=A: 1, site=C: 1)",
    )


def test_a_new_table_gets_the_same_columns(tmp_path: Path) -> None:
    data = load_text(tmp_path, TABLE, categorical=("site",))
    new = read_columns(write(tmp_path, "a,site\n1,A\n2,B\n3,D\n4,\n", "new.csv"), data.features, data.sources)
    assert list(new.cells.columns) == ["a", "site"]
    np.testing.assert_array_equal(new.features["site=A"], [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(new.features["site=C"], [0, 0, np.nan, np.nan])


def test_numbers_may_be_levels(tmp_path: Path) -> None:
    data = load_text(tmp_path, "run,a,t\n1,1,2\n2,2,3\n10,3,5\n1,4,7\n", categorical=("run",))
    assert data.features == ("run=10", "run=2", "a")
    new = read_columns(write(tmp_path, "run,a\n2,1\n10,2\n", "new.csv"), data.features, data.sources)
    assert new.features["run=2"].tolist() == [1, 0]


def test_one_group_is_a_table_of_its_own(tmp_path: Path) -> None:
    content = "site,a,t\n" + "".join(f"{'AB'[i % 2]},{i},{i * i}\n" for i in range(10))
    data = load_text(tmp_path, content, group_by="site", group="B")
    assert data.features == ("a",)
    assert data.x[:, 0].tolist() == [1, 3, 5, 7, 9]
    assert data.rows_read == 5


def test_dates_are_days_since_the_first_and_stay_so_for_a_new_table(tmp_path: Path) -> None:
    data = load_text(tmp_path, "day,t\n2020-03-01,1\n2020-03-05,2\n2020-02-28,5\n")
    assert data.x[:, 0].tolist() == [2, 6, 0]
    assert data.notes == ("column 'day': dates (ISO 8601), as days since 2020-02-28",)
    new = read_columns(write(tmp_path, "day\n2021-02-28\n2020-02-27\n", "new.csv"), data.features, data.sources)
    assert new.features["day"].tolist() == [366, -1]
    with pytest.raises(DataError, match="column 'day' holds numbers") as caught:
        read_columns(write(tmp_path, "day,b\n1,2\n2,3\n", "numbers.csv"), data.features, data.sources)
    assert caught.value.hint == "in the fit it held dates"


def test_what_a_column_means_is_said_once_and_only_of_columns_that_are_used(tmp_path: Path) -> None:
    content = 'price,flag,odd,t\n"$1,000.50",yes,5 kg,1\n$2,no,6 kg,2\n$3,no,7 kg,4\n'
    data = load_text(tmp_path, content, drop=("odd",))
    assert data.x.tolist() == [[1000.5, 1], [2, 0], [3, 0]]
    assert data.notes == (
        "column 'price': marks between thousands taken out ('1,000.50' is 1000.50)",
        "column 'price': the numbers without '$'",
        "column 'flag': 'yes' is 1, 'no' is 0",
    )


def test_a_few_odd_cells_count_as_missing_aloud(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * i}\n" for i in range(20))
    data = load_text(tmp_path, f"a,t\n{rows}off,3\n21,err\n")
    assert len(data.y) == 20
    assert data.notes == (
        "column 'a': 1 cell of something else taken for missing ('off' in line 22)",
        "column 't': 1 cell of something else taken for missing ('err' in line 23)",
        "2 of 22 rows left out: a value is missing or not finite (a: 1, t: 1)",
    )


def test_values_too_large_to_be_squared_count_as_missing(tmp_path: Path) -> None:
    data = load_text(tmp_path, "a,t\n1,2\n2,1e300\n3,5\n4,7\n1e200,8\n5,9\n")
    assert len(data.y) == 4
    assert "column 't': 1 beyond 1e+150, which is too large to count" in data.notes
    with pytest.raises(DataError, match="varies by less than 1e-150"):
        load_text(tmp_path, "a,t\n1,1e-200\n2,2e-200\n3,5e-200\n")


MISTAKES = {
    "no such categorical": ({"categorical": ("sit",)}, ConfigError, "--categorical 'sit': no such column"),
    "the target": ({"categorical": ("t",)}, ConfigError, "--categorical 't': it is the target"),
    "not a feature": ({"categorical": ("site",), "features": ("a",)}, ConfigError, "it is none of the features"),
    "many levels": ({"categorical": ("a",), "features": ("a",)}, DataError, "--categorical 'a': 40 levels"),
    "no such group": ({"group_by": "site", "group": "X"}, ConfigError, "--group 'X': no row of 'site' has it"),
    "two parts": ({"group_by": "site", "features": ("site",)}, ConfigError, "named in --features too"),
}


@pytest.mark.parametrize(("options", "kind", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what(tmp_path: Path, options: dict[str, object], kind: type[KansrError], message: str) -> None:
    rows = "".join(f"{'AB'[i % 2]},{i},{i * i}\n" for i in range(40))
    with pytest.raises(kind, match=message) as caught:
        load(FitConfig(data=write(tmp_path, "site,a,t\n" + rows), **options))
    assert caught.value.hint


def test_levels_are_what_is_written(tmp_path: Path) -> None:
    """Dates, truth values, numbers with a zero in front and words for nothing are levels like any others."""
    days = "d,x,t\n2020-01-01,1,1\n2020-01-02,1,101\n2020-01-03,1,201\n2020-01-03,2,202\n"
    data = load_text(tmp_path, days, categorical=("d",))
    assert data.features == ("d=2020-01-01", "d=2020-01-02", "x")
    new = read_columns(write(tmp_path, "d,x\n2020-01-02,1\n", "new.csv"), data.features, data.sources)
    assert [new.features[name].tolist() for name in data.features] == [[0], [1], [1]]
    rows = "".join(f"{'NS'[i % 20 == 0]},{i},{i % 7}\n" for i in range(60))
    assert len(load_text(tmp_path, "side,a,t\n" + rows, group_by="side", group="S").y) == 3
    data = load_text(tmp_path, "p,x,t\nnone,1,1\nNA,2,3\nnone,3,4\n01,4,9\n", categorical=("p",))
    assert data.features == ("p=01", "p=NA", "x")


SOURCES = {
    "day first": ("d,t\n13/01/2020,1\n14/01/2020,2\n20/01/2020,4\n", "d\n02/01/2020\n03/01/2020\n", [-11, -10]),
    "decimal comma": ("d;t\n1,5;1\n2,5;3\n4,25;4\n", 'd,e\n"1,125",1\n', [1.125]),
    "truth": ("d,t\nyes,1\nno,2\nyes,3\n", "d,e\n1,2\n0,3\n", [1, 0]),
    "a unit": ("d,t\n1 kg,1\n2 kg,3\n4 kg,4\n", "d,e\n5 kg,1\n", [5]),
    "no currency": ("d,t\n$1,1\n$2,3\n$4,4\n", "d,e\n5,1\n", [5]),
}


@pytest.mark.parametrize(("fitted", "new", "expected"), SOURCES.values(), ids=SOURCES)
def test_a_new_table_is_read_as_that_of_the_fit(tmp_path: Path, fitted: str, new: str, expected: list[float]) -> None:
    data = load_text(tmp_path, fitted)
    table = read_columns(write(tmp_path, new, "new.csv"), data.features, data.sources)
    assert table.features["d"].tolist() == expected


@pytest.mark.parametrize(
    ("fitted", "new", "message"),
    [
        ("d,t\n1 kg,1\n2 kg,3\n4 kg,4\n", "d,e\n500 g,1\n", "holds numbers with 'g'"),
        ("d,t\n1,1\n2,3\n4,4\n", "d,e\ny,1\nn,2\n", "holds y and n"),
        ("d,t\n1,1\n2,3\n4,4\n", "d,e\n5%,1\n6%,1\n", "holds numbers with '%'"),
        ("d,t\n2020-01-01,1\n2020-01-05,3\n2020-01-08,4\n", "d,e\n1,1\n", "holds numbers"),
    ],
)
def test_another_unit_or_kind_is_refused(tmp_path: Path, fitted: str, new: str, message: str) -> None:
    data = load_text(tmp_path, fitted)
    with pytest.raises(DataError, match=message) as caught:
        read_columns(write(tmp_path, new, "new.csv"), data.features, data.sources)
    assert caught.value.hint.startswith("in the fit it held ")
