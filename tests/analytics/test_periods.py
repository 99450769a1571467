"""Months and years as DHIS2 writes them."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.analytics.periods import Period, months_before
from prefect_patterns.errors import UsageError

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31))


@pytest.mark.parametrize(
    ("text", "kind", "bounds", "days", "name"),
    [
        ("202401", "Monthly", (date(2024, 1, 1), date(2024, 1, 31)), 31, "January 2024"),
        ("202402", "Monthly", (date(2024, 2, 1), date(2024, 2, 29)), 29, "February 2024"),
        ("202302", "Monthly", (date(2023, 2, 1), date(2023, 2, 28)), 28, "February 2023"),
        ("202412", "Monthly", (date(2024, 12, 1), date(2024, 12, 31)), 31, "December 2024"),
        ("2024", "Yearly", (date(2024, 1, 1), date(2024, 12, 31)), 366, "2024"),
        ("1900", "Yearly", (date(1900, 1, 1), date(1900, 12, 31)), 365, "1900"),
    ],
)
def test_a_period_knows_its_days(text, kind, bounds, days, name):
    period = Period.parse(text)
    assert (period.type, (period.start, period.end), period.days, period.name) == (kind, bounds, days, name)
    assert period.iso == str(period) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "20241",
        "202400",
        "202413",
        "2024-01",
        "2024Q1",
        "2024W1",
        "20240101",
        " 202401",
        "\uff10\uff12\uff12\uff14",
        "0000",
    ],
)
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(UsageError, match="is not a period"):
        Period.parse(text)


@pytest.mark.parametrize(("start", "type_"), [(date(2024, 1, 2), "Monthly"), (date(2024, 2, 1), "Yearly")])
def test_a_period_starts_on_its_first_day(start, type_):
    with pytest.raises(UsageError, match="cannot start on"):
        Period(start, type_)


@given(DAYS)
def test_iso_and_parse_are_inverse(day):
    for period in (Period(day.replace(day=1)), Period(day.replace(month=1, day=1), "Yearly")):
        assert Period.parse(period.iso) == period


@given(DAYS)
def test_the_next_day_after_a_month_is_the_next_month(day):
    month = Period(day.replace(day=1))
    assert month.days == monthrange(day.year, day.month)[1]
    assert (month.end + timedelta(days=1)).day == 1


@given(DAYS)
def test_a_year_is_its_months(day):
    year = Period(date(day.year, 1, 1), "Yearly")
    assert sum(month.days for month in year.months) == year.days
    assert {month.year for month in year.months} == {year}
    assert year.year == year
    assert year.months[0].months == (year.months[0],)


@pytest.mark.parametrize(
    ("today", "n", "expected"),
    [
        (date(2026, 7, 15), 3, ["202604", "202605", "202606"]),
        (date(2026, 1, 1), 2, ["202511", "202512"]),
        (date(2026, 1, 31), 1, ["202512"]),
        (date(2024, 3, 1), 1, ["202402"]),
        (date(2026, 7, 15), 0, []),
    ],
)
def test_the_last_whole_months(today, n, expected):
    assert [month.iso for month in months_before(today, n)] == expected


@given(DAYS, st.integers(min_value=1, max_value=60))
def test_months_before_are_adjacent_and_end_before_the_month_of_today(today, n):
    months = months_before(today, n)
    assert len(months) == n
    assert months[-1].end + timedelta(days=1) == today.replace(day=1)
    assert all(a.end + timedelta(days=1) == b.start for a, b in pairwise(months))


@pytest.mark.parametrize("n", [-1, 2026 * 12])
def test_a_number_of_months_that_cannot_be_is_refused(n):
    with pytest.raises(UsageError, match="months back"):
        months_before(date(2026, 7, 15), n)
