from __future__ import annotations

import csv
import gzip
import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.cells import plain_numbers
from kansr.data.delimited import read_delimited
from kansr.data.dialect import detect, is_missing, is_number
from kansr.data.names import unique_names
from kansr.data.read import read_table
from kansr.data.table import Table
from kansr.errors import DataError
from tests.data.writing import write

NUMBERS = np.array([[1.5, 2.0], [-0.25, 3.5], [4e-3, 5.0]])


def parse(text: str) -> Table:
    return read_delimited([text.splitlines(keepends=True)], "table.csv")


def numbers(table: Table) -> np.ndarray:
    return np.stack([column.values for column in table.columns.values()], axis=1)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1.5,2\n-0.25,3.5\n4e-3,5\n",
        "a;b\n1,5;2\n-0,25;3,5\n4e-3;5\n",
        "a\tb\n1.5\t2\n-0.25\t3.5\n4e-3\t5\n",
        "a|b\n1.5|2\n-0.25|3.5\n4e-3|5\n",
        "a   b\n 1.5 2\n-0.25\t3.5  \n4e-3 5",
        "a b\n1,5 2\n-0,25 3,5\n4e-3 5\n",
        "a, b\n1.5, 2\n-0.25, 3.5\n4e-3, 5\n",
        '"a","b"\n"1.5","2"\n"-0.25","3.5"\n"4e-3","5"\n',
        '"a","b"\n"1,5","2"\n"-0,25","3,5"\n"0,004","5"\n',
        "'a','b'\n1.5,2\n-0.25,3.5\n4e-3,5\n",
        "a,b\r\n1.5,2\r\n-0.25,3.5\r\n4e-3,5\r\n",
        "a,b\r1.5,2\r-0.25,3.5\r4e-3,5\r",
        "\n\na,b\n\n1.5,2\n   \n-0.25,3.5\n4e-3,5\n\n",
        "a,b,\n1.5,2,\n-0.25,3.5,\n4e-3,5,\n",
        " a , b \n1.5 , 2 \n-0.25,3.5\n4e-3,5\n",
        "\ufeffa,b\n1.5,2\n-0.25,3.5\n4e-3,5\n",
        "a,b\n1.5,2\n-0.25,3.5\n4e-3,5\n".encode("utf-16"),
    ],
)
def test_the_same_table_in_many_dialects(tmp_path: Path, content: str | bytes) -> None:
    table = read_table(write(tmp_path, content))
    assert list(table.columns) == ["a", "b"]
    np.testing.assert_array_equal(numbers(table), NUMBERS)
    assert table.notes == ()


def test_without_header_the_columns_get_names_and_a_note(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "1,2,3\n4,5,6\n"))
    assert list(table.columns) == ["x1", "x2", "y"]
    assert table.rows == 2
    assert table.notes == ("no header line: the columns are called x1, x2, y",)


def test_a_year_as_name_is_a_header_if_another_name_is_text() -> None:
    assert detect(["year,2020,2021\n", "1,2,3\n", "4,5,6\n"]).header == ("year", "2020", "2021")
    assert detect(["2020,2021\n", "2,3\n", "5,6\n"]).header is None


def test_names_are_kept(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, '"mass (kg)",lambda,E,"a, b"\n1,2,3,4\n'))
    assert list(table.columns) == ["mass (kg)", "lambda", "E", "a, b"]


def test_repeated_and_empty_names() -> None:
    names, notes = unique_names(["a", "a", "a_2", "", "a"], "table.csv")
    assert names == ["a", "a_3", "a_2", "unnamed_4", "a_4"]
    assert len(notes) == 2
    assert "column 2 is called 'a_3'" in notes[0]


def test_latin_1_is_read_with_a_note(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "µ,y\n1,2\n".encode("latin-1")))
    assert list(table.columns) == ["µ", "y"]
    assert "Latin-1" in table.notes[0]


