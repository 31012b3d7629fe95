"""The same table in every kind of file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from kansr.data import Table, read_table
from kansr.errors import ConfigError, DataError, KansrError
from tests.data.writing import write

TEXT = b"a,b,name,day\n1.5,2,x,2020-01-01\n-0.25,3.5,y,2020-01-03\n0.004,,z,2020-02-01\n"
FRAME = pd.DataFrame(
    {
        "a": [1.5, -0.25, 4e-3],
        "b": [2, 3.5, np.nan],
        "name": ["x", "y", "z"],
        "day": pd.to_datetime(["2020-01-01", "2020-01-03", "2020-02-01"]),
    }
)


def excel(frame: pd.DataFrame = FRAME) -> bytes:
    buffer = io.BytesIO()
    frame.to_excel(buffer, sheet_name="first", index=False)
    return buffer.getvalue()


def arrow(write: Callable[[io.BytesIO], None]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


FILES = {
    "t.csv": TEXT,
    "t.tsv": TEXT.replace(b",", b"\t"),
    "t.csv.gz": gzip.compress(TEXT),
    "t.csv.xz": lzma.compress(TEXT),
    "t.csv.bz2": bz2.compress(TEXT),
    "t.csv.zst": pa.compress(TEXT, "zstd", asbytes=True),
    "bom.csv": b"\xef\xbb\xbf" + TEXT,
    "utf16.csv": TEXT.decode().encode("utf-16"),
    "utf16le.csv": TEXT.decode().encode("utf-16-le"),
    "utf16be.csv": TEXT.decode().encode("utf-16-be"),
    "utf32.csv": TEXT.decode().encode("utf-32"),
    "commented.csv": b"# made by hand\n" + TEXT + b"# the end\n",
    "t.xlsx": excel(),
    "t.parquet": arrow(lambda file: FRAME.to_parquet(file, index=False)),
    "t.feather": arrow(FRAME.to_feather),
    "t.parquet.gz": gzip.compress(arrow(lambda file: FRAME.to_parquet(file, index=False))),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_table_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    table = read_table(write(tmp_path, FILES[name], name))
    assert list(table.columns) == ["a", "b", "name", "day"]
    assert [column.kind for column in table.columns.values()] == ["number", "number", "text", "date"]
    for column in "ab":
        np.testing.assert_array_equal(table.columns[column].values, FRAME[column])
    assert table.columns["day"].values.tolist() == [0, 2, 31]
    assert table.columns["day"].origin == "2020-01-01"
    assert table.columns["name"].texts.tolist() == ["x", "y", "z"]
    assert table.name == name.split(".", maxsplit=1)[0]


def test_standard_input_may_be_binary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FILES["t.parquet"])))
    assert list(read_table("-").columns) == ["a", "b", "name", "day"]


def test_sheets_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    second = book.create_sheet("second")
    for row in ([], ["", "p", "q"], ["", True, datetime(2020, 1, 2)], ["", False, datetime(2020, 1, 5, 12)]):
        second.append(row)
    book.save(tmp_path / "t.xlsx")
    path = str(tmp_path / "t.xlsx")
    assert list(read_table(path).columns) == ["a", "b"]
    assert "--sheet chooses another" in read_table(path).notes[0]
    for name in ("second", "2"):
        table = read_table(path, name)
        assert {name: column.values.tolist() for name, column in table.columns.items()} == {"p": [1, 0], "q": [0, 3.5]}
        assert table.notes == ()
        assert table.place(0).endswith("sheet 'second', row 3")
    with pytest.raises(ConfigError, match="no such sheet") as caught:
        read_table(path, "secnd")
    assert caught.value.hint.startswith("did you mean 'second'?")
    with pytest.raises(ConfigError, match="is no spreadsheet"):
        read_table(write(tmp_path, TEXT), "second")


def test_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "whole": pa.array([1, None, 3], pa.int64()),
            "exact": pa.array([2**53 + 1, 2, 3], pa.int64()),
            "share": pa.array(["1.50", "2.25", None]).cast(pa.decimal128(10, 2)),
            "flag": [True, False, None],
            "level": pa.array(["u", "v", "u"]).dictionary_encode(),
            "text": ["1,5", "2,5", "3,5"],
            "list": [[1.0], [2.0], []],
            "empty": pa.nulls(3),
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    read = read_table(str(tmp_path / "t.parquet"))
    expected = {"whole": [1, np.nan, 3], "share": [1.5, 2.25, np.nan], "flag": [1, 0, np.nan], "text": [1.5, 2.5, 3.5]}
    for name, values in expected.items():
        np.testing.assert_array_equal(read.columns[name].values, values)
    assert read.columns["level"].kind == "text"
    assert read.columns["empty"].filled == 0
    assert "list" not in read.columns
    assert any("column 'list' left out: list<" in note for note in read.notes)
    assert read.columns["exact"].notes


def bomb() -> bytes:
    """A gzip file of a few hundred kilobytes that unpacks to 140 MB."""
    return gzip.compress(b"1" + b"0" * 4092 + b",2\n" + (b"1,2" + b" " * 4092 + b"\n") * 255) * 140


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


REFUSED: dict[str, tuple[str, bytes | Callable[[], bytes], str]] = {
    "address": ("https://example.org/t.csv", b"", "an address, not a file"),
    "bomb": ("b.csv.gz", bomb, "unpacks to more than 200 times its size"),
    "spreadsheet bomb": ("b.xlsx", lambda: zipped(xl__sheet=bytes(200 << 20)), "unpacks to more than 200 times"),
    "archive": ("a.zip", zipped(readme=b"hello"), "not a table that kansr can read"),
    "half a spreadsheet": ("h.xlsx", excel()[:-400], "damaged or cut off"),
    "a spreadsheet of nothing": ("n.xlsx", zipped(xl__sheet=b"?"), "the spreadsheet is damaged"),
    "half a parquet": ("h.parquet", FILES["t.parquet"][:-40], "the parquet file is damaged"),
    "half a feather": ("h.feather", FILES["t.feather"][:-40], "the feather file is damaged"),
    "half an xz": ("h.csv.xz", FILES["t.csv.xz"][:-12], "the xz file is damaged or cut off"),
    "half a zst": ("h.csv.zst", FILES["t.csv.zst"][:-12], "the zstd file is damaged or cut off"),
    "database": ("d.db", b"SQLite format 3\x00....", "not a table that kansr can read"),
    "pickle": ("p.pkl", b"\x80\x04\x95....", "not a table that kansr can read"),
    "zeros": ("z.csv", bytes(5000), "binary data"),
    "a long name": ("l.csv", b"a," + b"b" * 20_000 + b"\n1,2\n", "the name of column 2 has 20,000 characters"),
    "a name of 10 MB": ("m.csv", b"a," + b"b" * 10_000_001 + b"\n1,2\n", "more than 10,000,000 characters"),
    "nothing": ("e.csv", b"", "the file is empty"),
}


@pytest.mark.parametrize(("name", "content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(
    tmp_path: Path, name: str, content: bytes | Callable[[], bytes], message: str
) -> None:
    path = name if "://" in name else write(tmp_path, content() if callable(content) else content, name)
    with pytest.raises(KansrError, match=message) as caught:
        read_table(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_titles_above_the_header_are_left_out_aloud(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "Run 7; instrument 3\n\na,b\n1,2\n3,4\n"))
    assert list(table.columns) == ["a", "b"]
    assert table.notes == ("lines above the header left out ('Run 7; instrument 3')",)
    assert table.lines.tolist() == [4, 5]


@pytest.mark.parametrize("header", ["# a b", "#a,b", "# a\tb"])
def test_the_last_comment_may_be_the_header(tmp_path: Path, header: str) -> None:
    table = read_table(write(tmp_path, f"# from a detector\n{header}\n1 2\n3 4\n"))
    assert list(table.columns) == ["a", "b"]
    assert table.notes == ()


def test_comments_and_odd_rows_are_left_out_aloud(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * i}\n" for i in range(30))
    table = read_table(write(tmp_path, f"a,b\n{rows}# a remark\n7\n8,9,10\n#N/A,5\n"))
    assert table.rows == 31
    assert table.ragged == 2
    assert np.isnan(table.columns["a"].values[-1])
    assert table.notes == (
        "1 line among the rows left out: comments that start with '#'",
        "2 rows left out: another number of values (line 33 has 1 value, not 2)",
    )


def test_quotes_may_hold_line_ends_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f'{i},"note\n{i}"\n' for i in range(3000))
    path = write(tmp_path, "a,b\n" + rows)
    whole = read_table(path)
    monkeypatch.setattr("kansr.data.text._BLOCK", 100)
    blocks = read_table(path)
    for table in (whole, blocks):
        assert table.columns["a"].values.tolist() == list(range(3000))
        assert table.lines.tolist() == list(range(3, 6003, 2))
        assert table.columns["b"].texts.iloc[-1] == "note\n2999"


def test_blocks_of_numbers_and_of_texts_make_one_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [str(i) for i in range(3000)]
    cells[1500], cells[2000], cells[2500] = "NA", "err", "1e3"
    path = write(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    monkeypatch.setattr("kansr.data.text._BLOCK", 1000)
    column = read_table(path).columns["a"]
    expected = np.array([float(cell) if cell not in {"NA", "err"} else np.nan for cell in cells])
    np.testing.assert_array_equal(column.values, expected)
    assert (column.kind, column.odd, column.first_odd, column.filled) == ("number", 1, (2000, "err"), 2999)


def test_the_last_cells_may_show_what_the_first_ones_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`1.500` is read as 1.5 in the first block, until `1.500,5` shows that it is 1500."""
    path = write(tmp_path, "a;b\n" + "1.500;x\n" * 1500 + "1.500,5;x\n" * 1500)
    monkeypatch.setattr("kansr.data.text._BLOCK", 1000)
    assert set(read_table(path).columns["a"].values) == {1500, 1500.5}


def test_a_damaged_file_found_late(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="binary data"):
        read_table(write(tmp_path, b"a,b\n" + b"1,2\n" * 5000 + b"\x00\x01"))


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    tables: list[Table] = [read_table(write(tmp_path, FILES[name], name)) for name in ("t.csv.gz", "t.xlsx")]
    import hashlib

    assert [t.sha256 for t in tables] == [hashlib.sha256(FILES[name]).hexdigest() for name in ("t.csv.gz", "t.xlsx")]
