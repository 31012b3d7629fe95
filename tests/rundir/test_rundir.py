"""Run folders: complete or not there, and read back as they were written."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kansr.config import FitConfig
from kansr.errors import RunDirectoryError
from kansr.formula.evaluate import evaluate
from kansr.rundir import RunDirectory, check_free, default_path, read_run, write_file
from tests import examples

FILES = {
    "config.yaml",
    "environment.json",
    "dataset.json",
    "history.csv",
    "candidates.csv",
    "formula.json",
    "edges.csv",
    "formula.tex",
    "network.pt",
    "formula.py",
    "report.md",
    "clock.json",
    "status.json",
}
CONFIG = FitConfig(data="kepler.csv")
TABLE = examples.summary().table


def write(path: Path) -> Path:
    with RunDirectory(path, CONFIG) as folder:
        folder.finish(examples.summary(), "seconds,event\n")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write(tmp_path / "run")


def test_all_files_are_there_and_no_other(run: Path) -> None:
    assert {child.name for child in run.iterdir()} == FILES


def test_the_network_is_there_edge_by_edge_and_as_weights(run: Path) -> None:
    header, line = (run / "edges.csv").read_text().splitlines()
    assert header == "source,target,node,function,c,d,a,b"
    assert line == "log(a),log(P),+,x,1.5,0.0,1.0,0.0"
    assert (run / "network.pt").read_bytes() == b"weights"


def test_a_run_is_read_as_it_was_written(run: Path) -> None:
    found = read_run(run)
    assert found.config == CONFIG
    assert found.summary == examples.summary()


def test_formula_json_has_the_promised_keys(run: Path) -> None:
    content = json.loads((run / "formula.json").read_text())
    assert list(content) == [
        "schema",
        "target",
        "features",
        "symbols",
        "expression",
        "latex",
        "complexity",
        "constants",
        "noise",
        "metrics",
        "outcome",
        "acceptable",
        "choice",
        "reason",
        "notes",
        "kansr",
        "seed",
        "data_sha256",
    ]
    assert content["expression"] == "365.25*a**(3/2)"
    assert content["constants"] == [{"name": "c0", "value": 365.25, "stderr": 0.021}]
    assert set(content["metrics"]["train"]) == {"r2", "rmse", "nrmse", "mae", "max_abs", "rows"}


def test_a_folder_from_before_the_choice_was_told_is_read(run: Path) -> None:
    content = json.loads((run / "formula.json").read_text())
    del content["choice"], content["reason"]
    (run / "formula.json").write_text(json.dumps(content))
    lines = (run / "config.yaml").read_text().splitlines()
    old = [line for line in lines if line.split(":")[0] not in ("exclude", "max_complexity", "choose")]
    assert len(old) == len(lines) - 3
    (run / "config.yaml").write_text("\n".join(old))
    found = read_run(run)
    assert found.config == CONFIG
    result = replace(examples.result(), choice="balanced", reason="")
    assert found.summary == examples.summary(result)


def test_strange_columns_survive(tmp_path: Path) -> None:
    features = ("E", "lambda", "mass (kg)", "exp")
    text = "2.5*E*exp(-lambda_/mass) + 0.1*exp_"
    with RunDirectory(tmp_path / "run", CONFIG) as folder:
        folder.finish(examples.summary(examples.result(text, features, "m | \\ $")), "")
    result = read_run(tmp_path / "run").summary.result
    assert result.symbols == {"E": "E", "lambda": "lambda_", "mass (kg)": "mass", "exp": "exp_"}
    values = dict(zip(result.symbols.values(), np.array([[1.1], [2.2], [3.3], [4.4]]), strict=True))
    assert evaluate(result.best.expression, values)[0] == 2.5 * 1.1 * np.exp(-2.2 / 3.3) + 0.1 * 4.4


def test_the_configuration_is_there_before_the_search(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "a" / "run", CONFIG) as folder:
        assert [child.name for child in folder.path.iterdir()] == ["config.yaml"]
        folder.finish(examples.summary(), "")


def test_nothing_is_left_of_a_fit_that_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunDirectory(tmp_path / "a" / "run", CONFIG, TABLE):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_the_search_depends_on_is_there_before_it(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "run", CONFIG, TABLE) as folder:
        names = {child.name for child in folder.path.iterdir()}
        assert names == {"config.yaml", "dataset.json", "environment.json", "journal.bin"}
        folder.finish(examples.summary(), "")
    assert {child.name for child in folder.path.iterdir()} == FILES - {"history.csv"}


def test_an_empty_folder_is_filled_and_kept(tmp_path: Path) -> None:
    out = tmp_path / "empty"
    out.mkdir()
    folder = RunDirectory(out, CONFIG)
    folder.__enter__()
    (out / "mine.txt").touch()
    folder.__exit__(ValueError, ValueError(), None)
    assert [child.name for child in out.iterdir()] == ["mine.txt"]
    (out / "mine.txt").unlink()
    write(out)


def test_a_folder_in_use_is_refused(tmp_path: Path, run: Path) -> None:
    with pytest.raises(RunDirectoryError, match="holds a finished run"):
        check_free(run)
    (run / "status.json").unlink()
    with pytest.raises(RunDirectoryError, match="still going on or was killed"):
        check_free(run)
    with pytest.raises(RunDirectoryError, match="not empty"):
        check_free(tmp_path)
    with pytest.raises(RunDirectoryError, match="Not a directory"):
        check_free(run / "config.yaml")
    check_free(tmp_path / "new" / "folder")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunDirectoryError, match="Not a directory"), RunDirectory(tmp_path / "file" / "run", CONFIG):
        pass


def test_default_paths_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.strftime", lambda form: "20260101-120000")
    first = default_path("kepler")
    first.mkdir(parents=True)
    assert str(first) == "runs/20260101-120000-kepler"
    assert str(default_path("kepler")) == "runs/20260101-120000-kepler-2"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("formula.json", "{", "cannot be read"),
        ("formula.json", "{}", "field required"),
        ("formula.json", None, "No such file"),
        ("formula.json", '"schema": 2', "formula.json has layout 2, and this version of kansr reads layout 1"),
        ("status.json", '"schema": 2', "status.json has layout 2, and this version"),
        ("formula.json", '"choice": "dearest"', "choice"),
        ("formula.json", "__import__('os').getcwd()", "not a formula"),
        ("candidates.csv", "chosen,expression\n1,a\n", "cannot be read"),
        ("candidates.csv", "", None),
        ("config.yaml", "!!python/object/apply:os.getcwd []", "cannot be read"),
        ("config.yaml", "data: x\nnew_key: 1", "new_key"),
        ("dataset.json", "[]", "dataset.json"),
        ("status.json", None, "still running or was killed"),
    ],
)
def test_a_damaged_run_is_refused(run: Path, file: str, text: str | None, message: str | None) -> None:
    path = run / file
    if text is None:
        path.unlink()
    elif text.startswith('"schema"'):
        path.write_text(path.read_text().replace('"schema": 1', text))
    elif text.startswith('"choice"'):
        path.write_text(path.read_text().replace('"choice": "best"', text))
    elif text.startswith("__import__"):
        path.write_text(path.read_text().replace("365.25*a**(3/2)", text))
    else:
        path.write_text(text)
    if message is None:
        assert read_run(run).summary.result.front == ()
        return
    with pytest.raises(RunDirectoryError, match=message):
        read_run(run)


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no such run folder"):
        read_run(tmp_path / "none")
    with pytest.raises(RunDirectoryError, match="not a run folder"):
        read_run(tmp_path)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write_file(path, "first")
    write_file(path, "second")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.txt", "second")]
    link = tmp_path / "link"
    link.symlink_to(path)
    write_file(link, "third")
    assert (link.is_symlink(), path.read_text()) == (True, "third")
    write_file(Path(os.devnull), "gone")
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "none" / "x", "")
