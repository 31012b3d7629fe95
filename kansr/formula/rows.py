"""Rows that constants are fitted to: in memory as they are, or some rows of a long table, read block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.formula.dual import evaluate_dual

__all__ = ["BLOCK", "Blocks", "Rows", "TableRows"]

# Rows of one block: its columns and derivatives stay in the processor's cache.
BLOCK = 2**15


class Blocks(Protocol):
    """Rows that can be walked through; what is summed over them needs no more memory than a block."""

    def __len__(self) -> int:
        """Number of rows."""

    def blocks(self, symbols: AbstractSet[sympy.Symbol]) -> Iterator[Rows]:
        """All rows in order, each block with the columns of these symbols at least."""

    def variance(self) -> float:
        """Mean square of the weighted distances of the target from its weighted mean; never zero."""


@dataclass(frozen=True)
class Rows:
    """Rows in the table's own units, all in one block.

    Attributes:
        columns: Values of each feature, `(n,)`.
        y: The target, `(n,)`.
        weight: Factor on each row's residual, `(n,)`; None where all count alike.
    """

    columns: Mapping[sympy.Symbol, Tensor]
    y: Tensor
    weight: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    def blocks(self, symbols: AbstractSet[sympy.Symbol]) -> Iterator[Rows]:
        """These rows."""
        yield self

    def values(self, expression: sympy.Expr) -> Tensor:
        """An expression without constants to be fitted, on every row, `(n,)`."""
        value, _ = evaluate_dual(expression, self.columns, {}, torch.empty(0, dtype=torch.float64))
        return value.expand(len(self.y))

    def knowing(self, meaning: Mapping[sympy.Symbol, sympy.Expr]) -> Rows:
        """The same rows with columns for more symbols, each given by an expression in the others."""
        more = {symbol: self.values(expression) for symbol, expression in meaning.items()}
        return replace(self, columns={**self.columns, **more})

    def weigh(self, values: Tensor) -> Tensor:
        """Residuals or their derivatives, `(..., n)`, as they count."""
        return values if self.weight is None else values * self.weight

    def variance(self) -> float:
        """Mean square of the weighted distances of the target from its weighted mean; never zero."""
        if self.weight is None:
            return max(float(self.y.var(correction=0)), 1e-300)
        squares = self.weight.square()
        return max(float((squares * (self.y - (squares @ self.y) / squares.sum()).square()).mean()), 1e-300)


@dataclass(frozen=True)
class TableRows:
    """Some rows of a table, which may be long: no column of it is copied as a whole.

    Attributes:
        columns: Values of each feature on every row of the table, `(rows,)`.
        y: The target there, `(rows,)`.
        weight: Factor on each row's residual there, `(rows,)`; None where all count alike.
        chosen: Numbers of the rows meant, `(n,)`.
        block: Rows of a block.
    """

    columns: Mapping[sympy.Symbol, NDArray[np.float64]]
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    chosen: NDArray[np.int64]
    block: int = BLOCK

    def __len__(self) -> int:
        return len(self.chosen)

    def blocks(self, symbols: AbstractSet[sympy.Symbol]) -> Iterator[Rows]:
        """The rows in order, with the columns of these symbols alone."""
        for start in range(0, len(self.chosen), self.block):
            rows = self.chosen[start : start + self.block]
            columns = {s: torch.from_numpy(c[rows]) for s, c in self.columns.items() if s in symbols}
            yield replace(self, chosen=rows).plain(columns)

    def plain(self, columns: Mapping[sympy.Symbol, Tensor] | None = None) -> Rows:
        """Target and weights of all these rows, with given columns or none."""
        weight = None if self.weight is None else torch.from_numpy(self.weight[self.chosen])
        return Rows(columns or {}, torch.from_numpy(self.y[self.chosen]), weight)

    def variance(self) -> float:
        """Mean square of the weighted distances of the target from its weighted mean; never zero."""
        return self.plain().variance()
