"""When a search has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kansr.search.clock import Clock

__all__ = ["Budget"]

# Seconds kept back for metrics and writing, and for finishing the formula at hand when the search must end.
_RESERVE, _FINISHING = 1.0, 2.0
# With this share of the time left a formula must be at hand, however noisy the data.
_LATE = 0.4


@dataclass(frozen=True)
class Budget:
    """When to do what; each is asked often.

    Attributes:
        late: It is time to have a formula: what there is gets named.
        expired: The search ends.
        closing: The finishing of formulas ends too; comes a little later.
        left: Seconds until the search ends.
        rest: Seconds until whatever still goes on is broken off.
        clock: Tells them the time.
    """

    late: Callable[[], bool]
    expired: Callable[[], bool]
    closing: Callable[[], bool]
    left: Callable[[], float]
    rest: Callable[[], float]
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def until(cls, clock: Clock, end: float, seconds: float, stopped: Callable[[], bool] = lambda: False) -> Budget:
        """For a fit that may take so many seconds.

        Args:
            clock: Tells the time.
            end: When it has to be done, in the clock's seconds.
            seconds: How long it may take in all.
            stopped: Whether something else ends it.
        """

        def stop(margin: float) -> float:
            return end - min(margin, 0.05 * margin * seconds)

        def before_end(margin: float) -> Callable[[], bool]:
            return lambda: stopped() or clock.now() > stop(margin)

        return cls(
            late=before_end(_LATE * seconds),
            expired=before_end(_RESERVE + _FINISHING),
            closing=before_end(_RESERVE),
            left=lambda: stop(_RESERVE + _FINISHING) - clock.now(),
            rest=lambda: stop(0.5 * _RESERVE) - clock.now(),
            clock=clock,
        )

    def part(self, seconds: float) -> Budget:
        """For a search inside this one."""
        return Budget.until(self.clock, self.clock.now() + seconds, seconds, self.expired)
