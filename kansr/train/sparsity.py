"""Sparsity by an iteratively reweighted group penalty: one group per edge.

`lamb * sum_e |activation_e|` is not differentiable at zero, where it is meant to act. Its quadratic majorant
`sum_e |activation_e|^2 / (2 |activation_e at the last visit|)` (I. Daubechies et al., Comm. Pure Appl. Math. 63,
2010) is a sum of squares, so it adds a block to the normal equations and Levenberg-Marquardt needs nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.network import Network
from kansr.train.penalty import QuadraticPenalty

__all__ = ["GroupPenalty"]


@dataclass(frozen=True)
class GroupPenalty(QuadraticPenalty):
    """The majorant as a quadratic form in the parameters."""

    @classmethod
    def of(cls, network: Network, x: Tensor, lamb: float, floor: float = 1e-3) -> GroupPenalty:
        """The majorant at the network's present parameters.

        Args:
            network: Splines or named edges.
            x: Inputs, `(n, n_inputs)`.
            lamb: Overall weight.
            floor: Activations smaller than this (in units of the scaled target) count as this small.
        """
        trace = network.trace(x)
        blocks: list[Tensor] = []
        for activation, size in zip(trace.activations, network.sizes, strict=True):
            columns = x.new_empty(network.batch, size, x.shape[0])
            activation.fill_jacobian(columns, torch.ones_like(activation.y))
            columns = columns - columns.mean(2, keepdim=True)  # a constant is not an effect of the edge
            weight = lamb / (activation.y.std(1) + floor)
            blocks.append(weight[:, None, None] * (columns @ columns.mT) / x.shape[0])
        form = torch.stack([torch.block_diag(*(b[i] for b in blocks)) for i in range(network.batch)])
        return cls(form)
