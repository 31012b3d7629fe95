"""From bytes to lines of text: encoding, line ends, and nothing that is no text."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from kansr.data.source import Source
from kansr.errors import DataError

__all__ = ["TextLines"]

# Characters of text that are read at a time, and the most that one line may have.
_BLOCK, _LONGEST = 8_000_000, 10_000_000
# Bytes that the encoding is told by where no mark says it.
_SAMPLE = 4096
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # starts like the next one
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Control characters that no text contains: all below the space but tab, line feed, form feed and carriage return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_CONTROL_BYTES = bytes(code for code in range(32) if code not in b"\t\n\f\r")
# What Python makes of bytes that are no UTF-8 (PEP 383).
_ESCAPED = re.compile("[\udc80-\udcff]")


class TextLines:
    """The lines of a text, block by block, with line feeds as the only line ends.

    Iterating gives lists of lines, each with its line feed but for the last of all.

    Attributes:
        label: What messages call the file.
        notes: What the user should know of the decoding, complete at the end only.
    """

    def __init__(self, source: Source) -> None:
        self.label = source.label
        self.notes: tuple[str, ...] = ()
        # a byte order mark is two to four bytes; the rest of the sample tells UTF-16 without one
        start = source.stream.peek(_SAMPLE)[:_SAMPLE]
        self._encoding = _encoding(start)
        self._lenient = self._encoding.startswith("utf-8")
        errors = "surrogateescape" if self._lenient else "strict"
        self._stream = io.TextIOWrapper(source.stream, self._encoding, errors)
        self._before = 0

    def __iter__(self) -> Iterator[list[str]]:
        while lines := self._read():
            yield lines

    def _read(self) -> list[str]:
        try:
            lines = self._stream.readlines(_BLOCK) if self._before else self._first_lines()
        except UnicodeDecodeError:
            message = f"{self.label}: cannot be decoded, although it looks like {self._encoding}"
            raise DataError(message, "save the table again as CSV in UTF-8") from None
        for i, line in enumerate(lines):
            if len(line) > _LONGEST:
                message = f"{self.label}, line {self._before + i + 1}: more than {_LONGEST:,} characters"
                raise DataError(message, "a table has one row in each line: look for a missing line end or quote")
        block = "".join(lines)
        self._check(block)
        if self._lenient and not block.isascii() and _ESCAPED.search(block):
            lines = [_ESCAPED.sub(_latin, line) for line in lines]
            self.notes = ("the file is not UTF-8: read as Latin-1",)
        self._before += len(lines)
        return lines

    def _first_lines(self) -> list[str]:
        """A small block: what a table looks like shows in its first lines, and a line without end is not awaited."""
        lines: list[str] = []
        while len(lines) < 1000 and (line := self._stream.readline(_LONGEST + 1)):
            lines.append(line)
            if len(line) > _LONGEST:
                break
        return lines

    def _check(self, block: str) -> None:
        raw = block.encode("utf-8", "surrogatepass")
        if len(raw.translate(None, _CONTROL_BYTES)) == len(raw):
            return
        found = _CONTROL.search(block)
        if found is not None:
            line = self._before + block.count("\n", 0, found.start()) + 1
            message = f"{self.label}, line {line}: binary data, not a text table"
            raise DataError(message, "export the table as CSV in UTF-8")


def _encoding(start: bytes) -> str:
    if marked := next((name for mark, name in _BOMS.items() if start.startswith(mark)), None):
        return marked
    if start and b"\x00" in start:
        # in UTF-16 every other byte of plain letters and digits is zero
        even, odd = start[::2].count(0) / len(start), start[1::2].count(0) / len(start)
        if odd > 0.3 and even < 0.05:
            return "utf-16-le"
        if even > 0.3 and odd < 0.05:
            return "utf-16-be"
    return "utf-8"


def _latin(found: re.Match[str]) -> str:
    """The character that Windows' Latin-1 has for a byte; where it has none, that of Latin-1 itself."""
    byte = bytes([ord(found[0]) - 0xDC00])
    try:
        return byte.decode("cp1252")
    except UnicodeDecodeError:
        return byte.decode("latin-1")
