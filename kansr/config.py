"""The configuration of one fit: flags override the YAML file, which overrides these defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kansr.errors import ConfigError, did_you_mean
from kansr.text import brief
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
    time_limit: float = Field(60.0, gt=0, allow_inf_nan=False)
    seed: int = Field(0, ge=0, lt=2**63)
    functions: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    structure: tuple[int, ...] | None = None
    choose: Rule = "balanced"
    max_complexity: int | None = Field(None, ge=1)
    validation_fraction: float = Field(0.15, ge=0, lt=0.5)
    test_fraction: float = Field(0.15, ge=0, lt=0.5)
    threads: int = Field(1, gt=0, le=1024)

    @field_validator("data", "out")
    @classmethod
    def _is_path(cls, value: str | Path | None) -> str | Path | None:
        if "\0" in str(value):
            raise ValueError("should be a path, without NUL characters")
        return value

    @field_validator("structure", mode="before")
    @classmethod
    def _layers(cls, value: object) -> object:
        if isinstance(value, str):
            value = [cell.strip() for cell in value.strip().removeprefix("[").removesuffix("]").split(",")]
        if value is None:
            return None
        counts = [_count(n) for n in value] if isinstance(value, (list, tuple)) else []
        if len(counts) < 2 or min(counts) < 1 or counts[-1] != 1:
            raise ValueError("should be whole numbers above zero that end with 1, such as [3,2,1]")
        return tuple(counts)

    @model_validator(mode="after")
    def _agrees(self) -> FitConfig:
        if self.weights is not None and self.sigma is not None:
            hint = "weights are 1/sigma^2: give one of the two"
            raise ConfigError(f"--sigma {brief(self.sigma)}: --weights {brief(self.weights)} is given too", hint)
        return self


def _count(nodes: object) -> int:
    text = str(nodes) if isinstance(nodes, (int, str)) else ""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


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
        raise ConfigError(
            f"{place}: {_lower(first['msg'])}, not {brief(first['input'])}", _hint(key, first["input"])
        ) from None


def _read_settings(file: Path) -> dict[str, object]:
    settings = read_yaml(file, ConfigError, "one 'key: value' per line", option="--config")
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise ConfigError(f"{file}: not a mapping of options to values", "one 'key: value' per line")
    for key in settings:
        if key not in FitConfig.model_fields:
            hint = did_you_mean(key, FitConfig.model_fields) or f"the keys are {', '.join(FitConfig.model_fields)}"
            raise ConfigError(f"{file}: unknown key {brief(key)}", hint)
    return settings


def _lower(message: str) -> str:
    return message.removeprefix("Input ").removeprefix("Value error, ").removeprefix("Value ")


def _hint(key: str, value: object) -> str:
    field = FitConfig.model_fields[key]
    near = did_you_mean(value, map(str, get_args(field.annotation))) if isinstance(value, str) else ""
    default = f"the default is {field.default}" if isinstance(field.default, (int, float, str)) else ""
    return near or default or "see 'kansr fit --help'"
