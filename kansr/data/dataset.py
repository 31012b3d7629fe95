"""The cleaned table as numbers, with its split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kansr.results import ColumnSource

__all__ = ["Dataset", "Split"]


@dataclass(frozen=True)
class Split:
    """Row numbers of each part. A small table has all its rows in `train` and the other two empty.

    Attributes:
        train: Rows that constants are fitted on.
        validation: Rows that choose between formulas.
        test: Rows for reporting only.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """A table ready for fitting: finite float64, at least one feature that varies, a target that varies.

    Attributes:
        name: Short name for the run folder, from the file's name.
        features: Column names, in the table's order.
        target: Name of the explained column.
        x: Values of the features, `(rows, len(features))`.
        y: Values of the target, `(rows,)`.
        split: Which rows train, validate and test.
        notes: What was left out or changed and why, one line each, for the user.
        sha256: Digest of the file's bytes.
        rows_read: Rows of the file before any was left out.
        weight: Factor on each row's residual, positive, `(rows,)`: the root of a weight of least squares, or one over
            a measurement error; None where all rows count alike.
        sources: What those features are made of that are no plain numbers in the table.
    """

    name: str
    features: tuple[str, ...]
    target: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    split: Split
    notes: tuple[str, ...]
    sha256: str
    rows_read: int
    weight: NDArray[np.float64] | None = None
    sources: Mapping[str, ColumnSource] = field(default_factory=dict)
