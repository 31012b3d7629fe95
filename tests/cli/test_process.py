"""What only a process of its own shows: start-up time, pipes, odd terminals."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from kansr.cli.options import names
from kansr.rundir import RunDirectory
from tests import examples

KANSR = (sys.executable, "-W", "error", "-c", "from kansr.cli.main import main; main()")


def write_run(folder: Path) -> Path:
    with RunDirectory(folder / "run", examples.CONFIG) as run:
        run.finish(examples.summary(), "")
    return run.path


def test_help_is_quick() -> None:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([*KANSR, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -W error -c 'from kansr.cli.main import main; main()' show {write_run(tmp_path)} | true",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_a_terminal_without_unicode_is_no_error(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = write_run(tmp_path)
    done = subprocess.run([*KANSR, "show", str(run)], env=environment, capture_output=True, text=True, check=True)
    assert "365.25\\xb7a^(3/2)" in done.stdout


def test_a_pipe_has_no_colours(tmp_path: Path) -> None:
    done = subprocess.run([*KANSR, "show", str(write_run(tmp_path))], capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout


def test_names_are_separated_by_commas_or_given_again() -> None:
    assert names(None) is None
    assert names([]) is None
    assert names(["a, b", 'c,"d, e"']) == ("a", "b", "c", "d, e")
