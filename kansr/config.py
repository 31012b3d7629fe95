"""The configuration of one fit: flags override the YAML file, which overrides these defaults."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kansr.errors import ConfigError
from kansr.yaml_file import read_yaml

__all__ = ["FitConfig", "Loss", "Rule", "load_config"]

Rule = Literal["simplest", "balanced", "best"]
Loss = Literal["squares", "huber"]


class FitConfig(BaseModel):
    """Everything that a fit depends on besides the table; frozen, and saved before training starts.

    Attributes:
        data: The file with the table, or `-` for standard input.
        sheet: Name or number (from 1) of the sheet of a spreadsheet; the first when absent.
        target: Name of the column to explain; the last one when absent.
        features: Names of the columns to explain it by; all others when absent.
        drop: Names of columns to leave out.
        categorical: Names of features with a few levels, of which each becomes a column of 0 and 1.
        group_by: Name of a column whose levels are fitted apart.
        group: The only level of it to be fitted.
        weights: Name of the column with the rows' weights in least squares.
        sigma: Name of the column with the target's measurement errors; instead of `weights`.
        loss: What is made small: the sum of squares, or Huber's loss, which outliers dominate less.
        out: Run folder; `runs/<time>-<name>` when absent.
        time_limit: Seconds from the start of the process to the written formula.
        seed: Seed of the split and of every random start.
        functions: Names of the library's functions that may appear, `standard` for all that do when this is absent.
        exclude: Names of the library's functions that may not.
        structure: The only network to train: nodes of each layer, from the number of features used to 1; networks of
            growing size when absent. Text such as `[3,2,1]` is understood.
        choose: Which formula of the front is the answer: the one with the shortest description (`balanced`), the one
            with the least error (`best`), or the simplest one whose error is not significantly larger (`simplest`).
        max_complexity: Most nodes that a formula may have; any number when absent.
        validation_fraction: Share of the rows that choose between formulas.
        test_fraction: Share of the rows that are used for reporting only.
        threads: Threads for linear algebra. The matrices are small: a second thread gains little, and on busy cores it
            costs much.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    sheet: str | None = None
    target: str | None = None
    features: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    group_by: str | None = None
    group: str | None = None
    weights: str | None = None
    sigma: str | None = None
    loss: Loss = "squares"
    out: Path | None = None
    time_limit: float = Field(60.0, gt=0)
    seed: int = Field(0, ge=0)
    functions: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    structure: tuple[int, ...] | None = None
    choose: Rule = "balanced"
    max_complexity: int | None = Field(None, ge=1)
    validation_fraction: float = Field(0.15, ge=0, lt=0.5)
    test_fraction: float = Field(0.15, ge=0, lt=0.5)
    threads: int = Field(1, gt=0)

    @field_validator("structure", mode="before")
    @classmethod
    def _layers(cls, value: object) -> object:
        if isinstance(value, str):
            value = [cell.strip() for cell in value.strip().removeprefix("[").removesuffix("]").split(",")]
        if value is None:
            return None
        counts = [int(str(n)) if str(n).isdecimal() else 0 for n in value] if isinstance(value, (list, tuple)) else []
        if len(counts) < 2 or min(counts) < 1 or counts[-1] != 1:
            raise ValueError("should be whole numbers above zero that end with 1, such as [3,2,1]")
        return tuple(counts)

    @model_validator(mode="after")
    def _agrees(self) -> FitConfig:
        if self.weights is not None and self.sigma is not None:
            hint = "weights are 1/sigma^2: give one of the two"
            raise ConfigError(f"--sigma {self.sigma!r}: --weights {self.weights!r} is given too", hint)
        return self


def load_config(file: Path | None, flags: Mapping[str, object]) -> FitConfig:
    """Merges the command line over a YAML file over the defaults.

    Args:
        file: The YAML file, if there is one.
        flags: Options by name of the field; None where the user gave none.

    Raises:
        ConfigError: If the file cannot be read, holds an unknown key, or a value is out of its range.
    """
    given = {key: value for key, value in flags.items() if value is not None}
    settings = _read_settings(file) if file is not None else {}
    try:
        return FitConfig.model_validate({**settings, **given})
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        place = f"--{key.replace('_', '-')}" if key in given or key not in settings else f"{file}: {key}"
        raise ConfigError(f"{place}: {_lower(first['msg'])}, not {first['input']!r}", _hint(key)) from None


def _read_settings(file: Path) -> dict[str, object]:
    settings = read_yaml(file, ConfigError, "one 'key: value' per line", option="--config")
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise ConfigError(f"{file}: not a mapping of options to values", "one 'key: value' per line")
    for key in settings:
        if key not in FitConfig.model_fields:
            close = difflib.get_close_matches(str(key), FitConfig.model_fields, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"the keys are {', '.join(FitConfig.model_fields)}"
            raise ConfigError(f"{file}: unknown key '{key}'", hint)
    return settings


def _lower(message: str) -> str:
    return message.removeprefix("Input ").removeprefix("Value error, ").removeprefix("Value ")


def _hint(key: str) -> str:
    default = FitConfig.model_fields[key].default
    return f"the default is {default}" if isinstance(default, (int, float, str)) else "see 'kansr fit --help'"
