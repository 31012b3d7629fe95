"""From a path to bytes: opened, unpacked and counted, with their digest."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from kansr.errors import DataError, KansrError
from kansr.text import safe_name

__all__ = ["STDIN", "Source", "foreign_parser", "open_source"]

STDIN = "-"

_BLOCK = 1 << 20
# Bytes that a file's kind is told by.
_MAGIC = 512
# What unpacks to more than this, and to so many times its packed size, is an attack: tables shrink tenfold.
_BOMB, _BOMB_RATIO = 100 << 20, 200
# A file that has to be read whole before it can be taken apart may be this long in a pipe.
_PIPED = 2 << 30
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")

_PACKED: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
}
_FOREIGN: dict[bytes, str] = {
    b"\xd0\xcf\x11\xe0": "an old Excel file: save it as .xlsx or CSV",
    b"SQLite format 3": "an SQLite database: export a table of it as CSV",
    b"\x89HDF": "an HDF5 or NetCDF file: export a table of it as CSV or Parquet",
    b"CDF": "a NetCDF file: export a table of it as CSV or Parquet",
    b"\x93NUMPY": "a NumPy array: write it with numpy.savetxt",
    b"%PDF": "a PDF: export the table as CSV",
    b"\x80\x04": "a Python pickle, which kansr never opens: write the table as CSV or Parquet",
    b"\x80\x05": "a Python pickle, which kansr never opens: write the table as CSV or Parquet",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"\x89PNG": "a picture: kansr needs the numbers, as CSV",
}


class Source:
    """An opened file.

    Attributes:
        label: What messages call the file.
        name: Short name, safe as part of a folder's name.
        kind: `text`, `excel`, `parquet` or `feather`.
        stream: The unpacked bytes; one that can be sought in unless it is text.
    """

    def __init__(self, label: str, name: str, kind: str, stream: io.BufferedReader[Any], raw: _Raw) -> None:
        self.label = label
        self.name = name
        self.kind = kind
        self.stream = stream
        self._raw = raw

    def sha256(self) -> str:
        """Digest of the file's bytes as they are on the disk; reads what was not read yet."""
        while self._raw.read(_BLOCK):
            pass
        return self._raw.digest.hexdigest()


class _Raw(io.RawIOBase):
    """The bytes of a file in order, digested and counted on the way."""

    def __init__(self, stream: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self.count = 0
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        self.digest.update(block)
        self.count += len(block)
        return len(block)


class _Unpacked(io.RawIOBase):
    """Unpacked bytes, as long as they stay in proportion to the packed ones."""

    def __init__(self, stream: BinaryIO, raw: _Raw, label: str, packing: str) -> None:
        self._stream, self._raw = stream, raw
        self._label, self._packing = label, packing
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with foreign_parser(self._label, f"{self._packing} file"):
            block = self._stream.read(len(buffer))
        self._count += len(block)
        _check_proportion(self._label, self._count, self._raw.count)
        buffer[: len(block)] = block
        return len(block)


def _check_proportion(label: str, unpacked: int, packed: int) -> None:
    if unpacked > _BOMB and unpacked > _BOMB_RATIO * packed:
        message = f"{label}: unpacks to more than {_BOMB_RATIO} times its size: refused"
        raise DataError(message, "if it is a table nevertheless, unpack it by hand")


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """Opens a file, or standard input where `path` is `-`; what is packed by gzip, bzip2, xz or zstd is unpacked.

    Raises:
        DataError: If there is no such file, it cannot be read, is an address, or of a kind that kansr cannot read;
            later, while it is read, if it is damaged.
    """
    if _ADDRESS.match(path):
        raise DataError(f"{path}: an address, not a file", "kansr uses no network: download the file first")
    label = "standard input" if path == STDIN else path
    name = "stdin" if path == STDIN else _short_name(path)
    file: BinaryIO = sys.stdin.buffer if path == STDIN else _open(path)
    try:
        yield _source(file, label, name)
    except OSError as error:
        raise DataError(f"{label}: cannot be read: {error.strerror or error}", "check the path and the disk") from None
    finally:
        if path != STDIN:
            file.close()


@contextmanager
def foreign_parser(label: str, what: str) -> Iterator[None]:
    """A library reads what may be damaged on purpose, and then fails in whatever way: that is the file's fault.

    Raises:
        DataError: In the place of any other exception.
    """
    try:
        yield
    except KansrError:
        raise
    except Exception:  # noqa: BLE001 (damaged files make openpyxl and pyarrow raise nearly anything)
        message = f"{label}: the {what} is damaged or cut off"
        raise DataError(message, "copy it again, or open and save it again") from None


def _source(file: BinaryIO, label: str, name: str) -> Source:
    raw = _Raw(file)
    stream: io.BufferedReader[Any] = io.BufferedReader(raw, _BLOCK)
    start = stream.peek(_MAGIC)
    if packing := next((packing for magic, packing in _PACKED.items() if start.startswith(magic)), None):
        stream = io.BufferedReader(_Unpacked(_unpacker(packing)(stream), raw, label, packing), _BLOCK)
        start = stream.peek(_MAGIC)
    kind = _kind(start, label)
    if kind == "text":
        return Source(label, name, kind, stream, raw)
    content = _whole(stream, label)
    if kind == "excel":
        _check_excel(content, label)
    return Source(label, name, kind, io.BufferedReader(content), raw)


def _open(path: str) -> BinaryIO:
    try:
        if Path(path).is_dir():
            raise DataError(f"{path}: a folder, not a table", "give the path of one file")
        return Path(path).open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", "check the path; `-` reads standard input") from None
    except PermissionError:
        raise DataError(f"{path}: no permission to read it", "check the file's permissions: ls -l") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path}: cannot be read: {reason}", "check the path and the disk") from None


def _short_name(path: str) -> str:
    stem = Path(path).name
    for ending in (".gz", ".xz", ".zst", ".bz2"):
        stem = stem.removesuffix(ending)
    return safe_name(Path(stem).stem)


def _kind(start: bytes, label: str) -> str:
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"ARROW1"):
        return "feather"
    if start.startswith(b"PK\x03\x04"):
        return "excel"
    for magic, hint in _FOREIGN.items():
        if start.startswith(magic):
            raise DataError(f"{label}: not a table that kansr can read", f"it looks like {hint}")
    return "text"


def _unpacker(packing: str) -> Callable[[BinaryIO], Any]:
    openers: dict[str, Callable[[BinaryIO], Any]] = {
        "gzip": gzip.open,
        "xz": lzma.open,
        "bzip2": bz2.open,
        "zstd": _open_zstd,
    }
    return openers[packing]


def _open_zstd(stream: BinaryIO) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(stream, "zstd")


def _whole(stream: BinaryIO, label: str) -> io.BytesIO:
    """The bytes in memory: spreadsheets and Parquet files are not read from start to end."""
    content = stream.read(_PIPED + 1)
    if len(content) > _PIPED:
        raise DataError(f"{label}: larger than {_PIPED >> 30} GB", "write the table as CSV")
    return io.BytesIO(content)


def _check_excel(stream: BinaryIO, label: str) -> None:
    with foreign_parser(label, "file"), zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
    if not any(entry.filename.startswith("xl/") for entry in entries):
        other = any(entry.filename == "mimetype" for entry in entries)
        hint = "save the spreadsheet as .xlsx or CSV" if other else "unpack the archive and give one file of it"
        raise DataError(f"{label}: not a table that kansr can read", hint)
    _check_proportion(label, sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries))
