"""When a search has to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

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
    """

    late: Callable[[], bool]
    expired: Callable[[], bool]
    closing: Callable[[], bool]
    left: Callable[[], float]
    rest: Callable[[], float]

    @classmethod
    def until(cls, end: float, seconds: float, interrupted: Callable[[], bool]) -> Budget:
        """For a fit that may take so many seconds.

        Args:
            end: When it has to be done, in `time.monotonic()`.
            seconds: How long it may take in all.
            interrupted: Whether the user wants to stop.
        """

        def stop(margin: float) -> float:
            return end - min(margin, 0.05 * margin * seconds)

        def before_end(margin: float) -> Callable[[], bool]:
            return lambda: interrupted() or time.monotonic() > stop(margin)

        return cls(
            late=before_end(_LATE * seconds),
            expired=before_end(_RESERVE + _FINISHING),
            closing=before_end(_RESERVE),
            left=lambda: stop(_RESERVE + _FINISHING) - time.monotonic(),
            rest=lambda: stop(0.5 * _RESERVE) - time.monotonic(),
        )

    def part(self, seconds: float) -> Budget:
        """For a search inside this one."""
        return Budget.until(time.monotonic() + seconds, seconds, self.expired)
