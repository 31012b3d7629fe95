"""The README's commands are run, and what it shows is what they print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

from kansr.cli.main import app
from kansr.errors import ExitCode

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAIN = "from kansr.cli.main import main; main()"
# Below such a line stand figures that another version of a library may round differently, and times.
FIGURES = re.compile(r"Errors in the units of|id +nrmse +time")


class Block(NamedTuple):
    """A fenced block."""

    language: str
    text: str


class Example(NamedTuple):
    """A shell block with what the README says it prints."""

    commands: tuple[str, ...]
    shown: str


BLOCKS = [Block(*match) for match in re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def examples() -> list[Example]:
    """The shell blocks, each with the text block that follows it, if one does."""
    found = []
    for block, after in zip(BLOCKS, [*BLOCKS[1:], Block("", "")], strict=True):
        if block.language == "sh":
            shown = after.text if after.language == "text" else ""
            found.append(Example(tuple(block.text.splitlines()), shown))
    return found


def python(folder: Path, *arguments: str) -> str:
    """Runs this interpreter in a folder and gives what it prints; fails unless it ends with status 0."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def lines(text: str) -> list[str]:
    """Lines without the spaces that fill up a table's last column."""
    return [line.rstrip() for line in text.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds what the README's commands read."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    return tmp_path


def test_the_commands_print_what_the_readme_shows(folder: Path) -> None:
    for example in examples():
        commands = [shlex.split(line, comments=True) for line in example.commands if line.startswith("kansr ")]
        printed = lines("".join(python(folder, "-c", MAIN, *command[1:]) for command in commands))
        for line in lines(FIGURES.split(example.shown)[0]):
            assert line in (*printed, "..."), f"{example.commands}: {line}"


def test_the_lines_of_library_code_run(folder: Path) -> None:
    (code,) = (block.text for block in BLOCKS if block.language == "python")
    assert python(folder, "-c", code).startswith("365.03*a**(3/2) 0.99999")


def test_each_command_is_shown_and_run() -> None:
    run = {line.split()[1] for example in examples() for line in example.commands if line.startswith("kansr ")}
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert run == commands
    assert all(f"**`kansr {command}`**" in README for command in commands)


def test_shell_blocks_hold_nothing_that_is_not_checked() -> None:
    starts = {line.split()[0] for example in examples() for line in example.commands}
    assert starts == {"kansr", "make", "pip"}


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_the_first_screen_has_the_commands_and_a_formula() -> None:
    first = README.splitlines()[:30]
    assert {"make demo", "make test"} <= {line.partition("#")[0].strip() for line in first}
    assert any(line.startswith("kansr fit ") for line in first)
    assert "P = 365.03·a^(3/2)" in first


def test_each_exit_status_is_explained() -> None:
    explained = {int(status) for status in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert explained == set(ExitCode)
