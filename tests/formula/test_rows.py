"""Constants fitted to rows that are read block by block, against the same rows at once and against SciPy."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from kansr.formula.constants import Rows, TableRows, Template
from kansr.formula.parse import parse_expression

GENERATOR = np.random.default_rng(8)
N = 400
A, B = sympy.symbols("a b", real=True)
X = GENERATOR.uniform(0.2, 3.0, (N, 3))
Y = 1.3 * np.exp(-0.7 * X[:, 0]) + 0.4 * X[:, 1] + 0.02 * GENERATOR.standard_normal(N)
WEIGHT = GENERATOR.uniform(0.5, 2.0, N)
CHOSEN = np.sort(GENERATOR.permutation(N)[:251])
LAW = Template.of(parse_expression("1.0*exp(-0.5*a) + 0.3*b", ["a", "b"]))


def table(block: int, *, weighted: bool = True) -> TableRows:
    return TableRows({A: X[:, 0], B: X[:, 1]}, Y, WEIGHT if weighted else None, CHOSEN, block)


def rows(*, weighted: bool = True) -> Rows:
    x, y = torch.from_numpy(X[CHOSEN]), torch.from_numpy(Y[CHOSEN])
    return Rows({A: x[:, 0], B: x[:, 1]}, y, torch.from_numpy(WEIGHT[CHOSEN]) if weighted else None)


@dataclass
class Counting:
    """Notes how many rows each block has, and which columns."""

    inner: TableRows
    sizes: list[int] = field(default_factory=list)
    symbols: set[sympy.Symbol] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.inner)

    def variance(self) -> float:
        return self.inner.variance()

    def blocks(self, symbols: AbstractSet[sympy.Symbol]) -> Iterator[Rows]:
        for block in self.inner.blocks(symbols):
            self.sizes.append(len(block))
            self.symbols |= set(block.columns)
            yield block


@given(st.integers(1, 300), st.booleans())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_the_size_of_the_blocks_changes_nothing(block: int, weighted: bool) -> None:
    known, pieces = rows(weighted=weighted), table(block, weighted=weighted)
    fitted, mse = LAW.fit(known)
    again, mse_again = LAW.fit(pieces)
    assert again.values.tolist() == pytest.approx(fitted.values.tolist(), rel=1e-8)
    assert mse_again == pytest.approx(mse, rel=1e-10)
    assert fitted.error(pieces) == pytest.approx(mse, rel=1e-10)
    for least in (0.0, 1.0):
        errors = fitted.standard_errors(known, known=least)
        assert fitted.standard_errors(pieces, known=least) == pytest.approx(errors, rel=1e-9)
    if block >= len(CHOSEN):  # one block: the same to the last bit
        assert again.values.tolist() == fitted.values.tolist()
        assert (mse_again, fitted.standard_errors(pieces)) == (mse, fitted.standard_errors(known))


def test_blocks_give_what_scipy_gives() -> None:
    fitted, _ = LAW.fit(table(37), settling=True)
    reference, covariance = curve_fit(
        lambda x, c, k, s: c * np.exp(k * x[0]) + s * x[1],
        X[CHOSEN, :2].T, Y[CHOSEN], p0=[1, -0.5, 0.3], sigma=1 / WEIGHT[CHOSEN],
    )  # fmt: skip
    expected = np.sqrt(np.diag(covariance))
    for value, error in zip(fitted.values.tolist(), fitted.standard_errors(table(37)), strict=True):
        nearest = int(np.abs(reference - value).argmin())
        assert value == pytest.approx(reference[nearest], rel=1e-6)
        assert error == pytest.approx(expected[nearest], rel=1e-4)


def test_no_more_than_a_block_is_read_at_once() -> None:
    counting = Counting(table(32))
    fitted, mse = LAW.fit(counting)
    fitted.rounded(counting, mse, fitted.standard_errors(counting), 0.0)
    assert max(counting.sizes) == 32
    assert sum(counting.sizes) % len(CHOSEN) == 0
    Template.of(1.5 * A).fit(only := Counting(table(32)))
    assert only.symbols == {A}


def test_settling_takes_few_passes_and_ends_where_a_fit_ends() -> None:
    fitted, _ = LAW.fit(table(N))
    counting = Counting(table(N))
    nearly = Template(LAW.form, LAW.symbols, fitted.values * 1.001)
    again, _ = nearly.fit(counting, settling=True)
    errors = np.array(fitted.standard_errors(table(N)))
    assert (np.abs(again.values.numpy() - fitted.values.numpy()) < 0.01 * errors).all()
    assert len(counting.sizes) <= 7


def test_derivatives_that_are_not_finite_in_a_later_block_give_no_errors() -> None:
    template = Template.of(sympy.Float(1.5) * sympy.log(A - sympy.Float(0.1)))
    x = np.concatenate([np.linspace(1, 2, 50), [0.05], np.linspace(1, 2, 9)])
    pieces = TableRows({A: x}, np.log(np.abs(x)), None, np.arange(60), 20)
    assert template.standard_errors(pieces) == [None, None]
    assert template.error(pieces) == float("inf")
    assert template.fit(pieces)[1] == float("inf")
