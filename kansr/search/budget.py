"""When a search has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget:
    """When to do what; each is asked often.

    Attributes:
        late: It is time to have a formula: what there is gets named.
        expired: The search ends.
        closing: The finishing of formulas ends too; comes a little later.
    """

    late: Callable[[], bool]
    expired: Callable[[], bool]
    closing: Callable[[], bool]
