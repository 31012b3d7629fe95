"""Writing one file."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_file"]


def write_file(path: Path, content: str | bytes, *, follow: bool = True) -> None:
    """Writes a file so that nobody ever sees half of it; a device or pipe is written to directly.

    Args:
        path: Where to.
        content: Text, which becomes UTF-8, or bytes.
        follow: Whether the file behind a link is meant where `path` is one; else the link is replaced.

    Raises:
        OSError: If the folder does not exist or cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    if follow and path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    if follow:
        path = path.resolve()
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
