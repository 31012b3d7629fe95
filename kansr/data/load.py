"""From a configuration to a dataset."""

from __future__ import annotations

from kansr.config import FitConfig
from kansr.data.clean import clean
from kansr.data.dataset import Dataset
from kansr.data.read import read_table
from kansr.data.split import split_rows
from kansr.data.weighting import weighting

__all__ = ["load"]


def load(config: FitConfig) -> Dataset:
    """Reads, cleans and splits the table of `config.data`.

    Raises:
        ConfigError: If a column named in the configuration does not exist or has two roles.
        DataError: If the table cannot be read or nothing in it can be fitted.
    """
    table = read_table(config.data)
    cleaned = clean(table, config.target, config.features, config.drop, weighting(config))
    return Dataset(
        name=table.name,
        features=cleaned.features,
        target=cleaned.target,
        x=cleaned.x,
        y=cleaned.y,
        split=split_rows(len(cleaned.y), config.seed, config.validation_fraction, config.test_fraction),
        notes=table.notes + cleaned.notes,
        sha256=table.sha256,
        rows_read=len(table.frame),
        weight=cleaned.weight,
    )
