"""Description length: the one number behind every choice.

A model of n rows costs what it takes to send the rows given the model and then the model itself (J. Rissanen,
Automatica 14, 1978; for formulas S.-M. Udrescu et al., NeurIPS 2020, arXiv:2006.10782):

    DL = n/2 * log(mse)  +  sum over constants of log(1 + |c| / stderr(c))  +  structure,

in nats. A constant costs as many digits as the data support: one known to four digits costs log(10^4), and none costs
less than 1/2 log(n). For coefficients of splines, whose single values mean nothing, that 1/2 log(n) stands, as in the
Bayesian information criterion (G. Schwarz, Ann. Statist. 6, 1978). The structure costs `NODE` for each node of the
expression tree (which symbol it is, out of some twenty), and whole numbers and ratios cost their digits. Every mean
square error is taken no lower than a floor: what lies below it is rounding, or a spline's own approximation error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["NODE", "ROUNDING", "constants_length", "description_length", "spline_length", "whole_length"]

# Choice among some twenty symbols.
NODE = math.log(20.0)
# A constant that the data do not determine is one too many: it has to be written out in full.
_UNDETERMINED = 1e15
# Mean square error, relative to the target's variance, that float64 and an ill-conditioned formula leave.
ROUNDING = 1e-20


def whole_length(numerator: int, denominator: int) -> float:
    """Description length of a whole number or ratio, which costs its digits too."""
    return math.log(1 + abs(numerator)) + math.log(denominator)


def constants_length(values: Sequence[float], errors: Sequence[float | None], rows: int) -> float:
    """Description length of fitted constants, each to the precision that the data give it.

    Args:
        values: The constants.
        errors: Their standard errors; None where the data do not determine a constant.
        rows: Number of rows.
    """
    least = 0.5 * math.log(max(rows, 2))
    total = 0.0
    for value, error in zip(values, errors, strict=True):
        total += max(least, math.log1p(abs(value) / error if error else _UNDETERMINED))
    return total


def description_length(mse: float, rows: int, constants: float, nodes: float, floor: float = ROUNDING) -> float:
    """Description length of a formula or network in nats.

    Args:
        mse: Mean square error in units of the target's variance.
        rows: Number of rows it was measured on.
        constants: Description length of the constants.
        nodes: Nodes of the expression tree, or the complexity of a partly named network.
        floor: Mean square error below which nothing counts.
    """
    if not math.isfinite(mse):
        return math.inf
    return 0.5 * rows * math.log(max(mse, floor, ROUNDING)) + constants + NODE * nodes


def spline_length(mse: float, rows: int, parameters: int, blur: float, nodes: float = 0.0) -> float:
    """Description length of a network with splines.

    Args:
        mse: Mean square error in units of the target's variance.
        rows: Number of rows.
        parameters: Number of coefficients and constants.
        blur: Mean square error that the splines' finite grids cause; losses below nine times it count as equal.
        nodes: What the edges that have names already will add to the formula.
    """
    return description_length(mse, rows, 0.5 * parameters * math.log(max(rows, 2)), nodes, 9 * blur)
