"""A sample of a long table, for the search: the time it takes grows with the rows, what it learns hardly does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kansr.data.dataset import Dataset, Split

__all__ = ["MOST_HELD", "MOST_TRAINING", "sampled"]

# With no more rows than these, which train and which decide between formulas, the search sees all of them.
MOST_TRAINING, MOST_HELD = 10_000, 5_000


def sampled(
    dataset: Dataset,
    seed: int,
    columns: Sequence[int] | None = None,
    *,
    most: int = MOST_TRAINING,
    most_held: int = MOST_HELD,
) -> Dataset:
    """A smaller table that stands for a long one; all rows if it is not long.

    Training rows are drawn by the target's rank, one from each of equally many neighbours: all are equally likely,
    so nothing fitted to them is biased, yet rare values have their share. The rows with the least and the greatest
    value of the target and of each column come in addition, so that ranges and signs are those of all training rows.

    Rows that decide between formulas are drawn at random from the validation rows and nothing is added to them: the
    mean of errors on them is what it is on all. Where none were set aside, training rows that were not drawn take their
    place. The sample has no test rows.

    Args:
        dataset: The table.
        seed: Of the draw.
        columns: Numbers of the features that are kept; all of them when None.
        most: Training rows that are drawn from more.
        most_held: The same for the rows that decide.
    """
    train, held = dataset.split.train, dataset.split.validation
    if len(train) <= most and len(held) <= most_held:
        return dataset if columns is None else _narrowed(dataset, dataset.x[:, columns], columns)
    columns = range(dataset.x.shape[1]) if columns is None else columns
    generator = np.random.default_rng(seed)
    drawn = train
    if len(train) > most:
        drawn = np.union1d(_by_rank(train, dataset.y, most, generator), _extremes(dataset, train, columns))
    pool = held if len(held) else np.setdiff1d(train, drawn, assume_unique=True)
    deciding = np.sort(generator.choice(pool, min(most_held, len(pool)), replace=False))
    rows = np.concatenate([drawn, deciding])
    first, none = np.arange(len(drawn)), np.empty(0, dtype=np.int64)
    return replace(
        _narrowed(dataset, dataset.x[np.ix_(rows, np.array(columns))], columns),
        y=dataset.y[rows],
        split=Split(first, np.arange(len(drawn), len(rows)), none),
        weight=None if dataset.weight is None else dataset.weight[rows],
    )


def _narrowed(dataset: Dataset, x: NDArray[np.float64], columns: Sequence[int]) -> Dataset:
    return replace(dataset, x=x, features=tuple(dataset.features[j] for j in columns))


def _by_rank(
    rows: NDArray[np.int64], y: NDArray[np.float64], most: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """One row from each of `most` strata of the target; equal values are in random order."""
    shuffled = generator.permutation(rows)
    ranked = shuffled[np.argsort(y[shuffled], kind="stable")]
    edges = (np.arange(most + 1) * (len(rows) / most)).round().astype(np.int64)
    return ranked[generator.integers(edges[:-1], edges[1:])]


def _extremes(dataset: Dataset, rows: NDArray[np.int64], columns: Sequence[int]) -> NDArray[np.int64]:
    """Of these rows those with the least and the greatest value of each of these columns and of the target."""
    places = set()
    for column in (*(dataset.x[:, j] for j in columns), dataset.y):
        values = column[rows]
        places |= {int(values.argmin()), int(values.argmax())}
    return rows[sorted(places)]
