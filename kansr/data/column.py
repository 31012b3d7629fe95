"""One column of a table, put together from blocks of cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.data.cells import ODD_SHARE, Meaning, date_text, days_since, plain_numbers, understand
from kansr.data.dialect import MISSING
from kansr.results import CellForm
from kansr.text import brief

__all__ = ["Column", "ColumnReader", "missing_texts"]

# Whole numbers beyond this are not told apart any more as floats.
_EXACT = 2**53
_LONG = "whole numbers above 2^53 keep 15 digits only"


@dataclass(frozen=True, eq=False)
class Column:
    """The cells of a column.

    Attributes:
        kind: `number`, `truth` (1 and 0), `date` (days since `origin`), or `text`.
        values: Numbers, NaN where a cell is missing or odd, `(rows,)`; all NaN for text.
        filled: Number of cells that hold something.
        odd: Number of filled cells that are something else than `kind`; in a text column, those that are no number.
        first_odd: Row and content of the first of them.
        notes: What the user should know of how it was read, one line each, without the column's name.
        form: How its cells are written; None for plain numbers and text.
        decimal: The decimal mark of its numbers.
        origin: The date that days are counted from.
        texts: The cells as written, missing ones too, where they were asked for or the column is text.
        torn: Whether some blocks were read as plain numbers, and others show that they are something else.
    """

    kind: Literal["number", "truth", "date", "text"]
    values: NDArray[np.float64]
    filled: int
    odd: int = 0
    first_odd: tuple[int, str] | None = None
    notes: tuple[str, ...] = ()
    form: CellForm | None = None
    decimal: str = "."
    origin: str | None = None
    texts: pd.Series[str] | None = None
    torn: bool = False

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows hold no value, `(rows,)`."""
        if self.kind == "text" and self.texts is not None:
            return missing_texts(self.texts)
        return np.isnan(self.values)

    def odd_note(self, place: str) -> str | None:
        """Says which cells count as missing although they hold something.

        Args:
            place: Where the first of them stands.
        """
        if not self.odd or self.first_odd is None or self.kind == "text":
            return None
        cells = "1 cell" if self.odd == 1 else f"{self.odd:,} cells"
        return f"{cells} of something else taken for missing ({brief(self.first_odd[1])} in {place})"


