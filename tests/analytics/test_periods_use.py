"""Periods in use: against somebody else's, over each other, in models, files and sets."""

import json
import pickle
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from prefect_patterns.analytics import DateRange, Period, PeriodType
from prefect_patterns.errors import UsageError

PEER = json.loads((Path(__file__).parents[1] / "data" / "dhis2" / "periods.dhis2_client.json").read_text())
OURS = {"SixMonthlyNovember": "SixMonthlyNov", "FinancialOctober": "FinancialOct", "FinancialNovember": "FinancialNov"}

days = st.dates(min_value=date(2, 1, 1), max_value=date(9997, 12, 31))
periods = st.builds(Period.of, st.sampled_from(get_args(PeriodType)), days)


@pytest.mark.parametrize("today", PEER["closed"])
def test_the_last_whole_period_of_each_type_is_that_of_dhis2_client(today):
    expected = {OURS.get(name, name): bounds for name, bounds in PEER["closed"][today].items()}
    found = {name: Period.of(name, date.fromisoformat(today)).previous() for name in expected}
    assert {name: [f"{period.start}", f"{period.end}"] for name, period in found.items()} == expected


@pytest.mark.parametrize("text", PEER["bounds"])
def test_a_period_has_the_days_and_the_next_that_dhis2_client_gives(text):
    period = Period.parse(text)
    assert [f"{period.start}", f"{period.end}"] == PEER["bounds"][text]
    assert period.next() == Period.parse(PEER["next"][text])


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("2024W5", Period.parse("202402"), 4),
        ("202402", Period.parse("2024W5"), 4),
        ("2024", Period.parse("2024Oct"), 92),
        ("202401", Period.parse("202402"), 0),
        ("2020W53", Period.parse("2021"), 3),
        ("202402", DateRange(date(2024, 2, 29), date(2024, 12, 31)), 1),
        ("202402", date(2024, 2, 29), 1),
        ("202402", datetime(2024, 3, 1, tzinfo=UTC), 0),
    ],
)
def test_what_a_period_shares_with_others_is_counted_in_days(one, other, shared):
    period = Period.parse(one)
    assert period.shared_days(other) == shared
    assert period.overlaps(other) == (shared > 0)
    assert not period.contains(other) or shared > 0


@settings(max_examples=50)
@given(periods, periods)
def test_two_periods_share_the_days_that_are_in_both(one, other):
    assert one.shared_days(other) == other.shared_days(one)
    assert one.shared_days(other) == sum(other.contains(day) for day in one.to("Daily"))
    assert one.contains(other) == (one.shared_days(other) == other.days)


@pytest.mark.parametrize("use", [Period.contains, Period.overlaps, Period.shared_days])
@pytest.mark.parametrize("other", ["202401", None, 7])
def test_only_days_and_spans_of_them_overlap(use, other):
    with pytest.raises(UsageError, match="is not a day"):
        use(Period.parse("2024"), other)


@pytest.mark.parametrize("n", ["1", 1.5, None])
def test_a_number_of_steps_is_whole(n):
    for step in (Period.next, Period.previous):
        with pytest.raises(UsageError, match="is not a number of periods"):
            step(Period.parse("202401"), n)


def test_a_range_is_one_of_periods():
    with pytest.raises(UsageError, match="from 202401 to 202402"):
        Period.range("202401", "202402")


def test_a_range_of_dates_forgets_the_time_of_day():
    asked = DateRange(datetime(2024, 1, 1, 23, tzinfo=UTC), date(2024, 1, 2))
    assert asked == DateRange(date(2024, 1, 1), date(2024, 1, 2))
    assert asked.days == 2


def test_periods_of_several_types_sort_and_are_kept_whole():
    texts = ["2024W1", "2024", "202401", "2023Oct", "20240102"]
    found = sorted(map(Period.parse, texts))
    assert [period.iso for period in found] == ["2023Oct", "202401", "2024W1", "2024", "20240102"]
    assert pickle.loads(pickle.dumps(found)) == found
    assert json.loads(json.dumps(found, default=str)) == [period.iso for period in found]


class Asked(BaseModel):
    """As the parameters of a flow: one with a default, one without."""

    month: Period
    year: Period = Period.parse("2024")


def test_a_field_of_a_model_is_the_id_of_a_period():
    asked = Asked.model_validate_json('{"month": "2024-01"}')
    assert asked.month == Period.parse("202401")
    assert asked.model_dump() == {"month": Period.parse("202401"), "year": Period.parse("2024")}
    assert asked.model_dump_json() == '{"month":"202401","year":"2024"}'
    assert Asked(month=asked.month) == asked
    assert Asked.model_json_schema()["properties"]["month"] == {"title": "Month", "type": "string"}


def test_the_default_in_a_schema_can_be_sent_back():
    default = Asked.model_json_schema()["properties"]["year"]["default"]
    assert Asked(month="202401", year=default).year == Period.parse("2024")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("202413", "is not a period"),
        (202401, "is not a period"),
        (None, "is not a period"),
        ({"start": "2024-01-02", "type": "Monthly"}, "cannot start on"),
        ({"start": "2024-01-01"}, "is not a period type"),
        ({}, "isoformat"),
    ],
)
def test_a_field_refuses_what_is_no_period(value, said):
    with pytest.raises(ValidationError, match=said):
        Asked(month=value)
