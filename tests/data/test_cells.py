"""What cells mean, against values that were written in many countries' ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.data.cells import Meaning, date_text, days_since, understand


def meaning(texts: Sequence[str], decimal: str = ".") -> Meaning | None:
    distinct = pd.Series(list(dict.fromkeys(texts)), dtype="str")
    counts = np.array([texts.count(text) for text in distinct])
    return understand(distinct, counts, decimal)


def values(*texts: str, decimal: str = ".") -> list[float]:
    found = meaning(texts, decimal)
    assert found is not None
    return found.values.tolist()


@pytest.mark.parametrize(
    ("texts", "expected", "note"),
    [
        (["1,234", "12,345,678.5"], [1234, 12345678.5], "'1,234' is 1234"),
        (["1.234,5", "0,5"], [1234.5, 0.5], "'1.234,5' is 1234.5"),
        (["1 234", "5"], [1234, 5], "'1 234' is 1234"),
        (["1\u202f234,5", "5"], [1234.5, 5], "marks between thousands"),
        (["1'234.5", "5"], [1234.5, 5], "marks between thousands"),
        (["1,5", "2,25"], [1.5, 2.25], "',' is the decimal mark ('1,5' is 1.5)"),
        (["1,5e3", "2e-3"], [1500, 0.002], "decimal mark"),
        (["$1,250.50", "-$3"], [1250.5, -3], "without '$'"),
        (["3 €", "4,5 €"], [3, 4.5], "without '€'"),
        (["EUR 3", "EUR 4.5"], [3, 4.5], "without 'EUR'"),
        (["5%", "12.5 %"], [5, 12.5], "per cent, as written (5% is 5)"),
        (["5 kg", "6.5 kg"], [5, 6.5], "without 'kg'"),
        (["3 m/s^2", "4 m/s^2"], [3, 4], "without 'm/s^2'"),
        (["true", "False"], [1, 0], "'true' is 1, 'false' is 0"),
        (["yes", "NO"], [1, 0], "'yes' is 1, 'no' is 0"),
    ],
)
def test_forms_of_numbers_and_what_is_said_of_them(texts: list[str], expected: list[float], note: str) -> None:
    found = meaning(texts)
    assert found is not None
    assert found.values.tolist() == expected
    assert note in "; ".join(found.notes)


def test_what_needs_no_note() -> None:
    found = meaning(["−1.5", "+2", "1.0D+05", "inf", ".5", "3."])
    assert found is not None
    assert found.values.tolist() == [-1.5, 2, 1e5, np.inf, 0.5, 3]
    assert found.notes == ()


@pytest.mark.parametrize(
    "texts",
    [
        ["5 kg", "500 g"],  # two units
        ["$5", "€5"],  # two currencies
        ["5 kg", "6"],  # a unit may be lacking by mistake
        ["A1", "A2"],  # labels
        ["1/2", "3/4"],
        ["10:30", "11:45"],
        ["infrared", "infra"],
        ["0x1F", "0x2A"],
        ["1_000", "2_000"],
        ["+-5", "--6"],
        ["north", "south"],
        ["1.2.3", "4.5.6"],
    ],
)
def test_what_is_no_number_stays_text(texts: list[str]) -> None:
    assert meaning(texts) is None


def test_a_few_cells_may_be_something_else() -> None:
    texts = [f"{i},5" for i in range(18)] + ["err", "100 kg"]
    found = meaning(texts, ",")
    assert found is not None
    assert np.isnan(found.values).tolist() == [False] * 18 + [True, True]
    assert meaning([*texts, "sensor off"], ",") is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-03-05", datetime(2021, 3, 5, tzinfo=UTC)),
        ("2021-03-05T06:30:15Z", datetime(2021, 3, 5, 6, 30, 15, tzinfo=UTC)),
        ("2021-03-05 06:30+02:00", datetime(2021, 3, 5, 4, 30, tzinfo=UTC)),
        ("2021/03/05", datetime(2021, 3, 5, tzinfo=UTC)),
        ("05.03.2021", datetime(2021, 3, 5, tzinfo=UTC)),
        ("05.03.2021 18:00", datetime(2021, 3, 5, 18, tzinfo=UTC)),
        ("25/03/2021", datetime(2021, 3, 25, tzinfo=UTC)),
        ("03/25/2021", datetime(2021, 3, 25, tzinfo=UTC)),
        ("5 Mar 2021", datetime(2021, 3, 5, tzinfo=UTC)),
        ("March 5, 2021", datetime(2021, 3, 5, tzinfo=UTC)),
        ("1066-10-14", datetime(1066, 10, 14, tzinfo=UTC)),
    ],
)
def test_dates_are_days(text: str, moment: datetime) -> None:
    found = meaning([text])
    assert found is not None
    assert found.form.kind == "date"
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 86400
    assert found.values.tolist() == [pytest.approx(expected, abs=1e-9)]


def test_the_order_of_day_and_month_is_told_by_the_dates_that_leave_no_doubt() -> None:
    day_first, month_first, doubtful = ("01/02/2020", "13/02/2020"), ("01/02/2020", "02/13/2020"), ("01/02/2020",)
    assert np.diff(values(*day_first)).tolist() == [12]
    assert np.diff(values(*month_first)).tolist() == [42]
    found = meaning(doubtful)
    assert found is not None
    assert "could also be day/month/year" in found.notes[0]


@settings(deadline=None, max_examples=50)
@given(st.integers(-700_000 * 86400, 2_000_000 * 86400).map(lambda seconds: seconds / 86400))
def test_dates_go_there_and_back(days: float) -> None:
    text = date_text(days)
    found = meaning([text])
    assert found is not None
    assert found.values.tolist() == [pytest.approx(days, abs=1e-8)]
    assert days_since(text, found.values, None).tolist() == [pytest.approx(0, abs=1e-8)]


amounts = st.integers(-(10**12), 10**12).map(lambda cents: cents / 100)


@settings(deadline=None, max_examples=50)
@given(
    numbers=st.lists(amounts, min_size=3, max_size=8, unique=True),
    marks=st.sampled_from([",.", ".,", " .", " ,", "'.", "\u00a0,"]),
    sign=st.sampled_from(["", "$", "€", "%", " kg"]),
)
def test_numbers_written_with_marks_and_signs_are_read_as_they_were(
    numbers: list[float], marks: str, sign: str
) -> None:
    thousands, decimal = marks

    def written(number: float) -> str:
        text = f"{number:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
        return f"{sign}{text}" if sign in {"$", "€"} else f"{text}{sign}"

    assert values(*map(written, numbers)) == numbers
    assert values(*map(written, numbers), decimal=",") == numbers


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=20, unique=True))
def test_any_texts_have_a_meaning_or_none(texts: list[str]) -> None:
    found = meaning([text.strip() for text in texts])
    assert found is None or len(found.values) == len({text.strip() for text in texts})
