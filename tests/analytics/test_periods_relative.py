"""Relative periods: what a keyword stands for on a day, as recorded answers have it."""

import json
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.analytics import Period, is_relative, months_before, relative_name, relative_periods
from prefect_patterns.analytics.periods import RELATIVE_PERIODS
from prefect_patterns.errors import UsageError

RECORDED = Path(__file__).parents[1] / "data" / "dhis2"

KEYWORDS = """
TODAY YESTERDAY LAST_3_DAYS LAST_7_DAYS LAST_14_DAYS LAST_30_DAYS LAST_60_DAYS LAST_90_DAYS LAST_180_DAYS
THIS_WEEK LAST_WEEK LAST_4_WEEKS LAST_12_WEEKS LAST_52_WEEKS WEEKS_THIS_YEAR
THIS_BIWEEK LAST_BIWEEK LAST_4_BIWEEKS
THIS_MONTH LAST_MONTH LAST_3_MONTHS LAST_6_MONTHS LAST_12_MONTHS MONTHS_THIS_YEAR MONTHS_LAST_YEAR
THIS_BIMONTH LAST_BIMONTH LAST_6_BIMONTHS BIMONTHS_THIS_YEAR
THIS_QUARTER LAST_QUARTER LAST_4_QUARTERS QUARTERS_THIS_YEAR QUARTERS_LAST_YEAR
THIS_SIX_MONTH LAST_SIX_MONTH LAST_2_SIXMONTHS
THIS_YEAR LAST_YEAR LAST_5_YEARS LAST_10_YEARS
THIS_FINANCIAL_YEAR LAST_FINANCIAL_YEAR LAST_5_FINANCIAL_YEARS LAST_10_FINANCIAL_YEARS
"""

days = st.dates(min_value=date(20, 1, 1), max_value=date(9997, 12, 31))


@pytest.mark.parametrize(
    ("file", "keyword"), [("analytics.2.36.02.json", "LAST_12_MONTHS"), ("analytics.2.36.04.json", "LAST_4_QUARTERS")]
)
def test_a_recorded_answer_has_the_same_periods_and_days(file, keyword):
    answer = json.loads((RECORDED / file).read_text())
    meta = answer["response"]["metaData"]
    assert f"pe:{keyword}" in answer["path"]
    found = relative_periods(keyword, date(2020, 10, 19))  # when it was recorded, as its periods say
    assert [period.iso for period in found] == meta["dimensions"]["pe"]
    bounds = [(meta["items"][period.iso]["startDate"], meta["items"][period.iso]["endDate"]) for period in found]
    assert bounds == [(f"{period.start}T00:00:00.000", f"{period.end}T00:00:00.000") for period in found]
    assert meta["items"][keyword]["name"] == relative_name(keyword)


