"""What the cells of one column mean: numbers in any country's form, truth values, dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
_DATES: dict[str, tuple[str, ...]] = {
    "year/month/day": ("%Y/%m/%d", "%Y.%m.%d"),
    "day.month.year": ("%d.%m.%Y",),
    "day month year": ("%d %b %Y", "%d-%b-%Y", "%d %B %Y"),
    "month day, year": ("%b %d, %Y", "%B %d, %Y"),
}
_MONTH_FIRST, _DAY_FIRST = ("%m/%d/%Y", "%m-%d-%Y"), ("%d/%m/%Y", "%d-%m-%Y")
_EPOCH, _DAY = pd.Timestamp("1970-01-01", tz="UTC"), pd.Timedelta(days=1)


@dataclass(frozen=True)
class Meaning:
    """How the texts of a column are read.

    Attributes:
        kind: `number`, `truth`, or `date`, whose values are days since 1970 (UTC).
        values: Value of each text, NaN for those that are something else, `(texts,)`.
        notes: What the user should know, one line each, without the column's name.
        decimal: The decimal mark of numbers.
    """

    kind: Literal["number", "truth", "date"]
    values: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    decimal: str = "."


_Reader = Callable[["pd.Series[str]"], Meaning]


def understand(texts: pd.Series[str], counts: NDArray[np.int64], decimal: str) -> Meaning | None:
    """Finds the one way to read most of the texts of a column.

    Args:
        texts: The distinct filled cells, without white space around them.
        counts: How often each occurs.
        decimal: The decimal mark of the file, which is tried first.

    Returns:
        What explains the most cells, the first of several; None if nothing explains all but one in ten.
    """
    best, most = None, 1 - ODD_SHARE
    every = slice(None, None, len(texts) // _SAMPLE + 1)
    for reader in _readers(decimal):
        if _share(reader(texts.iloc[every]), counts[every]) < _PROMISING:
            continue
        meaning = reader(texts)
        share = _share(meaning, counts)
        if share > most or (best is None and share == most):
            best, most = meaning, share
        if share == 1:
            break
    return best


def plain_numbers(texts: pd.Series[str], decimal: str) -> Meaning:
    """The texts as numbers without marks and signs, NaN where they are none."""
    return _numbers(texts, decimal, "", usual=True, bare=True)


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


def _share(meaning: Meaning, counts: NDArray[np.int64]) -> float:
    return float(counts[~np.isnan(meaning.values)].sum() / counts.sum())


def _readers(decimal: str) -> Iterator[_Reader]:
    for mark in (decimal, "," if decimal == "." else "."):
        for thousands in _THOUSANDS[mark]:
            yield partial(_numbers, decimal=mark, thousands=thousands, usual=mark == decimal)
    for true, false in _TRUTHS:
        yield partial(_truths, true=true, false=false)
    yield partial(_dates, order="ISO 8601", forms=("ISO8601",))
    for order, forms in _DATES.items():
        yield partial(_dates, order=order, forms=_with_clocks(forms))
    yield _slashed_dates


# --- numbers


def _numbers(texts: pd.Series[str], decimal: str, thousands: str, usual: bool, bare: bool = False) -> Meaning:
    parts = texts.str.extract(_number_pattern(decimal, thousands), flags=re.IGNORECASE).fillna("")
    numbers = parts["number"].str.replace(f"[{thousands}]", "", regex=True) if thousands else parts["number"]
    numbers = numbers.str.replace(decimal, ".", regex=False).str.lower().str.replace("d", "e", regex=False)
    values = pd.to_numeric(numbers, errors="coerce").to_numpy(np.float64)
    signs = parts["sign"] + parts["inner_sign"]
    values = np.where(signs.isin(_MINUS), -values, values)
    values = np.where(signs.str.len() > 1, np.nan, values)
    values = np.where(np.isnan(values), texts.str.lower().map(_INFINITE).to_numpy(np.float64), values)
    affixes = parts["before"] + parts["behind"]
    affix = "" if bare else _usual_affix(affixes)
    values = np.where(affixes.isin([affix, ""] if _may_lack(affix) else [affix]), values, np.nan)
    read = parts[~np.isnan(values)]
    notes = (
        *_mark_notes(read["number"], decimal, thousands, usual),
        *_affix_notes(affix, read["before"] + read["behind"]),
    )
    return Meaning("number", values, notes, decimal)


def _number_pattern(decimal: str, thousands: str) -> str:
    mark = re.escape(decimal)
    grouped = rf"\d{{1,3}}(?:[{thousands}]\d{{3}})+|" if thousands else ""
    number = rf"(?:(?:{grouped}\d+)(?:{mark}\d*)?|{mark}\d+)(?:[ed][+-]?\d+)?"
    sign = f"[+{''.join(_MINUS[1:])}-]?"
    return (
        rf"^(?P<sign>{sign})\s*(?P<before>(?:{_CURRENCIES})?)\s*(?P<inner_sign>{sign})"
        rf"(?P<number>{number})\s*(?P<behind>(?:{_UNIT})?)$"
    )


def _usual_affix(affixes: pd.Series[str]) -> str:
    """The currency or unit that most numbers have; numbers with another one do not compare."""
    found = affixes[affixes != ""].value_counts()
    return str(found.index[0]) if len(found) and found.iloc[0] > ODD_SHARE * len(affixes) else ""


def _may_lack(affix: str) -> bool:
    """Whether a number without the sign means the same: a currency is often left out, a unit is not."""
    return affix in "%‰" or re.fullmatch(_CURRENCIES, affix, re.IGNORECASE) is not None


def _mark_notes(numbers: pd.Series[str], decimal: str, thousands: str, usual: bool) -> Iterator[str]:
    mark = f"[{thousands}]" if thousands else re.escape(decimal)
    marked = numbers[numbers.str.contains(mark, regex=True)] if thousands or not usual else numbers[:0]
    if not len(marked):
        return
    example = str(marked.iloc[0])
    number = (re.sub(mark, "", example) if thousands else example).replace(decimal, ".")
    what = "marks between thousands taken out" if thousands else f"{decimal!r} is the decimal mark"
    yield f"{what} ({example!r} is {number})"


def _affix_notes(affix: str, affixes: pd.Series[str]) -> Iterator[str]:
    if affix and (affixes == affix).any():
        said = "per cent, as written (5% is 5)" if affix == "%" else f"the numbers without {affix!r}"
        lacking = affixes.index[affixes == ""]
        yield said + ("; cells without the sign are taken alike" if len(lacking) else "")


# --- truth values


def _truths(texts: pd.Series[str], true: str, false: str) -> Meaning:
    lower = texts.str.lower()
    values = np.where(lower == true, 1.0, np.where(lower == false, 0.0, np.nan))
    return Meaning("truth", values, (f"{true!r} is 1, {false!r} is 0",))


# --- dates


def _dates(texts: pd.Series[str], order: str, forms: tuple[str, ...]) -> Meaning:
    values = np.full(len(texts), np.nan)
    for form in forms:
        open_ = np.isnan(values)
        if open_.any():
            values[open_] = _days(texts[open_], form)
    return Meaning("date", values, (f"dates ({order})",))


def _slashed_dates(texts: pd.Series[str]) -> Meaning:
    """Dates such as 2/1/2020: whichever order explains more of them; if both explain all, nobody can tell."""
    month_first = _dates(texts, "month/day/year", _with_clocks(_MONTH_FIRST))
    day_first = _dates(texts, "day/month/year", _with_clocks(_DAY_FIRST))
    read = [int((~np.isnan(meaning.values)).sum()) for meaning in (month_first, day_first)]
    if read[0] != read[1]:
        return month_first if read[0] > read[1] else day_first
    doubt = "which could also be day/month/year: write 2020-01-31 to leave no doubt"
    return replace(month_first, notes=(f"{month_first.notes[0]}, {doubt}",))


def _with_clocks(forms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("".join(both) for both in product(forms, _CLOCKS))


def _days(texts: pd.Series[str], form: str) -> NDArray[np.float64]:
    return days_since_1970(pd.to_datetime(texts, format=form, errors="coerce", utc=True))
