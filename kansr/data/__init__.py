"""From a file to finite numbers: reading, cleaning, splitting."""

from __future__ import annotations

from kansr.data.columns import NewTable, read_columns
from kansr.data.dataset import Dataset, Split
from kansr.data.levels import table_levels
from kansr.data.load import load, prepare, read
from kansr.data.names import suggestion
from kansr.data.profile import profile
from kansr.data.read import read_table
from kansr.data.sample import sampled
from kansr.data.split import folds, split_rows
from kansr.data.table import Table

__all__ = [
    "Dataset",
    "NewTable",
    "Split",
    "Table",
    "folds",
    "load",
    "prepare",
    "profile",
    "read",
    "read_columns",
    "read_table",
    "sampled",
    "split_rows",
    "suggestion",
    "table_levels",
]
