"""Training by gradients alone, for networks too wide for matrices of all their parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kansr.kan.network import Network
from kansr.train.levenberg_marquardt import Fit, never

__all__ = ["lbfgs"]

# Gradient steps between two looks at the clock.
_CHUNK = 10


def lbfgs(
    network: Network,
    x: Tensor,
    y: Tensor,
    *,
    iterations: int,
    weight: Tensor | None = None,
    goal: float = 0.0,
    expired: Callable[[], bool] = never,
) -> Fit:
    """Limited-memory BFGS with a strong Wolfe line search (J. Nocedal & S. Wright, Numerical Optimization, 2006, 7.2).

    Gradients come from automatic differentiation, so memory grows with the parameters, not with their square.

    Args:
        network: A batch of networks; the members share the line search.
        x: Inputs, `(n, n_inputs)`.
        y: Target, `(n,)`.
        iterations: At most so many steps.
        weight: Factor on each row's residual, `(n,)`.
        goal: Stop when every mean square residual is at most this.
        expired: Asked every ten steps; True ends the descent where it is.
    """
    parameters = network.parameters.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=_CHUNK, history_size=20, line_search_fn="strong_wolfe", tolerance_change=1e-14
    )

    def losses() -> Tensor:
        residual = network.with_parameters(parameters)(x) - y
        return (residual if weight is None else residual * weight).square().mean(1)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = losses().sum()
        loss.backward()
        return loss

    done = 0
    while done < iterations and not expired():
        before = parameters.detach().clone()
        optimizer.step(closure)
        done += _CHUNK
        if not bool(parameters.isfinite().all()):
            parameters.data.copy_(before)
            break
        with torch.no_grad():
            if bool((losses() <= goal).all()) or torch.equal(before, parameters):
                break
    with torch.no_grad():
        loss = losses()
    damping = torch.full_like(loss, 1e-2)
    return Fit(parameters.detach(), torch.where(loss.isfinite(), loss, torch.inf), damping, done)
