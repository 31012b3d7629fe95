"""Reading a run folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from kansr.config import FitConfig
from kansr.errors import FormulaError, RunDirectoryError
from kansr.export.json import FormulaFile
from kansr.formula.parse import parse_expression
from kansr.results import Candidate, FitResult, Outcome, Summary, TableInfo
from kansr.rundir.candidates import read_candidates, read_edges
from kansr.rundir.environment import Environment
from kansr.search.clock import Readings

__all__ = ["LAYOUT", "Run", "read_clock", "read_environment", "read_json", "read_run", "read_yaml_as"]

_T = TypeVar("_T")

# Version of the layout of run folders; `formula.json` and `status.json` name it.
LAYOUT = 1
_DAMAGED = "the folder was changed or comes from another version; run 'kansr fit' again"


@dataclass(frozen=True)
class Run:
    """A run folder that was read."""

    path: Path
    config: FitConfig
    summary: Summary


class _Layout(BaseModel):
    schema_: int = Field(LAYOUT, alias="schema")  # folders of the first version do not name it in `status.json`
    kansr: str = "unknown"


class _Status(BaseModel):
    seconds: float


class _ClockFile(BaseModel):
    count: int
    moves: tuple[tuple[int, int], ...]


def read_run(path: Path) -> Run:
    """Reads a run folder.

    Raises:
        RunDirectoryError: If there is no finished run, or a file in it is not as kansr writes it.
    """
    _check_finished(path)
    _check_layout(path)
    config = read_yaml_as(path / "config.yaml", FitConfig)
    table = read_json(path / "dataset.json", TableInfo)
    formula = read_json(path / "formula.json", FormulaFile)
    status = read_json(path / "status.json", _Status)
    result = _result(path, formula, status, table)
    return Run(path, config, Summary(result, table, formula.seed, formula.kansr))


def read_clock(path: Path) -> Readings | None:
    """What the search's clock said in a run; None for a run of a version that did not keep it.

    Raises:
        RunDirectoryError: If the file is not as kansr writes it.
    """
    file = path / "clock.json"
    if not file.exists():
        return None
    content = read_json(file, _ClockFile)
    try:
        return Readings(content.count, content.moves)
    except ValueError:
        raise RunDirectoryError(f"{file}: cannot be read", _DAMAGED) from None


def read_environment(path: Path) -> Environment:
    """The versions and the machine of a run.

    Raises:
        RunDirectoryError: If the file is not there, or not as kansr writes it.
    """
    return read_json(path / "environment.json", Environment)


def _check_layout(path: Path) -> None:
    for name in ("status.json", "formula.json"):
        found = read_json(path / name, _Layout)
        if found.schema_ != LAYOUT:
            message = f"{path}: {name} has layout {found.schema_}, and this version of kansr reads layout {LAYOUT}"
            raise RunDirectoryError(message, f"read it with the kansr that wrote it, version {found.kansr}")


def _check_finished(path: Path) -> None:
    if not path.is_dir():
        raise RunDirectoryError(f"{path}: no such run folder", "'kansr fit' prints the path of the folder it writes")
    names = {child.name for child in path.iterdir()}
    if not names & {"config.yaml", "formula.json", "status.json"}:
        raise RunDirectoryError(f"{path}: not a run folder", "'kansr fit' prints the path of the folder it writes")
    if "status.json" not in names:
        message = f"{path}: this fit is still running or was killed"
        raise RunDirectoryError(message, f"'kansr fit ... --out {path} --resume' goes on with it")


def read_json(file: Path, kind: type[_T]) -> _T:
    """A JSON file of the folder, validated.

    Raises:
        RunDirectoryError: If it is not there, or not as kansr writes it.
    """
    return _read(file, json.loads, kind)


def read_yaml_as(file: Path, kind: type[_T]) -> _T:
    """The same for a YAML file."""
    return _read(file, yaml.safe_load, kind)


def _read(file: Path, parse: Callable[[str], Any], kind: type[_T]) -> _T:
    """A file of the folder, validated.

    JSON's lists are taken for tuples, but a number in quotes is no number.
    """
    try:
        return TypeAdapter(kind).validate_python(parse(_text(file)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise RunDirectoryError(f"{file}: {where}: {first['msg'].lower()}", _DAMAGED) from None
    except (ValueError, RecursionError, yaml.YAMLError):
        raise RunDirectoryError(f"{file}: cannot be read", _DAMAGED) from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise RunDirectoryError(f"{file}: {error.strerror}", _DAMAGED) from None


def _result(path: Path, formula: FormulaFile, status: _Status, table: TableInfo) -> FitResult:
    try:
        expression = parse_expression(formula.expression, formula.symbols.values())
    except FormulaError as error:
        raise RunDirectoryError(f"{path / 'formula.json'}: {error.message}", _DAMAGED) from None
    try:
        front = list(read_candidates(_text(path / "candidates.csv"), formula.symbols.values()))
    except (FormulaError, ValueError, KeyError, TypeError, AttributeError):
        raise RunDirectoryError(f"{path / 'candidates.csv'}: cannot be read", _DAMAGED) from None
    try:
        edges = tuple(read_edges(_text(path / "edges.csv")))
    except (ValueError, KeyError, TypeError):
        raise RunDirectoryError(f"{path / 'edges.csv'}: cannot be read", _DAMAGED) from None
    weights = path / "network.pt"
    best = Candidate(
        expression=expression,
        complexity=formula.complexity,
        description_length=next((c.description_length for c, chosen in front if chosen), math.nan),
        metrics={part: entry.metrics() for part, entry in formula.metrics.items()},
        constants=tuple(entry.constant() for entry in formula.constants),
    )
    return FitResult(
        target=formula.target,
        symbols=formula.symbols,
        best=best,
        front=tuple(best if chosen else candidate for candidate, chosen in front),
        noise=math.nan if formula.noise is None else formula.noise,
        outcome=Outcome[formula.outcome.upper()],
        acceptable=formula.acceptable,
        seconds=status.seconds,
        notes=tuple(note for note in formula.notes if note not in table.notes),
        edges=edges,
        weights=weights.read_bytes() if weights.is_file() else b"",
        choice=formula.choice,
        reason=formula.reason,
    )
