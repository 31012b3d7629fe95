from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kansr.errors import ConfigError, DataError, KansrError
from tests.data.writing import load_text

TABLE = "a,b,t\n1,5,2\n2,7,3\n3,4,5\n4,1,9\n"


def test_the_last_column_is_the_target_and_the_others_are_features(tmp_path: Path) -> None:
    data = load_text(tmp_path, TABLE)
    assert (data.features, data.target, data.rows_read, data.notes) == (("a", "b"), "t", 4, ())
    np.testing.assert_array_equal(data.x, [[1, 5], [2, 7], [3, 4], [4, 1]])
    np.testing.assert_array_equal(data.y, [2, 3, 5, 9])
    assert data.x.dtype == data.y.dtype == np.float64


@pytest.mark.parametrize(
    ("options", "features", "target"),
    [
        ({"target": "a"}, ("b", "t"), "a"),
        ({"features": ("b", "a")}, ("a", "b"), "t"),
        ({"features": ("b",)}, ("b",), "t"),
        ({"drop": ("a",)}, ("b",), "t"),
        ({"drop": ("t",)}, ("a",), "b"),
    ],
)
def test_choosing_columns(tmp_path: Path, options: dict[str, object], features: tuple[str, ...], target: str) -> None:
    data = load_text(tmp_path, TABLE, **options)
    assert (data.features, data.target) == (features, target)


@pytest.mark.parametrize(
    ("content", "note", "features"),
    [
        ("a,k,t\n1,7,2\n2,7,3\n3,7,5\n", "column 'k' left out: 7 in every row", ("a",)),
        ("a,k,t\n1,u,2\n2,v,3\n3,w,5\n", "column 'k' left out: text ('u' in line 2)", ("a",)),
        ("a,k,t\n1,1,2\n2,2,3\n3,x,5\n", "column 'k' left out: text ('x' in line 4)", ("a",)),
        ("a,k,t\n1,,2\n2,NA,3\n3,,5\n", "column 'k' left out: no value in any row", ("a",)),
        ("a,k,t\n1,2,2\n2,3,3\n3,5,5\n", "column 'k' left out: equal to the target 't' in every row", ("a",)),
        ("a,k,t\n1,1,2\n2,2,3\n3,3,5\n", "column 'k' left out: equal to column 'a' in every row", ("a",)),
        (",a,t\n0,1,2\n1,2,3\n2,5,5\n", "column 'unnamed_1' left out: it has no name and only counts the rows", ("a",)),
        ("a,t\n1,2\n1,2\n2,3\n3,5\n", "1 row repeated exactly; kept", ("a",)),
        ("a,a,t\n1,4,2\n2,3,3\n3,3,5\n", "column 2 is called 'a_2', because the name 'a' occurs before", ("a", "a_2")),
    ],
)
def test_what_is_left_out_is_said(tmp_path: Path, content: str, note: str, features: tuple[str, ...]) -> None:
    data = load_text(tmp_path, content)
    assert data.notes == (note,)
    assert data.features == features


def test_incomplete_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    data = load_text(tmp_path, "a,b,t\n1,2,2\n,1,3\n3,inf,5\n,,6\n5,2,7\n6,1,\n7,0,9\n")
    assert data.notes == ("4 of 7 rows left out: a value is missing or not finite (a: 2, b: 2, t: 1)",)
    assert data.x.tolist() == [[1, 2], [5, 2], [7, 0]]
    assert data.rows_read == 7


def test_a_feature_that_is_not_chosen_costs_no_rows(tmp_path: Path) -> None:
    data = load_text(tmp_path, "a,b,t\n1,,2\n2,,3\n3,1,5\n4,2,6\n", drop=("b",))
    assert len(data.y) == 4
    assert data.notes == ()


MISTAKES = {
    "unknown target": ({"target": "T"}, TABLE, ConfigError, "--target 'T': no such column in", "did you mean 't'?"),
    "unknown feature": ({"features": ("bb",)}, TABLE, ConfigError, "--features 'bb'", "did you mean 'b'?"),
    "unknown drop": ({"drop": ("zzz",)}, TABLE, ConfigError, "--drop 'zzz'", "columns: a, b, t"),
    "target is a feature": ({"features": ("a", "t")}, TABLE, ConfigError, "--features 't'", "another --target"),
    "target is dropped": ({"target": "a", "drop": ("a",)}, TABLE, ConfigError, "--drop 'a'", "another --target"),
    "all dropped": ({"drop": ("a", "b", "t")}, TABLE, ConfigError, "leaves no column", "drop fewer"),
    "text target": ({}, "a,t\n1,2\n2,x\n3,4\n", DataError, "line 3: the target 't' is 'x'", "--target"),
    "decimal mark": ({}, "a;t\n1;2,5\n2;3.5\n3;4\n", DataError, "line 2: the target 't' is '2,5'", "decimal mark"),
    "text feature": ({"features": ("a",)}, "a,t\n1,2\nx,2\n3,4\n", DataError, "line 3: the feature 'a' is 'x'", "cell"),
    "empty target": ({}, "a,t\n1,\n2,NA\n3,\n", DataError, "'t' has no value in any row", "--target"),
    "constant target": ({}, "a,t\n1,2\n2,2\n3,2\n", DataError, "the target 't' is 2 in every row", "--target"),
    "one column": ({}, "a\n1\n2\n3\n", DataError, "only one column, 'a'", "separate columns"),
    "two rows": ({}, "a,t\n1,2\n2,3\n", DataError, "only 2 rows with a value", "at least 3"),
    "no complete rows": (
        {},
        "a,t\n1,\n,3\n3,4\n",
        DataError,
        "only 1 row with a value in every column of 3",
        "a: 1, t: 1",
    ),
    "no feature": ({}, "a,t\n1,2\n1,3\n1,5\n", DataError, "no feature is left to explain 't' by; column 'a'", "vary"),
}


@pytest.mark.parametrize(("options", "content", "kind", "where", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_where_and_what_to_do(
    tmp_path: Path, options: dict[str, object], content: str, kind: type[KansrError], where: str, hint: str
) -> None:
    with pytest.raises(kind) as caught:
        load_text(tmp_path, content, **options)
    assert where in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


def test_a_data_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"table\.csv"):
        load_text(tmp_path, "a,t\n1,2\n2,2\n3,2\n")
