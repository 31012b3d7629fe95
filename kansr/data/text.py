"""From bytes to lines of text: encoding, line ends, and nothing that is no text."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from itertools import chain

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
# What DOS and CP/M put at the end of a text.
_END_OF_FILE = "\x1a\n"
# A first line that tells Excel the delimiter.
_HINT = re.compile(r'"?sep=[,;\t|]"?\n?', re.IGNORECASE)
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
        self._begun = False
        self._before = 0  # lines that went out
        self._rest = ""  # the begin of the next block

    def __iter__(self) -> Iterator[list[str]]:
        while text := self._whole_lines():
            text = self._checked(text)
            # unlike str.splitlines, this ends lines at line feeds only
            lines = io.StringIO(text, newline="\n").readlines()
            if not self._before and lines and _HINT.fullmatch(lines[0]):
                lines[0] = "\n"
            yield lines
            self._before += len(lines)

    def _whole_lines(self) -> str:
        """The next lines, as one text; a line without end is not awaited."""
        try:
            return self._block() if self._begun else self._first_block()
        except UnicodeDecodeError:
            message = f"{self.label}: cannot be decoded, although it looks like {self._encoding}"
            raise DataError(message, "save the table again as CSV in UTF-8") from None

    def _first_block(self) -> str:
        """A small block: what a table looks like shows in its first lines."""
        self._begun = True
        lines: list[str] = []
        size = 0
        while len(lines) < 1000 and size <= _BLOCK and (line := self._stream.readline(_LONGEST + 1)):
            lines.append(line)
            size += len(line)
        return "".join(lines)

    def _block(self) -> str:
        text, self._rest = self._rest, ""
        while len(text) <= _LONGEST and (more := self._stream.read(_BLOCK)):
            if end := more.rfind("\n") + 1:
                self._rest = more[end:]
                return text + more[:end]
            text += more
        return text

    def _checked(self, text: str) -> str:
        """The text without a mark of its end, and with the letters of Latin-1.

        Raises:
            DataError: If there are control characters in it, or a line is too long.
        """
        self._check_lengths(text)
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw.translate(None, _CONTROL_BYTES)) != len(raw) and (found := _CONTROL.search(text)):
            if not self._ends(text[found.start() :]):
                line = self._before + text.count("\n", 0, found.start()) + 1
                message = f"{self.label}, line {line}: binary data, not a text table"
                raise DataError(message, "export the table as CSV in UTF-8")
            text = text[: found.start()]
        if self._lenient and not text.isascii() and _ESCAPED.search(text):
            text = _ESCAPED.sub(_latin, text)
            self.notes = ("the file is not UTF-8: read as Latin-1",)
        return text

    def _check_lengths(self, text: str) -> None:
        if len(text) <= _LONGEST:
            return
        for i, line in enumerate(io.StringIO(text, newline="\n")):
            if len(line) > _LONGEST:
                message = f"{self.label}, line {self._before + i + 1}: more than {_LONGEST:,} characters"
                raise DataError(message, "a table has one row in each line: look for a missing line end or quote")

    def _ends(self, text: str) -> bool:
        """Whether nothing comes any more but the marks that old systems put at the end of a file."""
        rest = chain([text, self._rest], iter(lambda: self._stream.read(_BLOCK), ""))
        return not any(each.strip(_END_OF_FILE) for each in rest)


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
