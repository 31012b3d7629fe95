"""A file of records to which one process appends, and which may end anywhere: the process may be killed at any moment.

    file    magic, then records; the first one says whom the file belongs to
    record  length, checksum, content

The checksum is that of all records so far, so a record that was changed, moved or written only in part is noticed; it
and what follows are cut off.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["RecordFile"]

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: two processes are not kept from using one file there
    fcntl = None

_MAGIC = b"kansr journal 1\n"
_HEAD = struct.Struct(">QI")
# A kill loses nothing that was written; what a power failure may lose, in seconds.
_SYNC = 5.0


class RecordFile:
    """A file of records that is kept open; its length is their number.

    Args:
        path: The file; made if it does not exist.
        owner: Whom the records belong to; those of another owner are dropped.

    Raises:
        BlockingIOError: If another process uses the file.
        OSError: If it cannot be read or written.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = path
        self._found: list[bytes] = []
        self._ends: list[int] = []  # where each record ends, and the checksum up to there
        self._sums: list[int] = []
        self._synced = time.monotonic()
        self._file: BinaryIO = path.open("a+b", buffering=0)
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read(owner.encode())
        except BaseException:
            self._file.close()
            raise

    def _read(self, owner: bytes) -> None:
        self._file.seek(0)
        found = list(_records(self._file.read()))
        if not found or found[0][0] != owner:
            self._file.truncate(0)
            self._write(_MAGIC)
            self._ends, self._sums = [len(_MAGIC)], [0]
            self._append(owner)
        else:
            for content, end, checksum in found:
                self._found.append(content)
                self._ends.append(end)
                self._sums.append(checksum)
            self._ends.insert(0, len(_MAGIC))
            self._sums.insert(0, 0)
            self._file.truncate(self._ends[-1])
        del self._found[:1]  # the owner
        del self._ends[0], self._sums[0]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def take(self) -> list[bytes]:
        """The records that were found in the file; they are given once, for they may be large."""
        found, self._found = self._found, []
        return found

    def append(self, content: bytes) -> None:
        """Adds a record.

        Raises:
            OSError: If the disk is full; nothing of the record is left then.
        """
        self._append(content)
        if time.monotonic() > self._synced + _SYNC:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def _append(self, content: bytes) -> None:
        checksum = zlib.crc32(content, self._sums[-1])
        record = _HEAD.pack(len(content), checksum) + content
        try:
            self._write(record)
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._ends[-1])
            raise
        self._ends.append(self._ends[-1] + len(record))
        self._sums.append(checksum)

    def _write(self, data: bytes) -> None:
        written = self._file.write(data)
        while written < len(data):  # an almost full disk takes a part
            written += self._file.write(data[written:])

    def cut(self, count: int) -> None:
        """Drops all records but the first ones."""
        self._file.truncate(self._ends[count])
        del self._ends[count + 1 :], self._sums[count + 1 :]

    def close(self) -> None:
        """Lets other processes use the file."""
        self._file.close()


def _records(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The sound records, each with the place where it ends and the checksum up to there."""
    if not data.startswith(_MAGIC):
        return
    start, checksum = len(_MAGIC), 0
    while start + _HEAD.size <= len(data):
        length, expected = _HEAD.unpack_from(data, start)
        content = data[start + _HEAD.size : start + _HEAD.size + length]
        checksum = zlib.crc32(content, checksum)
        if len(content) < length or checksum != expected:
            return
        start += _HEAD.size + length
        yield content, start, checksum
