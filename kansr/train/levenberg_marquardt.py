"""Levenberg-Marquardt for a batch of small least-squares problems at once.

One evaluation per iteration gives loss, gradient and Gauss-Newton matrix at the trial point; a member of the
batch whose loss fell moves there, the others stay and raise their damping. Restarts of a network, start values
of one function and the constants of a formula all go through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import torch
from torch import Tensor

__all__ = [
    "HOPELESS",
    "Fit",
    "NormalEquations",
    "Problem",
    "blockwise_problem",
    "levenberg_marquardt",
    "never",
]


# After so many iterations in a row that brought no member any gain, none ever will.
HOPELESS = 12


@dataclass(frozen=True)
class NormalEquations:
    """Sums over rows, so those of two chunks of rows simply add.

    Attributes:
        matrix: J^T J / n, `(batch, P, P)`.
        gradient: J^T r / n, `(batch, P)`.
        loss: r^T r / n, `(batch,)`.
    """

    matrix: Tensor
    gradient: Tensor
    loss: Tensor


class Problem(Protocol):
    """Anything that can be linearised in its parameters."""

    def __call__(self, parameters: Tensor) -> NormalEquations:
        """Linearises at `(batch, P)`."""


@dataclass(frozen=True)
class Fit:
    """Where a descent ended.

    Attributes:
        parameters: `(batch, P)`.
        loss: Mean square residual, `(batch,)`; infinite where even the start could not be evaluated.
        damping: The last damping, to go on from, `(batch,)`.
        iterations: How many were made.
    """

    parameters: Tensor
    loss: Tensor
    damping: Tensor
    iterations: int


def never() -> bool:
    """A deadline that never comes."""
    return False


def blockwise_problem(function: Callable[[Tensor], Iterable[tuple[Tensor, Tensor]]], rows: int) -> Problem:
    """From residuals and their Jacobian as a function of the parameters.

    Args:
        function: Gives residuals `(batch, n)` and Jacobian `(batch, P, n)` block after block; one at a time is held.
        rows: Rows of all blocks together.
    """

    def linearize(parameters: Tensor) -> NormalEquations:
        return reduce(_plus, (_share(residuals, jacobian, rows) for residuals, jacobian in function(parameters)))

    return linearize


def _share(residuals: Tensor, jacobian: Tensor, rows: int) -> NormalEquations:
    """What some of so many rows contribute."""
    return NormalEquations(
        jacobian @ jacobian.mT / rows,
        (jacobian @ residuals[:, :, None])[:, :, 0] / rows,
        residuals.square().sum(1) / rows,
    )


def _plus(left: NormalEquations, right: NormalEquations) -> NormalEquations:
    return NormalEquations(left.matrix + right.matrix, left.gradient + right.gradient, left.loss + right.loss)


def levenberg_marquardt(
    problem: Problem,
    start: Tensor,
    *,
    iterations: int,
    damping: float | Tensor = 1e-2,
    goal: float = 0.0,
    stall: float = 0.0,
    patience: int = 8,
    rejections: int = HOPELESS,
    expired: Callable[[], bool] = never,
) -> Fit:
    """Minimises the mean square residual (D. Marquardt, J. SIAM 11, 1963; damping scaled by the diagonal).

    Args:
        problem: Gives the normal equations at any parameters.
        start: `(batch, P)`.
        iterations: At most so many evaluations after the first.
        damping: First damping, one for all or one each.
        goal: Stop when every loss is at most this.
        stall: Stop when no loss fell by this share over `patience` iterations that brought any gain, or none can gain.
        patience: See `stall`.
        rejections: Stop after so many iterations in a row that brought no member any gain.
        expired: Asked before each iteration; True ends the descent where it is.

    Returns:
        The best parameters of each member. Not converging is no error.
    """
    parameters = start
    state = problem(parameters)
    loss = _sane(state)
    state = NormalEquations(state.matrix, state.gradient, loss)
    mu = torch.as_tensor(damping, dtype=start.dtype).expand(len(start)).clone()
    history = [loss]
    done = idle = 0
    for done in range(1, iterations + 1):  # noqa: B007 - the count is part of the result
        if expired() or bool((loss <= goal).all()):
            break
        trial = parameters - _step(state, mu)
        at_trial = problem(trial)
        trial_loss = _sane(at_trial)
        better = trial_loss < loss
        mu = torch.where(better, (mu / 5).clamp_min(1e-15), (mu * 4).clamp(1e-14, 1e12))
        if bool(better.any()):
            parameters = torch.where(better[:, None], trial, parameters)
            loss = torch.where(better, trial_loss, loss)
            state = NormalEquations(
                torch.where(better[:, None, None], at_trial.matrix, state.matrix),
                torch.where(better[:, None], at_trial.gradient, state.gradient),
                loss,
            )
            history.append(loss)  # a rejected step is no stall: the next one, better damped, may gain
        if stall and len(history) > patience and not bool((loss < (1 - stall) * history[-1 - patience]).any()):
            break
        idle = 0 if bool(better.any()) else idle + 1
        if idle == rejections:
            break
    return Fit(parameters, loss, mu, done)


def _sane(state: NormalEquations) -> Tensor:
    """The loss, infinite where anything is not finite, so that no comparison meets a NaN."""
    finite = state.loss.isfinite() & state.gradient.isfinite().all(1) & state.matrix.isfinite().flatten(1).all(1)
    return torch.where(finite, state.loss, torch.inf)


def _step(state: NormalEquations, mu: Tensor) -> Tensor:
    diagonal = state.matrix.diagonal(dim1=1, dim2=2)
    damped = state.matrix.clone()
    ridge = mu[:, None] * (diagonal + 0.1 * diagonal.mean(1, keepdim=True)) + 1e-16
    damped.diagonal(dim1=1, dim2=2).add_(ridge)
    damped = torch.where(state.loss.isfinite()[:, None, None], damped, torch.eye(damped.shape[1], dtype=damped.dtype))
    factor, failed = torch.linalg.cholesky_ex(damped)
    step = torch.cholesky_solve(state.gradient[:, :, None], factor)[:, :, 0]
    # a matrix that is not positive definite gives no step: the damping grows and the next try is safer
    return torch.where(((failed == 0) & step.isfinite().all(1))[:, None], step, torch.nan)
