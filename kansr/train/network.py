"""Training of networks: the normal equations of a network on rows, and the schedule for splines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.network import Network, regrid
from kansr.train.first_order import lbfgs
from kansr.train.levenberg_marquardt import NormalEquations, levenberg_marquardt, never
from kansr.train.penalty import QuadraticPenalty
from kansr.train.sparsity import GroupPenalty

__all__ = ["NetworkProblem", "Trained", "train", "train_splines"]

# A Jacobian larger than this (in numbers) is never formed whole; rows then go through in chunks.
_JACOBIAN_LIMIT = 20_000_000
# With more parameters than this a step of Levenberg-Marquardt costs more than it brings.
WIDE = 2_000


@dataclass(frozen=True)
class NetworkProblem:
    """Least squares of a network's output against the target, over all rows, in chunks where they are many.

    Attributes:
        network: Any network; its parameters are the unknowns.
        x: Inputs, `(n, n_inputs)`.
        y: Target, `(n,)`.
        penalty: Such as the group penalty on the edges, for sparsity.
        weight: Factor on each row's residual, `(n,)`; one when absent.
    """

    network: Network
    x: Tensor
    y: Tensor
    penalty: QuadraticPenalty | None = None
    weight: Tensor | None = None

    def __call__(self, parameters: Tensor) -> NormalEquations:
        """Linearises at `(batch, P)`."""
        network = self.network.with_parameters(parameters)
        rows = max(1, _JACOBIAN_LIMIT // parameters.numel())
        chunks = [self._sums(network, slice(start, start + rows)) for start in range(0, len(self.y), rows)]
        n = len(self.y)
        matrix, gradient, loss = (sum(part[1:], part[0]) / n for part in zip(*chunks, strict=True))
        total = NormalEquations(matrix, gradient, loss)
        return total if self.penalty is None else self.penalty.add_to(total, parameters)

    def _sums(self, network: Network, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
        output, jacobian = network.linearize(self.x[rows])
        residual = output - self.y[rows]
        if self.weight is not None:
            residual = residual * self.weight[rows]
            jacobian *= self.weight[rows]
        return (
            jacobian @ jacobian.mT,
            (jacobian @ residual[:, :, None])[:, :, 0],
            residual.square().sum(1),
        )


@dataclass(frozen=True)
class Trained:
    """A trained batch of networks.

    Attributes:
        network: The batch.
        loss: Mean square residual of each member, `(batch,)`.
        damping: The last damping, to go on from, `(batch,)`.
        iterations: How many were made.
    """

    network: Network
    loss: Tensor
    damping: Tensor
    iterations: int

    def best(self) -> Trained:
        """The best member alone."""
        return self.select([int(self.loss.argmin())])

    def select(self, members: list[int]) -> Trained:
        """Some members of the batch."""
        return Trained(self.network.select(members), self.loss[members], self.damping[members], self.iterations)

    @property
    def rmse(self) -> float:
        """Root mean square residual of the best member."""
        return float(self.loss.min().sqrt())


def train(
    network: Network,
    x: Tensor,
    y: Tensor,
    *,
    iterations: int,
    weight: Tensor | None = None,
    damping: float | Tensor = 1e-2,
    goal: float = 0.0,
    stall: float = 0.02,
    patience: int = 8,
    penalty: QuadraticPenalty | None = None,
    expired: Callable[[], bool] = never,
) -> Trained:
    """Fits all parameters on fixed grids: by Levenberg-Marquardt, or by gradients alone if there are very many.

    Args:
        network: A batch of networks.
        x: Inputs, `(n, n_inputs)`.
        y: Target, `(n,)`.
        iterations: At most so many.
        weight: Factor on each row's residual, `(n,)`.
        damping: First damping.
        goal: Stop at this mean square residual.
        stall: Stop when no loss fell by this share over `patience` iterations.
        patience: See `stall`.
        penalty: Added to the loss; without effect where gradients alone are used.
        expired: True ends the training where it is.
    """
    if network.parameters.shape[1] > WIDE:
        fit = lbfgs(network, x, y, iterations=iterations, weight=weight, goal=goal, expired=expired)
    else:
        fit = levenberg_marquardt(
            NetworkProblem(network, x, y, penalty, weight),
            network.parameters,
            iterations=iterations,
            damping=damping,
            goal=goal,
            stall=stall,
            patience=patience,
            expired=expired,
        )
    return Trained(network.with_parameters(fit.parameters), fit.loss, fit.damping, fit.iterations)


def train_splines(
    network: Network,
    x: Tensor,
    y: Tensor,
    *,
    iterations: int,
    regrid_every: int = 4,
    damping: float | Tensor = 1e-2,
    goal: float = 1e-22,
    stall: float = 0.06,
    lamb: float = 0.0,
    weight: Tensor | None = None,
    expired: Callable[[], bool] = never,
) -> Trained:
    """Fits splines whose grids follow the hidden activations during the first two thirds of the iterations.

    Args:
        network: A batch of restarts.
        x: Inputs, `(n, n_inputs)`.
        y: Target, `(n,)`.
        iterations: At most so many in all.
        regrid_every: Iterations between two grid updates.
        damping: First damping.
        goal: Stop at this mean square residual.
        stall: Stop when it fell by less than this share over the last eight iterations.
        lamb: Weight of the group penalty that drives idle edges to zero; 0 for none.
        weight: Factor on each row's residual, `(n,)`.
        expired: True ends the training where it is.
    """
    moving = iterations * 2 // 3
    done, previous = 0, torch.inf
    while True:
        last = done >= moving
        if not last:
            network = regrid(network, x)
        trained = train(
            network,
            x,
            y,
            iterations=iterations - done if last else regrid_every,
            damping=damping,
            goal=goal,
            stall=stall if last else 0.0,
            penalty=GroupPenalty.of(network, x, lamb) if lamb else None,
            weight=weight,
            expired=expired,
        )
        network, damping = trained.network, trained.damping
        done += trained.iterations
        best = float(trained.loss.min())
        if last or expired() or best <= goal:
            return trained
        if best > (1 - stall / 2) * previous:
            moving = 0  # the grids have settled: one last run on fixed ones
        previous = best