@pytest.mark.parametrize(
    ("keyword", "today", "expected"),
    [
        ("TODAY", "2024-02-29", "20240229"),
        ("YESTERDAY", "2024-03-01", "20240229"),
        ("LAST_3_DAYS", "2024-03-01", "20240227 20240228 20240229"),
        ("THIS_WEEK", "2022-02-01", "2022W5"),
        ("LAST_WEEK", "2021-01-04", "2020W53"),
        ("LAST_4_WEEKS", "2022-01-01", "2021W48 2021W49 2021W50 2021W51"),
        ("THIS_BIWEEK", "2024-02-05", "2024BiW3"),
        ("LAST_BIWEEK", "2024-01-01", "2023BiW26"),
        ("LAST_4_BIWEEKS", "2024-02-05", "2023BiW25 2023BiW26 2024BiW1 2024BiW2"),
        ("THIS_MONTH", "2024-01-31", "202401"),
        ("LAST_MONTH", "2024-03-31", "202402"),
        ("LAST_3_MONTHS", "2024-02-29", "202311 202312 202401"),
        ("THIS_BIMONTH", "2024-02-29", "202401B"),
        ("LAST_BIMONTH", "2024-02-29", "202306B"),
        ("LAST_6_BIMONTHS", "2024-02-29", "202301B 202302B 202303B 202304B 202305B 202306B"),
        ("BIMONTHS_THIS_YEAR", "2024-07-01", "202401B 202402B 202403B 202404B 202405B 202406B"),
        ("THIS_QUARTER", "2024-03-31", "2024Q1"),
        ("LAST_QUARTER", "2024-03-31", "2023Q4"),
        ("LAST_4_QUARTERS", "2022-01-01", "2021Q1 2021Q2 2021Q3 2021Q4"),
        ("QUARTERS_THIS_YEAR", "2024-05-01", "2024Q1 2024Q2 2024Q3 2024Q4"),
        ("QUARTERS_LAST_YEAR", "2024-02-29", "2023Q1 2023Q2 2023Q3 2023Q4"),
        ("THIS_SIX_MONTH", "2024-07-01", "2024S2"),
        ("LAST_SIX_MONTH", "2024-06-30", "2023S2"),
        ("LAST_2_SIXMONTHS", "2024-06-30", "2023S1 2023S2"),
        ("THIS_YEAR", "2024-12-31", "2024"),
        ("LAST_YEAR", "2024-02-29", "2023"),
        ("LAST_5_YEARS", "2024-12-31", "2019 2020 2021 2022 2023"),
        ("LAST_10_YEARS", "2022-01-01", "2012 2013 2014 2015 2016 2017 2018 2019 2020 2021"),
        ("THIS_FINANCIAL_YEAR", "2024-09-30", "2023Oct"),
        ("LAST_FINANCIAL_YEAR", "2024-10-01", "2023Oct"),
        ("LAST_5_FINANCIAL_YEARS", "2024-10-01", "2019Oct 2020Oct 2021Oct 2022Oct 2023Oct"),
    ],
)
def test_a_keyword_stands_for_these_periods(keyword, today, expected):
    found = relative_periods(keyword, date.fromisoformat(today))
    assert [period.iso for period in found] == expected.split()


@given(st.sampled_from(sorted(each for each in RELATIVE_PERIODS if each.startswith("LAST_"))), days)
def test_the_last_periods_follow_each_other_and_end_before_the_current_one(keyword, today):
    found = relative_periods(keyword, today)
    number = keyword.split("_")[1]
    assert len(found) == (int(number) if number.isdigit() else 1)
    assert found == tuple(sorted(set(found)))
    assert found[-1].end < today
    if "BIWEEK" not in keyword:
        assert all(one.next() == two for one, two in pairwise(found))
        assert found[-1].next().contains(today)


@given(days, st.sampled_from(["WEEKLY", "WEEKLY_SUNDAY", "WeeklyFriday"]))
def test_the_weeks_of_a_year_are_those_with_its_number(today, weekly):
    found = relative_periods("WEEKS_THIS_YEAR", today, weekly=weekly)
    assert [int(week.iso.rpartition("W")[2]) for week in found] == list(range(1, len(found) + 1))
    assert {week.iso[:4] for week in found} == {f"{today.year:04}"}
    assert found[-1].next().iso.endswith("W1")


@given(days)
def test_the_months_of_last_year_are_a_year_before_those_of_this_one(today):
    this, last = (relative_periods(f"MONTHS_{which}_YEAR", today) for which in ("THIS", "LAST"))
    assert {month.start.year for month in this} == {today.year}
    assert [month.next(12) for month in last] == list(this)


@given(days, st.sampled_from([3, 6, 12]))
def test_the_last_months_are_those_before_the_month_of_today(today, n):
    assert months_before(today, n) == relative_periods(f"LAST_{n}_MONTHS", today)


