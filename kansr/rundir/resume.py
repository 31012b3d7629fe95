"""Run folders that are not finished: whether a fit may be taken up in one."""

from __future__ import annotations

import json
from pathlib import Path

from kansr.config import FitConfig
from kansr.errors import RunDirectoryError
from kansr.results import TableInfo
from kansr.rundir.environment import Environment
from kansr.rundir.read import Run, read_json, read_run, read_yaml_as

__all__ = ["JOURNAL", "check_same", "check_versions", "finished", "owner"]

JOURNAL = "journal.bin"
# Where the table and the folder are does not matter; a longer time limit only lets the search go on for longer.
_FREE = ("data", "out", "time_limit")


def finished(path: Path, config: FitConfig, table: TableInfo) -> Run | None:
    """The run that `path` holds, if that is the finished one of this fit.

    Raises:
        RunDirectoryError: If it is that of another fit, or damaged.
    """
    if not (path / "status.json").is_file():
        return None
    check_same(path, config, table)
    return read_run(path)


def check_same(path: Path, config: FitConfig, table: TableInfo) -> None:
    """Checks that the run in a folder was begun with these options and this table.

    Raises:
        RunDirectoryError: If it was not; the message names the option, or the table.
    """
    if (path / "config.yaml").is_file():
        recorded = read_yaml_as(path / "config.yaml", FitConfig)
        for name in FitConfig.model_fields:
            there, here = getattr(recorded, name), getattr(config, name)
            if name not in _FREE and there != here:
                message = f"--resume: --{name.replace('_', '-')} was {_text(there)} in {path}, and is {_text(here)} now"
                raise RunDirectoryError(message, "give the options of the first call, or another folder with --out")
    if (path / "dataset.json").is_file():
        known = read_json(path / "dataset.json", TableInfo)
        if known.sha256 != table.sha256:
            message = f"--resume: {table.source} is not the table of the run in {path}: its SHA-256 is another one"
            raise RunDirectoryError(message, f"that was {known.source}; give it, or another folder with --out")


def check_versions(path: Path) -> None:
    """Checks that an unfinished run was begun with the same programs: its journal says nothing to others.

    Raises:
        RunDirectoryError: If it was not.
    """
    file = path / "environment.json"
    if file.is_file():
        others = list(read_json(file, Environment).other_versions(Environment.here()))
        if others:
            message = f"--resume: the run in {path} was begun with other versions: {', '.join(others)}"
            raise RunDirectoryError(message, "use those, or start anew in another folder with --out")


def owner(config: FitConfig, table: TableInfo) -> str:
    """Whom a journal belongs to: what the search depends on."""
    options = config.model_dump(mode="json", exclude=set(_FREE))
    versions = Environment.here().model_dump(include={"kansr", "python", "packages"})
    return json.dumps({"options": options, "table": table.sha256, "versions": versions}, sort_keys=True)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "empty"
    return "absent" if value is None else str(value)
