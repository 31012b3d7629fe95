"""Linear least squares, for any rank."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["least_squares"]


def least_squares(design: Tensor, target: Tensor) -> Tensor:
    """The shortest solution `(p,)`. design: (n, p), target: (n,).

    Raises:
        torch.linalg.LinAlgError: If a number is not finite. LAPACK would complain on standard output, where the answer
            belongs.
    """
    if not bool(design.isfinite().all() & target.isfinite().all()):
        raise torch.linalg.LinAlgError("a number is not finite")  # type: ignore[attr-defined]
    solution: Tensor = torch.linalg.lstsq(design, target[:, None], driver="gelsd").solution[:, 0]
    return solution
