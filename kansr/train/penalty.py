"""Penalties that are quadratic in the parameters: all that they need of training is a block in its equations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kansr.kan.edges import SplineEdge
from kansr.kan.network import Network
from kansr.train.levenberg_marquardt import NormalEquations

__all__ = ["QuadraticPenalty", "Smoothness"]


@dataclass(frozen=True)
class QuadraticPenalty:
    """A quadratic form in the parameters, `(batch, P, P)`."""

    form: Tensor

    def add_to(self, equations: NormalEquations, parameters: Tensor) -> NormalEquations:
        """The normal equations of loss plus penalty. parameters: (batch, P)."""
        pull = (self.form @ parameters[:, :, None])[:, :, 0]
        return NormalEquations(
            equations.matrix + self.form, equations.gradient + pull, equations.loss + (parameters * pull).sum(1)
        )


@dataclass(frozen=True)
class Smoothness(QuadraticPenalty):
    """Third differences of the coefficients of each spline (P. Eilers & B. Marx, Statist. Sci. 11, 1996).

    Where rows are dense it is far too weak to matter. Where they are few, above all at the ends of the grids, it
    decides how a curve goes on: as a parabola.
    """

    @classmethod
    def of(cls, network: Network, loss: Tensor, share: float) -> Smoothness:
        """The form that weighs `share` of the present loss, on each spline of the network.

        Args:
            network: Splines and named edges; the latter, and short splines, have no penalty.
            loss: Mean square residual of each member, `(batch,)`.
            share: Small, such as 1e-3.
        """
        blocks: list[Tensor] = []
        for edge, size in zip(network.edges, network.sizes, strict=True):
            block = loss.new_zeros(network.batch, size, size)
            if isinstance(edge, SplineEdge) and edge.coef.shape[1] > 3:
                m = edge.coef.shape[1]
                third = torch.diff(torch.eye(m, dtype=loss.dtype), n=3, dim=0)
                rough = (edge.coef @ third.T).square().sum(1) + 1e-12 * edge.coef.square().sum(1) + 1e-30
                block[:, :m, :m] = (share * loss / rough)[:, None, None] * (third.T @ third)
            blocks.append(block)
        return cls(torch.stack([torch.block_diag(*(b[i] for b in blocks)) for i in range(network.batch)]))
