"""Names of columns: made distinct and visible, and looked up as a person typed them."""

from __future__ import annotations

from collections.abc import Sequence

from kansr.errors import DataError, did_you_mean
from kansr.text import MAX_NAME, visible

__all__ = ["suggestion", "tidy_name", "unique_names"]

_SHOWN = 12


def suggestion(name: str, columns: Sequence[str], what: str = "columns") -> str:
    """A hint for a name that is no column: the nearest name, or one that begins so; and all names if they are few."""
    longer = next((column for column in columns if name and column.lower().startswith(name.lower())), None)
    meant = did_you_mean(name, columns) or ("" if longer is None else f"did you mean {longer!r}?")
    listed = ", ".join(columns[:_SHOWN]) + (", ..." if len(columns) > _SHOWN else "")
    return " ".join(filter(None, (meant, f"{what}: {listed}")))


def tidy_name(cell: str) -> str:
    """A name on one line, with characters spelled out that nobody sees and some terminals obey."""
    return visible(" ".join(cell.split()))


def unique_names(cells: Sequence[str], label: str) -> tuple[list[str], tuple[str, ...]]:
    """Gives a name to columns without one and makes repeated names differ.

    Args:
        cells: The names as they stand in the file.
        label: What messages call the file.

    Returns:
        The names, and a note for each that was changed.

    Raises:
        DataError: If a name is too long to be one.
    """
    names: dict[str, int] = {}
    counts: dict[str, int] = {}  # how often a name was wanted: the search goes on where it ended
    notes = []
    taken = {tidy_name(cell) for cell in cells}
    for position, cell in enumerate(cells, start=1):
        if len(cell) > MAX_NAME:
            message = f"{label}: the name of column {position} has {len(cell):,} characters"
            raise DataError(message, f"give it a name of at most {MAX_NAME}; a line end or a quote may be missing")
        tidy = tidy_name(cell)
        wanted = tidy or f"unnamed_{position}"
        count = counts.get(wanted, 1)
        name = wanted if count == 1 else f"{wanted}_{count}"
        while name in names or (name != tidy and name in taken):
            count += 1
            name = f"{wanted}_{count}"
        counts[wanted] = count
        if tidy and name != tidy:
            notes.append(f"column {position} is called {name!r}, because the name {tidy!r} occurs before")
        elif tidy != " ".join(cell.split()):
            notes.append(f"column {position} is called {name!r}: in the file its name has invisible characters")
        names[name] = position
    return list(names), tuple(notes)
