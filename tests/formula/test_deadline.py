"""Calculations that are ended, and that nothing of that reaches what comes after them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import sympy

from kansr.formula.deadline import TimeIsUp, within

X = sympy.Symbol("x", real=True)


def for_ever() -> None:
    while True:
        pass


def busy(seconds: float) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return "done"


def test_the_result_and_the_errors_of_a_calculation_are_its_own() -> None:
    assert within(60.0, lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        within(60.0, lambda: 1 // 0)


@pytest.mark.parametrize(
    "calculate",
    [
        for_ever,
        lambda: sympy.sin(sympy.exp(sympy.Float(1e7))),
        lambda: sympy.expand((1 + X + X**2 + sympy.sqrt(X + 1)) ** 60),
    ],
    ids=["a loop", "a number with millions of digits", "an expansion"],
)
def test_what_takes_for_ever_is_ended(calculate: Any) -> None:
    with pytest.raises(TimeIsUp):
        within(0.1, calculate)
    assert within(60.0, lambda: sympy.expand((X + 1) ** 2)) == X**2 + 2 * X + 1


def test_no_handler_on_the_way_takes_it_for_its_own() -> None:
    def careless() -> None:
        try:
            for_ever()
        except Exception:  # noqa: BLE001 - as some code of others does
            for_ever()

    with pytest.raises(TimeIsUp):
        within(0.1, careless)


def test_one_that_is_swallowed_comes_again() -> None:
    def obstinate() -> None:
        try:
            for_ever()
        except BaseException:  # noqa: BLE001 - as a destructor does
            for_ever()

    with pytest.raises(TimeIsUp):
        within(0.1, obstinate)


def test_an_inner_limit_ends_the_inner_calculation_alone() -> None:
    def outer() -> str:
        with pytest.raises(TimeIsUp):
            within(0.05, for_ever)
        return "went on"

    assert within(60.0, outer) == "went on"


def test_an_outer_limit_holds_inside() -> None:
    inner = []

    def outer() -> None:
        try:
            within(60.0, for_ever)
        except TimeIsUp:
            inner.append("the inner limit was not the one that was reached")

    with pytest.raises(TimeIsUp):
        within(0.1, outer)
    assert inner == []


def test_both_limits_reached_at_once() -> None:
    def outer() -> None:
        with pytest.raises(TimeIsUp):
            within(0.05, for_ever)
        for_ever()

    with pytest.raises(TimeIsUp):
        within(0.05, outer)


def ended(seed: int) -> int:
    """How many of some calculations that take about as long as they may were ended."""
    random = np.random.default_rng(seed)
    late = 0
    for _ in range(12):
        try:
            assert within(0.02, lambda: busy(random.uniform(0.0, 0.1))) == "done"
        except TimeIsUp:
            late += 1
        busy(1e-4)  # where an exception that comes too late would be seen
    return late


def test_ends_that_coincide_leave_nothing_behind_in_any_thread() -> None:
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(ended, range(6)))
    assert sum(counts) > 0
    busy(0.15)


def test_a_thread_is_not_disturbed_by_the_limit_of_another() -> None:
    done: list[str] = []
    other = threading.Thread(target=lambda: done.append(busy(0.3)))
    other.start()
    with pytest.raises(TimeIsUp):
        within(0.05, for_ever)
    other.join()
    assert done == ["done"]


def test_one_watchdog_is_enough() -> None:
    for _ in range(2000):
        within(60.0, int)
    assert sum(thread.name == "kansr-watchdog" for thread in threading.enumerate()) == 1
