"""Tables lie in their ranges, are the same for the same seed, and hold what the formula gives."""

from __future__ import annotations

import hashlib
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy.special import digamma

from kansr.bench import Problem, Suite, check_tables
from kansr.bench.draw import domain, generator, points, table, with_noise
from kansr.bench.suite import Range
from kansr.errors import DataError
from kansr.formula.parse import parse_expression


def problem(formula: str, rows: int | None = None, **ranges: Range) -> Problem:
    return Problem("p", parse_expression(formula, ranges), tuple(ranges), ranges, rows)


def test_the_generator_depends_on_problem_and_seed_only() -> None:
    digest = hashlib.sha256(b"p/7").digest()
    expected = np.random.default_rng(int.from_bytes(digest[:8], "little")).uniform(size=3)
    assert generator(problem("x", x=Range(low=0, high=1)), 7).uniform(size=3).tolist() == expected.tolist()


@given(
    low=st.floats(-50, 50),
    width=st.floats(0.1, 50),
    dist=st.sampled_from(["uniform", "loguniform", "integer"]),
    sign=st.sampled_from([None, "positive", "negative", "both"]),
)
def test_values_lie_in_their_range(low: float, width: float, dist: str, sign: str | None) -> None:
    low = abs(low) + 1 if dist == "loguniform" or sign else low
    width = width + 1 if dist == "integer" else width
    spec = Range.model_validate({"low": low, "high": low + width, "dist": dist, "sign": sign})
    x, y = table(problem("3*x", x=spec), 50, np.random.default_rng(0))
    assert y.tolist() == (3 * x[:, 0]).tolist()
    assert x.shape == (50, 1)
    sizes = np.abs(x) if sign else x
    assert (sizes >= (np.trunc(low) if dist == "integer" else low * (1 - 1e-12) - 1e-12)).all()
    assert (sizes <= (low + width) * (1 + 1e-12) + 1e-12).all()
    if dist == "integer":
        assert (x == np.round(x)).all()
        assert (sizes < low + width).all()
    if sign in {"positive", "negative"}:
        assert (x < 0).all() == (sign == "negative")


def test_wider_ranges_go_on_a_quarter_on_each_side() -> None:
    spec = {"x": Range(low=1, high=3), "y": Range(low=1, high=100, dist="loguniform")}
    x, _ = points(parse_expression("x + y", spec), spec, 20_000, np.random.default_rng(0), widen=0.25)
    np.testing.assert_allclose(x.min(0), [0.5, 10**-0.5], rtol=0.01)
    np.testing.assert_allclose(x.max(0), [3.5, 10**2.5], rtol=0.01)


def test_the_same_seed_gives_the_same_table() -> None:
    law = problem("x*y", x=Range(low=0, high=1), y=Range(low=1, high=2))
    first, again, other = (table(law, 20, generator(law, seed))[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).all()


def test_only_points_with_a_value_are_taken() -> None:
    x, y = table(problem("log(x)", x=Range(low=-1, high=1)), 500, np.random.default_rng(0))
    assert len(x) == 500
    assert (x > 0).all()
    np.testing.assert_allclose(y, np.log(x[:, 0]))


def test_a_grid_of_all_variables() -> None:
    axis = {"dist": "linspace", "low": 0}
    ranges = {"a": Range(**axis, high=1, n=3), "b": Range(**axis, high=3, n=4)}
    law = problem("a/b", 3, **ranges)
    x, y = table(law, 999, np.random.default_rng(0))
    expected = [(a, b) for a in (0, 0.5, 1) for b in (1, 2, 3)]  # at b = 0 there is no value
    np.testing.assert_allclose(x, expected)
    np.testing.assert_allclose(y, [a / b for a, b in expected])
    assert {r.dist for r in domain(law).values()} == {"uniform"}


def test_rows_that_a_problem_asks_for() -> None:
    law = problem("x", 7, x=Range(low=0, high=1, n=7))
    assert len(table(law, 999, np.random.default_rng(0))[1]) == 7


def test_a_table_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("y,z,x\n1,5,2\n3,6,4\n")
    law = Problem("p", parse_expression("x + y", "xy"), ("x", "y"), file=tmp_path / "t.csv", target_column="z")
    x, y = table(law, 999, np.random.default_rng(0))
    assert x.tolist() == [[2, 1], [4, 3]]
    assert y.tolist() == [5, 6]
    assert {name: (r.low, r.high) for name, r in domain(law).items()} == {"x": (2, 4), "y": (1, 3)}


def test_noise_is_relative_to_the_root_mean_square() -> None:
    y = np.full(100_000, -4.0)
    assert with_noise(y, 0.25, np.random.default_rng(0)).std() == pytest.approx(1, rel=0.02)
    assert (with_noise(y, 0, np.random.default_rng(0)) == y).all()


def test_tables_are_checked_before_the_first_fit(tmp_path: Path) -> None:
    nowhere = problem("log(-x - 1)", x=Range(low=0, high=1))
    with pytest.raises(DataError, match="laws: problem 'p': the formula has no value in its ranges"):
        check_tables(Suite("laws", (nowhere,)))
    missing = Problem("q", nowhere.expression, ("x",), file=tmp_path / "none.csv")
    with pytest.raises(DataError, match=r"laws: problem 'q': .*none\.csv: no such file"):
        check_tables(Suite("laws", (missing,)))


def test_harmonic_numbers(tmp_path: Path) -> None:
    from kansr.bench import read_suite

    path = tmp_path / "h.yaml"
    path.write_text("problems: [{id: h, formula: harmonic(n), train: {n: {dist: linspace, low: 1, high: 4, n: 4}}}]")
    (law,) = read_suite(path).problems
    _, y = table(law, 1, np.random.default_rng(0))
    np.testing.assert_allclose(y, [1, 3 / 2, 11 / 6, 25 / 12], rtol=1e-14)
    _, between = points(law.expression, domain(law), 9, np.random.default_rng(0))
    x, _ = points(law.expression, domain(law), 9, np.random.default_rng(0))
    np.testing.assert_allclose(between, digamma(x[:, 0] + 1) - digamma(1), rtol=1e-13)
