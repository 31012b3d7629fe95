"""`kansr bench` from end to end: one small suite with real fits, the rest with pretended ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kansr.bench import run as run_module
from kansr.bench.process import Usage
from kansr.cli.main import main

SUITE = """
problems:
- id: line
  formula: 3*x + 1
  vars: [{name: x, low: -1, high: 2}]
- id: a-product-with-a-long-name
  formula: a*b
  vars: [{name: a, low: 1, high: 2}, {name: b, low: 1, high: 2, dist: loguniform}]
- id: bessel
  scipy: jv(0, x)
  vars: [{name: x, low: 0, high: 1}]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "laws.yaml").write_text(SUITE)
    return tmp_path


class PretendedFit:
    """Finds `3*x + 1`, whatever the table; Ctrl-C comes when the second one is looked at."""

    started = 0

    def __init__(self, arguments: list[str], deadline: float) -> None:
        PretendedFit.started += 1
        self.number = PretendedFit.started
        self.out = Path(arguments[arguments.index("--out") + 1])

    def poll(self) -> Usage | None:
        if self.number == 2:
            os.kill(os.getpid(), signal.SIGINT)
            return None
        self.out.mkdir()
        (self.out / "formula.json").write_text('{"expression": "3*x + 1", "symbols": {"x": "x"}}')
        return Usage(2.0, 1.5, 200, 0, False, "")

    def kill(self) -> None:
        pass


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["kansr", "bench", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_a_suite_of_real_fits(here: Path) -> None:
    command = [sys.executable, "-m", "kansr", "bench", "laws.yaml", "--limit", "10", "--rows", "200", "--jobs", "2"]
    done = subprocess.run([*command, "--out", "o.jsonl"], capture_output=True, encoding="utf-8", check=True)
    head, *lines, found, cost = done.stdout.splitlines()
    assert head.split() == ["id", "nrmse", "time", "size", "formula"]
    rows = {line.split()[0]: line for line in lines}
    assert "clean" in rows["line"]
    assert rows["line"].endswith("3·x + 1")
    assert "clean" in rows["a-product-with-a-…"]
    assert found == "laws: recovered 2/2, clean 2/2, R² > 0.999 2/2"
    assert cost.startswith("wall median ")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert done.stderr == "Note: skipped, for they have no formula: bessel\n"
    records = [json.loads(line) for line in (here / "o.jsonl").read_text().splitlines()]
    assert {record["id"] for record in records} == {"line", "a-product-with-a-long-name"}
    assert all(record["clean"] and record["exit"] == 0 and record["rss_mb"] > 100 for record in records)


def test_json_is_the_only_answer_on_stdout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(run_module, "FitProcess", PretendedFit)
    PretendedFit.started = 0
    assert run("laws.yaml", "--ids", "line,bessel", "--json", "--seed", "3", monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    content = json.loads(out)
    assert (content["suite"], content["skipped"], content["settings"]["seed"]) == ("laws", ["bessel"], 3)
    assert content["summary"]["clean"] == 1
    assert content["scores"][0]["expression"] == "3*x + 1"
    assert "laws: recovered 1/1" in err


def test_ctrl_c_prints_the_summary_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    monkeypatch.setattr(run_module, "FitProcess", PretendedFit)
    PretendedFit.started = 0
    (here / "o.jsonl").write_text("earlier\n")
    assert run("laws.yaml", "--out", "o.jsonl", monkeypatch=monkeypatch) == 130
    out = capsys.readouterr().out
    assert "Interrupted: 1 of 2 problems were run." in out
    assert "laws: recovered 1/1" in out
    earlier, record = (here / "o.jsonl").read_text().splitlines()
    assert (earlier, json.loads(record)["id"]) == ("earlier", "line")


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("none.yaml", 3, "none.yaml: No such file"),
        ("odd.yaml", 3, "odd.yaml: problem 'a': vars.0.hi: unknown key"),
        ("nowhere.yaml", 3, "nowhere: problem 'a': the formula has no value in its ranges"),
        ("laws.yaml --ids lin", 2, "--ids: laws has no problem 'lin'"),
        ("laws.yaml --ids bessel", 3, "laws: no problem has a formula"),
        ("laws.yaml --offset 7", 2, "--offset 7"),
        ("laws.yaml --limit 0", 2, "--limit"),
        ("laws.yaml --noise -1", 2, "--noise"),
        ("laws.yaml --jobs 0", 2, "--jobs"),
        ("laws.yaml --out none/o.jsonl", 2, "--out none/o.jsonl: cannot be written"),
    ],
)
def test_a_mistake_is_one_line_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, status: int, message: str
) -> None:
    Path("odd.yaml").write_text("problems: [{id: a, formula: x, vars: [{name: x, low: 0, hi: 1}]}]")
    Path("nowhere.yaml").write_text("problems: [{id: a, formula: log(x), vars: [{name: x, low: -2, high: -1}]}]")
    assert run(*line.split(), monkeypatch=monkeypatch) == status
    out, err = capsys.readouterr()
    first, *rest = [entry for entry in err.splitlines() if not entry.startswith("Note: skipped")]
    assert first.startswith("kansr: error: ")
    assert message in first
    assert [entry.startswith("hint: ") for entry in rest] == [True]
    assert out == ""
