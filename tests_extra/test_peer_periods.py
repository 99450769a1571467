"""Somebody else's calendar, dhis2-client's, gives the days that ours gives."""

import json
import re
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from prefect_patterns.analytics.periods import Period

ROOT = Path(__file__).parent.parent
# What dhis2-client has ids for; it wants and writes weeks with two digits.
WITH_IDS = ("Daily", "Weekly", "Monthly", "Quarterly", "SixMonthly", "Yearly")
# Its names of the types that it has days for. Not BiMonthly, whose days it takes from a month that is not over, nor
# BiWeekly, where it loses the 53rd week.
CLOSED = {
    **{name: name for name in (*WITH_IDS, "SixMonthlyApril", "FinancialApril", "FinancialJuly")},
    **{name: name for name in ("WeeklyWednesday", "WeeklyThursday", "WeeklySaturday", "WeeklySunday")},
    "SixMonthlyNovember": "SixMonthlyNov",
    "FinancialOctober": "FinancialOct",
    "FinancialNovember": "FinancialNov",
}
# Two years with a leap day, a 53rd week, and every border of a year.
DAYS = [date(2019, 12, 20) + timedelta(days=n) for n in range(770)]
pytestmark = pytest.mark.timeout(300)


def theirs(period: Period) -> str:
    return re.sub(r"W(\d)$", r"W0\1", period.iso)


@pytest.fixture(scope="module")
def periods():
    return {theirs(period): period for name in WITH_IDS for period in (Period.of(name, day) for day in DAYS)}


@pytest.fixture(scope="module")
def questions():
    return [(name, day) for name in CLOSED for day in DAYS]


@pytest.fixture(scope="module")
def answers(periods, questions, peer_python, clean_environment):
    asked = {"ids": list(periods), "closed": [(name, day.isoformat()) for name, day in questions]}
    command = [peer_python, ROOT / "tests_extra" / "peer_periods.py"]
    done = subprocess.run(
        command, input=json.dumps(asked), env=clean_environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_days_of_a_period_are_the_same(periods, answers):
    ours = {text: [period.start.isoformat(), period.end.isoformat()] for text, period in periods.items()}
    assert len(ours) > 900
    assert answers["bounds"] == ours


def test_the_next_period_is_the_same(periods, answers):
    assert answers["next"] == {text: theirs(period.next()) for text, period in periods.items()}


def test_the_latest_period_that_is_over_is_the_one_before_the_one_of_today(questions, answers):
    ours = [Period.of(CLOSED[name], day).previous() for name, day in questions]
    different = {
        name
        for (name, _), period, days in zip(questions, ours, answers["closed"], strict=True)
        if days != [period.start.isoformat(), period.end.isoformat()]
    }
    assert different == set()
