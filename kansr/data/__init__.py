"""From a file to finite numbers: reading, cleaning, splitting."""

from __future__ import annotations

from kansr.data.columns import read_columns
from kansr.data.dataset import Dataset, Split
from kansr.data.load import load
from kansr.data.sample import sampled
from kansr.data.split import folds, split_rows

__all__ = ["Dataset", "Split", "folds", "load", "read_columns", "sampled", "split_rows"]