def test_steps_of_two_weeks_leave_out_the_bi_week_27_as_the_server_does():
    found = relative_periods("LAST_4_BIWEEKS", date(2021, 1, 20))
    assert [period.iso for period in found] == ["2020BiW24", "2020BiW25", "2020BiW26", "2021BiW1"]
    assert relative_periods("THIS_BIWEEK", date(2020, 12, 30)) == (Period.parse("2020BiW27"),)


@pytest.mark.parametrize(
    ("financial", "expected"),
    [
        ("FINANCIAL_YEAR_APRIL", "2023April"),
        ("FINANCIAL_YEAR_JULY", "2022July"),
        ("FINANCIAL_YEAR_FEBRUARY", "2023Feb"),
        ("FINANCIAL_YEAR_SEPTEMBER", "2022Sep"),
        ("FINANCIAL_YEAR_NOVEMBER", "2023Nov"),
        ("FinancialNov", "2023Nov"),
        ("FinancialOct", "2022Oct"),
    ],
)
def test_a_financial_year_starts_as_the_system_setting_says(financial, expected):
    (found,) = relative_periods("LAST_FINANCIAL_YEAR", date(2024, 6, 30), financial=financial)
    assert found.iso == expected


def test_a_week_starts_as_the_system_setting_says():
    found = relative_periods("LAST_4_WEEKS", date(2024, 2, 1), weekly="WEEKLY_SATURDAY")
    assert {week.type for week in found} == {"WeeklySaturday"}
    assert found[-1].end + timedelta(days=1) == date(2024, 1, 27)


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("LAST_12_MONTH", "did you mean LAST_12_MONTHS"),
        ("last_month", "did you mean LAST_MONTH"),
        ("202401", "take one such as"),
        ("", "take one such as"),
        (None, "take one such as"),
        (["LAST_MONTH"], "is not a relative period"),
        ("x" * 100_000, "take one such as"),
    ],
)
def test_another_word_is_refused_with_the_nearest_keyword(keyword, hint):
    assert not is_relative(keyword)
    with pytest.raises(UsageError) as refused:
        relative_periods(keyword, date(2024, 1, 1))
    assert hint in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"financial": "Monthly"}, "Monthly is no type for financial"),
        ({"financial": "FINANCIAL_YEAR_MAY"}, "is not a period type"),
        ({"weekly": "BiWeekly"}, "BiWeekly is no type for weekly"),
        ({"today": "2024-01-01"}, "is not a day"),
        ({"today": date(1, 1, 2)}, "the years 1 to 9999"),
        ({"today": date(1, 1, 2), "keyword": "LAST_4_BIWEEKS"}, "before 0001-01-02 reach beyond"),
    ],
)
def test_other_types_and_days_are_refused(arguments, message):
    with pytest.raises(UsageError) as refused:
        relative_periods(**{"keyword": "LAST_YEAR", "today": date(2024, 1, 1), **arguments})
    assert message in str(refused.value)


def test_the_keywords_are_those_of_the_server():
    assert set(KEYWORDS.split()) == RELATIVE_PERIODS
    assert all(is_relative(keyword) and relative_periods(keyword, date(2024, 2, 29)) for keyword in RELATIVE_PERIODS)


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("TODAY", "Today"),
        ("LAST_14_DAYS", "Last 14 days"),
        ("THIS_BIWEEK", "This bi-week"),
        ("LAST_4_BIWEEKS", "Last 4 bi-weeks"),
        ("BIMONTHS_THIS_YEAR", "Bi-months this year"),
        ("LAST_6_BIMONTHS", "Last 6 bi-months"),
        ("LAST_SIX_MONTH", "Last six-month"),
        ("LAST_2_SIXMONTHS", "Last 2 six-months"),
        ("LAST_6_MONTHS", "Last 6 months"),
        ("THIS_FINANCIAL_YEAR", "This financial year"),
    ],
)
def test_a_keyword_is_called_as_on_the_server(keyword, name):
    assert relative_name(keyword) == name
