"""Laws in parts: which columns act together, what each part contributes, and a whole law found part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
import sympy
import torch
from torch import Tensor

from kansr.functions import select, without_twins
from kansr.kan.structure import Op
from kansr.results import Outcome, Stage
from kansr.search.budget import Budget
from kansr.search.clock import Clock
from kansr.search.driver import Search
from kansr.search.ledger import Found, Ledger, Listener
from kansr.search.noise_test import NoiseTest
from kansr.search.offsets import product_offset
from kansr.search.parts import Parts, PartTarget
from kansr.search.separation import groups, joined, separate
from kansr.search.table import Table

Law = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
SYMBOLS = sympy.symbols("a b c d e1", real=True)
SUMS: dict[str, tuple[Law, list[list[int]]]] = {
    "pair and triple": (lambda a, b, c, d, e: torch.exp(-((a - b) ** 2)) + c * d / (1 + e), [[0, 1], [2, 3, 4]]),
    "a weak part": (lambda a, b, c, d, e: torch.log(a + b) + 2 * c * d * e, [[0, 1], [2, 3, 4]]),
    "columns that act alone": (lambda a, b, c, d, e: a * torch.sin(3 * b) + c**2 - e.sqrt(), [[0, 1], [2], [4]]),
    "only three at once": (lambda a, b, c, d, e: a * b + (a - 2) * (b - 2) * (c - 2) + d * e, [[0, 1, 2], [3, 4]]),
}
PRODUCTS: dict[str, tuple[Law, list[list[int]]]] = {
    "two pairs": (lambda a, b, c, d, e: (torch.sin(a) + b) * (c**2 + d), [[0, 1], [2, 3]]),
    "three factors": (lambda a, b, c, d, e: (a + b).sqrt() / (1 + c * d) * torch.exp(-e), [[0, 1], [2, 3], [4]]),
    "negative": (lambda a, b, c, d, e: -torch.exp(a * b) * (c + d * e), [[0, 1], [2, 3, 4]]),
}
CONNECTED: dict[str, Law] = {
    "one sum inside": lambda a, b, c, d, e: torch.sin(a + b + c + d + e),
    "a chain of pairs": lambda a, b, c, d, e: a * b + b * c + c * d + d * e,
    "an effect of the first on all": lambda a, b, c, d, e: a * b + c / (a + d) + torch.sin(a * e),
}


def columns(seed: int, rows: int = 2000) -> Tensor:
    return 1 + 2 * torch.rand(rows, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def noisy(y: Tensor, level: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed + 100)
    return y + level * y.std() * torch.randn(len(y), dtype=y.dtype, generator=generator)


def table(x: Tensor, y: Tensor) -> Table:
    train = int(0.75 * len(y))
    return Table(x[:train], y[:train], x[train:], y[train:], SYMBOLS)


@pytest.mark.parametrize("level", [0.0, 0.01])
@pytest.mark.parametrize("name", SUMS)
def test_parts_of_a_sum_are_found(name: str, level: float) -> None:
    law, expected = SUMS[name]
    x = columns(1)
    y = noisy(law(*x.T), 0.0 if name == "a weak part" else level, 1)
    assert groups(x - 2, (y - y.mean()) / y.std()) == expected


@pytest.mark.parametrize("level", [0.0, 0.01])
@pytest.mark.parametrize("name", PRODUCTS)
def test_parts_of_a_product_are_found(name: str, level: float) -> None:
    law, expected = PRODUCTS[name]
    x = columns(2)
    y = law(*x.T)
    separation = separate(table(x, y + level * y * torch.randn(len(y), dtype=y.dtype, generator=seeded(5))))
    assert separation is not None
    assert separation.op is Op.PRODUCT
    assert separation.groups == expected
    assert separation.error < 1e-4 + 10 * level**2


@pytest.mark.parametrize("level", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("name", CONNECTED)
def test_what_acts_together_is_one_part(name: str, level: float) -> None:
    x = columns(3)
    y = CONNECTED[name](*x.T)
    assert separate(table(x, noisy(y, level, 3))) is None


def test_chance_joins_few_columns() -> None:
    """Every pair is tested, and tests are repeated: still hardly ever a false interaction."""
    found = []
    for seed in range(20):
        x = columns(seed, 1000)
        y = noisy(x[:, 0].sin() + x[:, 1] ** 2 + x[:, 2] + x[:, 3].log() + 1 / x[:, 4], 0.1, seed)
        found.append(groups(x - 2, y))
    assert sum(each != [[j] for j in range(5)] for each in found) <= 1


def test_parts_give_the_target_up_to_constants() -> None:
    x = columns(4)
    a, b, c, d, e = x.T
    parts = [torch.exp(-((a - b) ** 2)), c * d / (1 + e)]
    whole = table(x, parts[0] + parts[1])
    separation = separate(whole)
    assert separation is not None
    torch.testing.assert_close(joined(separation.op, separation.values), whole.y, rtol=0, atol=1e-2)
    for values, part in zip(separation.values, parts, strict=True):
        constant = values - part[: len(values)]
        assert float(constant.std()) < 1e-3 * float(part.std())


def test_correlated_and_odd_columns_do_no_harm() -> None:
    x = columns(6)
    x[:, 1] = x[:, 0] + 1e-3 * x[:, 1]
    x[:, 2] = (x[:, 2] > 2).to(x.dtype)
    x[:, 3] = x[:, 4]
    y = x[:, 0] * x[:, 1] + x[:, 2] * x[:, 4]
    separation = separate(table(x, y))
    assert separation is None or separation.values.isfinite().all()


def test_few_rows_are_not_judged() -> None:
    x = columns(7, 150)
    assert separate(table(x, x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3])) is None


@pytest.mark.parametrize("constant", [-3.0, 0.0, 0.7])
def test_the_constant_of_a_product_is_found(constant: float) -> None:
    x = columns(8)[:, :3]
    y = x[:, 0] * torch.tanh(x[:, 1] * x[:, 2] / 2) + constant
    assert product_offset(x - 2, y, 0.0) == pytest.approx(constant, abs=1e-3)


def test_what_is_no_product_has_no_constant() -> None:
    x = columns(9)[:, :3]
    assert product_offset(x - 2, torch.log(x[:, 0] ** 2 + x[:, 1] * x[:, 2]), 0.0) is None
    assert product_offset(x[:, :1] - 2, x[:, 0], 0.0) is None


def test_a_law_that_polynomials_of_its_parts_miss_is_given_up_at_once() -> None:
    """Three columns that act together only, and on either side of zero, look as if they did not."""
    x = columns(11)
    a, b, c, d, e = (x - 2).T
    rows = table(x, a * torch.sin(5 * b) * torch.sin(5 * c) + d + e**2)
    ledger, never = Ledger(rows, lambda: False, Listener()), lambda: False
    noise_test = NoiseTest(rows, ledger, seeded(0), never, Listener())
    budget = Budget.until(Clock(), 60, 60)

    def search(part: Table, budget: Budget, target: PartTarget) -> Sequence[Found]:
        raise AssertionError(part.symbols)

    assert separate(rows) is not None
    assert not Parts(rows, ledger, noise_test, budget, Listener(), search).solved(network_error=1e-3)


def test_a_law_is_found_part_by_part() -> None:
    class Recorder(Listener):
        parts: ClassVar[list[str]] = []

        def stage(self, stage: Stage, detail: str = "") -> None:
            self.parts += [detail] * (stage is Stage.SEPARATE)

    a, b, c, d, e = columns(10).T
    y = a * torch.sin(3 * b) + c / (d + e)
    budget = Budget.until(Clock(), 30, 30)
    x = torch.stack([a, b, c, d, e], 1)
    result = Search(table(x, y), without_twins(select(None, ())), seeded(0), budget, Recorder()).run()
    assert result.outcome is Outcome.CONVERGED
    assert Recorder.parts == ["a, b", "c, d, e1"]
    s, t, u, v, w = SYMBOLS
    assert sympy.expand(result.found[0].finished.expression - (s * sympy.sin(3 * t) + u / (v + w))) == 0


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_constant_column_has_no_offset() -> None:
    u = columns(9) - 2
    u[:, 0] = 0.0
    assert product_offset(u, torch.full((len(u),), 3.0, dtype=torch.float64), 0.0) is None
