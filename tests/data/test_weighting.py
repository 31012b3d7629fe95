"""Columns of weights and of measurement errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kansr.config import load_config
from kansr.errors import ConfigError, DataError, KansrError
from tests.data.writing import load_text

TABLE = "a,b,t,w\n1,5,2,4\n2,7,3,1\n3,4,5,0.25\n4,1,9,16\n"


@pytest.mark.parametrize(
    ("option", "expected"), [("weights", [2.0, 1.0, 0.5, 4.0]), ("sigma", [0.25, 1.0, 4.0, 0.0625])]
)
def test_the_column_becomes_a_factor_on_residuals_and_is_no_feature(
    tmp_path: Path, option: str, expected: list[float]
) -> None:
    data = load_text(tmp_path, TABLE, **{option: "w"})
    assert (data.features, data.target) == (("a", "b"), "t")
    assert data.weight is not None
    np.testing.assert_allclose(data.weight, expected)
    assert load_text(tmp_path, TABLE).weight is None


@pytest.mark.parametrize("option", ["weights", "sigma"])
def test_rows_that_do_not_count_are_left_out(tmp_path: Path, option: str) -> None:
    rows = "5,1,1,0\n6,2,2,-1\n7,3,3,\n8,4,4,inf\n,4,4,1\n"
    data = load_text(tmp_path, TABLE + rows, **{option: "w"})
    assert data.notes == ("5 of 9 rows left out: a value is missing or not finite, or 'w' not above zero (a: 1, w: 4)",)
    assert data.weight is not None
    assert (len(data.y), len(data.weight), data.rows_read) == (4, 4, 9)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"weights": "v"}, ConfigError, "--weights 'v': no such column in"),
        ({"sigma": "t", "target": "t"}, ConfigError, "--sigma 't': the column is named in --target too"),
        ({"sigma": "a", "features": ("a",)}, ConfigError, "--sigma 'a': the column is named in --features too"),
        ({"weights": "a", "drop": ("a",)}, ConfigError, "--weights 'a': the column is named in --drop too"),
    ],
)
def test_a_column_has_one_role(
    tmp_path: Path, options: dict[str, object], kind: type[KansrError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        load_text(tmp_path, TABLE, **options)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_weight_must_be_a_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 6: the column 'w' of --sigma is 'much', which is no number"):
        load_text(tmp_path, TABLE + "5,1,1,much\n", sigma="w")
    with pytest.raises(DataError, match=r"only 0 rows .* of 2 in all"):
        load_text(tmp_path, "a,t,w\n1,2,0\n2,4,-1\n", weights="w")


def test_weights_and_errors_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="--sigma 's': --weights 'w' is given too"):
        load_config(None, {"data": "x.csv", "weights": "w", "sigma": "s"})
