"""The configuration of one fit: flags override the YAML file, which overrides these defaults."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FitConfig"]


class FitConfig(BaseModel):
    """Everything that a fit depends on besides the table; frozen, and saved before training starts.

    Attributes:
        data: The CSV file, or `-` for standard input.
        target: Name of the column to explain; the last one when absent.
        features: Names of the columns to explain it by; all others when absent.
        drop: Names of columns to leave out.
        out: Run folder; `runs/<time>-<name>` when absent.
        time_limit: Seconds from the start of the process to the written formula.
        seed: Seed of the split and of every random start.
        functions: Names of the library's functions that may appear; all when absent.
        validation_fraction: Share of the rows that choose between formulas.
        test_fraction: Share of the rows that are used for reporting only.
        threads: Threads for linear algebra; torch's default when absent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    target: str | None = None
    features: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    out: Path | None = None
    time_limit: float = Field(60.0, gt=0)
    seed: int = Field(0, ge=0)
    functions: tuple[str, ...] | None = None
    validation_fraction: float = Field(0.15, ge=0, lt=0.5)
    test_fraction: float = Field(0.15, ge=0, lt=0.5)
    threads: int | None = Field(None, gt=0)
