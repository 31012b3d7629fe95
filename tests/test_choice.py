"""The choice among formulas, given their sizes, description lengths and errors."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from kansr.choice import Choice, Option, choose, pareto_front
from kansr.config import Rule

RULES: tuple[Rule, ...] = get_args(Rule)


@st.composite
def tables(draw: st.DrawFn) -> list[Option]:
    """Formulas with errors on the same rows; some are exact, some have no value somewhere, many are alike."""
    rows = draw(st.integers(1, 12))
    number = st.floats(-3, 3, width=16) | st.floats(-1e-8, 1e-8) | st.sampled_from([0.0, np.inf, np.nan, 1e200])
    errors = st.floats(-2, 2).map(lambda c: np.full(rows, c)) | arrays(float, rows, elements=number)
    option = st.builds(Option, st.integers(1, 8), st.floats(-50, 50), errors)
    constant = Option(1, draw(st.floats(-50, 50)), draw(arrays(float, rows, elements=st.floats(-3, 3))))
    return [constant, *draw(st.lists(option, max_size=9))]


def beats(one: Option, other: Option) -> bool:
    """Better in size or error and in neither worse."""
    return one.size <= other.size and one.rmse <= other.rmse and (one.size, one.rmse) != (other.size, other.rmse)


@given(tables())
def test_the_front_is_what_no_other_beats(options: list[Option]) -> None:
    front = pareto_front(options)
    for i, option in enumerate(options):
        beaten = any(beats(other, option) for other in options)
        twins = [k for k in front if (options[k].size, options[k].rmse) == (option.size, option.rmse)]
        assert beaten == (not twins)
        assert len(twins) <= 1
        if i in front:
            assert twins == [i]
    assert [options[i].size for i in front] == sorted(options[i].size for i in front)


@given(tables(), st.sampled_from(RULES), st.sampled_from([0.0, 0.1, 1.0]))
def test_the_chosen_one_is_shown_with_the_front(options: list[Option], rule: Rule, noise: float) -> None:
    choice = choose(options, rule, noise)
    front = pareto_front(options)
    assert choice.chosen in choice.front
    assert set(choice.front) == {*front, choice.chosen}
    assert rule == "balanced" or choice.chosen in front
    assert [options[i].size for i in choice.front] == sorted(options[i].size for i in choice.front)
    assert "\n" not in choice.reason
    assert f"{options[choice.chosen].size} node" in choice.reason


@given(tables())
def test_simplest_is_never_larger_than_best_nor_best_than_the_most_accurate(options: list[Option]) -> None:
    simplest, best = (options[choose(options, rule, 0.0).chosen] for rule in ("simplest", "best"))
    accurate = options[pareto_front(options)[-1]]
    assert simplest.size <= best.size <= accurate.size


@given(tables())
def test_balanced_is_the_shortest_description(options: list[Option]) -> None:
    assert options[choose(options, "balanced", 0.0).chosen].length == min(option.length for option in options)


@given(tables())
@settings(max_examples=200)
def test_simplest_is_within_one_standard_error_of_the_difference(options: list[Option]) -> None:
    chosen, least = options[choose(options, "simplest", 0.0).chosen], options[pareto_front(options)[-1]]
    if chosen is not least:
        more = chosen.errors**2 - least.errors**2
        assert more.mean() <= stats.sem(more) * (1 + 1e-9)


def test_each_rule_has_its_own_answer() -> None:
    accurate = np.full(4, 2.0)
    # worse on two rows of four: within one standard error, but more than one row speaks against it
    nearly = np.sqrt(4 + 1 + 1.8 * np.array([1.0, -1.0, 1.0, -1.0]))
    options = [Option(1, 0.0, 9 * accurate), Option(3, -5.0, nearly), Option(5, -9.0, nearly), Option(7, 0.0, accurate)]
    chosen = {rule: choose(options, rule, 0.0).chosen for rule in RULES}
    assert chosen == {"simplest": 1, "balanced": 2, "best": 3}


def test_a_lead_that_hangs_on_one_row_is_chance() -> None:
    alike = Option(3, 0.0, np.ones(20))
    lucky = Option(8, 0.0, np.array([0.0, *np.ones(19)]))
    better = Option(8, 0.0, np.array([0.0, 0.0, *np.ones(18)]))
    assert choose([alike, lucky], "best", 0.0).chosen == 0
    assert choose([alike, better], "best", 0.0).chosen == 1


def test_one_standard_error_by_hand() -> None:
    """Squared errors that differ by 1 -+ d: the mean is 1, the standard error of four rows d/sqrt(3)."""
    for d, chosen in ((1.8, 0), (1.6, 1)):
        worse = Option(2, 0.0, np.sqrt(4 + 1 + d * np.array([1.0, -1.0, 1.0, -1.0])))
        assert choose([worse, Option(6, 0.0, np.full(4, 2.0))], "simplest", 0.0).chosen == chosen


def test_below_rounding_all_errors_are_equal() -> None:
    exact = [Option(5, 0.0, np.full(9, 5e-9)), Option(8, -9.0, np.full(9, 1e-16)), Option(1, 9.0, np.full(9, 1.0))]
    assert pareto_front(exact) == [2, 0]
    assert choose(exact, "best", 0.0).chosen == choose(exact, "simplest", 0.0).chosen == 0
    # the shortest description is shown even where a simpler formula is as exact
    assert choose(exact, "balanced", 0.0).front == (2, 0, 1)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (
            choose([Option(1, 9.0, np.ones(4)), Option(5, 0.0, np.full(4, 0.005))], "balanced", 0.005),
            "shortest description, with 5 nodes and an error at the noise; the next simpler (1 node) has 200 times the "
            "error",
        ),
        (
            choose([Option(1, 9.0, np.ones(4)), Option(5, 0.0, np.zeros(4))], "best", 0.0),
            "least error, with 5 nodes and no error beyond rounding; the next simpler (1 node) has more than a million "
            "times the error",
        ),
        (
            choose([Option(1, 0.0, np.ones(2)), Option(7, 9.0, np.array([0.5, 0.9]))], "balanced", 0.0),
            "shortest description, with 1 node and an error of 100 % of the target's spread; the most accurate (7 "
            "nodes) has 0.73 times the error",
        ),
        (
            choose([Option(3, 0.0, np.full(2, np.inf)), Option(1, 1.0, np.ones(2))], "balanced", 0.0),
            "shortest description, with 3 nodes and no value on some rows",
        ),
    ],
)
def test_the_reason_in_words(choice: Choice, reason: str) -> None:
    assert choice.reason == reason
