"""The suite file: problems with known formulas, as YAML.

    suite: name
    problems:
    - id: free-fall
      formula: sqrt(2*h/g)
      vars:
      - {name: h, low: 1, high: 100, dist: loguniform}
      - {name: g, low: 1, high: 25}

Instead of `vars` a problem may have `train`, a mapping of names to ranges with a number of rows `n` of their own, or a
`file` with the table itself. Other keys of a problem describe it and are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import sympy
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy.special import digamma

from kansr.errors import ConfigError, DataError, FormulaError, did_you_mean
from kansr.formula.parse import FUNCTIONS, Functions, parse_expression
from kansr.text import brief
from kansr.yaml_file import read_yaml

__all__ = ["Problem", "Range", "Suite", "read_suite"]

_HINT = "see sample_data/suite.yaml for the layout"
# Literature's test problems sum 1 + 1/2 + ... + 1/n, which is no formula that kansr itself would write.
_FUNCTIONS: Functions = {
    **FUNCTIONS,
    "harmonic": (sympy.harmonic, lambda n: float(digamma(n + 1) + np.euler_gamma)),
}


class Range(BaseModel):
    """Where the values of a variable are drawn from.

    Attributes:
        low: Least value.
        high: Greatest value; for whole numbers the first that is too large.
        dist: How values are spread; `linspace` makes a grid of all variables.
        sign: `both` draws a sign too, `negative` makes all values negative.
        n: Rows of the table, or points along this axis of a grid; only in `train`.
        step: Distance of the points of a grid; follows from the others.
        units: For readers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    dist: Literal["uniform", "loguniform", "integer", "linspace"] = "uniform"
    sign: Literal["positive", "negative", "both"] | None = None
    n: int | None = Field(None, ge=1)
    step: float | None = None
    units: Any = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low > self.high or (self.dist == "integer" and int(self.low) >= int(self.high)):
            raise ValueError(f"low ({self.low:g}) is not below high ({self.high:g})")
        if self.dist == "loguniform" and self.low <= 0:
            raise ValueError("loguniform needs low above 0")
        return self


class _Variable(Range):
    name: str


class _Column(BaseModel):
    name: str


class _Entry(BaseModel):
    """One problem as the file has it."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    id: str = Field(min_length=1)
    formula: str


class _Drawn(_Entry):
    """A problem whose table is drawn from ranges."""

    vars: tuple[_Variable, ...] = ()
    train: dict[str, Range] = {}


class _Given(_Entry):
    """A problem whose table is a file."""

    vars: tuple[_Column, ...] = Field(min_length=1)
    file: str
    target_column: str = "label"


@dataclass(frozen=True)
class Problem:
    """A formula and where its variables come from.

    Attributes:
        id: Unique within the suite.
        expression: The true formula.
        names: Its variables, the columns of the table.
        ranges: Where they are drawn from; none if the table is a file.
        rows: Rows that the problem itself asks for.
        file: The table, if it is given and not drawn.
        target_column: The target's name in the file.
    """

    id: str
    expression: sympy.Expr
    names: tuple[str, ...]
    ranges: Mapping[str, Range] = field(default_factory=dict)
    rows: int | None = None
    file: Path | None = None
    target_column: str = "label"

    @property
    def is_grid(self) -> bool:
        """Whether the table is a grid of all variables' values."""
        return self.rows is not None and any(r.dist == "linspace" for r in self.ranges.values())


@dataclass(frozen=True)
class Suite:
    """Problems in the order of the file.

    Attributes:
        name: Of the file.
        problems: Those with a formula.
        skipped: Ids of those without one.
    """

    name: str
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...] = ()

    def select(self, ids: tuple[str, ...] | None = None, every: int = 1, offset: int = 0) -> Suite:
        """Some of the problems: of those named, every k-th from the one with number `offset` on.

        Raises:
            ConfigError: If there is no such problem.
            DataError: If none of them has a formula.
        """
        known = [p.id for p in self.problems] + list(self.skipped)
        for name in ids or ():
            if name not in known:
                hint = did_you_mean(name, known) or f"the first ones are {', '.join(known[:5])}"
                raise ConfigError(f"--ids: {self.name} has no problem {brief(name)}", hint)
        named = [p for p in self.problems if ids is None or p.id in ids]
        if not named:
            raise DataError(f"{self.name}: no problem has a formula", "problems that name a scipy function are skipped")
        chosen = named[offset::every]
        if not chosen:
            raise ConfigError(f"--offset {offset}: only {len(named)} problems are there", "count from 0")
        return Suite(self.name, tuple(chosen), tuple(s for s in self.skipped if ids is None or s in ids))


def read_suite(path: Path) -> Suite:
    """Reads and validates a suite; its formulas are parsed, never evaluated as code.

    Raises:
        DataError: If the file is not of this kind; says what is wrong in which problem.
    """
    content = read_yaml(path, DataError, _HINT)
    entries = content.get("problems") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path}: not a suite: it needs a list of 'problems'", _HINT)
    problems: dict[str, Problem] = {}
    skipped: list[str] = []
    for number, raw in enumerate(entries, 1):
        if not isinstance(raw, dict):
            raise DataError(f"{path}: problem number {number}: not a mapping of keys to values", _HINT)
        if "scipy" in raw and "formula" not in raw:
            skipped.append(str(raw.get("id", number)))
            continue
        name = f"problem '{raw['id']}'" if "id" in raw else f"problem number {number}"
        try:
            problem = _given(raw, path.parent) if str(raw.get("file", "")).endswith(".csv") else _drawn(raw)
        except ValidationError as error:
            raise DataError(f"{path}: {name}: {_said(error)}", _HINT) from None
        except FormulaError as error:
            raise DataError(f"{path}: {name}: {error.message}", "write the formula as Python would") from None
        except ValueError as error:
            raise DataError(f"{path}: {name}: {error}", _HINT) from None
        if problem.id in problems:
            raise DataError(f"{path}: {name} is there twice", "give each problem an id of its own")
        problems[problem.id] = problem
    return Suite(path.stem, tuple(problems.values()), tuple(skipped))


def _given(raw: object, folder: Path) -> Problem:
    entry = _Given.model_validate(raw)
    names = _checked([v.name for v in entry.vars])
    return Problem(entry.id, _parsed(entry, names), names, file=folder / entry.file, target_column=entry.target_column)


def _drawn(raw: object) -> Problem:
    entry = _Drawn.model_validate(raw)
    if bool(entry.vars) == bool(entry.train):
        raise ValueError("it needs either vars or train")
    names = _checked([v.name for v in entry.vars] or list(entry.train))
    ranges = entry.train or dict(zip(names, entry.vars, strict=True))
    rows = ranges[names[0]].n if entry.train else None
    if entry.train and (rows is None or any(r.dist == "linspace" and r.n is None for r in ranges.values())):
        raise ValueError("train needs n, the number of rows")
    return Problem(entry.id, _parsed(entry, names), names, ranges, rows)


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if not name.isidentifier() or names.count(name) > 1:
            raise ValueError(f"'{name}' cannot be the name of a variable, or is the name of two")
    return tuple(names)


def _parsed(entry: _Entry, names: tuple[str, ...]) -> sympy.Expr:
    return parse_expression(entry.formula, names, _FUNCTIONS)


def _said(error: ValidationError) -> str:
    """The first mistake in words: where and what."""
    # A key that is wrong says more than the one that is missing for it.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    where = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        near = did_you_mean(str(first["loc"][-1]), Range.model_fields)
        return f"{where}: unknown key" + (f", {near}" if near else "")
    message = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}" if where else message
