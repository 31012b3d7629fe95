"""Every fault that a table can have ends in one line, the right exit status, and no half-written run."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.fuzzing import check, kansr

ROWS = [(i / 4, (i / 4) ** 2) for i in range(1, 25)]
TABLE = "a,t\n" + "".join(f"{a},{t}\n" for a, t in ROWS)


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


FATAL: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", "the file is empty"),
    "blank file": ("\n \n\t\n", "the file is empty"),
    "header only": ("a,t\n", "no row below the header"),
    "one row": ("a,t\n1,2\n", "only 1 row with a value"),
    "one column": ("t\n1\n2\n3\n", "only one column"),
    "constant target": ("a,t\n1,2\n2,2\n3,2\n", "is 2 in every row"),
    "target of text": ("a,t\n1,x\n2,y\n3,z\n", "which is no number"),
    "all targets missing": ("a,t\n1,\n2,NA\n3,-\n", "has no value in any row"),
    "only a copy of the target": ("a,t\n1,1\n2,2\n3,3\n", "no feature is left"),
    "only text beside the target": ("a,t\nx,1\ny,2\nz,3\n", "no feature is left"),
    "many ragged rows": ("a,t\n1,2\n3\n4,5,6\n7,8\n", "but the first row has 2"),
    "an open quote": (f'{TABLE}"1,2\n' + "3,4\n" * 3, "line 29: 1 value, but the first row has 2"),
    "binary garbage": (bytes(range(256)) * 40, "binary data"),
    "all values too large": ("a,t\n1,1e300\n2,2e300\n3,5e300\n", "only 0 rows with a value"),
    "values too small": ("a,t\n1,1e-300\n2,2e-300\n3,5e-300\n", "varies by less than"),
    "nothing finite": ("a,t\n1,inf\n2,-inf\n3,nan\n", "has no value in any row"),
    "parquet without rows": (parquet(a=np.empty(0), t=np.empty(0)), "no rows of numbers"),
    "half a parquet": (parquet(a=[1.0, 2], t=[1.0, 2])[:-9], "damaged"),
}


@pytest.mark.parametrize(("content", "message"), FATAL.values(), ids=FATAL)
def test_what_cannot_be_fitted_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    outcome = kansr("fit", str(path), "--out", str(tmp_path / "run"), "--quiet")
    check(outcome, seconds=30)
    assert outcome.status == 3
    assert message in outcome.stderr
    assert [child.name for child in tmp_path.iterdir()] == ["t.csv"]


SURVIVED: dict[str, tuple[Callable[[], str], str]] = {
    "a column without values": (
        lambda: "n,a,t\n" + "".join(f",{a},{t}\n" for a, t in ROWS),
        "column 'n' left out: no value in any row",
    ),
    "a copy of the target": (
        lambda: "c,a,t\n" + "".join(f"{t},{a},{t}\n" for a, t in ROWS),
        "column 'c' left out: equal to the target 't' in every row",
    ),
    "a cell that is not finite": (lambda: TABLE + "inf,3\nnan,4\n", "2 of 26 rows left out"),
    "a huge value": (lambda: TABLE + "5,1e300\n", "beyond 1e+150"),
    "a cell of text": (lambda: TABLE + "off,3\n", "1 cell of something else taken for missing ('off' in line 26)"),
    "a row too short": (lambda: TABLE + "7\n", "1 row left out: another number of values"),
    "whole numbers of many digits": (lambda: TABLE + f"1,{'9' * 400}\n", "1 of 25 rows left out"),
    "identifiers": (
        lambda: "id,a,t\n" + "".join(f"{2**60 + i},{a},{t}\n" for i, (a, t) in enumerate(ROWS)),
        "keep 15 digits only",
    ),
    "remarks, titles, another alphabet": (
        lambda: "# made by hand\nLab 3\n\n" + TABLE.replace("a,t", "größe [µm],ΔT (°C)") + "# the end\n",
        "lines above the header left out ('Lab 3')",
    ),
}


@pytest.mark.parametrize(("content", "note"), SURVIVED.values(), ids=SURVIVED)
def test_what_can_be_survived_is_survived_and_said(tmp_path: Path, content: Callable[[], str], note: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content(), encoding="utf-8")
    outcome = kansr("fit", str(path), "--out", str(tmp_path / "run"), "--time-limit", "6")
    assert outcome.status == 0, outcome
    assert note in " ".join(outcome.stderr.split()), outcome.stderr
    assert "²" in outcome.stdout.splitlines()[1], outcome.stdout
    assert (tmp_path / "run" / "status.json").exists()


def test_ten_thousand_columns_are_looked_at_and_fitted(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(1, 2, (60, 10_000))
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(10_000)])
    frame["y"] = 3 * x[:, 5]
    frame.to_csv(tmp_path / "t.csv", index=False)
    check(kansr("inspect", str(tmp_path / "t.csv")), seconds=60)
    outcome = kansr("fit", str(tmp_path / "t.csv"), "--out", str(tmp_path / "run"), "--time-limit", "4", "--quiet")
    check(outcome, seconds=60, allowed=(0,))
    assert (tmp_path / "run" / "formula.json").stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("none.csv",), 3, "no such file"),
        ((".",), 3, "a folder, not a table"),
        (("https://example.org/t.csv",), 3, "an address, not a file"),
        (("t.csv", "--target", "T"), 2, "no such column"),
        (("t.csv", "--choose", "nice"), 2, "is not one of"),
        (("t.csv", "--config", "bad.yaml"), 2, "bad.yaml, line "),
        (("t.csv", "--config", "typo.yaml"), 2, "unknown key 'time_limt'"),
        (("t.csv", "--out", "full"), 2, "the folder is not empty"),
        (("t.csv", "--out", "t.csv"), 2, "--out t.csv"),
        (("t.csv", "--out", "t.csv/run"), 2, "--out t.csv/run"),
        (("x" * 5000,), 3, "hint: check the path and the disk"),
        (("t\0.csv",), 2, "without NUL characters"),
    ],
)
def test_wrong_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], status: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)
    Path("bad.yaml").write_text("seed: 1\nseed: [\n")
    Path("typo.yaml").write_text("time_limt: 3\n")
    Path("full").mkdir()
    Path("full/something").touch()
    outcome = kansr("fit", *arguments)
    check(outcome, seconds=30, allowed=(status,))
    assert message in outcome.stderr
    assert sorted(child.name for child in tmp_path.iterdir()) == ["bad.yaml", "full", "t.csv", "typo.yaml"]
