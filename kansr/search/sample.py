"""Rows as a network sees them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Sample"]


@dataclass(frozen=True)
class Sample:
    """Rows in random order, so that the first ones are a sample too.

    Attributes:
        x: Inputs, `(n, n_inputs)`.
        y: Target, `(n,)`.
        weight: Factor on each row's residual, rms one, `(n,)`; None where all rows count alike.
    """

    x: Tensor
    y: Tensor
    weight: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    def head(self, rows: int) -> Sample:
        """The first rows."""
        return Sample(self.x[:rows], self.y[:rows], None if self.weight is None else self.weight[:rows])
