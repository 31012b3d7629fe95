"""SymPy."""

from __future__ import annotations

from kansr.formula.names import format_expression
from kansr.results import Summary

__all__ = ["to_sympy"]


def to_sympy(summary: Summary) -> str:
    """The expression in SymPy syntax and full precision, on one line."""
    return format_expression(summary.result.best.expression) + "\n"
