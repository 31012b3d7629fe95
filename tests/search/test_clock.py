"""Readings of a clock are given again, and time goes on after them."""

from __future__ import annotations

import time

import pytest

from kansr.search.budget import Budget
from kansr.search.clock import Clock, Readings

TICK = 1 / 32


class Hand:
    """The computer's clock, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    hand = Hand()
    monkeypatch.setattr(time, "monotonic", hand)
    return hand


def asked(clock: Clock, hand: Hand, steps: list[float]) -> list[float]:
    readings = []
    for step in steps:
        hand.seconds += step
        readings.append(clock.now())
    return readings


def test_time_counts_from_the_start_of_the_process(hand: Hand) -> None:
    clock = Clock()
    clock.start(lambda: False, started=hand.seconds - 2)
    assert asked(clock, hand, [0, 0.001, 0.5]) == [2, 2, 2.5]
    assert clock.elapsed() == pytest.approx(2.501)


def test_recorded_readings_are_given_again_whatever_the_time_is(hand: Hand) -> None:
    clock = Clock()
    clock.start(lambda: False)
    first = asked(clock, hand, [0, 0, 0.1, 0, 0, 0.7, 2, 0])
    again = Clock(clock.readings)
    hand.seconds += 500
    again.start(lambda: True)
    assert asked(again, hand, [3] * 8) == first
    assert not again.interrupted
    assert again.readings == clock.readings


def test_time_goes_on_where_it_was(hand: Hand) -> None:
    clock = Clock(Readings(3, ((0, 32), (2, 64))))
    clock.start(lambda: False, started=0.0)
    assert asked(clock, hand, [9, 9, 9]) == [1, 1, 2]
    assert clock.elapsed() == 2
    assert asked(clock, hand, [0, 0.5, 4]) == [2, 2.5, 6.5]


def test_skipped_readings_count_as_given(hand: Hand) -> None:
    readings = Readings(9, ((0, 32), (2, 64), (5, 96), (8, 128)))
    whole, clock = Clock(readings), Clock(readings)
    expected = asked(whole, hand, [0] * 9)
    assert clock.now() == expected[0]
    clock.skip(6)
    assert clock.moves_after(0) == list(readings.moves[:3])
    assert asked(clock, hand, [0] * 3) == expected[6:]


def test_after_forgetting_time_goes_on_at_once(hand: Hand) -> None:
    clock = Clock(Readings(9, ((0, 32), (2, 64), (5, 96))))
    assert asked(clock, hand, [1, 1, 1]) == [1, 1, 2]
    clock.forget()
    assert asked(clock, hand, [1, 1]) == [2, 3]
    assert clock.readings == Readings(5, ((0, 32), (2, 64), (4, 96)))


def test_an_interruption_is_the_end_of_all_time_and_is_recorded(hand: Hand) -> None:
    stop = False
    clock = Clock()
    clock.start(lambda: stop)
    budget = Budget.until(clock, 1e6, 1e6)
    assert not budget.expired()
    stop = True
    assert budget.expired()
    assert budget.closing()
    assert budget.part(10).expired()
    assert -1e12 < budget.left() < 0
    assert clock.interrupted
    assert clock.elapsed() == 0
    again = Budget.until(Clock(clock.readings), 1e6, 1e6)
    assert [again.expired(), again.expired()] == [False, True]


@pytest.mark.parametrize("heeding", [True, False])
def test_only_while_a_fit_is_repeated_the_user_may_end_recorded_readings(hand: Hand, heeding: bool) -> None:
    readings = Readings(9, ((0, 32), (2, 64), (5, 96)))
    clock, wishes = Clock(readings, heeding=heeding), iter([False] * 3)
    clock.start(lambda: next(wishes, True))
    assert asked(clock, hand, [1, 1, 1]) == [1, 1, 2]
    clock.now()
    assert clock.interrupted == heeding
    assert clock.readings.moves[:2] == readings.moves[:2]
    assert clock.elapsed() == 2


@pytest.mark.parametrize("moves", [((2, 5), (1, 6)), ((1, 5), (2, 5)), ((1, 5), (2, 4)), ((3, 5),), ((-1, 5),)])
def test_a_clock_that_moves_back_is_refused(moves: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="does not move back"):
        Readings(3, moves)


def test_the_clock_moves_in_ticks(hand: Hand) -> None:
    clock = Clock()
    clock.start(lambda: False)
    readings = asked(clock, hand, [0.01] * 200)
    assert all((reading / TICK).is_integer() for reading in readings)
    assert len(clock.readings.moves) == pytest.approx(2.0 / TICK, abs=2)
