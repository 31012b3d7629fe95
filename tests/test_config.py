"""Merging of options: the command line over the file over the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from kansr.config import load_config
from kansr.errors import ConfigError


def settings(folder: Path, text: str) -> Path:
    path = folder / "kansr.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = settings(tmp_path, "seed: 7\ntime_limit: 5\nfeatures: [a, b]\n")
    config = load_config(file, {"data": "x.csv", "seed": 8, "time_limit": None})
    assert (config.seed, config.time_limit, config.features, config.drop) == (8, 5.0, ("a", "b"), ())


def test_what_a_formula_may_be_and_which_one_is_taken(tmp_path: Path) -> None:
    file = settings(tmp_path, "functions: [exp, sin]\nexclude: [sin]\nmax_complexity: 12\nchoose: simplest\n")
    config = load_config(file, {"data": "x.csv", "choose": "best"})
    assert (config.functions, config.exclude) == (("exp", "sin"), ("sin",))
    assert (config.max_complexity, config.choose) == (12, "best")
    default = load_config(None, {"data": "x.csv"})
    assert (default.exclude, default.max_complexity, default.choose) == ((), None, "balanced")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load_config(settings(tmp_path, "# nothing\n"), {"data": "x"}) == load_config(None, {"data": "x"})


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("time_limt: 3", "unknown key 'time_limt'", "did you mean 'time_limit'"),
        ("colour: red", "unknown key 'colour'", "the keys are data, sheet, target"),
        ("time_limit: -3", "time_limit: should be greater than 0, not -3", "default is 60"),
        ("features: a", "features: should be a valid tuple, not 'a'", ""),
        ("exclude: sin", "exclude: should be a valid tuple, not 'sin'", ""),
        ("choose: cheapest", "choose: should be 'simplest', 'balanced' or 'best', not 'cheapest'", "is balanced"),
        ("structure: [3, 2]", "structure: should be whole numbers above zero that end with 1", "see 'kansr fit"),
        ("max_complexity: 0", "max_complexity: should be greater than or equal to 1, not 0", "see 'kansr fit --help'"),
        ("- a", "not a mapping", ""),
        ("seed: [", "line 1: not YAML", ""),
        ("seed: 1\nseed: [", "line 2: not YAML", ""),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(settings(tmp_path, text), {"data": "x.csv"})
    assert message in caught.value.message
    assert "kansr.yaml" in caught.value.message
    assert hint in caught.value.hint


def test_a_mistake_in_an_option_is_named_as_the_option() -> None:
    with pytest.raises(ConfigError, match="--time-limit: should be greater than 0, not 0"):
        load_config(None, {"data": "x.csv", "time_limit": 0})


@pytest.mark.parametrize("text", ["[3,2,1]", "3,2,1", " [ 3, 2 , 1 ] "])
def test_a_network_is_given_by_its_layers(text: str, tmp_path: Path) -> None:
    assert load_config(None, {"data": "x.csv", "structure": text}).structure == (3, 2, 1)
    assert load_config(settings(tmp_path, "structure: [3, 2, 1]"), {"data": "x"}).structure == (3, 2, 1)


@pytest.mark.parametrize("text", ["[3,2]", "[1]", "", "[0,1]", "[3,-2,1]", "[a,1]", "[2.5,1]", "__import__('os')"])
def test_what_is_no_network_is_said_before_the_table_is_read(text: str) -> None:
    with pytest.raises(ConfigError, match="--structure: should be whole numbers above zero that end with 1"):
        load_config(None, {"data": "x.csv", "structure": text})


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file"):
        load_config(tmp_path / "none.yaml", {"data": "x"})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a text file"):
        load_config(tmp_path / "binary", {"data": "x"})
