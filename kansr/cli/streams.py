"""Standard output and standard error as they may be: closed, full, or without the letters of a formula."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

__all__ = ["prepare_streams"]


def prepare_streams() -> None:
    """Makes both streams fit to be written to; call it once, before anything is printed."""
    _occupy(range(3))
    if sys.stdout is None:
        # What is printed cannot arrive: the first flush says so. A command that prints nothing is not disturbed.
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 (as long as the process)
    _accept_any_character(sys.stdout)
    _accept_any_character(sys.stderr)
    if not isinstance(sys.stderr, _Lossy):
        sys.stderr = _Lossy(sys.stderr)


def _occupy(descriptors: Iterable[int]) -> None:
    """Opens those that are closed: else a file of the run would get the number, and what libraries print there."""
    for descriptor in descriptors:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _accept_any_character(stream: TextIO) -> None:
    """A formula in Unicode must not fail on a terminal that lacks a character."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


class _Lossy:
    """Standard error whose reader may have gone: no message is worth a search that has found something."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
