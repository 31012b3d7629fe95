"""How much each row counts: a column of weights, or of measurement errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kansr.config import FitConfig
from kansr.data.names import suggestion
from kansr.data.read import Table, bad_cell, to_numbers
from kansr.errors import ConfigError, DataError

__all__ = ["Weighting", "weighting"]


@dataclass(frozen=True)
class Weighting:
    """A column that is no feature.

    Attributes:
        column: Its name.
        sigma: Whether it holds measurement errors of the target; else it holds weights of squared errors.
    """

    column: str
    sigma: bool

    @property
    def option(self) -> str:
        """The option that names it."""
        return "--sigma" if self.sigma else "--weights"

    def check(self, table: Table, target: str | None, features: tuple[str, ...] | None, drop: tuple[str, ...]) -> str:
        """The column's name.

        Raises:
            ConfigError: If there is no such column, or it has another role.
        """
        columns = [str(name) for name in table.frame.columns]
        if self.column not in columns:
            message = f"{self.option} {self.column!r}: no such column in {table.source}"
            raise ConfigError(message, suggestion(self.column, columns))
        roles = (("--target", (target,)), ("--features", features or ()), ("--drop", drop))
        for option, names in roles:
            if self.column in names:
                message = f"{self.option} {self.column!r}: the column is named in {option} too"
                raise ConfigError(message, f"take it out of {option}, or choose another column")
        return self.column

    def factors(self, table: Table) -> pd.Series[float]:
        """Factor on each row's residual: the root of its weight; NaN where the row does not count.

        Raises:
            DataError: If the column is text.
        """
        numbers = to_numbers(table.frame[self.column], table.decimal)
        row = bad_cell(table.frame[self.column], numbers)
        if row is not None:
            cell = str(table.frame[self.column].iloc[row]).strip()
            place = f"{table.source}, line {table.lines[row]}"
            message = f"{place}: the column {self.column!r} of {self.option} is {cell!r}, which is no number"
            raise DataError(message, "correct the cell, leave it empty, or choose another column")
        # an infinite error is a weight of zero
        weight = numbers.where((numbers > 0) & np.isfinite(numbers))
        return 1 / weight if self.sigma else weight**0.5


def weighting(config: FitConfig) -> Weighting | None:
    """What a configuration says of how rows count; None if all count alike."""
    if config.sigma is not None:
        return Weighting(config.sigma, sigma=True)
    return None if config.weights is None else Weighting(config.weights, sigma=False)
