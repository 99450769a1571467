"""Periods as DHIS2 writes them: ids, days, names, and one period made of others."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefect_patterns.analytics import DateRange, Period, PeriodType, months_before, period_bounds, periods_between
from prefect_patterns.errors import UsageError

TYPES = get_args(PeriodType)
WEEKDAYS = {"": 0, "Wednesday": 2, "Thursday": 3, "Friday": 4, "Saturday": 5, "Sunday": 6}
DAY = timedelta(days=1)

types = st.sampled_from(TYPES)
days = st.dates(min_value=date(2, 1, 1), max_value=date(9997, 12, 31))
periods = st.builds(Period.of, types, days)


@pytest.mark.parametrize(
    ("text", "kind", "first", "last", "name"),
    [
        ("20240229", "Daily", "2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024W5", "Weekly", "2024-01-29", "2024-02-04", "Week 5 2024-01-29 - 2024-02-04"),
        ("2022W5", "Weekly", "2022-01-31", "2022-02-06", "Week 5 2022-01-31 - 2022-02-06"),
        ("2020W53", "Weekly", "2020-12-28", "2021-01-03", "Week 53 2020-12-28 - 2021-01-03"),
        ("2024WedW1", "WeeklyWednesday", "2024-01-03", "2024-01-09", "Week 1 2024-01-03 - 2024-01-09"),
        ("2024ThuW1", "WeeklyThursday", "2024-01-04", "2024-01-10", "Week 1 2024-01-04 - 2024-01-10"),
        ("2024FriW1", "WeeklyFriday", "2023-12-29", "2024-01-04", "Week 1 2023-12-29 - 2024-01-04"),
        ("2024SatW1", "WeeklySaturday", "2023-12-30", "2024-01-05", "Week 1 2023-12-30 - 2024-01-05"),
        ("2024SatW53", "WeeklySaturday", "2024-12-28", "2025-01-03", "Week 53 2024-12-28 - 2025-01-03"),
        ("2021SunW52", "WeeklySunday", "2021-12-26", "2022-01-01", "Week 52 2021-12-26 - 2022-01-01"),
        ("2024BiW3", "BiWeekly", "2024-01-29", "2024-02-11", "Bi-Week 3 2024-01-29 - 2024-02-11"),
        ("2020BiW27", "BiWeekly", "2020-12-28", "2021-01-03", "Bi-Week 27 2020-12-28 - 2021-01-03"),
        ("202401", "Monthly", "2024-01-01", "2024-01-31", "January 2024"),
        ("202302", "Monthly", "2023-02-01", "2023-02-28", "February 2023"),
        ("202401B", "BiMonthly", "2024-01-01", "2024-02-29", "January - February 2024"),
        ("202406B", "BiMonthly", "2024-11-01", "2024-12-31", "November - December 2024"),
        ("2021Q4", "Quarterly", "2021-10-01", "2021-12-31", "October - December 2021"),
        ("2024NovQ1", "QuarterlyNov", "2023-11-01", "2024-01-31", "November - January 2024"),
        ("2024NovQ4", "QuarterlyNov", "2024-08-01", "2024-10-31", "August - October 2024"),
        ("2021S1", "SixMonthly", "2021-01-01", "2021-06-30", "January - June 2021"),
        ("2024AprilS2", "SixMonthlyApril", "2024-10-01", "2025-03-31", "October - March 2025"),
        ("2024NovS1", "SixMonthlyNov", "2023-11-01", "2024-04-30", "November - April 2024"),
        ("2024NovS2", "SixMonthlyNov", "2024-05-01", "2024-10-31", "May - October 2024"),
        ("1900", "Yearly", "1900-01-01", "1900-12-31", "1900"),
        ("2024Feb", "FinancialFeb", "2024-02-01", "2025-01-31", "February 2024 - January 2025"),
        ("2024April", "FinancialApril", "2024-04-01", "2025-03-31", "April 2024 - March 2025"),
        ("2024July", "FinancialJuly", "2024-07-01", "2025-06-30", "July 2024 - June 2025"),
        ("2024Aug", "FinancialAug", "2024-08-01", "2025-07-31", "August 2024 - July 2025"),
        ("2024Sep", "FinancialSep", "2024-09-01", "2025-08-31", "September 2024 - August 2025"),
        ("2021Oct", "FinancialOct", "2021-10-01", "2022-09-30", "October 2021 - September 2022"),
        ("2024Nov", "FinancialNov", "2023-11-01", "2024-10-31", "November 2023 - October 2024"),
    ],
)
def test_a_period_knows_its_days_and_its_name(text, kind, first, last, name):
    period = Period.parse(text)
    assert (period.type, f"{period.start}", f"{period.end}", period.name) == (kind, first, last, name)
    assert period.iso == str(period) == text
    assert period.days == (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


@pytest.mark.parametrize(
    ("text", "iso"),
    [("2024-01", "202401"), ("2024-01-31", "20240131"), ("2024W05", "2024W5"), ("2024BiW03", "2024BiW3")],
)
def test_what_the_server_reads_is_read_and_written_as_it_writes(text, iso):
    assert Period.parse(text).iso == iso


@pytest.mark.parametrize(
    "text",
    [
        *("", "24", "2024M", "20241", "2024011", "2024010101", " 202401", "202401 ", "202401\n", "-2024", "2024-1"),
        *("202400", "202413", "2024-13", "20240230", "20230229", "2024-01-32", "2024-0131", "2024-01B", "0000"),
        *("2024W0", "2024W00", "2024W", "2024W54", "2024W005", "2024w5", "2021W53", "2023SatW53"),
        *("2024BiW0", "2024BiW27", "2020BiW28", "202400B", "202407B", "20241B", "2024B01"),
        *("2024Q0", "2024Q5", "2024Q", "2024Q01", "2024NovQ5", "2024S3", "2024AprilS0", "2024NovS3", "2024Q1B"),
        *("2024april", "2024Apr", "2024April1", "2024October", "2024Nov1", "0001Nov", "9999Oct", "2024TueW1"),
        *("\uff12\uff10\uff12\uff14", "2024\u0661\u0662", "20202021x", "LAST_12_MONTHS", "20240101_20240131"),
        "x" * 100_000,
    ],
)
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(UsageError, match="is not a period") as refused:
        Period.parse(text)
    assert len(refused.value.what) < 100


@pytest.mark.parametrize("value", [None, 202401, b"202401", date(2024, 1, 1)])
def test_what_is_no_text_is_no_id(value):
    with pytest.raises(UsageError, match="is not a period"):
        Period.parse(value)


@pytest.mark.parametrize(
    ("start", "type_", "message"),
    [
        (date(2024, 1, 2), "Monthly", "cannot start on 2024-01-02"),
        (date(2024, 2, 1), "Yearly", "cannot start on"),
        (datetime(2024, 1, 1, tzinfo=UTC), "Monthly", "cannot start on"),
        (date(2024, 1, 8), "BiWeekly", "cannot start on"),
        (date(2024, 1, 1), "Quartely", "did you mean Quarterly"),
        (date(2024, 1, 1), "TwoYearly", "is not a period type"),
        (date(2024, 1, 1), None, "is not a period type"),
        ("2024-01-01", "Monthly", "is not a day"),
        (date(9999, 11, 1), "FinancialNov", "the years 1 to 9999"),
        (date(9999, 12, 31), "Weekly", "the years 1 to 9999"),
    ],
)
def test_a_period_starts_on_its_first_day_and_ends_in_a_year_there_is(start, type_, message):
    with pytest.raises(UsageError) as refused:
        Period(start, type_)
    assert message in str(refused.value)


@given(types, days)
def test_every_day_lies_in_exactly_one_period_of_a_type(type_, day):
    period = Period.of(type_, day)
    assert period.contains(day)
    assert not period.previous().contains(day)
    assert not period.next().contains(day)
    assert {Period.of(type_, period.start), Period.of(type_, period.end)} == {period}


@given(periods)
def test_the_id_of_a_period_names_it(period):
    assert Period.parse(period.iso) == period


@given(periods)
def test_periods_follow_each_other_without_a_gap(period):
    assert period.next().start == period.end + DAY
    assert period.next().previous() == period == period.previous().next()


@given(periods, st.integers(0, 60))
def test_n_steps_are_one_step_n_times(period, n):
    stepped = period
    for _ in range(n):
        stepped = stepped.next()
    assert period.next(n) == stepped
    assert stepped.previous(n) == period


@given(days)
def test_a_week_is_iso_8601s(day):
    year, week, _ = day.isocalendar()
    assert Period.of("Weekly", day).iso == f"{year:04}W{week}"


@given(st.sampled_from(sorted(WEEKDAYS)), days)
def test_a_week_carries_the_year_that_most_of_its_days_lie_in_and_its_place_in_it(name, day):
    start = next(back for back in (day - n * DAY for n in range(7)) if back.weekday() == WEEKDAYS[name])
    earlier = [[start + (n - 7 * back) * DAY for n in range(7)] for back in range(54)]
    years = [max({each.year for each in week}, key=[each.year for each in week].count) for week in earlier]
    mark = f"{name[:3]}W"
    assert Period.of(f"Weekly{name}", day).iso == f"{years[0]:04}{mark}{years.count(years[0])}"


@given(periods)
def test_the_days_of_a_period_are_its_daily_periods(period):
    inside = period.to("Daily")
    assert [day.start for day in inside] == [period.start + n * DAY for n in range(period.days)]


@given(periods, types)
def test_the_periods_of_another_type_are_inside_if_finer_and_cover_if_not(period, type_):
    found = period.to(type_)
    covered = sum(each.days for each in found)
    assert all(one.next() == two for one, two in pairwise(found))
    if all(period.contains(each) for each in found):
        assert covered <= period.days
    else:
        assert all(period.overlaps(each) for each in found)
        assert found[0].start <= period.start
        assert period.end <= found[-1].end


@pytest.mark.parametrize(
    ("text", "type_", "expected"),
    [
        ("2024", "Quarterly", "2024Q1 2024Q2 2024Q3 2024Q4"),
        ("2024Oct", "SixMonthlyApril", "2024AprilS2 2025AprilS1"),
        ("2024NovS1", "Monthly", "202311 202312 202401 202402 202403 202404"),
        ("2024BiW3", "Weekly", "2024W5 2024W6"),
        ("202402", "Weekly", "2024W6 2024W7 2024W8"),
        ("2024W5", "Monthly", "202401 202402"),
        ("202402", "Yearly", "2024"),
        ("2024", "FinancialOct", "2023Oct 2024Oct"),
        ("2024Q1", "QuarterlyNov", "2024NovQ1 2024NovQ2"),
        ("2024W5", "WeeklySunday", "2024SunW5 2024SunW6"),
        ("2024W5", "Weekly", "2024W5"),
        ("20240131", "Weekly", "2024W5"),
    ],
)
def test_a_period_becomes_those_of_another_type(text, type_, expected):
    assert [each.iso for each in Period.parse(text).to(type_)] == expected.split()


@given(days)
def test_a_year_is_its_months(day):
    year = Period(date(day.year, 1, 1), "Yearly")
    assert sum(month.days for month in year.months) == year.days
    assert {month.year for month in year.months} == {year}
    assert year.year == year
    assert year.months[0].months == (year.months[0],)


def test_a_range_has_both_ends():
    found = Period.range(Period.parse("2020BiW26"), Period.parse("2021BiW2"))
    assert [each.iso for each in found] == ["2020BiW26", "2020BiW27", "2021BiW1", "2021BiW2"]


@pytest.mark.parametrize(("first", "last"), [("202402", "202401"), ("2024", "202401"), ("2024W1", "2024WedW2")])
def test_a_range_of_two_types_or_reversed_is_refused(first, last):
    with pytest.raises(UsageError, match=f"from {first} to {last}"):
        Period.range(Period.parse(first), Period.parse(last))


@pytest.mark.parametrize(("text", "n"), [("9999", 1), ("0001", -1), ("2024W1", 10**9), ("2024BiW1", -(10**12))])
def test_no_step_leads_out_of_the_years_there_are(text, n):
    with pytest.raises(UsageError, match="the years 1 to 9999"):
        Period.parse(text).next(n)


@given(st.lists(periods, max_size=8))
def test_periods_sort_by_their_first_day_and_are_keys(some):
    assert [each.start for each in sorted(some)] == sorted(each.start for each in some)
    assert len(set(some)) == len({each.iso for each in some})


@pytest.mark.parametrize(
    ("type_", "partial", "expected"),
    [
        ("Weekly", False, "2024W2 2024W3"),
        ("Weekly", True, "2024W1 2024W2 2024W3 2024W4"),
        ("Monthly", False, ""),
        ("Monthly", True, "202401"),
    ],
)
def test_the_periods_between_two_days_are_whole_unless_asked(type_, partial, expected):
    found = periods_between(type_, date(2024, 1, 2), datetime(2024, 1, 22, 9, tzinfo=UTC), partial=partial)
    assert [each.iso for each in found] == expected.split()


def test_days_in_the_wrong_order_are_refused():
    with pytest.raises(UsageError, match="2024-01-02 to 2024-01-01 are reversed"):
        periods_between("Daily", date(2024, 1, 2), date(2024, 1, 1))


@given(st.tuples(days, days).map(sorted))
def test_a_range_of_dates_is_read_as_written(bounds):
    asked = DateRange(*bounds)
    assert DateRange.parse(str(asked)) == asked == DateRange.parse(f"{bounds[0]}_{bounds[1]}")
    assert asked.days == (bounds[1] - bounds[0]).days + 1


@pytest.mark.parametrize("text", ["", "20240101", "20240131_20240101", "20240101_20240230", "2024_2025", None])
def test_what_is_no_range_of_dates_is_refused(text):
    with pytest.raises(UsageError, match=r"range of dates|reversed"):
        DateRange.parse(text)


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


@pytest.mark.parametrize("n", [-1, 2026 * 12])
def test_a_number_of_months_that_cannot_be_is_refused(n):
    with pytest.raises(UsageError, match="months back"):
        months_before(date(2026, 7, 15), n)


@settings(max_examples=50)
@given(st.lists(st.none() | periods, max_size=8))
def test_the_bounds_of_a_column_are_those_of_its_periods(some):
    column = pl.Series([each and each.iso for each in some], dtype=pl.String)
    rows = [(each.start, each.end, each.type, each.days) if each else (None,) * 4 for each in some]
    schema = {"start": pl.Date, "end": pl.Date, "type": pl.String, "days": pl.Int64}
    assert_frame_equal(period_bounds(column), pl.DataFrame(rows, schema=schema, orient="row"))
    assert_frame_equal(period_bounds(column.cast(pl.Categorical)), period_bounds(column))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.Series([202401, 202402]), "column of Int64"),
        (pl.Series(["202401", "202413", "x", "202413"]), "2 of 3 distinct ids name no period: '202413', 'x'"),
        (pl.Series([f"{n}" for n in range(9)]), "'4', ..."),
    ],
)
def test_a_column_with_other_things_in_it_is_refused_once(column, message):
    with pytest.raises(UsageError) as refused:
        period_bounds(column)
    assert message in str(refused.value)
