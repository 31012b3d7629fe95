"""A table as it was read; nothing is left out yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kansr.data.column import Column, ColumnReader
from kansr.results import CellForm

__all__ = ["NUMBERS", "Table", "Wish"]


@dataclass(frozen=True)
class Wish:
    """What is wanted of the columns of a table.

    Attributes:
        written: Whether the cells of the column with this name are wanted as they were written.
        understood: Whether it is to be found out what they mean; else the column is text.
        like: How the cells of some columns were written before.
    """

    written: Callable[[str], bool] = lambda name: False
    understood: Callable[[str], bool] = lambda name: True
    like: Mapping[str, CellForm] = field(default_factory=dict)

    def column(self, name: str, reader: ColumnReader, decimal: str) -> Column:
        """The column as it is wanted."""
        if not self.understood(name):
            return reader.text()
        return reader.column(decimal, keep_texts=self.written(name), like=self.like.get(name))


NUMBERS = Wish()


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

    def column_notes(self, name: str) -> Iterator[str]:
        """How the cells of a column were understood, and which were not."""
        column = self.columns[name]
        yield from (f"column {name!r}: {note}" for note in column.notes)
        if column.first_odd is not None:
            note = column.odd_note(f"{self.unit} {self.lines[column.first_odd[0]]}")
            yield from () if note is None else (f"column {name!r}: {note}",)
