"""What the cells of one column mean: numbers in any country's form, truth values, dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kansr.results import CellForm

__all__ = ["ODD_SHARE", "Meaning", "date_text", "days_since", "days_since_1970", "plain_numbers", "understand"]

# Up to this share of a column's filled cells may be something else than the rest; they then count as missing.
ODD_SHARE = 0.1
# A way of reading that fails on half of so many cells is not tried on all.
_SAMPLE, _PROMISING = 2000, 0.5

_SPACES = " \u00a0\u202f\u2009"
# Marks between thousands, for each decimal mark.
_THOUSANDS = {".": ("", ",", _SPACES, "'’"), ",": ("", ".", _SPACES, "'’")}
_CURRENCIES = "USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|CZK|BRL|KRW|[$€£¥₹₽₩¢]"
# A unit behind the number starts with a letter or such a sign: what follows `/` or `:` belongs to the value.
_UNIT = r"(?:[^\W\d_]|[%‰°$€£¥₹₽₩¢])[^\s.,;:'()+-]*"
_MINUS = ("-", "−")
_INFINITE = {"inf": np.inf, "+inf": np.inf, "-inf": -np.inf, "infinity": np.inf, "-infinity": -np.inf}
_TRUTHS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("on", "off"))
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")


def _with_clocks(*forms: str) -> tuple[str, ...]:
    return tuple("".join(both) for both in product(forms, _CLOCKS))


_DATES = {
    "ISO 8601": ("ISO8601",),
    "year/month/day": _with_clocks("%Y/%m/%d", "%Y.%m.%d"),
    "day.month.year": _with_clocks("%d.%m.%Y"),
    "day month year": _with_clocks("%d %b %Y", "%d-%b-%Y", "%d %B %Y"),
    "month day, year": _with_clocks("%b %d, %Y", "%B %d, %Y"),
}
_SLASHED = {
    "month/day/year": _with_clocks("%m/%d/%Y", "%m-%d-%Y"),
    "day/month/year": _with_clocks("%d/%m/%Y", "%d-%m-%Y"),
}
_DIGIT = r"\d"
# A cheap test: two marks or spaces around something, with a digit on either side.
_DATE_LIKE = r"\d[-/. ]\w+[-/. ,]+\d|[A-Za-z]{3,} \d{1,2}, \d|\d{4}-\d"
_EPOCH, _DAY = pd.Timestamp("1970-01-01", tz="UTC"), pd.Timedelta(days=1)


@dataclass(frozen=True)
class Meaning:
    """How the texts of a column are read.

    Attributes:
        form: What was found out of how they are written.
        values: Value of each text, NaN for those that are something else, `(texts,)`; a date is days since 1970 (UTC).
        notes: What the user should know, one line each, without the column's name.
    """

    form: CellForm
    values: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the texts are numbers without marks and signs."""
        return self.form.kind == "number" and not (self.form.thousands or self.form.affix)


