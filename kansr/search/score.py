"""Description length: the one number behind every choice.

A model of n rows costs what it takes to send the rows given the model and then the model itself (J. Rissanen,
Automatica 14, 1978; for formulas S.-M. Udrescu et al., NeurIPS 2020, arXiv:2006.10782):

    DL = n/2 * log(mse)  +  sum over constants of 1/2 * log(n)  +  structure,

in nats. A fitted constant is known to a relative precision that grows as sqrt(n), hence its 1/2 log(n). The
structure costs `NODE` for each node of the expression tree (which symbol it is, out of some twenty). Every mean square
error is taken no lower than a floor: what lies below it is rounding, or a spline's own approximation error.
"""

from __future__ import annotations

import math

__all__ = ["NODE", "ROUNDING", "description_length", "spline_length"]

# Choice among some twenty symbols.
NODE = math.log(20.0)
# Mean square error, relative to the target's variance, that float64 and an ill-conditioned formula leave.
ROUNDING = 1e-20


def description_length(mse: float, rows: int, constants: int, nodes: float, floor: float = ROUNDING) -> float:
    """Description length of a formula or network in nats.

    Args:
        mse: Mean square error in units of the target's variance.
        rows: Number of rows it was measured on.
        constants: Number of fitted constants.
        nodes: Nodes of the expression tree, or the complexity of a partly named network.
        floor: Mean square error below which nothing counts.
    """
    if not math.isfinite(mse):
        return math.inf
    return 0.5 * rows * math.log(max(mse, floor, ROUNDING)) + 0.5 * constants * math.log(max(rows, 2)) + NODE * nodes


def spline_length(mse: float, rows: int, parameters: int, blur: float) -> float:
    """Description length of a network with splines.

    Args:
        mse: Mean square error in units of the target's variance.
        rows: Number of rows.
        parameters: Number of coefficients.
        blur: Mean square error that the splines' finite grids cause; losses below nine times it count as equal.
    """
    return description_length(mse, rows, parameters, 0.0, 9 * blur)
