"""YAML that is refused: each with the line and a reason."""

from __future__ import annotations

import re
from pathlib import Path

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given

from kansr.errors import ConfigError
from kansr.yaml_file import parse_yaml, read_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join(10 * [f'*a{i - 1}'])}]\n" for i in range(1, 30))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "line 1: an anchor or alias"),
        ("a: *b", "line 1: an anchor or alias"),
        ("a: 1\nb: &x 2", "line 2: an anchor or alias"),
        ("a: !!python/object/apply:os.system [echo]", "line 1: a tag"),
        ("!!map {a: 1}", "line 1: a tag"),
        ("a: !x 1", "line 1: a tag"),
        ("a: 1\na: 2", "line 2: the key 'a' is there twice"),
        ("a:\n  b: 1\n  b: 2", "line 3: the key 'b' is there twice"),
        ("1: a", "line 1: a key that is no text"),
        ("yes: a", "line 1: a key that is no text"),
        ("? [a]\n: b", "line 1: a key that is no text"),
        ("<<: {a: 1}", "line 1: a key that is no text"),
        ("a: " + "[" * 21 + "]" * 21, "line 1: nested more than 20 levels deep"),
        ("[" * 100_000, "line 1: nested more than 20 levels deep"),
        ("a: " + "{b: " * 50_000, "line 1: nested more than 20 levels deep"),
        ("- " * 30 + "x", "nested more than 20 levels deep"),
        ("a: " + "9" * 5000, "line 1: a number of 5000 characters"),
        ("a: 0x" + "f" * 5000, "line 1: a number of 5002 characters"),
        ("a: 1" + ":1" * 5000, "a number of 10001 characters"),
        ("seed: 1\nseed2: [", "line 2: not YAML: "),
        ("a: 2001-99-99", "not YAML: cannot be read"),
        ("a: \x00", "not YAML: cannot be read"),
        ("a" * 1_000_001, "longer than 1,000,000 characters"),
    ],
)
def test_it_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        parse_yaml(text)
    assert len(str(caught.value)) < 200


simple = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(simple)
def test_plain_content_is_read_as_the_safe_loader_reads_it(content: object) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    if "&id" not in text:  # a list that is there twice
        assert parse_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\n" * 300_000, "--config {}: larger than 1 MB"),
        (b"\xff\xfe\x00", "--config {}: not a text file in UTF-8"),
        (b"a: *x", "{}, line 1: an anchor or alias"),
    ],
)
def test_the_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_yaml(file, ConfigError, "hint", option="--config")
    assert caught.value.message.startswith(message.format(file))


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xef\xbb\xbfseed: 1\n")
    assert read_yaml(tmp_path / "c.yaml", ConfigError, "") == {"seed": 1}


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_yaml(tmp_path / "a\0b", ConfigError, "")
    with pytest.raises(ConfigError, match="Is a directory"):
        read_yaml(tmp_path, ConfigError, "")
