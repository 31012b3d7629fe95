"""Different functions as one batch: hundreds of small descents cost little more than one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kansr.functions import Function
from kansr.kan.edges import Activation, SymbolicEdge

__all__ = ["BankEdge"]


@dataclass(frozen=True)
class BankEdge:
    """An edge whose function differs between the members of the batch.

    Attributes:
        functions: One for each run of equal members.
        runs: Length of each run.
        constants: c, d, a, b, `(batch, 4)`.
        free: Which of them are fitted, `(batch, 4)`, as 0 or 1.
    """

    functions: tuple[Function, ...]
    runs: tuple[int, ...]
    constants: Tensor
    free: Tensor

    @classmethod
    def of(cls, edges: Sequence[SymbolicEdge]) -> BankEdge:
        """Several batches of one function each, one after the other."""
        free = [torch.tensor(e.free, dtype=e.constants.dtype).expand(len(e.constants), 4) for e in edges]
        return cls(
            tuple(e.function for e in edges),
            tuple(len(e.constants) for e in edges),
            torch.cat([e.constants for e in edges]),
            torch.cat(free),
        )

    def member(self, i: int) -> SymbolicEdge:
        """One member of the batch as an edge of its own."""
        c, d, a, b = (bool(v) for v in self.free[i])
        return SymbolicEdge(self._function(i), self.constants[i : i + 1], (c, d, a, b))

    def _function(self, i: int) -> Function:
        for function, run in zip(self.functions, self.runs, strict=True):
            if i < run:
                return function
            i -= run
        raise IndexError(i)

    @property
    def parameters(self) -> Tensor:
        """All four constants; those that are not free have no effect on the output."""
        return self.constants

    def with_parameters(self, parameters: Tensor) -> BankEdge:
        """Other free constants."""
        return replace(self, constants=torch.where(self.free > 0, parameters, self.constants))

    def select(self, members: Tensor) -> BankEdge:
        """Some members of the batch, in ascending order."""
        owner = torch.repeat_interleave(torch.arange(len(self.runs)), torch.tensor(self.runs))[members]
        kept = [(f, int((owner == i).sum())) for i, f in enumerate(self.functions)]
        return BankEdge(
            tuple(f for f, n in kept if n), tuple(n for _, n in kept if n), self.constants[members], self.free[members]
        )

    def __call__(self, x: Tensor) -> Activation:
        """Evaluates each member's function. x: (batch or 1, n)."""
        x = x.expand(len(self.constants), -1)
        c, d, a, b = self.constants.T[..., None]
        parts = (a * x + b).split(self.runs)
        f = torch.cat([g.value(u) for g, u in zip(self.functions, parts, strict=True)])
        inner = c * torch.cat([g.derivative(u) for g, u in zip(self.functions, parts, strict=True)])

        def fill_jacobian(block: Tensor, sensitivity: Tensor) -> None:
            for row, column in enumerate((f, torch.ones_like(f), inner * x, inner)):
                block[:, row] = column * sensitivity * self.free[:, row, None]

        return Activation(x, c * f + d, a * inner, fill_jacobian)
