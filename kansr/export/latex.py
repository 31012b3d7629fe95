"""LaTeX."""

from __future__ import annotations

from kansr.formula.names import latex_expression
from kansr.results import Summary

__all__ = ["to_latex"]


def to_latex(summary: Summary) -> str:
    """One line for LaTeX's mathematics mode, with constants rounded to six digits."""
    return latex_expression(summary.result.best.expression, summary.result.target) + "\n"
