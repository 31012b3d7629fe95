"""Networks on their way to a name. Errors are mean squares on the held rows, in the unit of their table."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from kansr.kan.structure import Structure
from kansr.search.lens import Lens, TargetView
from kansr.search.pruning import Pruned
from kansr.search.table import Table
from kansr.train.network import Trained

__all__ = ["Draft", "Waiting"]

# A pruned network is exact up to its grids if its error is this small, or not much larger and caused by the grids; it
# is named at once.
_EXACT, _NEARLY_EXACT, _BY_GRIDS = 1e-9, 1e-6, 0.5


@dataclass(frozen=True)
class Waiting:
    """A trained network that has not been pruned, and the columns and the lens that it sees the rows through."""

    trained: Trained
    table: Table
    lens: Lens
    error: float


@dataclass
class Draft:
    """A pruned network."""

    pruned: Pruned
    table: Table
    lens: Lens
    length: float
    error: float
    named: int = 0

    @property
    def shape(self) -> tuple[Structure, TargetView, sympy.Expr, tuple[sympy.Expr, ...]]:
        """What two networks share that would be given the same names."""
        return self.pruned.network.structure, self.lens.view, self.table.factor, tuple(self.table.inputs)

    @property
    def looks_exact(self) -> bool:
        """Whether only the finite grids keep it from being exact."""
        mse, blur = self.pruned.mse, self.pruned.blur
        return mse < _EXACT or (mse < _NEARLY_EXACT and blur > _BY_GRIDS * mse)
