"""Files of a run folder as text and data: the folder may come from a stranger, and reading it costs little."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

from kansr.errors import RunDirectoryError
from kansr.text import brief

__all__ = ["DAMAGED", "parse_json", "read_bytes", "read_text"]

DAMAGED = "the folder was changed or comes from another version; run 'kansr fit' again"
# Ten thousand columns with names of a line each take a few megabytes.
MAX_BYTES = 16_000_000
MAX_DEPTH = 20
MAX_DIGITS = 100


def read_text(folder: Path, name: str, limit: int = MAX_BYTES) -> str:
    """The text of one file of a run folder.

    Raises:
        RunDirectoryError: If it cannot be read, is no text, or is not a file of the folder itself.
    """
    try:
        return read_bytes(folder, name, limit).decode("utf-8")
    except UnicodeDecodeError:
        raise RunDirectoryError(f"{folder / name}: cannot be read: no text in UTF-8", DAMAGED) from None


def read_bytes(folder: Path, name: str, limit: int = MAX_BYTES) -> bytes:
    """The bytes of one file of a run folder: no link to elsewhere, no device or pipe, not beyond `limit`.

    Raises:
        RunDirectoryError: If it cannot be read or is not such a file.
    """
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise RunDirectoryError(f"{path}: a link that leads out of the run folder", DAMAGED)
        # A pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RunDirectoryError(f"{path}: not a plain file", DAMAGED)
            content = file.read(limit + 1)
    except (OSError, RuntimeError) as error:  # links that go in a circle are a RuntimeError
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise RunDirectoryError(f"{path}: {reason}", DAMAGED) from None
    if len(content) > limit:
        raise RunDirectoryError(f"{path}: larger than {limit / 1e6:.3g} MB", DAMAGED)
    return content


def parse_json(text: str) -> Any:
    """JSON as kansr writes it: finite numbers, each key once, text that can be written again.

    Raises:
        ValueError: If the text is not that; says why.
        RecursionError: If it is nested very deeply.
    """
    content = json.loads(
        text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_whole_number, parse_float=_finite_number
    )
    _check(content, 0)
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {brief(next(n for n in names if names.count(n) > 1))} is there twice")
    return content


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number in JSON")


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite_number(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError(f"the number {brief(digits)} is too large")
    return number


def _check(content: object, depth: int) -> None:
    """Checks the depth, and that all text is such as UTF-8 can hold: JSON can spell halves of characters."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(content, str):
        content.encode()
    elif isinstance(content, dict):
        for key, value in content.items():
            _check(key, depth)
            _check(value, depth + 1)
    elif isinstance(content, list):
        for value in content:
            _check(value, depth + 1)
