"""A table as it was read; nothing is left out yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kansr.data.column import Column

__all__ = ["Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it was read.

    Attributes:
        label: What messages call the file.
        name: Short name, safe as part of a folder's name.
        columns: The columns by their names, in the file's order.
        lines: Number of the file's line (or row) that each row ends on, `(rows,)`.
        unit: What `lines` counts: `line`, or `row` in files that have none.
        unnamed: Columns without a name in the file, which got one here.
        notes: What was found or changed, one line each.
        sha256: Digest of the file's bytes.
        ragged: Number of rows that were left out for their number of values.
    """

    label: str
    name: str
    columns: Mapping[str, Column]
    lines: NDArray[np.int64]
    unit: str
    unnamed: frozenset[str]
    notes: tuple[str, ...]
    sha256: str
    ragged: int = 0

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def place(self, row: int) -> str:
        """Where a row stands, for messages."""
        return f"{self.label}, {self.unit} {self.lines[row]}"
