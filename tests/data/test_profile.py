"""What `kansr inspect` sees."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from rich.console import Console

from kansr.data import profile, read_table
from kansr.data.profile import TableProfile
from kansr.report.inspect import print_profile, to_json
from tests.data.writing import write

TABLE = """,name,mass [kg],d,k,copy,P
1,a,0.001,2020-01-01,7,1,1
2,b,2000,2020-01-05,7,2,2
3,a,3,NA,7,3,3
4,a,3,2021-01-01,7,4,4
5,b,3,2021-01-01,7,5,5
6,b,4,2021-01-01,7,6,900
6,b,4,2021-01-01,7,6,900
"""


def inspected(folder: Path, content: str) -> TableProfile:
    return profile(read_table(write(folder, content)))


def test_what_is_seen(tmp_path: Path) -> None:
    found = inspected(tmp_path, TABLE)
    columns = {column.name: column for column in found.columns}
    assert (found.rows, found.complete, found.repeated, found.target) == (7, 6, 1, "P")
    assert [column.kind for column in found.columns] == [
        "number",
        "text",
        "number",
        "date",
        "number",
        "number",
        "number",
    ]
    mass = columns["mass [kg]"]
    assert (mass.least, mass.median, mass.greatest) == (0.001, 3.0, 2000.0)
    assert mass.decades == round(float(np.log10(2e6)), 2)
    assert columns["d"].missing == 1
    assert columns["d"].origin == "2020-01-01"
    assert columns["k"].constant
    assert columns["name"].levels == ("a", "b")
    assert columns["copy"].same_as == "unnamed_1"
    assert columns["P"].outliers == 2


def test_outliers_are_those_of_the_modified_z_score(tmp_path: Path) -> None:
    values = np.append(np.random.default_rng(0).normal(10, 1, 200), [30.0, -20.0])
    column = inspected(tmp_path, "a,b\n" + "".join(f"{v},1\n" for v in values)).columns[0]
    median = np.median(values)
    score = 0.6745 * (values - median) / np.median(np.abs(values - median))
    assert column.outliers == (np.abs(score) > 3.5).sum() == 2


def test_a_column_called_like_a_target_is_suggested(tmp_path: Path) -> None:
    assert inspected(tmp_path, "y,a\n1,2\n2,3\n3,5\n").target == "y"
    assert inspected(tmp_path, "a,b\n1,2\n2,2\n3,2\n").target == "a"
    assert inspected(tmp_path, "a,b\n1,2\n1,2\n").target is None


def test_json_holds_all_and_the_terminal_overflows_nowhere(tmp_path: Path) -> None:
    found = inspected(tmp_path, TABLE.replace("name", "a name that is much longer than any terminal is wide " * 3))
    content = json.loads(to_json(found))
    assert content["columns"][2]["unit"] == "kg"
    assert [column["name"] for column in content["columns"]] == [column.name for column in found.columns]
    console = Console(file=io.StringIO(), width=80)
    print_profile(console, found, "t.csv")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "Suggested: kansr fit t.csv --target P"
    assert any(line.startswith("mass [kg]: ") and "spans 6.3 decades" in line for line in lines)