class ColumnReader:
    """Collects the blocks of a column: floats where all cells of a block are plain numbers, else the texts."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float64] | pd.Series[str]] = []
        self._dates = self._long = False

    def add(self, cells: pd.Series[Any]) -> None:
        """Takes in the next block, as pandas read it: numbers, or texts with missing ones."""
        if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
            if pd.api.types.is_integer_dtype(cells) and len(cells):
                self._long |= max(abs(int(cells.min())), abs(int(cells.max()))) > _EXACT
            self._blocks.append(cells.to_numpy(np.float64, na_value=np.nan))
        else:
            self._blocks.append(cells.astype("str"))

    def add_days(self, days: NDArray[np.float64]) -> None:
        """Takes in the next block of a column of dates, as days since 1970."""
        self._dates = True
        self._blocks.append(days)

    def text(self) -> Column:
        """The whole column as it is written; the only missing cells are those that hold nothing."""
        texts = self._texts().fillna("")
        filled = int((texts.str.strip() != "").sum())
        return Column("text", np.full(len(texts), np.nan), filled, texts=texts)

    def column(self, decimal: str, *, keep_texts: bool = False, like: CellForm | None = None) -> Column:
        """The whole column, understood.

        Args:
            decimal: The decimal mark of the file.
            keep_texts: Whether the cells are wanted as they were written, too.
            like: How cells of this column were written before.
        """
        written = [block for block in self._blocks if isinstance(block, pd.Series)]
        plain = [block for block in self._blocks if not isinstance(block, pd.Series)]
        if not written:
            values = np.concatenate(plain) if plain else np.empty(0)
            notes = (_LONG,) if self._long else ()
            texts = self._texts() if keep_texts else None
            form = _form_of_plain(decimal)
            column = Column("number", values, _filled(values), notes=notes, form=form, decimal=decimal, texts=texts)
            return _counted_from_first(replace(column, kind="date", form=None)) if self._dates else column
        cells = _Cells.of(pd.concat(written, ignore_index=True))
        filled = sum(map(_filled, plain))
        meaning, torn = cells.meaning(decimal, filled, like)
        odd = self._in_order(cells.odd(meaning, decimal).astype(np.float64), plain=0.0) == 1
        column = Column(
            kind="text" if meaning is None else meaning.form.kind,
            values=np.full(len(odd), np.nan) if meaning is None else self._in_order(cells.values(meaning)),
            filled=int(cells.filled.sum()) + filled,
            odd=int(odd.sum()),
            first_odd=_first(odd, cells.first_odd(meaning, decimal)),
            notes=() if meaning is None else meaning.notes,
            form=_form_of(meaning),
            decimal=decimal if meaning is None else meaning.form.decimal,
            texts=self._texts() if keep_texts or meaning is None else None,
            torn=torn,
        )
        return _counted_from_first(column) if column.kind == "date" else column

    def _in_order(self, written: NDArray[np.float64], plain: float | None = None) -> NDArray[np.float64]:
        """Values of the texts put between those of the blocks that are numbers (or `plain` in their place)."""
        parts, used = [], 0
        for block in self._blocks:
            if isinstance(block, pd.Series):
                parts.append(written[used : used + len(block)])
                used += len(block)
            else:
                parts.append(block if plain is None else np.full(len(block), plain))
        return np.concatenate(parts)

    def _texts(self) -> pd.Series[str]:
        blocks = [
            block if isinstance(block, pd.Series) else pd.Series(block).map(_written, na_action="ignore").astype("str")
            for block in self._blocks
        ]
        return pd.concat(blocks, ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Texts, each as the number of a distinct one; -1 for a missing cell."""

    codes: NDArray[np.int64]
    distinct: pd.Series[str]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: pd.Series[str]) -> _Cells:
        codes, distinct = pd.factorize(texts.where(~missing_texts(texts)).str.strip())
        counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
        return cls(codes.astype(np.int64), pd.Series(distinct, dtype="str"), counts)

    @property
    def filled(self) -> NDArray[np.bool_]:
        return self.codes >= 0

    def meaning(self, decimal: str, plain: int, like: CellForm | None) -> tuple[Meaning | None, bool]:
        """How the texts are read, beside so many cells that were read as plain numbers; None for text.

        Also whether these should be looked at again: what they were read as is not what the texts show them to be.
        """
        if not len(self.distinct):
            return Meaning(CellForm("number", decimal, affix=""), np.empty(0)), False
        meaning = understand(self.distinct, self.counts, decimal, like)
        if plain == 0 or (meaning is not None and meaning.is_plain and meaning.form.decimal == decimal):
            return meaning, False
        simple = plain_numbers(self.distinct, decimal)
        odd = self.counts[np.isnan(simple.values)].sum()
        accepted = simple if odd <= ODD_SHARE * (self.counts.sum() + plain) else None
        return accepted, meaning is not None

    def values(self, meaning: Meaning) -> NDArray[np.float64]:
        return np.append(meaning.values, np.nan)[self.codes]

    def odd(self, meaning: Meaning | None, decimal: str) -> NDArray[np.bool_]:
        """Which cells hold something else; in a text, those that are no number, or all if they all are."""
        values = (meaning or plain_numbers(self.distinct, decimal)).values
        none_odd = meaning is None and not np.isnan(values).any()
        return np.append(np.isnan(values) | none_odd, False)[self.codes]

    def first_odd(self, meaning: Meaning | None, decimal: str) -> str:
        odd = self.odd(meaning, decimal)
        return str(self.distinct.iloc[self.codes[odd.argmax()]]) if odd.any() else ""


def missing_texts(texts: pd.Series[str]) -> NDArray[np.bool_]:
    """Which cells hold no value, `(rows,)`."""
    return (texts.isna() | texts.str.strip().isin(MISSING)).to_numpy(np.bool_)


def _form_of(meaning: Meaning | None) -> CellForm | None:
    if meaning is None:
        return None
    return _form_of_plain(meaning.form.decimal) if meaning.is_plain else meaning.form


def _form_of_plain(decimal: str) -> CellForm | None:
    """What has to be remembered of plain numbers: only a decimal mark that is not the usual one."""
    return CellForm("number", decimal, affix="") if decimal != "." else None


def _written(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)


def _filled(values: NDArray[np.float64]) -> int:
    return int((~np.isnan(values)).sum())


def _first(odd: NDArray[np.bool_], text: str) -> tuple[int, str] | None:
    return (int(odd.argmax()), text) if odd.any() else None


def _counted_from_first(column: Column) -> Column:
    """Dates as days since the first of them."""
    if column.filled == column.odd:
        return column
    begin = date_text(float(np.nanmin(column.values)))
    notes = tuple(f"{note}, as days since {begin}" for note in column.notes or ("dates",))
    return replace(column, values=days_since(begin, column.values, None), notes=notes, origin=begin)
