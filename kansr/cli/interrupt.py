"""Ctrl-C during a search: the first asks it to end with the best so far, the second ends at once."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

__all__ = ["Interrupt"]


class Interrupt:
    """A context in which the first SIGINT only sets a flag; call the object to ask for it."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._asked

    def __enter__(self) -> Interrupt:
        self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
