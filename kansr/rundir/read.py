"""Reading a run folder."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from kansr.config import FitConfig
from kansr.errors import FormulaError, KansrError, RunDirectoryError
from kansr.export.json import FormulaFile
from kansr.formula.deadline import TimeIsUp, within
from kansr.formula.parse import parse_expression
from kansr.results import Candidate, FitResult, Outcome, Summary, TableInfo
from kansr.rundir.candidates import read_candidates, read_edges
from kansr.rundir.environment import Environment
from kansr.rundir.stored import DAMAGED, parse_json, read_bytes, read_text
from kansr.search.clock import Readings
from kansr.text import MAX_NAME, brief
from kansr.yaml_file import parse_yaml

__all__ = ["LAYOUT", "Run", "read_clock", "read_environment", "read_json", "read_run", "read_yaml_as"]

_T = TypeVar("_T")

# Version of the layout of run folders; `formula.json` and `status.json` name it.
LAYOUT = 1
# Fronts hold tens of formulas, networks tens of edges.
_MAX_LINES = 1_000
_MAX_CSV = 1_000_000
_MAX_SECONDS = 30.0


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
    config = _read(path, "config.yaml", parse_yaml, FitConfig)
    table = _read(path, "dataset.json", parse_json, TableInfo)
    formula = _read(path, "formula.json", parse_json, FormulaFile)
    status = _read(path, "status.json", parse_json, _Status)
    _check_names(path, [formula.target, *formula.symbols, *formula.features, *table.features, *table.ranges])
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
        raise RunDirectoryError(f"{file}: cannot be read", DAMAGED) from None


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
    hint = "'kansr fit' prints the path of the folder it writes"
    try:
        if not path.is_dir():
            raise RunDirectoryError(f"{path}: no such run folder", hint)
        names = {child.name for child in path.iterdir()}
    except OSError as error:
        raise RunDirectoryError(f"{path}: cannot be read: {error.strerror}", hint) from None
    if not names & {"config.yaml", "formula.json", "status.json"}:
        raise RunDirectoryError(f"{path}: not a run folder", hint)
    if "status.json" not in names:
        message = f"{path}: this fit is still running or was killed"
        raise RunDirectoryError(message, f"'kansr fit ... --out {path} --resume' goes on with it")


def read_json(file: Path, kind: type[_T]) -> _T:
    """A JSON file of the folder, validated.

    Raises:
        RunDirectoryError: If it is not there, or not as kansr writes it.
    """
    return _read(file.parent, file.name, parse_json, kind)


def read_yaml_as(file: Path, kind: type[_T]) -> _T:
    """The same for a YAML file."""
    return _read(file.parent, file.name, parse_yaml, kind)


def _read(folder: Path, name: str, parse: Callable[[str], Any], kind: type[_T]) -> _T:
    """A file of the folder, validated.

    JSON's lists are taken for tuples, but a number in quotes is no number.
    """
    file, text = folder / name, read_text(folder, name)
    try:
        return TypeAdapter(kind).validate_python(parse(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        message = f"{file}: {brief(where)[1:-1]}: {first['msg'].lower()}"
        raise RunDirectoryError(message, DAMAGED) from None
    except KansrError as error:  # what the configuration itself refuses
        raise RunDirectoryError(f"{file}: {error.message}", DAMAGED) from None
    except (ValueError, RecursionError) as error:
        raise RunDirectoryError(f"{file}: cannot be read: {_reason(error)}", DAMAGED) from None


def _reason(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).lstrip(":, ")


def _check_names(path: Path, names: Iterable[str]) -> None:
    for name in names:
        if len(name) > MAX_NAME:
            message = f"{path / 'formula.json'}: the column name {brief(name)} has {len(name)} characters"
            raise RunDirectoryError(message, DAMAGED)
        # `predict` writes the target's name as it is.
        if re.search(r"[\x00-\x08\x0b\x0e-\x1f]", name):
            message = f"{path / 'formula.json'}: the column name {brief(name)} holds control characters"
            raise RunDirectoryError(message, DAMAGED)


def _lines(path: Path, name: str, parse: Callable[[str], Iterable[_T]]) -> list[_T]:
    """The lines of a small CSV file of the folder."""
    try:
        text = read_text(path, name, _MAX_CSV)
        lines = within(_MAX_SECONDS, lambda: list(islice(parse(text), _MAX_LINES + 1)))
    except TimeIsUp:
        raise RunDirectoryError(f"{path / name}: takes more than {_MAX_SECONDS:.0f} s to read", DAMAGED) from None
    except (FormulaError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
        raise RunDirectoryError(f"{path / name}: cannot be read", DAMAGED) from None
    if len(lines) > _MAX_LINES:
        raise RunDirectoryError(f"{path / name}: more than {_MAX_LINES} lines", DAMAGED)
    return lines


def _result(path: Path, formula: FormulaFile, status: _Status, table: TableInfo) -> FitResult:
    try:
        expression = parse_expression(formula.expression, formula.symbols.values())
    except FormulaError as error:
        raise RunDirectoryError(f"{path / 'formula.json'}: {error.message}", DAMAGED) from None
    front = _lines(path, "candidates.csv", lambda text: read_candidates(text, formula.symbols.values()))
    edges = _lines(path, "edges.csv", read_edges)
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
        edges=tuple(edges),
        weights=read_bytes(path, "network.pt") if os.path.lexists(path / "network.pt") else b"",
        choice=formula.choice,
        reason=formula.reason,
    )
