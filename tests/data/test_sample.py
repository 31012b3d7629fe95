"""The sample of a long table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kansr.data import Dataset, sampled, split_rows


def table(rows: int, seed: int = 0, validation: float = 0.15, test: float = 0.15) -> Dataset:
    """Each row holds its own number in the first column; the target has rare large values."""
    generator = np.random.default_rng(seed)
    x = np.column_stack([np.arange(rows, dtype=float), generator.normal(size=(rows, 2))])
    y = np.exp(3 * generator.standard_normal(rows))
    split = split_rows(rows, seed, validation, test)
    return Dataset("table", ("number", "a", "b"), "y", x, y, split, (), "00" * 32, rows, generator.uniform(1, 2, rows))


def numbers(sample: Dataset, part: str) -> set[int]:
    """The rows of the table that are in a part of its sample."""
    return set(sample.x[getattr(sample.split, part), 0].astype(int).tolist())


@given(st.integers(60, 3000), st.integers(20, 500), st.integers(10, 200), st.integers(0, 3))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_rows_come_from_their_own_part_and_the_extremes_are_there(rows: int, most: int, held: int, seed: int) -> None:
    whole = table(rows, seed)
    sample = sampled(whole, seed, most=most, most_held=held)
    train = whole.split.train
    if len(train) <= most and len(whole.split.validation) <= held:
        assert sample is whole
        return
    drawn = numbers(sample, "train")
    assert drawn <= set(train.tolist())
    assert numbers(sample, "validation") <= set(whole.split.validation.tolist())
    assert len(sample.split.validation) == min(held, len(whole.split.validation))
    assert len(sample.split.test) == 0
    assert min(most, len(train)) <= len(drawn) <= most + 8
    for column in (*whole.x.T, whole.y):
        assert {int(train[column[train].argmin()]), int(train[column[train].argmax()])} <= drawn
    back = sample.x[:, 0].astype(int)
    np.testing.assert_array_equal(sample.y, whole.y[back])
    assert whole.weight is not None
    assert sample.weight is not None
    np.testing.assert_array_equal(sample.weight, whole.weight[back])


def test_every_stratum_of_the_target_has_its_share() -> None:
    whole = table(20_000)
    sample = sampled(whole, 0, most=500)
    edges = np.quantile(whole.y[whole.split.train], np.linspace(0, 1, 51)[1:-1])
    counts = np.bincount(np.digitize(sample.y[sample.split.train], edges), minlength=50)
    assert counts.min() >= 9
    assert counts.max() <= 19  # ten, one at an edge, and at most eight extremes


def test_rows_that_decide_are_a_plain_random_sample() -> None:
    """Each is drawn as often as any other one, whatever its target."""
    whole = table(400, test=0.0, validation=0.4)
    held = whole.split.validation
    counts = np.zeros(400)
    for seed in range(300):
        counts[list(numbers(sampled(whole, seed, most=100, most_held=40), "validation"))] += 1
    share = counts[held] / 300
    assert share.mean() == pytest.approx(40 / len(held))
    assert abs(stats.spearmanr(share, whole.y[held]).statistic) < 0.2
    assert share.max() < 0.4


def test_the_same_seed_draws_the_same_rows() -> None:
    whole = table(2000)
    one, other, third = (sampled(whole, seed, most=100) for seed in (1, 1, 2))
    assert numbers(one, "train") == numbers(other, "train") != numbers(third, "train")


def test_without_validation_rows_other_training_rows_decide() -> None:
    whole = table(2000, validation=0.0, test=0.0)
    sample = sampled(whole, 0, most=300, most_held=100)
    assert len(sample.split.validation) == 100
    assert not numbers(sample, "train") & numbers(sample, "validation")


def test_columns_that_are_not_kept_are_not_copied() -> None:
    whole = table(2000)
    sample = sampled(whole, 0, [0, 2], most=300)
    assert sample.features == ("number", "b")
    np.testing.assert_array_equal(sample.x[:, 1], whole.x[sample.x[:, 0].astype(int), 2])
    short = sampled(whole, 0, [0, 2])
    np.testing.assert_array_equal(short.x, whole.x[:, [0, 2]])
    assert short.split is whole.split
