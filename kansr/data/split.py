"""Which rows train, validate and test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kansr.data.dataset import Split

__all__ = ["SMALL", "folds", "split_rows"]

# Below this many rows none is set aside: the formula is judged by cross-validation instead.
SMALL = 30


def split_rows(n: int, seed: int, validation_fraction: float, test_fraction: float) -> Split:
    """Splits `n` rows by a seeded permutation; each part is in ascending order.

    Below `SMALL` rows all are in `train`. Otherwise a positive fraction gets at least one row.
    """
    if n < SMALL:
        validation = test = 0
    else:
        validation, test = (_share(n, fraction) for fraction in (validation_fraction, test_fraction))
    order = np.random.default_rng(seed).permutation(n).astype(np.int64)
    parts = np.split(order, [test, test + validation])
    return Split(train=np.sort(parts[2]), validation=np.sort(parts[1]), test=np.sort(parts[0]))


def folds(n: int, seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of (rows to fit on, rows held out) for cross-validation.

    Each row is held out once: alone up to `SMALL` rows (leave-one-out), in one of ten random parts above.
    """
    order = np.random.default_rng(seed).permutation(n).astype(np.int64) if n > SMALL else np.arange(n, dtype=np.int64)
    held_out = np.array_split(order, min(n, 10) if n > SMALL else n)
    every = np.arange(n, dtype=np.int64)
    return [(np.setdiff1d(every, part), np.sort(part)) for part in held_out]


def _share(n: int, fraction: float) -> int:
    return max(1, round(n * fraction)) if fraction > 0 else 0
