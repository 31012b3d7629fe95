"""Writing one file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["left_behind", "write_file"]


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
        _sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def left_behind(folder: Path, name: str = "*") -> list[Path]:
    """What `write_file` leaves in a folder if the process is killed, of one file or of all."""
    return list(folder.glob(f".{name}.*.partial"))


def _sync_folder(folder: Path) -> None:
    """Makes a new name in a folder outlast a power failure, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
