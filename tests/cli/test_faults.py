"""Full disks, folders that cannot be written, closed streams: one line, the right status, nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from kansr.errors import RunDirectoryError
from kansr.rundir import RunDirectory, check_free, files, write_file
from tests import examples
from tests.test_security import call

KANSR = f"{sys.executable} -W error -c 'from kansr.cli.main import main; main()'"


def write_run(path: Path, history: str = "") -> Path:
    with RunDirectory(path, examples.CONFIG) as folder:
        folder.finish(examples.summary(), history)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    examples.write_table(tmp_path)
    return write_run(tmp_path / "run")


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, shell=True, capture_output=True, text=True, check=False, timeout=60)


def is_one_line(err: str, message: str) -> None:
    first, *rest = err.splitlines()
    assert first.startswith("kansr: error: ")
    assert message in first
    assert [line.partition(":")[0] for line in rest] == ["hint"]


@pytest.mark.parametrize("command", ["show {}", "export {} -f json"])
def test_standard_output_without_room_is_told(run: Path, command: str) -> None:
    done = shell(f"{KANSR} {command.replace('{}', str(run))} > /dev/full")
    assert done.returncode == 2
    is_one_line(done.stderr, "standard output: cannot be written: No space left on device")


def test_closed_streams_are_no_crash(run: Path) -> None:
    done = shell(f"{KANSR} show {run} >&-")
    assert done.returncode == 2
    is_one_line(done.stderr, "standard output: cannot be written")
    quiet = shell(f"{KANSR} export {run} -f json -o {run}.json >&- 2>&- <&-")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert Path(f"{run}.json").read_text() == (run / "formula.json").read_text()


def test_messages_that_cannot_be_said_stop_nothing(run: Path) -> None:
    table = run.parent / "kepler.csv"
    done = shell(f"{KANSR} predict {run} {table} 2> /dev/full")
    assert done.returncode == 0
    assert done.stdout.startswith("a,P,P_predicted\n")


def test_output_to_a_full_device_is_told(run: Path) -> None:
    status, out, err = call("export", str(run), "-f", "json", "-o", "/dev/full")
    assert (status, out) == (2, "")
    is_one_line(err, "--output /dev/full: cannot be written: No space left on device")


class Disk:
    """Lets so many files be written and fails at the next: at its opening, at its end, or at its renaming."""

    def __init__(self, files_written: int, moment: str, code: int) -> None:
        self.left, self.moment, self.code = files_written, moment, code

    def fail(self) -> NoReturn:
        raise OSError(self.code, os.strerror(self.code))

    def install(self, patch: pytest.MonkeyPatch) -> None:
        opened, replaced, synced = Path.open, Path.replace, os.fsync

        def open_(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if "x" in mode and self.moment == "open" and self.left == 0:
                self.fail()
            return opened(path, mode, *rest, **options)

        def fsync(descriptor: int) -> None:
            if self.moment == "write" and self.left == 0:
                self.fail()
            synced(descriptor)

        def replace(path: Path, target: Path) -> Path:
            if self.moment == "rename" and self.left == 0:
                self.fail()
            self.left -= 1
            return replaced(path, target)

        patch.setattr(Path, "open", open_)
        patch.setattr(Path, "replace", replace)
        patch.setattr(files.os, "fsync", fsync)


@pytest.mark.parametrize("moment", ["open", "write", "rename"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_leaves_nothing_of_a_run(tmp_path: Path, moment: str, code: int) -> None:
    for count in (0, 1, 5, 10):
        with pytest.MonkeyPatch.context() as patch:
            Disk(count, moment, code).install(patch)
            with pytest.raises(RunDirectoryError, match="cannot be written: ") as caught:
                write_run(tmp_path / "a" / "b" / "run")
        assert os.strerror(code) in caught.value.message
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["open", "write", "rename"])
def test_a_disk_that_fails_leaves_the_old_file(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.MonkeyPatch.context() as patch:
        Disk(0, moment, errno.ENOSPC).install(patch)
        with pytest.raises(OSError, match="No space left"):
            write_file(path, "new")
    assert [(child.name, child.read_text()) for child in tmp_path.iterdir()] == [("out.csv", "old")]


@pytest.fixture(params=["full", "read-only"])
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of its own that is full or cannot be written."""
    path = tmp_path / "disk"
    path.mkdir()
    options = {"full": "size=12k", "read-only": "ro"}[request.param]
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a file system")
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_real_disk_without_room_or_permission(small_disk: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"cannot be written: (No space left on device|Read-only file system)"):
        write_run(small_disk / "run", history="x" * 20_000)
    assert list(small_disk.iterdir()) == []


def test_places_that_cannot_be(run: Path, tmp_path: Path) -> None:
    table, out = str(tmp_path / "kepler.csv"), str(tmp_path / ("x" * 300))
    (tmp_path / "file").touch()
    (tmp_path / "c.yaml").write_text('out: "a\\0b"\n')
    before = sorted(tmp_path.rglob("*"))
    for arguments, message in (
        (("fit", table, "--out", out), "File name too long"),
        (("fit", table, "--out", str(tmp_path / "file")), "Not a directory"),
        (("fit", table, "--out", str(tmp_path / "file" / "run")), "Not a directory"),
        (("fit", table, "--out", str(run)), "holds a finished run"),
        (("fit", table, "--out", str(tmp_path)), "not empty"),
        (("fit", table, "--config", str(tmp_path / "c.yaml")), "out: should be a path, without NUL"),
        (("export", str(run), "-f", "json", "-o", out), "File name too long"),
        (("export", str(run), "-f", "json", "-o", str(tmp_path / "file" / "x")), "Not a directory"),
        (("export", str(run), "-f", "json", "-o", str(tmp_path)), "Is a directory"),
        (("show", out), "File name too long"),
        (("show", "a\0b"), "embedded null byte"),
    ):
        status, printed, err = call(*arguments)
        assert (status, printed) == (2, ""), arguments
        is_one_line(err, message)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_permission_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, who may do anything: the refusal is injected."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RunDirectoryError, match="Permission denied"):
        check_free(run)
    status, _, err = call("show", str(run))
    assert status == 2
    is_one_line(err, "Permission denied")


def test_a_folder_that_is_taken_away_during_the_search(tmp_path: Path) -> None:
    def lost() -> None:
        with RunDirectory(tmp_path / "run", examples.CONFIG) as folder:
            shutil.rmtree(folder.path)
            folder.finish(examples.summary(), "")

    with pytest.raises(RunDirectoryError, match="No such file or directory"):
        lost()
    assert list(tmp_path.iterdir()) == []
