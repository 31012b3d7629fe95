"""Several fits of one table: one for each target, or for each level of a column."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kansr.config import FitConfig
from kansr.data import Table, suggestion, table_levels
from kansr.errors import ConfigError, ExitCode
from kansr.formula.names import format_expression
from kansr.results import Summary
from kansr.rundir import write_file
from kansr.text import safe_names, spreadsheet_safe

__all__ = ["Entry", "Task", "overview_json", "tasks", "write_overview"]

MOST_GROUPS = 1000
_COLUMNS = ("name", "target", "group", "status", "expression", "complexity", "rows", "r2", "rmse", "folder", "message")


@dataclass(frozen=True)
class Task:
    """One of several fits.

    Attributes:
        name: What tells it from the others.
        folder: Name of its run folder.
        config: Its own configuration.
    """

    name: str
    folder: str
    config: FitConfig


@dataclass(frozen=True)
class Entry:
    """How one of several fits ended.

    Attributes:
        task: Which one.
        status: Its exit status.
        summary: What was found; None where the fit failed.
        message: Why it failed.
    """

    task: Task
    status: ExitCode
    summary: Summary | None = None
    message: str = ""


def tasks(table: Table, config: FitConfig, targets: Sequence[str]) -> list[Task]:
    """One fit for each target and each level.

    A target explains none of the others, unless `--features` names it.

    Args:
        table: The table.
        config: What all fits have in common.
        targets: The targets; none for the default one.

    Raises:
        ConfigError: If a target is no column, there is no column to group by, or it has no level.
    """
    for name in targets:
        _check_column(table, "--target", name)
    groups = _groups(table, config)
    found = []
    choices: Sequence[str | None] = targets or (config.target,)
    for target in choices:
        others = tuple(name for name in targets if name != target and name not in (config.features or ()))
        drop = (*config.drop, *(name for name in others if name not in config.drop))
        for group in groups:
            name = " ".join(part for part in (target if targets else None, group) if part is not None)
            found.append((name, config.model_copy(update={"target": target, "drop": drop, "group": group})))
    folders = safe_names(name for name, _ in found)
    return [Task(name, folders[name], own) for name, own in found]


def _groups(table: Table, config: FitConfig) -> list[str | None]:
    if config.group_by is None or config.group is not None:
        return [config.group]
    _check_column(table, "--group-by", config.group_by)
    found = table_levels(table, config.group_by)
    if not found:
        raise ConfigError(f"--group-by {config.group_by!r}: no value in any row", "choose another column")
    if len(found) > MOST_GROUPS:
        message = f"--group-by {config.group_by!r}: {len(found):,} different values"
        raise ConfigError(message, f"there may be {MOST_GROUPS}; a column of measured numbers makes no groups")
    return list(found)


def _check_column(table: Table, option: str, name: str) -> None:
    """A wrong name is told before the first fit begins."""
    if name not in table.columns:
        raise ConfigError(f"{option} {name!r}: no such column in {table.label}", suggestion(name, list(table.columns)))


def write_overview(folder: Path, entries: Sequence[Entry]) -> None:
    """Writes `summary.csv` and `summary.json`, with a line or object for each fit that has ended.

    Raises:
        OSError: If the folder cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow({key: spreadsheet_safe(v) if isinstance(v, str) else v for key, v in _record(entry)})
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "summary.csv", text.getvalue())
    write_file(folder / "summary.json", overview_json(entries))


def overview_json(entries: Sequence[Entry]) -> str:
    """The content of `summary.json`."""
    content = {"schema": 1, "runs": [dict(_record(entry)) for entry in entries]}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _record(entry: Entry) -> Iterator[tuple[str, object]]:
    config, summary = entry.task.config, entry.summary
    yield "name", entry.task.name
    yield "target", config.target if summary is None else summary.result.target
    yield "group", config.group
    yield "status", entry.status.name.lower()
    if summary is not None:
        best = summary.result.best
        part = next(p for p in ("test", "cross_validation", "validation", "train") if p in best.metrics)
        metrics = best.metrics[part]
        yield "expression", format_expression(best.expression)
        yield "complexity", best.complexity
        yield "rows", sum(summary.table.rows.values())
        yield "r2", _finite(metrics.r2)
        yield "rmse", _finite(metrics.rmse)
        yield "folder", entry.task.folder
    if entry.message:
        yield "message", entry.message


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
