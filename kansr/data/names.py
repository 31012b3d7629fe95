"""Looking up column names that a person typed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

__all__ = ["suggestion"]

_SHOWN = 12


def suggestion(name: str, columns: Sequence[str]) -> str:
    """A hint for a name that is no column: the nearest name, and all the names if they are few."""
    lower = {column.lower(): column for column in reversed(columns)}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    listed = ", ".join(columns[:_SHOWN]) + (", ..." if len(columns) > _SHOWN else "")
    return (f"did you mean {lower[close[0]]!r}? " if close else "") + f"columns: {listed}"
