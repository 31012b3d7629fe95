"""Units in the names of columns: `mass [kg]`, `T (K)`, `v / m/s`."""

from __future__ import annotations

import re

from kansr.formula.parse import FUNCTIONS

__all__ = ["quantity", "unit"]

# Longer names are texts.
_MAX_LENGTH = 200

_PREFIX = "(?:da|[YZEPTGMkhdcmµμunpfazy])?"
_PREFIXED = "m|g|s|A|K|mol|cd|Hz|N|Pa|J|W|C|V|F|Ω|Ohm|ohm|S|Wb|T|H|lm|lx|Bq|Gy|Sv|kat|L|l|eV|bar|pc|cal|u|Da|M|rad|sr"
_OTHER = "%|°C|°F|°|degC|deg|min|h|hr|d|day|days|yr|year|years|a|au|AU|ly|atm|mmHg|Torr|psi|ha|in|ft|mi|ppm|ppb|dB|1"
_UNIT = rf"(?:{_PREFIX}(?:{_PREFIXED})|{_OTHER})(?:\^?[-−]?[0-9]+|\*\*-?[0-9]+|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"
_UNITS = re.compile(rf"\(?{_UNIT}\)?(?:\s*[·⋅*./ ]\s*\(?{_UNIT}\)?)*")

# Square brackets hold nothing but units, round ones after a space hardly anything else.
_BRACKETED = re.compile(r"(.*\S)\s*\[[^\[\]]*\]|(.*\S)\s+\([^()]*\)", re.DOTALL)
_GLUED = re.compile(r"(.*\w)\(([^()]*)\)", re.DOTALL)
_DIVIDED = re.compile(r"(.*?\S)\s+/\s+(\S.*)", re.DOTALL)


def quantity(name: str) -> str:
    """The name of a column without the unit at its end; the whole name if there is none.

    `T(K)` and `v / m/s` count as names with a unit only because `K` and `m/s` are units: `f(x)` and `mass / charge`
    are names as they stand.
    """
    text = name.strip()
    if len(text) > _MAX_LENGTH:
        return name
    if match := _BRACKETED.fullmatch(text):
        stem: str = match[1] or match[2]
        return name if match[2] and (stem in FUNCTIONS or stem in ("ln", "log10")) else stem
    for pattern in (_GLUED, _DIVIDED):
        match = pattern.fullmatch(text)
        if match and _UNITS.fullmatch(match[2].strip()):
            return match[1]
    return name


def unit(name: str) -> str | None:
    """The unit at the end of a column's name, without brackets; None if there is none."""
    rest = name.strip().removeprefix(quantity(name)).strip()
    return rest.strip("[]()/ ") or None
