"""From a configuration to a dataset."""

from __future__ import annotations

from kansr.config import FitConfig
from kansr.data.clean import clean
from kansr.data.dataset import Dataset
from kansr.data.read import read_table
from kansr.data.roles import assign
from kansr.data.split import split_rows
from kansr.data.table import Table, Wish

__all__ = ["load", "prepare", "read"]


def load(config: FitConfig) -> Dataset:
    """Reads, cleans and splits the table of `config.data`.

    Raises:
        ConfigError: If a column named in the configuration does not exist or has two roles.
        DataError: If the table cannot be read or nothing in it can be fitted.
    """
    return prepare(read(config), config)


def read(config: FitConfig) -> Table:
    """Reads the table of `config.data`, columns of levels as they are written.

    Raises:
        ConfigError: If a sheet is asked for and there is none such.
        DataError: If there is no such file or it is no table.
    """
    levels = {*config.categorical, config.group_by}
    wish = Wish(written=lambda name: name in levels, understood=lambda name: name not in levels)
    return read_table(config.data, config.sheet, wish)


def prepare(table: Table, config: FitConfig) -> Dataset:
    """Cleans and splits a table that was read.

    Raises:
        ConfigError: If a column named in the configuration does not exist or has two roles.
        DataError: If nothing in it can be fitted.
    """
    cleaned = clean(table, assign(table, config))
    return Dataset(
        name=table.name,
        features=cleaned.features,
        target=cleaned.target,
        x=cleaned.x,
        y=cleaned.y,
        split=split_rows(len(cleaned.y), config.seed, config.validation_fraction, config.test_fraction),
        notes=(*table.notes, *cleaned.notes),
        sha256=table.sha256,
        rows_read=cleaned.rows_read,
        weight=cleaned.weight,
        sources=cleaned.sources,
    )
