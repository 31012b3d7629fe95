"""Numbers as a reader wants them."""

from __future__ import annotations

import math

from kansr.results import Constant

__all__ = ["error_text", "part_text", "r2_text", "value_text"]

_PARTS = {"train": "training", "cross_validation": "cross-validation"}


def part_text(part: str) -> str:
    """The rows that errors were measured on, in words."""
    return _PARTS.get(part, part.replace("_", " "))


def error_text(error: float) -> str:
    """An error with three digits."""
    return f"{error:.3g}" if math.isfinite(error) else "-"


def r2_text(r2: float) -> str:
    """A coefficient of determination; where it is nearly 1, the distance is what tells."""
    if not math.isfinite(r2):
        return "-"
    if 0 < 1 - r2 < 1e-4:
        return f"1 - {1 - r2:.1e}"
    return f"{r2:.4f}" if r2 < 1 else "1"


def value_text(constant: Constant) -> str:
    """A constant with its standard error, to the digits that the error leaves."""
    error = constant.stderr
    if error is None or not math.isfinite(error) or error <= 0:
        return f"{constant.value:.10g}"
    if constant.value == 0:
        return f"{constant.value:.10g} ± {error:.2g}"
    digits = math.floor(math.log10(abs(constant.value))) - math.floor(math.log10(error)) + 2
    # The `#` keeps zeros at the end: they are known digits.
    value = f"{constant.value:#.{digits}g}" if 2 <= digits <= 15 else f"{constant.value:.{min(max(digits, 2), 15)}g}"
    return f"{value} ± {error:.2g}"
