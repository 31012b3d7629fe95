from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kansr.data import read_table
from kansr.data.names import unique_names
from kansr.data.table import Wish
from kansr.errors import DataError
from tests.data.writing import write


@pytest.mark.parametrize("end", ["\x1a", "\n\x1a", "\r\n\x1a\r\n", "\x1a\x1a\x1a\n\n"])
@pytest.mark.parametrize("rows", [2, 3000])
def test_a_mark_of_the_end_is_no_binary_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, rows: int
) -> None:
    monkeypatch.setattr("kansr.data.text._BLOCK", 100)
    table = read_table(write(tmp_path, "a,b\n" + "\n".join(f"{i},7" for i in range(rows)) + end))
    assert table.columns["a"].values.tolist() == list(range(rows))
    assert set(table.columns["b"].values) == {7}


def test_a_mark_of_the_end_before_the_end_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2: binary data"):
        read_table(write(tmp_path, "a,b\n1,2\x1a\n3,4\n"))


@pytest.mark.parametrize(("hint", "delimiter"), [("sep=;", ";"), ('"SEP=,"', ","), ("sep=\t", "\t")])
def test_the_hint_for_excel_is_no_row(tmp_path: Path, hint: str, delimiter: str) -> None:
    table = read_table(write(tmp_path, f"{hint}\r\na{delimiter}b\r\n1{delimiter}2\r\n3{delimiter}4\r\n"))
    assert [list(table.columns), table.lines.tolist(), table.notes] == [["a", "b"], [3, 4], ()]


class Endless(io.RawIOBase):
    """A table whose last line never ends."""

    def __init__(self) -> None:
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = b"1,2\n" * 2000 if not self.count else b"1" * len(buffer)
        buffer[: len(piece)] = piece
        self.count += len(piece)
        return len(piece)


def test_a_line_without_end_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Endless()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(endless)))
    with pytest.raises(DataError, match="line 2001: more than 10,000,000 characters"):
        read_table("-")
    assert endless.count < 30_000_000


@pytest.mark.parametrize("blank", [1, 999, 1500, 5000])
def test_blank_lines_above_the_table_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blank: int) -> None:
    monkeypatch.setattr("kansr.data.text._BLOCK", 100)
    table = read_table(write(tmp_path, "\n" * blank + "a,b\n1,2\n\n\n3,4\n"))
    assert table.lines.tolist() == [blank + 2, blank + 5]
    with pytest.raises(DataError, match=f"line {blank + 1}: no row below the header"):
        read_table(write(tmp_path, "\n" * blank + "a,b\n"))


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b\nx\u2028y,1\nz\x0cz\x85,2\n"))
    assert table.rows == 2


def test_thousands_of_columns_of_one_name() -> None:
    """The names of a plain count; with one search for each from the start this takes minutes."""
    names, _ = unique_names(["a"] * 50_000, "t.csv")
    assert names == ["a", *(f"a_{i}" for i in range(2, 50_001))]


def arrow(folder: Path, **columns: pa.Array) -> str:
    with pa.ipc.new_file(folder / "t.feather", (table := pa.table(columns)).schema) as file:
        file.write_table(table)
    return str(folder / "t.feather")


def test_new_kinds_of_arrow_texts(tmp_path: Path) -> None:
    texts = ["x", None, "y"]
    path = arrow(tmp_path, large=pa.array(texts, pa.large_string()), view=pa.array(texts, pa.string_view()))
    for column in read_table(path).columns.values():
        assert column.texts.dropna().tolist() == ["x", "y"]


@pytest.mark.parametrize("keep_texts", [False, True])
def test_arrow_values_are_the_same_with_and_without_texts(tmp_path: Path, keep_texts: bool) -> None:
    nano = 1_600_000_000_123_456_789
    path = arrow(
        tmp_path,
        nano=pa.array([nano, nano + 86_400 * 10**9, None], pa.timestamp("ns")),
        far=pa.array([0, 10**15, -(10**15)], pa.timestamp("s")),
        day=pa.array([10, None, 12], pa.date32()),
        milli=pa.array([86_400_000, 0, None], pa.date64()),
        long=pa.array([2**60 + 1, None, 3], pa.uint64()),
        compact=pa.array([20200101, 20200102, 20200103], pa.int64()),
    )
    table = read_table(path, wish=Wish(written=lambda name: keep_texts))
    columns = table.columns
    assert table.notes == ("column 'far': 2 dates beyond the years 1 to 9999 taken for missing",)
    nan = np.nan
    expected = {
        "nano": [0.123456789 / 86400, 1 + 0.123456789 / 86400, nan],
        "far": [0, nan, nan],
        "day": [0, nan, 2],
        "milli": [1, 0, nan],
        "long": [2.0**60, nan, 3],
        "compact": [20200101, 20200102, 20200103],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(columns[name].values, values, rtol=0, atol=1e-11)
    assert columns["long"].notes == ("whole numbers above 2^53 keep 15 digits only",)
    assert columns["nano"].origin.startswith("2020-09-13T12:26:40")
    if keep_texts:
        assert columns["nano"].texts[0] == "2020-09-13 12:26:40.123456789"
        assert columns["day"].texts[0] == "1970-01-11"
        assert columns["long"].texts[0] == str(2**60 + 1)
