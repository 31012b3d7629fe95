"""Products of powers of columns: found with and without noise, not imagined, finished as one column."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy
import torch
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from kansr.functions import select, without_twins
from kansr.results import Outcome
from kansr.search.budget import Budget
from kansr.search.driver import Search
from kansr.search.groups import reduced_tables
from kansr.search.ledger import Ledger, Listener
from kansr.search.noise_test import NoiseTest
from kansr.search.table import Table
from kansr.train.levenberg_marquardt import never

SYMBOLS = sympy.symbols("a b c d", real=True)
CURVES: dict[str, Callable[[Tensor], Tensor]] = {
    "exp(-v)": lambda v: (-v).exp(),
    "v/(1 + v)": lambda v: v / (1 + v),
    "1/cosh(v)": lambda v: 1 / v.cosh(),
}


def columns(seed: int, rows: int = 1000) -> Tensor:
    return 1 + 2 * torch.rand(rows, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def noisy(y: Tensor, level: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed + 100)
    return y + level * y.std() * torch.randn(len(y), dtype=y.dtype, generator=generator)


def table(x: Tensor, y: Tensor) -> Table:
    train = int(0.75 * len(y))
    return Table(x[:train], y[:train], x[train:], y[train:], SYMBOLS[: x.shape[1]])


def found(rows: Table) -> list[Table]:
    generator = torch.Generator().manual_seed(0)
    test = NoiseTest(rows, Ledger(rows, never, Listener()), generator, never, Listener())
    return list(reduced_tables(rows, test.only_noise, generator, never))


def power(x: Tensor, exponents: list[int]) -> Tensor:
    return torch.stack([column**p for column, p in zip(x.T, exponents, strict=True)]).prod(0)


def exponents(expression: sympy.Expr) -> list[float]:
    powers = expression.as_powers_dict()
    return [float(powers.get(symbol, 0)) for symbol in SYMBOLS]


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("level", [0.0, 0.01, 0.05])
def test_a_group_is_found(curve: str, level: float) -> None:
    x = columns(1)
    tables = found(table(x, noisy(x[:, 3] * CURVES[curve](power(x, [1, -1, 1, 0])), level, 1)))
    assert tables
    assert all(len(t.symbols) == 1 for t in tables)
    group = exponents(tables[0].inputs[0])
    assert group in ([1, -1, 1, 0], [-1, 1, -1, 0])
    factors = [exponents(t.factor) for t in tables]
    assert [0, 0, 0, 1] in factors or all(f[3] == 1 for f in factors)


def test_two_groups_are_found() -> None:
    x = columns(2)
    y = x[:, 0] * torch.exp(-x[:, 1] / x[:, 0]) * (1 + (x[:, 2] * x[:, 3]).sqrt())
    tables = found(table(x, noisy(y, 0.003, 2)))
    assert tables
    groups = [exponents(u) for u in tables[0].inputs]
    assert len(groups) == 2
    # any two combinations of the groups span the same
    both = torch.tensor([*groups, [1, -1, 0, 0], [0, 0, 1, 1]], dtype=torch.float64)
    assert int(torch.linalg.matrix_rank(both)) == 2


@given(
    p=st.lists(st.integers(-2, 2), min_size=4, max_size=4),
    a=st.lists(st.integers(-2, 2), min_size=4, max_size=4),
    curve=st.sampled_from(sorted(CURVES)),
)
@settings(max_examples=5, deadline=None, phases=[Phase.generate])
def test_what_is_found_is_such_a_law(p: list[int], a: list[int], curve: str) -> None:
    assume(sum(q != 0 for q in p) >= 2)
    x = columns(3)
    v = power(x, p)
    y = noisy(power(x, a) * CURVES[curve](v / v.median()), 0.002, 3)
    for reduced in found(table(x, y)):
        target = reduced.factor * sympy.Symbol("t")
        assert exponents(target) == exponents(reduced.factor)
        (u,) = [exponents(u) for u in reduced.inputs] if len(reduced.inputs) == 1 else [[float(q) for q in p]]
        assert int(torch.linalg.matrix_rank(torch.tensor([u, p], dtype=torch.float64))) == 1


@pytest.mark.parametrize("level", [0.0, 0.01])
def test_none_is_imagined(level: float) -> None:
    x = columns(4)
    y = x[:, 0] * x[:, 1] + torch.sin(3 * x[:, 2]) + x[:, 3] ** 2
    assert found(table(x, noisy(y, level, 4))) == []


def test_only_positive_columns_have_powers() -> None:
    x = columns(5) - 2
    assert found(table(x, (x[:, 0] * x[:, 1]).exp())) == []


def test_the_new_table_says_the_same() -> None:
    x = columns(6)
    rows = table(x, x.prod(1))
    grouped = rows.grouped({0: 1.0, 3: -0.5}, [{1: 2.0, 2: -1.0}, {0: 1.0}])
    values = sympy.lambdify(SYMBOLS, [grouped.factor, *grouped.inputs], "numpy")(*rows.x.T.numpy())
    torch.testing.assert_close(grouped.y * torch.as_tensor(values[0]), rows.y)
    torch.testing.assert_close(grouped.x, torch.stack([torch.as_tensor(v) for v in values[1:]], 1))
    assert grouped.symbols[1] == SYMBOLS[0]
    assert list(grouped.meaning.values()) == [SYMBOLS[1] ** 2 / SYMBOLS[2]]


def test_no_constant_comes_between_the_columns_of_a_group() -> None:
    x = columns(7)
    v = x[:, 0] * x[:, 1] / x[:, 2]
    rows = table(x[:, :3], noisy(torch.tanh(0.71 * v.log() + 0.2), 0.01, 7))
    group = sympy.Symbol("_v0", real=True)
    ledger = Ledger(rows, never, Listener())
    law = sympy.tanh(0.7 * sympy.log(group) + sympy.Float(0.3))
    a, b, c = SYMBOLS[:3]
    assert ledger.add(law, None, lambda mse: True, {group: a * b / c})
    best = ledger.best.finished
    assert best.expression.free_symbols == {a, b, c}
    assert len(best.template.symbols) <= 2


def test_a_law_of_a_group_ends_the_search() -> None:
    x = columns(8)
    y = noisy(x[:, 3] * (torch.exp(x[:, 0] * x[:, 1] / x[:, 2]) - 1), 0.01, 8)
    functions = without_twins(select(None, ()))
    search = Search(
        table(x, y),
        functions,
        torch.Generator().manual_seed(0),
        Budget(never, never, never, lambda: 30.0, lambda: 30.0),
    )
    result = search.run()
    assert result.outcome is Outcome.CONVERGED
    a, b, c, d = SYMBOLS
    assert sympy.simplify(result.found[0].finished.expression - d * (sympy.exp(a * b / c) - 1)) == 0
