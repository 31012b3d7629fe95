r"""Any text in LaTeX's mathematics mode, with nothing but ASCII and commands that plain LaTeX knows there.

What has no such command appears as its code point, `U+4E2D`: that compiles everywhere and is like no other name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

__all__ = ["LETTER", "latex_letters"]

# One letter of any alphabet, with the accents that it has no character for; a pattern.
LETTER = r"[^\W0-9_][\u0300-\u036f]*"

_ACCENTS: Mapping[str, str] = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030a": "mathring",
    "\u030c": "check",
    "\u20d7": "vec",
}
# Greek capitals that look like Latin ones have no command.
_GREEK_AS_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
_GREEK_SPELLING = {"lamda": "lambda", "final sigma": "varsigma"}
_SYMBOLS: Mapping[str, str] = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"{\backslash}",
    "^": r"{\wedge}",
    "~": r"{\sim}",
    "'": r"{}^{\prime}",
    '"': r"{}^{\prime\prime}",
    "`": "{\\grave{\0}}",
    **{c: f"{{{c}}}" for c in "+-*=<>:|"},
    "²": "{}^{2}",
    "³": "{}^{3}",
    "°": r"{}^{\circ}",
    "·": r"{\cdot}",
    "×": r"{\times}",
    "±": r"{\pm}",
    "−": "{-}",
    "–": "{-}",
    "∂": r"\partial ",
    "∇": r"\nabla ",
    "∞": r"\infty ",
    "√": r"{\surd}",
    "ħ": r"\hbar ",
    "ı": r"\imath ",
    "ℓ": r"\ell ",
    "ß": r"\mbox{\ss}",
    "æ": r"\mbox{\ae}",
    "Æ": r"\mbox{\AE}",
    "œ": r"\mbox{\oe}",
    "Œ": r"\mbox{\OE}",
    "ø": r"\mbox{\o}",
    "Ø": r"\mbox{\O}",
    "ł": r"\mbox{\l}",
    "Ł": r"\mbox{\L}",
    "µ": r"\mu ",
    "Ω": r"\Omega ",
}


def latex_letters(text: str) -> str:
    r"""`text` letter by letter: `ΔT` as `\Delta T`, `é` as `\acute{e}`, `50%` as `50\%`."""
    parts: list[str] = []
    for char in unicodedata.normalize("NFD", "".join(c if c in _SYMBOLS else _plain(c) for c in text)):
        if char in _ACCENTS and parts:
            parts[-1] = rf"\{_ACCENTS[char]}{{{parts[-1].strip()}}}"
        else:
            parts.append(_letter(char))
    return re.sub(r" (?=[^A-Za-z]|$)", "", "".join(parts)).replace("\0", r"\ ")


def _plain(char: str) -> str:
    """The character itself where a font or a width is all that sets it apart from an ordinary one."""
    normal = unicodedata.normalize("NFKC", char)
    return normal if len(normal) == 1 else char


def _letter(char: str) -> str:
    if char in _SYMBOLS:
        return _SYMBOLS[char]
    if char.isspace():
        return "\0"  # a space that counts
    if char.isascii() and char.isprintable():
        return char
    if char in _GREEK_AS_LATIN:
        return _GREEK_AS_LATIN[char]
    match = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z ]+)", unicodedata.name(char, ""))
    name = _greek(match[2].lower()) if match else ""
    if match and name:
        return rf"\{name.capitalize() if match[1] == 'CAPITAL' else name} "
    return f"U{{+}}{ord(char):04X}"


def _greek(name: str) -> str:
    """The command of a small Greek letter; empty for one that LaTeX has not."""
    name = _GREEK_SPELLING.get(name, name)
    known = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma varsigma tau upsilon"
    return name if name in f"{known} phi chi psi omega".split() else ""