@dataclass(frozen=True)
class _Texts:
    """Distinct filled cells without white space around them, and how often each occurs."""

    texts: pd.Series[str]
    counts: NDArray[np.int64]

    def share(self, meaning: Meaning) -> float:
        return float(self.counts[~np.isnan(meaning.values)].sum() / self.counts.sum())

    def some(self, most: int) -> _Texts:
        step = slice(None, None, len(self.texts) // most + 1)
        return _Texts(self.texts.iloc[step], self.counts[step])


_Reader = Callable[[_Texts], Meaning]


def understand(
    texts: pd.Series[str], counts: NDArray[np.int64], decimal: str, like: CellForm | None = None
) -> Meaning | None:
    """Finds the one way to read most of the texts of a column.

    Args:
        texts: The distinct filled cells, without white space around them.
        counts: How often each occurs.
        decimal: The decimal mark of the file, which is tried first.
        like: A form that is taken, before all others, if it explains enough.

    Returns:
        What explains the most cells, the first of several; None if nothing explains all but one in ten.
    """
    if like is None and decimal == "." and not texts.str.contains(r"[^0-9eE.+-]", regex=True).any():
        simple = _converted(texts)
        if simple is not None:
            return simple
    cells = _Texts(texts, counts)
    if like is not None:
        meaning = _reader(like, decimal)(cells)
        if cells.share(meaning) >= 1 - ODD_SHARE:
            return meaning
    best, most = None, 1 - ODD_SHARE
    sample = cells.some(_SAMPLE)
    for form in _forms(sample, decimal):
        reader = _reader(form, decimal)
        if sample.share(reader(sample)) < _PROMISING:
            continue
        meaning = reader(cells)
        share = cells.share(meaning)
        if share > most or (best is None and share == most):
            best, most = meaning, share
        if share == 1:
            break
    return best


def _converted(texts: pd.Series[str]) -> Meaning | None:
    """The texts as Python reads numbers; None if one is none. Much faster than taking each apart."""
    try:
        return Meaning(CellForm("number", affix=""), texts.to_numpy(np.object_).astype(np.float64))
    except ValueError:
        return None


def plain_numbers(texts: pd.Series[str], decimal: str) -> Meaning:
    """The texts as numbers without marks and signs, NaN where they are none."""
    form = CellForm("number", decimal, affix="")
    return _numbers(_Texts(texts, np.ones(len(texts), np.int64)), form, usual=True)


def days_since_1970(dates: pd.Series[pd.Timestamp]) -> NDArray[np.float64]:
    """Dates as numbers; those without a time zone are taken for UTC."""
    return np.asarray((pd.to_datetime(dates, utc=True) - _EPOCH) / _DAY, np.float64)


def days_since(origin: str, days: NDArray[np.float64], counted_from: str | None) -> NDArray[np.float64]:
    """Days that are counted from one date (1970 for none) counted from another one."""
    begin, end = map(
        float, days_since_1970(pd.Series([pd.Timestamp(counted_from or "1970-01-01"), pd.Timestamp(origin)]))
    )
    return days + (begin - end)


def date_text(days: float) -> str:
    """The date so many days after 1970 began, to the second, in ISO 8601."""
    moment = (_EPOCH + days * _DAY).round("s")
    text = str(moment.isoformat())
    return text[:10] if moment == moment.normalize() else text.replace("+00:00", "Z")


def _forms(sample: _Texts, decimal: str) -> Iterator[CellForm]:
    """Every form that the texts may have, the likeliest first."""
    texts = sample.texts
    if texts.str.contains(_DIGIT, regex=True).any():
        for mark in (decimal, "," if decimal == "." else "."):
            for thousands in _THOUSANDS[mark]:
                yield CellForm("number", mark, thousands)
    elif texts.str.lower().isin(_INFINITE).any():
        yield CellForm("number", decimal)
    lower = set(texts.str.lower())
    yield from (CellForm("truth", order=f"{true}/{false}") for true, false in _TRUTHS if lower & {true, false})
    if texts.str.contains(_DATE_LIKE, regex=True).any():
        yield from (CellForm("date", order=order) for order in _DATES)
        yield CellForm("date")  # month or day first


def _reader(form: CellForm, decimal: str) -> _Reader:
    if form.kind == "number":
        return partial(_numbers, form=form, usual=form.decimal == decimal)
    if form.kind == "truth":
        return partial(_truths, form=form)
    return partial(_dates, form=form) if form.order else _slashed_dates


# --- numbers


def _numbers(cells: _Texts, form: CellForm, usual: bool) -> Meaning:
    """The texts as numbers without the sign or unit of the form, or without the most common one if it names none."""
    texts, decimal, thousands = cells.texts, form.decimal, form.thousands
    parts = texts.str.extract(_number_pattern(decimal, thousands), flags=re.IGNORECASE).fillna("")
    numbers = parts["number"].str.replace(f"[{thousands}]", "", regex=True) if thousands else parts["number"]
    numbers = numbers.str.replace(decimal, ".", regex=False).str.lower().str.replace("d", "e", regex=False)
    values = pd.to_numeric(numbers, errors="coerce").to_numpy(np.float64)
    signs = parts["sign"] + parts["inner_sign"]
    values = np.where(signs.isin(_MINUS), -values, values)
    values = np.where(signs.str.len() > 1, np.nan, values)
    values = np.where(np.isnan(values), texts.str.lower().map(_INFINITE).to_numpy(np.float64), values)
    affixes = parts["before"] + parts["behind"]
    affix = _usual_affix(affixes, cells.counts) if form.affix is None else form.affix
    values = np.where(affixes.isin([affix, ""] if _may_lack(affix) else [affix]), values, np.nan)
    read = parts[~np.isnan(values)]
    notes = (
        *_mark_notes(read["number"], decimal, thousands, usual),
        *_affix_notes(affix, read["before"] + read["behind"]),
    )
    return Meaning(replace(form, affix=affix), values, notes)


def _number_pattern(decimal: str, thousands: str) -> str:
    mark = re.escape(decimal)
    grouped = rf"[1-9]\d{{0,2}}(?:[{thousands}]\d{{3}})+|" if thousands else ""
    number = rf"(?:(?:{grouped}\d+)(?:{mark}\d*)?|{mark}\d+)(?:[ed][+-]?\d+)?"
    sign = f"[+{''.join(_MINUS[1:])}-]?"
    return (
        rf"^(?P<sign>{sign})\s*(?P<before>(?:{_CURRENCIES})?)\s*(?P<inner_sign>{sign})"
        rf"(?P<number>{number})\s*(?P<behind>(?:{_UNIT})?)$"
    )


def _usual_affix(affixes: pd.Series[str], counts: NDArray[np.int64]) -> str:
    """The currency or unit that most numbers have; numbers with another one do not compare."""
    found = pd.Series(counts, index=affixes.to_numpy()).groupby(level=0).sum().drop("", errors="ignore")
    return str(found.idxmax()) if len(found) and found.max() > ODD_SHARE * counts.sum() else ""


def _may_lack(affix: str) -> bool:
    """Whether a number without the sign means the same: a currency is often left out, a unit is not."""
    return affix in "%‰" or re.fullmatch(_CURRENCIES, affix, re.IGNORECASE) is not None


def _mark_notes(numbers: pd.Series[str], decimal: str, thousands: str, usual: bool) -> Iterator[str]:
    """Says what a mark was taken for, unless it is the file's usual one for decimals."""
    mark = f"[{thousands}]" if thousands else re.escape(decimal)
    marked = numbers[numbers.str.contains(mark, regex=True)]
    if not len(marked) or (usual and not thousands):
        return
    example = str(marked.iloc[0])
    number = (re.sub(mark, "", example) if thousands else example).replace(decimal, ".")
    what = "marks between thousands taken out" if thousands else f"{decimal!r} is the decimal mark"
    yield f"{what} ({example!r} is {number})"


def _affix_notes(affix: str, affixes: pd.Series[str]) -> Iterator[str]:
    if affix and (affixes == affix).any():
        said = "per cent, as written (5% is 5)" if affix == "%" else f"the numbers without {affix!r}"
        yield said + ("; cells without the sign are taken alike" if (affixes == "").any() else "")


# --- truth values


def _truths(cells: _Texts, form: CellForm) -> Meaning:
    true, false = form.order.split("/")
    lower = cells.texts.str.lower()
    values = np.where(lower == true, 1.0, np.where(lower == false, 0.0, np.nan))
    return Meaning(form, values, (f"{true!r} is 1, {false!r} is 0",))


# --- dates


def _dates(cells: _Texts, form: CellForm) -> Meaning:
    values = np.full(len(cells.texts), np.nan)
    # a bare number is no date, although ISO 8601 allows a year alone
    dated = ~cells.texts.str.fullmatch(r"\d+").to_numpy(np.bool_)
    for pattern in _DATES.get(form.order) or _SLASHED[form.order]:
        unread = np.isnan(values) & dated
        if unread.any():
            values[unread] = _days(cells.texts[unread], pattern)
    return Meaning(form, values, (f"dates ({form.order})",))


def _slashed_dates(cells: _Texts) -> Meaning:
    """Dates such as 2/1/2020: whichever order explains more of them; if both explain all, nobody can tell."""
    month_first, day_first = (_dates(cells, CellForm("date", order=order)) for order in _SLASHED)
    if cells.share(month_first) != cells.share(day_first):
        return max(month_first, day_first, key=cells.share)
    doubt = "which could also be day/month/year: write 2020-01-31 to leave no doubt"
    return replace(month_first, notes=(f"{month_first.notes[0]}, {doubt}",))


def _days(texts: pd.Series[str], pattern: str) -> NDArray[np.float64]:
    return days_since_1970(pd.to_datetime(texts, format=pattern, errors="coerce", utc=True))
