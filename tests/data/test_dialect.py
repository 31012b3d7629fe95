"""Headers, titles, units and marks: what the first lines tell of a table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kansr.data.delimited import read_delimited
from kansr.data.dialect import detect
from kansr.data.table import Table
from kansr.errors import DataError


def parse(text: str) -> Table:
    return read_delimited([text.splitlines(keepends=True)], "table.csv")


def values(text: str) -> dict[str, list[float]]:
    return {name: column.values.tolist() for name, column in parse(text).columns.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a proof of one mark tells what the other one is
        ("pop;v\n950;2,5\n12.500;3,5\n1.375;5,5\n", {"pop": [950, 12500, 1375], "v": [2.5, 3.5, 5.5]}),
        ("a\tb\n950\t1\n1,100\t2\n12,000\t3\n", {"a": [950, 1100, 12000], "b": [1, 2, 3]}),
        ('a,b\n"0,125",2\n"0,250",3\n', {"a": [0.125, 0.25], "b": [2, 3]}),
        ("a;b\n1,234;2\n2,345;3\n", {"a": [1.234, 2.345], "b": [2, 3]}),
        ("a;b\n1.5;2\n2,500;3\n1,250;4\n", {"a": [1.5, 2500, 1250], "b": [2, 3, 4]}),
        # rows are values in any form, and no header
        ("5%,6%\n6%,7%\n7%,9%\n", {"x1": [5, 6, 7], "y": [6, 7, 9]}),
        ("true,1\nfalse,2\nfalse,4\n", {"x1": [1, 0, 0], "y": [1, 2, 4]}),
        ("50%,E\n$1.00,\n$2.00,\n", {"50%": [1, 2], "E": [math.nan, math.nan]}),
        ("5 kg,6 m\n6 kg,8 m\n", {"x1": [5, 6], "y": [6, 8]}),
        # delimiters too many or too few at the ends of rows
        ("a,b\n1,2,\n2,3,\n", {"a": [1, 2], "b": [2, 3]}),
        ("a,b,\n1,2\n2,3\n", {"a": [1, 2], "b": [2, 3]}),
        ("# time,x\n# made by z\n0,1\n1,4\n2,9\n", {"time": [0, 1, 2], "x": [1, 4, 9]}),
        ("t,v\ns,m/s\n1,2\n2,4\n3,6\n", {"t": [1, 2, 3], "v": [2, 4, 6]}),
    ],
)
def test_what_the_first_lines_tell(text: str, expected: dict[str, list[float]]) -> None:
    read = values(text)
    assert list(read) == list(expected)
    for name, numbers in expected.items():
        np.testing.assert_array_equal(read[name], numbers)


def test_years_above_texts_are_a_header() -> None:
    assert list(parse("city,1990,2000\nA,1,2\nB,3,4\n").columns) == ["city", "1990", "2000"]
    assert detect(["A,1,2\n", "B,3,4\n"]).header is None


def test_row_names_of_r_need_no_name() -> None:
    table = parse("a,b\nr1,1,2\nr2,3,4\n")
    assert list(table.columns) == ["unnamed_1", "a", "b"]
    assert table.columns["b"].values.tolist() == [2, 4]


def test_units_below_the_header_are_said() -> None:
    table = parse("t;v\ns;m/s\n1;2\n2;4\n3;6\n")
    assert table.notes == ("the row of units below the header left out ('s, m/s')",)
    assert table.lines.tolist() == [3, 4, 5]


def test_a_mark_that_most_rows_begin_with_is_no_comment() -> None:
    table = parse("id,v\n#1,2\n#2,3\n#3,5\n")
    assert table.columns["v"].values.tolist() == [2, 3, 5]
    table = parse("tag,v\n#foo,2\n#fox,3\nbar,3\nbaz,5\nqux,7\n")
    assert table.rows == 3
    assert table.notes == ("2 lines among the rows left out: comments that start with '#'",)
    with pytest.raises(DataError, match="no values in the file"):
        parse("# a\n# b\n")


def test_a_year_is_no_date_and_rare_units_change_nothing() -> None:
    dates = "".join(f"2020-01-{day:02},{day}\n" for day in range(1, 29))
    column = parse(f"d,v\n{dates}9999,5\n").columns["d"]
    assert (column.kind, column.odd, np.nanmax(column.values)) == ("date", 1, 27)
    column = parse("a,v\n" + "0,1\n1,2\n2,3\n" * 40 + "2 kg,3\n").columns["a"]
    assert (column.kind, column.odd) == ("number", 1)
