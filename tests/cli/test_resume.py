"""`kansr fit --resume` and `kansr rerun` as a user meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.cli.calls import call_main

LINE = "a,b,y\n" + "".join(f"{i},{(7 * i) % 5},{3 * i + 2}\n" for i in range(12))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command line in an empty folder with one table, and gives its exit status."""
    monkeypatch.chdir(tmp_path)
    Path("line.csv").write_text(LINE)

    return partial(call_main, monkeypatch)


def test_a_finished_run_is_told_again(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "line.csv", "--out", "out", "--resume") == 0
    first, _ = capsys.readouterr()
    before = {child: child.stat().st_mtime_ns for child in Path("out").iterdir()}
    assert run("fit", "line.csv", "--out", "out", "--resume") == 0
    again, errors = capsys.readouterr()
    assert again == first
    assert "Resume: the run in out is finished." in errors
    assert {child: child.stat().st_mtime_ns for child in Path("out").iterdir()} == before
    assert run("fit", "line.csv", "--out", "out", "--resume", "--json") == 0
    assert capsys.readouterr() == (Path("out/formula.json").read_text(), "")


def test_another_fit_is_refused(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "line.csv", "--out", "out", "-q") == 0
    assert run("fit", "line.csv", "--out", "out", "-q", "--resume", "--seed", "8") == 2
    assert capsys.readouterr().err.splitlines() == [
        "kansr: error: --resume: --seed was 0 in out, and is 8 now",
        "hint: give the options of the first call, or another folder with --out",
    ]
    assert run("fit", "line.csv", "--resume") == 2
    assert "hint: say which one with --out DIR" in capsys.readouterr().err
    Path("line.csv").write_text(LINE + "12,4,38\n")
    assert run("fit", "line.csv", "--out", "out", "-q", "--resume") == 2
    assert "its SHA-256 is another one" in capsys.readouterr().err


def test_rerun_gives_the_same(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "line.csv", "--out", "out", "-q") == 0
    before = {child: child.stat().st_mtime_ns for child in Path("out").iterdir()}
    assert run("rerun", "out", "--out", "again") == 0
    out, errors = capsys.readouterr()
    assert "The same: formula.json is that of out, byte by byte." in out
    assert errors.startswith("Rerun of out with the table line.csv\n")
    assert Path("again/formula.json").read_bytes() == Path("out/formula.json").read_bytes()
    assert {child: child.stat().st_mtime_ns for child in Path("out").iterdir()} == before
    Path("elsewhere").mkdir()
    Path("line.csv").rename("elsewhere/moved.csv")
    assert run("rerun", "out", "--quiet", "--data", "elsewhere/moved.csv") == 0
    assert len(list(Path("runs").iterdir())) == 1


def test_rerun_tells_what_is_different(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "line.csv", "--out", "out", "-q") == 0
    formula, environment = Path("out/formula.json"), Path("out/environment.json")
    content = json.loads(formula.read_text())
    formula.write_text(json.dumps({**content, "complexity": content["complexity"] + 1}, indent=2) + "\n")
    environment.write_text(environment.read_text().replace('"torch": "', '"torch": "0.'))
    assert run("rerun", "out", "--out", "again") == 4
    out, errors = capsys.readouterr()
    assert "Not the same as out: complexity" in out
    assert "torch 0." in errors
    assert "the clock of the earlier fit is not gone by" in errors


def test_rerun_refuses_what_it_cannot_repeat(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "line.csv", "--out", "out", "-q") == 0
    assert run("rerun", "out", "--out", "out/inside") == 2
    assert run("rerun", "out", "--out", "out") == 2
    capsys.readouterr()
    Path("line.csv").write_text(LINE + "12,4,38\n")
    assert run("rerun", "out", "--out", "again", "-q") == 3
    assert "line.csv: not the table of out" in capsys.readouterr().err
    Path("line.csv").unlink()
    assert run("rerun", "out", "--out", "again", "-q") == 3
    config = Path("out/config.yaml")
    config.write_text(config.read_text().replace("data: line.csv", "data: '-'"))
    assert run("rerun", "out", "-q") == 2
    assert "hint: name a file with --data" in capsys.readouterr().err
    assert not Path("again").exists()


def test_rerun_writes_only_where_it_is_told(run: Callable[..., int]) -> None:
    # a run folder may come from anywhere
    assert run("fit", "line.csv", "--out", "out", "-q") == 0
    config = Path("out/config.yaml")
    config.write_text(config.read_text().replace("out: out", "out: victim"))
    assert "victim" in config.read_text()
    assert run("rerun", "out", "-q") == 0
    assert not Path("victim").exists()
    assert len(list(Path("runs").iterdir())) == 1
