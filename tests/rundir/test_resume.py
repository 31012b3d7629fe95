"""Unfinished run folders: which fits may be taken up in them, and what is left of them when something fails."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kansr.config import FitConfig
from kansr.errors import RunDirectoryError
from kansr.rundir import Environment, RunDirectory, differences, finished, read_clock, read_run, write_file
from kansr.search.clock import Readings
from tests import examples

CONFIG = FitConfig(data="kepler.csv", features=("a",))
TABLE = examples.summary().table


class Stop(BaseException):
    """Ends a run as Ctrl-C does, or a kill."""


def directory(path: Path, config: FitConfig = CONFIG) -> RunDirectory:
    return RunDirectory(path, config, TABLE, resume=True)


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    folder = directory(tmp_path / "run").__enter__()
    folder.journal.step("one", (), lambda: 1)
    folder.__exit__(Stop, Stop(), None)
    return tmp_path / "run"


def test_a_run_is_taken_up_with_its_journal(unfinished: Path) -> None:
    with directory(unfinished) as folder:
        assert folder.journal.step("one", (), lambda: 2) == 1
        assert folder.journal.step("two", (), lambda: 3) == 3
        folder.finish(examples.summary(), "")
    assert not (unfinished / "journal.bin").exists()
    assert read_run(unfinished).summary == examples.summary()
    assert finished(unfinished, CONFIG, TABLE) is not None


def test_where_nothing_was_begun_it_begins(tmp_path: Path) -> None:
    for out in (tmp_path / "a" / "new", tmp_path / "empty", tmp_path / "left"):
        if out.name != "new":
            out.mkdir()
        if out.name == "left":
            (out / ".config.yaml.123.partial").touch()
        assert finished(out, CONFIG, TABLE) is None
        with directory(out) as folder:
            folder.finish(examples.summary(), "")
        assert read_run(out).summary == examples.summary()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".letter.txt.1.partial").touch()
    with pytest.raises(RunDirectoryError, match="not empty"):
        directory(tmp_path / "other").__enter__()
    assert (tmp_path / "other" / ".letter.txt.1.partial").exists()


@pytest.mark.parametrize("names", [["dataset.json"], ["environment.json", "dataset.json"], ["journal.bin"]])
def test_a_run_that_was_killed_early_is_taken_up(unfinished: Path, names: list[str]) -> None:
    for name in names:
        (unfinished / name).unlink()
    (unfinished / ".dataset.json.77.partial").touch()
    with directory(unfinished) as folder:
        folder.finish(examples.summary(), "")
    assert read_run(unfinished).summary == examples.summary()
    assert not list(unfinished.glob(".*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, "--resume: --seed was 0 in .*, and is 3 now"),
        ({"features": ("a", "b")}, "--resume: --features was a in .*, and is a,b now"),
        ({"max_complexity": 9}, "--resume: --max-complexity was absent in .*, and is 9 now"),
        ({"threads": 2}, "--threads was 1"),
    ],
)
def test_other_options_are_refused(unfinished: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(RunDirectoryError, match=message):
        directory(unfinished, CONFIG.model_copy(update=changes)).__enter__()
    assert (unfinished / "journal.bin").exists()


def test_place_and_time_limit_may_be_others(unfinished: Path) -> None:
    config = CONFIG.model_copy(update={"data": "moved.csv", "out": unfinished, "time_limit": 600.0})
    with directory(unfinished, config) as folder:
        assert folder.journal.step("one", (), lambda: 2) == 1
        folder.finish(examples.summary(), "")
    assert read_run(unfinished).config == config


def test_another_table_is_refused(unfinished: Path) -> None:
    other = replace(TABLE, sha256="cd" * 32, source="other.csv")
    with pytest.raises(RunDirectoryError, match=r"other\.csv is not the table of the run"):
        RunDirectory(unfinished, CONFIG, other, resume=True).__enter__()
    with directory(unfinished) as folder:
        folder.finish(examples.summary(), "")
    with pytest.raises(RunDirectoryError, match=r"other\.csv is not the table of the run"):
        finished(unfinished, CONFIG, other)


def test_other_versions_are_refused(unfinished: Path) -> None:
    environment = json.loads((unfinished / "environment.json").read_text())
    environment["packages"]["torch"] = "1.0"
    (unfinished / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(RunDirectoryError, match=r"begun with other versions: torch 1\.0 there"):
        directory(unfinished).__enter__()


@pytest.mark.skipif(os.name == "nt", reason="no lock there")
def test_a_run_that_is_going_on_is_left_alone(tmp_path: Path) -> None:
    with directory(tmp_path / "run") as first:
        before = {child: child.read_bytes() for child in first.path.iterdir()}
        with pytest.raises(RunDirectoryError, match="another process is working on this run"):
            directory(tmp_path / "run").__enter__()
        assert {child: child.read_bytes() for child in first.path.iterdir()} == before
        first.finish(examples.summary(), "")


def test_an_error_leaves_a_run_that_was_there_before(unfinished: Path) -> None:
    with pytest.raises(ZeroDivisionError), directory(unfinished):
        raise ZeroDivisionError
    with directory(unfinished) as folder:
        assert folder.journal.step("one", (), lambda: 2) == 1


def test_a_finished_run_is_not_begun_again(tmp_path: Path) -> None:
    with directory(tmp_path / "run") as folder:
        folder.finish(examples.summary(), "")
    with pytest.raises(RunDirectoryError, match="finished run"):
        directory(tmp_path / "run").__enter__()


def test_the_clock_of_a_run_is_read(tmp_path: Path) -> None:
    with directory(tmp_path / "run") as folder:
        folder.journal.clock.start(lambda: False, started=0.0)
        readings = [folder.journal.clock.now() for _ in range(3)]
        folder.finish(examples.summary(), "")
    assert readings[0] == readings[2]
    assert read_clock(tmp_path / "run") == folder.journal.clock.readings != Readings()
    (tmp_path / "run" / "clock.json").write_text('{"count": 2, "moves": [[1, 5], [0, 6]]}')
    with pytest.raises(RunDirectoryError, match="cannot be read"):
        read_clock(tmp_path / "run")
    (tmp_path / "run" / "clock.json").unlink()
    assert read_clock(tmp_path / "run") is None


def test_differing_fields_are_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with directory(tmp_path / name) as folder:
            folder.finish(examples.summary(), "")
    assert differences(tmp_path / "one", tmp_path / "two") == []
    file = tmp_path / "two" / "formula.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content))
    assert differences(tmp_path / "one", tmp_path / "two") == ["layout"]
    content["metrics"]["train"]["rmse"] *= 2
    content["constants"][0]["value"] = 1.0
    del content["reason"]
    file.write_text(json.dumps(content))
    assert differences(tmp_path / "one", tmp_path / "two") == ["constants[0].value", "metrics.train.rmse", "reason"]


def test_the_environment_names_what_is_different() -> None:
    here = Environment.here()
    there = here.model_copy(update={"kansr": "9", "packages": {**here.packages, "numpy": "1"}, "machine": "abacus"})
    assert list(there.other_versions(here)) == [
        f"kansr 9 there, {here.kansr} here",
        f"numpy 1 there, {here.packages['numpy']} here",
    ]
    assert list(there.other_machine(here)) == [f"machine abacus there, {here.machine} here"]
    assert list(here.other_versions(here)) == []


# --- a disk that fails


def failing(name: str) -> Callable[..., None]:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    fail.__name__ = name
    return fail


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "out.txt"
    write_file(path, "first")
    monkeypatch.setattr(os, call, failing(call))
    with pytest.raises(OSError, match="No space"):
        write_file(path, "second")
    monkeypatch.undo()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.txt", "first")]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 9, 14])
def test_a_disk_that_fills_up_leaves_no_half_written_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    replace, left = os.replace, iter(range(count))

    def fills_up(*paths: str) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*paths)

    monkeypatch.setattr(os, "replace", fills_up)
    message = r"cannot be written: No space left on device"
    with pytest.raises(RunDirectoryError, match=message), directory(tmp_path / "a" / "run") as folder:
        folder.finish(examples.summary(), "history")
    assert list(tmp_path.iterdir()) == []
