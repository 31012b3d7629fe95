"""Tables that the search sees a sample of: rows, and columns."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch
from numpy.typing import NDArray

from kansr import measuring
from kansr.config import FitConfig
from kansr.data import Dataset, sampled, split_rows
from kansr.formula.evaluate import evaluate
from kansr.formula.names import format_expression
from kansr.pipeline import fit
from kansr.refitting import Timetable
from kansr.results import FitResult, SilentRecorder
from kansr.search.clock import Clock
from kansr.search.columns import strongest
from tests.test_pipeline import check_metrics

Array = NDArray[np.float64]
ROWS = 60_000
CONFIG = FitConfig(data="table.csv", time_limit=20.0)


def law(x: Array) -> Array:
    return 1.37 * x[:, 0] * np.sqrt(x[:, 1])


def long_table(rows: int = ROWS, *, noise: float = 0.05, sigma: bool = False) -> Dataset:
    generator = np.random.default_rng(11)
    x = generator.uniform(0.5, 2.0, (rows, 2))
    size = generator.uniform(0.01, 0.1, rows) if sigma else np.full(rows, noise)
    y = law(x) + size * generator.standard_normal(rows)
    split = split_rows(rows, 0, 0.15, 0.15)
    return Dataset("table", ("t", "u"), "y", x, y, split, (), "00" * 32, rows, 1 / size if sigma else None)


def run(data: Dataset, config: FitConfig = CONFIG) -> FitResult:
    return fit(data, config, SilentRecorder(), lambda: False)


def check_constant(result: FitResult, data: Dataset) -> None:
    """The constant and its standard error are those of least squares over all training rows."""
    rows = data.split.train
    weight = np.ones(len(rows)) if data.weight is None else data.weight[rows]
    f, y = law(data.x[rows]) / 1.37 * weight, data.y[rows] * weight
    value = float(f @ y / (f @ f))
    error = float(np.sqrt(((y - value * f) ** 2).sum() / (len(rows) - 1) / (f @ f)))
    (constant,) = result.best.constants
    assert constant.value == pytest.approx(value, abs=0.5 * error)  # it is rounded
    assert constant.stderr == pytest.approx(error, rel=1e-3)


@pytest.fixture(scope="module")
def fitted() -> tuple[Dataset, FitResult]:
    data = long_table()
    return data, run(data)


def test_constants_and_errors_are_those_of_all_rows(fitted: tuple[Dataset, FitResult]) -> None:
    data, result = fitted
    check_constant(result, data)
    check_metrics(result, data)
    assert result.best.metrics["train"].rows == len(data.split.train)
    assert result.best in result.front
    (note,) = [n for n in result.notes if "training rows" in n]
    assert note.startswith("the search used 10,00")
    assert note.endswith(f" of {len(data.split.train):,} training rows; constants and errors are those of all rows")


def test_rows_for_reporting_change_nothing(fitted: tuple[Dataset, FitResult]) -> None:
    data, result = fitted
    x, y = data.x.copy(), data.y.copy()
    x[data.split.test], y[data.split.test] = -1e3, 1e6
    spoilt = run(Dataset("table", data.features, "y", x, y, data.split, (), "00" * 32, ROWS))
    assert [c.expression for c in spoilt.front] == [c.expression for c in result.front]
    assert (spoilt.reason, spoilt.notes, spoilt.noise) == (result.reason, result.notes, result.noise)
    assert spoilt.best.constants == result.best.constants


def test_a_table_just_above_the_limit_gives_the_law_that_all_rows_give() -> None:
    data = long_table(15_000, noise=0.0)
    sampled, whole = run(data), run(_shorter(data, 9_900))
    assert [n for n in sampled.notes if "training rows" in n]
    assert not whole.notes
    assert sampled.best.expression == whole.best.expression
    check_metrics(sampled, data)


def _shorter(data: Dataset, train: int) -> Dataset:
    split = type(data.split)(data.split.train[:train], data.split.validation, data.split.test)
    return Dataset(data.name, data.features, data.target, data.x, data.y, split, (), data.sha256, data.rows_read)


def test_measurement_errors_count_on_all_rows() -> None:
    data = long_table(sigma=True)
    result = run(data, CONFIG.model_copy(update={"weights": "w"}))
    check_constant(result, data)
    check_metrics(result, data)


def test_outliers_count_less_on_all_rows() -> None:
    data = long_table()
    y = data.y.copy()
    wrong = np.random.default_rng(1).permutation(ROWS)[: ROWS // 20]
    y[wrong] += 3.0
    spoilt = Dataset("table", data.features, "y", data.x, y, data.split, (), "00" * 32, ROWS)
    result = run(spoilt, CONFIG.model_copy(update={"loss": "huber"}))
    x = np.random.default_rng(2).uniform(0.5, 2.0, (200, 2))
    error = evaluate(result.best.expression, {"t": x[:, 0], "u": x[:, 1]}) - law(x)
    assert np.abs(error).max() < 0.03  # least squares is off by 0.15
    (note,) = [n for n in result.notes if n.startswith("--loss huber")]
    light, of = (int(word) for word in note.split() if word.isdigit())
    assert of == len(data.split.train) + len(data.split.validation)
    assert light == pytest.approx(0.05 * of, rel=0.2)
    check_metrics(result, spoilt)


def test_without_rows_set_aside_nothing_is_cross_validated() -> None:
    data = long_table(20_000)
    every, none = np.arange(20_000), np.empty(0, dtype=np.int64)
    data = Dataset("table", data.features, "y", data.x, data.y, type(data.split)(every, none, none), (), "", 20_000)
    result = run(data)
    assert set(result.best.metrics) == {"train"}
    assert not any("leave-one-out" in note for note in result.notes)


def test_an_interrupted_fit_of_a_long_table_has_its_errors_on_all_rows() -> None:
    data = long_table()
    calls = iter(range(10**9))
    result = fit(data, CONFIG, SilentRecorder(), lambda: next(calls) > 10)
    check_metrics(result, data)
    assert any("keep the constants of the sample" in note for note in result.notes)
    assert not any("constants and errors are those of all rows" in note for note in result.notes)


def test_formulas_are_evaluated_on_one_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counting(expression: sympy.Expr, columns: dict[str, Array]) -> Array:
        sizes.extend(len(column) for column in columns.values())
        return evaluate(expression, columns)

    monkeypatch.setattr(measuring, "evaluate", counting)
    run(long_table(50_000), CONFIG.model_copy(update={"time_limit": 4.0}))
    assert max(sizes) == measuring.BLOCK < 50_000


def test_a_formula_without_a_value_on_some_row_is_not_chosen() -> None:
    """A root that every row of the samples allows, but not one of the validation rows."""
    data = long_table(40_000, noise=0.0)
    y = np.sqrt(data.x[:, 0] * data.x[:, 1] - 0.2)
    data = Dataset("table", ("a", "b"), "y", data.x, y, data.split, (), "00" * 32, 40_000)
    held = data.split.validation
    bad = held[~np.isin(y[held], sampled(data, CONFIG.seed).y)][:3]
    assert len(bad) == 3
    data.x[bad] = 0.3
    result = run(data, CONFIG.model_copy(update={"time_limit": 6.0}))
    assert result.front
    assert all(np.isfinite(c.metrics["validation"].rmse) for c in result.front)


def test_a_search_has_some_time_even_after_slow_reading() -> None:
    clock = Clock()
    now = clock.now()
    late = Timetable.of(clock, now - 30.0, 0.5)
    assert late.search_end >= now + 4.9
    assert late.fits_end > late.search_end
    assert [*late.notes()] == ["reading left too little of the time limit: the search was given 5 s more"]
    early = Timetable.of(clock, now + 60.0, 0.5)
    assert now + 30 < early.search_end < early.fits_end < now + 59
    assert not [*early.notes()]


# --- many columns


@pytest.mark.parametrize("rows", [140, 1500])
@pytest.mark.parametrize(
    "of",
    [
        lambda x: x[:, 3] * x[:, 70] + np.sin(2 * x[:, 150]),
        lambda x: 3 * x[:, 3] + 0.3 * x[:, 70] ** 2 + 0.1 * np.exp(x[:, 150]),
        lambda x: 1 / (1 + np.exp(3 * x[:, 3] - 2 * x[:, 70])) + 0.2 * x[:, 150],
    ],
)
def test_columns_that_matter_are_among_the_strongest(rows: int, of) -> None:  # type: ignore[no-untyped-def]
    generator = np.random.default_rng(rows)
    x = generator.uniform(0.5, 3.0, (rows, 200))
    y = of(x)
    kept = strongest(torch.from_numpy(x), torch.from_numpy(y + 0.02 * y.std() * generator.standard_normal(rows)))
    assert {3, 70, 150} <= set(kept)
    assert len(kept) <= 50


def test_columns_that_act_only_together_are_seen() -> None:
    x = np.random.default_rng(5).uniform(-1.0, 1.0, (1500, 120))
    y = x[:, 30] * x[:, 90] + 0.3 * x[:, 5]
    assert {5, 30, 90} <= set(strongest(torch.from_numpy(x), torch.from_numpy(y), most=6))


def test_a_wide_table_is_narrowed_and_the_law_found() -> None:
    generator = np.random.default_rng(6)
    x = generator.uniform(0.5, 3.0, (800, 200))
    y = 2.0 * x[:, 20] / x[:, 150]
    names = tuple(f"c{j}" for j in range(200))
    data = Dataset("table", names, "y", x, y, split_rows(800, 0, 0.15, 0.15), (), "00" * 32, 800)
    result = run(data, FitConfig(data="table.csv", time_limit=20.0))
    assert format_expression(result.best.expression) == "2*c20/c150"
    assert tuple(result.symbols) == names
    (note,) = [n for n in result.notes if "strongest visible influence" in n]
    assert note.endswith(" columns with the strongest visible influence of 200")
