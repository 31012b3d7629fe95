from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from kansr.data import Table, read_table
from kansr.errors import DataError

DATA = [[i + 0.5, i * i, 7 - i] for i in range(6)]


def sheet(folder: Path, rows: list[list[object]]) -> str:
    book = openpyxl.Workbook()
    for i, row in enumerate(rows, start=1):
        for j, cell in enumerate(row, start=1):
            book.active.cell(i, j, cell)
    book.save(folder / "t.xlsx")
    return str(folder / "t.xlsx")


def values(table: Table) -> list[list[float]]:
    return np.stack([column.values for column in table.columns.values()], axis=1).tolist()


@pytest.mark.parametrize(
    ("above", "title"),
    [([["My title"], []], "My title"), ([["Report", 2020], []], "Report 2020"), ([["by", None, None, "me"]], "by me")],
)
def test_titles_do_not_tell_the_width(tmp_path: Path, above: list[list[object]], title: str) -> None:
    table = read_table(sheet(tmp_path, [*above, ["t", "v", "w"], *DATA]))
    assert list(table.columns) == ["t", "v", "w"]
    assert values(table) == DATA
    assert table.notes == (f"lines above the header left out ({title!r})",)
    assert table.lines[0] == len(above) + 2


@pytest.mark.parametrize(
    ("header", "names"),
    [(["a", "b"], ["a", "b", "unnamed_3"]), ([None, "b", "c"], ["unnamed_1", "b", "c"])],
)
def test_columns_without_a_name_are_read(tmp_path: Path, header: list[object], names: list[str]) -> None:
    table = read_table(sheet(tmp_path, [header, *DATA]))
    assert list(table.columns) == names
    assert values(table) == DATA


def test_rows_that_are_not_full_lose_nothing(tmp_path: Path) -> None:
    rows = [["a", "b", "c"], [1, 2], [3, 4], [5, 6], [None, 7, 8]]
    nan = np.nan
    expected = [[1, 2, nan], [3, 4, nan], [5, 6, nan], [nan, 7, 8]]
    np.testing.assert_array_equal(values(read_table(sheet(tmp_path, rows))), expected)


def test_remarks_beside_the_table_are_left_out_aloud(tmp_path: Path) -> None:
    rows = [[None, "a", "b", "c"], *([None, *row] for row in DATA), ["a remark"]]
    rows[3][0] = "see below"
    table = read_table(sheet(tmp_path, rows))
    assert list(table.columns) == ["a", "b", "c"]
    assert values(table) == DATA
    assert table.notes == ("cells beside the table left out: 2 ('see below' in row 4)",)


def test_no_text_of_a_sheet_is_a_comment(tmp_path: Path) -> None:
    table = read_table(sheet(tmp_path, [["#", "y"], ["#1", 2], ['a "quoted", one', 3], ["#N/A", 4]]))
    assert list(table.columns) == ["#", "y"]
    assert table.columns["#"].texts.tolist()[:2] == ["#1", 'a "quoted", one']
    assert table.columns["#"].missing.tolist() == [False, False, True]


def test_a_wrong_size_in_the_file_loses_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, [["a", "b", "c"], *DATA])
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B3"', old.read(name)))
    Path(path).write_bytes(content.getvalue())
    assert values(read_table(path)) == DATA


def test_formulas_that_nobody_calculated(tmp_path: Path) -> None:
    rows: list[list[object]] = [["a", "b", "y"], *([*row[:2], f"=A{i}*2"] for i, row in enumerate(DATA, start=2))]
    table = read_table(sheet(tmp_path, rows))
    assert any("formulas without values in the first 1,000 rows: 6 (open the file" in note for note in table.notes)
    with pytest.raises(DataError, match="3 formulas without values") as caught:
        read_table(sheet(tmp_path, [["a"], ["=1+1"], ["=2+1"], ["=3+1"]]))
    assert "save it" in caught.value.hint


def test_mistakes_are_told_by_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2: no row below the header"):
        read_table(sheet(tmp_path, [[], ["a", "b"]]))
