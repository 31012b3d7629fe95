"""Ctrl-C during a search: the first asks it to end with the best so far, the second ends at once.

SIGTERM, which systems and job schedulers send before they kill, counts as Ctrl-C.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

__all__ = ["Interrupt"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """A context in which the first signal only sets a flag; call the object to ask for it."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        """Whether the user wants to end."""
        return self._asked

    def __enter__(self) -> Interrupt:
        self._previous = [signal.signal(number, self._on_signal) for number in _SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in zip(_SIGNALS, self._previous, strict=True):
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
