"""The function library."""

from __future__ import annotations

from kansr.functions.function import Function, Head, Inner
from kansr.functions.library import IDENTITY, LIBRARY, STANDARD, ZERO, allowed_heads, select, without_twins

__all__ = [
    "IDENTITY",
    "LIBRARY",
    "STANDARD",
    "ZERO",
    "Function",
    "Head",
    "Inner",
    "allowed_heads",
    "select",
    "without_twins",
]