def test_sha256_and_name(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n", "my table (2).csv")
    table = read_table(path)
    assert table.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert table.name == "my_table_2"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a;b\n1;2\n")))
    table = read_table("-")
    assert (table.label, table.name) == ("standard input", "stdin")
    assert numbers(table).tolist() == [[1.0, 2.0]]


def test_missing_cells_are_nan_and_text_stays_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b,c\n1,NA,x\n?,2,y\n , - ,\n"))
    np.testing.assert_array_equal(numbers(table)[:, :2], [[1, np.nan], [np.nan, 2], [np.nan, np.nan]])
    assert table.columns["c"].kind == "text"
    assert table.columns["c"].texts.tolist()[:2] == ["x", "y"]
    assert table.columns["c"].missing.tolist() == [False, False, True]


def test_a_separator_of_thousands_is_never_a_decimal_mark(tmp_path: Path) -> None:
    us = read_table(write(tmp_path, 'a,b\n"1,234",2\n"2,345",3\n')).columns["a"]
    german = read_table(write(tmp_path, "a;b\n1,5;2\n1.234,5;3\n")).columns["a"]
    assert us.values.tolist() == [1234, 2345]
    assert german.values.tolist() == [1.5, 1234.5]
    assert us.notes == ("marks between thousands taken out ('1,234' is 1234)",)


def test_numbers_beyond_64_bits(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b\n123456789012345678901234567890,1\n2,18446744073709551615\n"))
    assert numbers(table).tolist() == [[123456789012345678901234567890.0, 1.0], [2.0, 18446744073709551615.0]]
    assert "keep 15 digits" in table.columns["b"].notes[0]


def test_line_numbers_count_blank_lines_and_lines_inside_quotes() -> None:
    table = parse('a,b\n\n1,2\n3,"4\n5"\n6,7\n')
    assert table.lines.tolist() == [3, 5, 6]


MISTAKES = {
    "no file": (None, "no such file", "check the path"),
    "empty": ("", "the file is empty", "a line of column names"),
    "blank": (" \n\n", "the file is empty", "a line of column names"),
    "header only": ("a,b\n", "line 1: no row below the header", "rows of numbers"),
    "long row": ("a,b\n1,2\n3,4,5\n6,7\n", "line 3: 3 values, but the first row has 2", "needs quotes"),
    "short row": ("a,b\n1,2\n3\n6,7\n", "line 3: 1 value, but the first row has 2", "missing value"),
    "title without a header": ("A title\n1,2,3\n3,4,5\n", "line 2: 3 values, but the first row has 1", "names of the"),
    "open quote at the end": ('a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote is opened and never closed", "close it"),
    "open quote": (
        'a,b\n1,2\n"3,4\n5,6\n7,8\n',
        "line 5: 1 value, but the first row has 2",
        "a quote may be left open",
    ),
    "endless cell": ('a,b\n1,"' + "2" * 140_000 + "\n", "line 2: not a CSV table", "a quote may be left open"),
    "binary": (b"a,b\n\x00\x01\x02", "line 2: binary data", "export the table as CSV"),
    "half a spreadsheet": (b"PK\x03\x04....", "damaged or cut off", "save it again"),
    "half a gzip": (gzip.compress(b"a,b\n1,2\n")[:-9], "the gzip file is damaged or cut off", "copy it again"),
    "broken utf-16": (b"\xff\xfea,b", "cannot be decoded, although it looks like utf-16", "UTF-8"),
}


@pytest.mark.parametrize(("content", "where", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_what_where_and_what_to_do(
    tmp_path: Path, content: str | bytes | None, where: str, hint: str
) -> None:
    path = str(tmp_path / "no.csv") if content is None else write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.message.startswith(path)
    assert where in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a folder") as caught:
        read_table(str(tmp_path))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("error", "message"),
    [(PermissionError(13, "denied"), "no permission"), (OSError(5, "disk failure"), "disk failure")],
)
def test_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    path = write(tmp_path, "a,b\n1,2\n")

    def refuse(self: Path, mode: str) -> bytes:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path)
    assert caught.value.hint


@pytest.mark.parametrize("cell", ["1", "-1.5", "+.5", "2.", "1e5", "1,5", "-,5", "inf", " 3 "])
def test_numbers(cell: str) -> None:
    assert is_number(cell)


@pytest.mark.parametrize("cell", ["", "x", "1.2.3", "1,2,3", "1e", "1_000", "0x1F", "5%", "e5", "."])
def test_no_numbers(cell: str) -> None:
    assert not is_number(cell)


finite = st.floats(allow_nan=False, allow_infinity=False)
cells = st.one_of(finite, finite, finite, st.none(), st.integers(-(10**6), 10**6).map(float))
# At least one letter: a name that is a number or stands for a missing value would be no header.
names = st.text(st.sampled_from("abcxyzE_ ,;|()'\"µλ2"), min_size=1, max_size=8).map(lambda text: f"q{text.strip()}")


@st.composite
def written_tables(draw: st.DrawFn) -> tuple[str, list[str], list[list[float | None]], bool]:
    """A table as text, with its names and cells, and whether it has a header."""
    width = draw(st.integers(2, 5))
    header = draw(st.booleans())
    named = draw(st.lists(names, min_size=width, max_size=width, unique=True))
    # The first column has a number in every row, so that header and decimal mark can be told at all.
    first = st.floats(-1e6, 1e6).map(lambda value: value + 0.5 if value.is_integer() else value)
    row = st.tuples(first, *[cells] * (width - 1)).map(list)
    rows = draw(st.lists(row, min_size=2, max_size=8))
    delimiter, decimal = draw(
        st.sampled_from([(",", "."), (";", "."), ("\t", "."), ("|", "."), (";", ","), ("\t", ",")])
    )
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    if header:
        writer.writerow(named)
    for values in rows:
        writer.writerow(["" if value is None else repr(value).replace(".", decimal) for value in values])
    return stream.getvalue(), named, rows, header


@settings(deadline=None, max_examples=150)
@given(table=written_tables())
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[str, list[str], list[list[float | None]], bool]
) -> None:
    text, named, rows, header = table
    read = read_table(write(tmp_path_factory.mktemp("table"), text))
    expected = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64)
    np.testing.assert_array_equal(numbers(read), expected)
    if header:
        assert list(read.columns) == [" ".join(name.split()) for name in named]
    assert len(read.lines) == len(rows)


@settings(deadline=None, max_examples=200)
@given(content=st.one_of(st.binary(max_size=60), st.text("ab1.,; \t\n\"'-e", max_size=60).map(str.encode)))
def test_any_bytes_are_a_table_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.mktemp("table"), content)
    try:
        table = read_table(path)
    except DataError:
        pass
    else:
        assert {len(column.values) for column in table.columns.values()} == {len(table.lines)}


@given(cell=st.text(max_size=8))
def test_a_number_is_not_missing(cell: str) -> None:
    assert not (is_number(cell) and is_missing(cell))


def test_a_point_is_no_decimal_mark_beside_decimal_commas() -> None:
    cells = pd.Series(["1,5", "2.5"], dtype="str")
    np.testing.assert_array_equal(plain_numbers(cells, ",").values, [1.5, np.nan])
