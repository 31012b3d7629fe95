"""The time as the search sees it.

Time is the only thing besides the seed and the table that decides what a search does. So all its questions for the
time go to one clock, which notes the answers. With the same answers the search does the same again: a run that was
killed is taken up where it was, and one that the clock ended can be repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["TICK", "Clock", "Readings"]

# The clock moves in steps of so many seconds: a list of the moments when it moved is short. A power of two is exact.
TICK = 2.0**-5
# Where the hand stands once the user wants to end: beyond any time limit, yet finite.
_FAR = 2**40


@dataclass(frozen=True)
class Readings:
    """What a clock has answered.

    Attributes:
        count: How often it was asked.
        moves: The number of the first question after each move of the hand, and where the hand stood then, in ticks.
    """

    count: int = 0
    moves: Sequence[tuple[int, int]] = ()

    def __post_init__(self) -> None:
        for i, move in enumerate(self.moves):
            before = self.moves[i - 1] if i else (-1, -1)
            if not (before[0] < move[0] < self.count and before[1] < move[1] <= _FAR):
                raise ValueError(f"a clock does not move back: {before}, {move} of {self.count}")


class Clock:
    """Gives recorded readings first, then the time since the start of the fit, which goes on from the last of them.

    Args:
        readings: Of an earlier run of the same search.
        heeding: Whether the user may end the search while recorded readings are given. Where most steps are read from a
            journal this takes a moment only, and would lose what is read next.
    """

    def __init__(self, readings: Readings = Readings(), *, heeding: bool = False) -> None:
        self.count = 0
        self._recorded = readings.count
        self._moves = list(readings.moves)
        self._next, self._ticks = 0, 0
        self._base = 0.0  # seconds before `_begun`
        self._begun: float | None = None  # on `time.monotonic`, once time runs
        self._started: float | None = None
        self._heeding = heeding
        self._interrupted: Callable[[], bool] = lambda: False

    def start(self, interrupted: Callable[[], bool], started: float | None = None) -> None:
        """Tells what the clock cannot know.

        Args:
            interrupted: Whether the user wants to end the search: the time is up then.
            started: When the fit began (`time.monotonic()`), if that was not now.
        """
        self._interrupted = interrupted
        self._started = time.monotonic() if started is None else started

    def now(self) -> float:
        """Seconds since the start of the fit, not counting the time between a kill and the resumption."""
        if self._heeding and self._interrupted():
            self.forget()
        number, self.count = self.count, self.count + 1
        if number < self._recorded:
            self._wind(number)
        else:
            ticks = _FAR if self._interrupted() else int(self.elapsed() / TICK)
            if ticks > self._ticks:
                self._moves.append((number, ticks))
                self._ticks = ticks
        return self._ticks * TICK

    def elapsed(self) -> float:
        """The same for whoever only shows it: nothing may be decided by this."""
        if self.count <= self._recorded and self._recorded:
            return self._lasted()
        if self._begun is None:
            now = time.monotonic()
            self._base = self._lasted()
            self._begun = now if self._recorded or self._started is None else self._started
        return self._base + time.monotonic() - self._begun

    def _lasted(self) -> float:
        """Where the hand stood before the user wanted to end."""
        return max((t for _, t in self._moves[: self._next] if t < _FAR), default=0) * TICK

    @property
    def recorded_seconds(self) -> float:
        """How long the earlier run lasted, as far as that was recorded."""
        return self._moves[-1][1] * TICK if self._recorded and self._moves else 0.0

    @property
    def interrupted(self) -> bool:
        """Whether a reading said that the user wants to end."""
        return self._ticks >= _FAR

    @property
    def readings(self) -> Readings:
        """All answers so far."""
        return Readings(self.count, tuple(self.moves_after(0)))

    def moves_after(self, first: int) -> list[tuple[int, int]]:
        """Those moves of the hand so far that come after the first ones."""
        return self._moves[first : self._next if self.count < self._recorded else None]

    def skip(self, count: int) -> None:
        """Goes to the reading with this number, as if those before it had been asked for."""
        self._wind(count - 1)
        self.count = count

    def forget(self) -> None:
        """Drops the recorded readings that have not been given."""
        if self.count < self._recorded:
            self._recorded = self.count
            del self._moves[self._next :]

    def _wind(self, number: int) -> None:
        while self._next < len(self._moves) and self._moves[self._next][0] <= number:
            self._ticks = self._moves[self._next][1]
            self._next += 1
