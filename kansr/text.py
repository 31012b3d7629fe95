"""Text of strangers, made harmless for the place it goes to: a terminal, Markdown, a spreadsheet, a folder's name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = [
    "MAX_NAME",
    "brief",
    "markdown_text",
    "safe_name",
    "safe_names",
    "spreadsheet_plain",
    "spreadsheet_safe",
    "visible",
]

# A column may be called by a sentence, not by a book: longer names are refused, in tables and in run folders.
MAX_NAME = 1000
# Persian and the emoji need the joiners.
_JOINERS = "\u200c\u200d"
# Python's escapes end in `\x1b`, `\u202e` or `\U000e0041`; a space of any width is shown as a space.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_RUNS = re.compile(r"'*(?:\s*[=@+\-＝＠＋－]|[\t\r\n])")
# Windows knows these as devices, whatever their case and ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
_NAME_LENGTH = 40


def visible(text: str) -> str:
    r"""`text` without anything that moves a terminal's cursor, colours it, reorders or hides its letters.

    Control characters, marks of direction and invisible ones become escapes such as `\x1b` or `\u202e`.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    hidden = category in _HIDDEN and char not in _JOINERS
    return char.encode("unicode_escape").decode() if hidden else char


def brief(value: object, limit: int = 60) -> str:
    """`value` as a message quotes it: as Python writes it, on one line, cut to `limit` characters."""
    try:
        text = repr(value[: 2 * limit] if isinstance(value, str) else value)
    except (ValueError, RecursionError):  # Python writes no number of more than 4300 digits
        return "a number or list that is too long to be shown"
    text = visible(text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def markdown_text(text: str) -> str:
    """`text` on one line, without what Markdown reads as formatting, HTML, a link, a formula or a table's border."""
    escaped = re.sub(r"([\\`*_\[\]<>|#&~$@!])", r"\\\1", visible(" ".join(text.split())))
    # GitHub makes links of addresses without any mark around them.
    return re.sub(r"(?i)\b(www)\.", r"\1\\.", escaped.replace("://", r":\//"))


def spreadsheet_safe(cell: str) -> str:
    """A text cell, with an apostrophe in front where a spreadsheet would run it; `spreadsheet_plain` undoes it."""
    return f"'{cell}" if _runs(cell) else cell


def spreadsheet_plain(cell: str) -> str:
    """The text that `spreadsheet_safe` was given."""
    return cell[1:] if cell.startswith("'") and _runs(cell[1:]) else cell


def _runs(cell: str) -> bool:
    return bool(_RUNS.match(cell)) and not re.fullmatch(
        r"[+-]|[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?", cell
    )


def safe_names(texts: Iterable[str]) -> dict[str, str]:
    """A `safe_name` for each text, all different."""
    names: dict[str, str] = {}
    for text in texts:
        if text not in names:
            names[text] = safe_name(text, names.values())
    return names


def safe_name(text: str, taken: Iterable[str] = ()) -> str:
    """A name for a file or folder that says `text` as well as every file system can.

    It is one path component of letters, digits, `_`, `-` and inner dots: short, never hidden, and no device of Windows.

    Args:
        text: Anything.
        taken: Names that are in use; upper and lower case count alike, as they do on Windows and macOS.
    """
    letters = (
        c if c in "-." or unicodedata.category(c)[0] in "LMN" else "_" for c in unicodedata.normalize("NFKC", text)
    )
    name = re.sub(r"_+", "_", re.sub(r"\.\.+", ".", "".join(letters)))
    name = name.strip("._-")[:_NAME_LENGTH].strip("._-") or "unnamed"
    if _DEVICES.fullmatch(name):
        name = f"{name.replace('.', '_')}_"
    used = {_folded(other) for other in taken}
    free, number = name, 2
    while _folded(free) in used:
        free, number = f"{name}-{number}", number + 1
    return free


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
