"""From a path to text: bytes, their digest, their encoding."""

from __future__ import annotations

import codecs
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from kansr.errors import DataError

__all__ = ["STDIN", "SourceText", "read_text"]

STDIN = "-"

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Control characters that no text contains: all below the space but tab, line feed, form feed and carriage return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_PACKED = {
    b"PK\x03\x04": "a spreadsheet or a ZIP archive: export the table as CSV first",
    b"\x1f\x8b": "a gzip file: unpack it first, or pipe it: gzip -dc FILE | kansr fit -",
    b"PAR1": "a Parquet file: write the table as CSV first",
}


@dataclass(frozen=True)
class SourceText:
    """The text of a file, with line feeds as the only line ends.

    Attributes:
        source: What messages call the file.
        name: Short name, safe as part of a folder's name.
        text: The decoded text.
        notes: What the user should know about the decoding.
        sha256: Digest of the bytes.
    """

    source: str
    name: str
    text: str
    notes: tuple[str, ...]
    sha256: str


def read_text(path: str) -> SourceText:
    """Reads a text file, or standard input where `path` is `-`.

    Raises:
        DataError: If there is no such file, it cannot be read, or it is empty or no text.
    """
    source = "standard input" if path == STDIN else path
    raw = sys.stdin.buffer.read() if path == STDIN else _read_bytes(Path(path))
    text, notes = _decode(raw, source)
    if not text.strip():
        raise DataError(f"{source}: the file is empty", "a table needs a line of column names and rows of numbers")
    name = "stdin" if path == STDIN else re.sub(r"[^\w.-]+", "_", Path(path).stem)
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return SourceText(source, name, unified, notes, hashlib.sha256(raw).hexdigest())


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path}: a folder, not a table", "give the path of one CSV file")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", "check the path; `-` reads standard input") from None
    except PermissionError:
        raise DataError(f"{path}: no permission to read it", "check the file's permissions: ls -l") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}", "check the path and the disk") from None


def _decode(raw: bytes, source: str) -> tuple[str, tuple[str, ...]]:
    for magic, hint in _PACKED.items():
        if raw.startswith(magic):
            raise DataError(f"{source}: binary data, not a CSV file", f"it looks like {hint}")
    notes: tuple[str, ...] = ()
    encoding = next((name for bom, name in _BOMS.items() if raw.startswith(bom)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            message = f"{source}: byte {error.start} cannot be decoded, although the file says that it is {encoding}"
            raise DataError(message, "save the table again as CSV in UTF-8") from None
        text = raw.decode("latin-1")
        notes = ("the file is not UTF-8: read as Latin-1",)
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        message = f"{source}, line {line}: binary data, not a CSV file"
        raise DataError(message, "export the table as CSV in UTF-8")
    return text, notes
