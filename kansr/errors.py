"""What can go wrong, and the exit status that a shell script sees.

KansrError
├── ConfigError        a wrong option or configuration file
├── DataError          a table that cannot be used
├── FormulaError       text that is not a formula of the kind kansr writes
├── RunDirectoryError  a run folder that is missing, foreign or already there
└── StoppedError       the user stopped a command at once

Only the user's mistakes are exceptions. Outcomes such as "the time limit was reached" are values
(`kansr.results.Outcome`). Anything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum

__all__ = [
    "ConfigError",
    "DataError",
    "ExitCode",
    "FormulaError",
    "KansrError",
    "RunDirectoryError",
    "StoppedError",
    "did_you_mean",
]


class ExitCode(IntEnum):
    """Exit status of the command line."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    DATA = 3
    NO_FORMULA = 4
    SOME_FAILED = 5
    INTERRUPTED = 130


class KansrError(Exception):
    """A user's mistake: one line that says what and where, and a hint that says what to do next."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(KansrError):
    """A wrong option or configuration file."""

    exit_code = ExitCode.USAGE


class DataError(KansrError):
    """A table that cannot be used."""

    exit_code = ExitCode.DATA


class FormulaError(KansrError):
    """Text that is not a formula of the kind kansr writes."""

    exit_code = ExitCode.DATA


class RunDirectoryError(KansrError):
    """A run folder that is missing, foreign or already there."""

    exit_code = ExitCode.USAGE


class StoppedError(KansrError):
    """No mistake, but the user's wish: what was done so far is kept where the hint says."""

    exit_code = ExitCode.INTERRUPTED


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as `did you mean 'best'?` for a word that is none of those known; empty if none is near."""
    lower = {name.lower(): name for name in reversed(list(known))}
    # Comparing takes the product of both lengths.
    close = difflib.get_close_matches(word[:100].lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else ""
