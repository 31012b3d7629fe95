"""The function library."""

from __future__ import annotations

from kansr.functions.function import Function, Inner
from kansr.functions.library import IDENTITY, LIBRARY, STANDARD, ZERO, select, without_twins

__all__ = ["IDENTITY", "LIBRARY", "STANDARD", "ZERO", "Function", "Inner", "select", "without_twins"]
