"""Whether two runs gave the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from kansr.errors import RunDirectoryError

__all__ = ["differences"]


def differences(first: Path, second: Path) -> list[str]:
    """The fields of `formula.json` that differ in two run folders, such as `metrics.test.rmse`; none if no byte does.

    The file holds no times, so the same search gives the same file.

    Raises:
        RunDirectoryError: If one cannot be read.
    """
    one, other = (_bytes(folder / "formula.json") for folder in (first, second))
    if one == other:
        return []
    return list(_differing(json.loads(one), json.loads(other), "")) or ["layout"]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RunDirectoryError(f"{file}: {error.strerror}", "the folder was changed; run 'kansr fit' again") from None


def _differing(one: object, other: object, name: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _differing(one.get(key), other.get(key), f"{name}.{key}" if name else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from _differing(*pair, f"{name}[{i}]")
    elif one != other:
        yield name
