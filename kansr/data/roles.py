"""Which column is what: target, features, groups, weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kansr.config import FitConfig
from kansr.data.names import suggestion
from kansr.data.table import Table
from kansr.errors import ConfigError, DataError

__all__ = ["Roles", "assign"]


@dataclass(frozen=True)
class Roles:
    """The part that each column plays; what has none is left out.

    Attributes:
        target: The column to explain.
        features: The columns to explain it by, in the table's order.
        asked: Whether the user named the features, so that none may be left out.
        categorical: Those of the features whose levels become columns of their own.
        weight: The column that says how much each row counts.
        sigma: Whether that column holds measurement errors of the target, not weights.
        group_by: The column whose levels are fitted apart.
        group: The level to be fitted.
    """

    target: str
    features: tuple[str, ...]
    asked: bool = False
    categorical: tuple[str, ...] = ()
    weight: str | None = None
    sigma: bool = False
    group_by: str | None = None
    group: str | None = None

    @property
    def weight_option(self) -> str:
        """The option that names the column of weights."""
        return "--sigma" if self.sigma else "--weights"


def assign(table: Table, config: FitConfig) -> Roles:
    """Gives each column its part, the last one that has none that of the target unless another is named.

    Raises:
        ConfigError: If a name is no column, or a column would have two parts.
        DataError: If there is only one column.
    """
    columns = list(table.columns)
    if len(columns) < 2:
        message = f"{table.label}: only one column, {columns[0]!r}"
        raise DataError(message, "separate columns by comma, semicolon, tab, | or spaces, the same in every line")
    named = list(_named(config))
    for option, name in named:
        if name not in columns:
            raise ConfigError(f"{option} {name!r}: no such column in {table.label}", suggestion(name, columns))
    _check_single_parts(config, named)
    weight = config.sigma if config.sigma is not None else config.weights
    left = [name for name in columns if name not in {*config.drop, weight, config.group_by}]
    if not left:
        raise ConfigError(f"--drop leaves no column of {table.label}", "drop fewer columns")
    target = config.target if config.target is not None else left[-1]
    if target in (config.features or ()):
        hint = "take it out of --features or choose another --target"
        raise ConfigError(f"--features {target!r}: it is the target", hint)
    if target in config.categorical:
        raise ConfigError(f"--categorical {target!r}: it is the target", "levels cannot be explained by a formula")
    features = tuple(name for name in left if name != target and name in (config.features or left))
    for name in config.categorical:
        if name not in features:
            raise ConfigError(f"--categorical {name!r}: it is none of the features", "name it in --features too")
    return Roles(
        target=target,
        features=features,
        asked=config.features is not None,
        categorical=config.categorical,
        weight=weight,
        sigma=config.sigma is not None,
        group_by=config.group_by,
        group=config.group,
    )


def _named(config: FitConfig) -> Iterator[tuple[str, str]]:
    """Each option that names a column, with the column."""
    single = (
        ("--weights", config.weights),
        ("--sigma", config.sigma),
        ("--target", config.target),
        ("--group-by", config.group_by),
    )
    many = (("--features", config.features or ()), ("--drop", config.drop), ("--categorical", config.categorical))
    yield from ((option, name) for option, name in single if name is not None)
    yield from ((option, name) for option, names in many for name in names)


def _check_single_parts(config: FitConfig, named: list[tuple[str, str]]) -> None:
    """A column has one part; only one that is named a feature may be named categorical, too."""
    if config.target is not None and config.target in config.drop:
        hint = "take it out of --drop or choose another --target"
        raise ConfigError(f"--drop {config.target!r}: it is the target", hint)
    for option in ("--weights", "--sigma", "--group-by"):
        for name in (name for own, name in named if own == option):
            for other in (other for other, named_too in named if named_too == name and other != option):
                hint = f"take it out of {other}, or choose another column"
                raise ConfigError(f"{option} {name!r}: the column is named in {other} too", hint)
