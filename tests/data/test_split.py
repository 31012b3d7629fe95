from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kansr.data import folds, split_rows

fractions = st.floats(0, 0.49)


@given(n=st.integers(0, 400), seed=st.integers(0, 2**32), validation=fractions, test=fractions)
def test_a_split_is_a_partition(n: int, seed: int, validation: float, test: float) -> None:
    split = split_rows(n, seed, validation, test)
    parts = [split.train, split.validation, split.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert all((np.diff(part) > 0).all() for part in parts)
    if n < 30:
        assert len(split.train) == n
    else:
        assert abs(len(split.validation) - n * validation) <= 1
        assert abs(len(split.test) - n * test) <= 1
        assert (len(split.test) > 0) == (test > 0)


def test_the_seed_decides() -> None:
    one, same, other = (split_rows(100, seed, 0.15, 0.15) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.test, same.test)
    assert not np.array_equal(one.test, other.test)


def test_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - this is what must not change
    split_rows(100, 0, 0.15, 0.15)
    folds(100, 0)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@given(n=st.integers(1, 200), seed=st.integers(0, 100))
def test_each_row_is_held_out_once(n: int, seed: int) -> None:
    pairs = folds(n, seed)
    assert sorted(np.concatenate([held_out for _, held_out in pairs]).tolist()) == list(range(n))
    for train, held_out in pairs:
        assert sorted([*train.tolist(), *held_out.tolist()]) == list(range(n))


@pytest.mark.parametrize(("n", "count"), [(3, 3), (8, 8), (30, 30), (31, 10), (200, 10)])
def test_leave_one_out_or_ten_folds(n: int, count: int) -> None:
    assert len(folds(n, 0)) == count
