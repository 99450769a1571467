"""DHIS2's relative periods: which periods `LAST_12_MONTHS` and its like stand for on a day.

The keywords are those of 2.40 to 2.43. As on the server, `LAST_` leaves out the current period, and `_THIS_YEAR` and
`_LAST_YEAR` take all of the calendar year, what is still to come included.
"""

import re
from datetime import date, timedelta
from difflib import get_close_matches
from typing import cast

from prefect_patterns.analytics.periods.calendar import PeriodType, as_day, rule_of
from prefect_patterns.analytics.periods.period import Period
from prefect_patterns.errors import UsageError

__all__ = ["RELATIVE_PERIODS", "is_relative", "relative_name", "relative_periods"]

_DOCS = "docs/dhis2.md#relative-periods"

_UNITS: dict[str, PeriodType] = {
    "WEEK": "Weekly",
    "BIWEEK": "BiWeekly",
    "MONTH": "Monthly",
    "BIMONTH": "BiMonthly",
    "QUARTER": "Quarterly",
    "SIX_MONTH": "SixMonthly",
    "YEAR": "Yearly",
    "FINANCIAL_YEAR": "FinancialOct",
}

# How many periods before the current one: the last of them, and how many.
_BACK: dict[str, tuple[PeriodType, int, int]] = {
    "TODAY": ("Daily", 0, 1),
    "YESTERDAY": ("Daily", 1, 1),
    **{f"THIS_{unit}": (type_, 0, 1) for unit, type_ in _UNITS.items()},
    **{f"LAST_{unit}": (type_, 1, 1) for unit, type_ in _UNITS.items()},
    **{f"LAST_{n}_DAYS": ("Daily", 1, n) for n in (3, 7, 14, 30, 60, 90, 180)},
    **{f"LAST_{n}_WEEKS": ("Weekly", 1, n) for n in (4, 12, 52)},
    "LAST_4_BIWEEKS": ("BiWeekly", 1, 4),
    **{f"LAST_{n}_MONTHS": ("Monthly", 1, n) for n in (3, 6, 12)},
    "LAST_6_BIMONTHS": ("BiMonthly", 1, 6),
    "LAST_4_QUARTERS": ("Quarterly", 1, 4),
    "LAST_2_SIXMONTHS": ("SixMonthly", 1, 2),
    **{f"LAST_{n}_YEARS": ("Yearly", 1, n) for n in (5, 10)},
    **{f"LAST_{n}_FINANCIAL_YEARS": ("FinancialOct", 1, n) for n in (5, 10)},
}

# All periods of a calendar year: how many years before the current one.
_OF_YEAR: dict[str, tuple[PeriodType, int]] = {
    "WEEKS_THIS_YEAR": ("Weekly", 0),
    "MONTHS_THIS_YEAR": ("Monthly", 0),
    "BIMONTHS_THIS_YEAR": ("BiMonthly", 0),
    "QUARTERS_THIS_YEAR": ("Quarterly", 0),
    "MONTHS_LAST_YEAR": ("Monthly", 1),
    "QUARTERS_LAST_YEAR": ("Quarterly", 1),
}

RELATIVE_PERIODS: frozenset[str] = frozenset([*_BACK, *_OF_YEAR])
"""Every keyword that `relative_periods` knows."""

_SETTINGS: dict[str, PeriodType] = {
    "FINANCIAL_YEAR_FEBRUARY": "FinancialFeb",
    "FINANCIAL_YEAR_APRIL": "FinancialApril",
    "FINANCIAL_YEAR_JULY": "FinancialJuly",
    "FINANCIAL_YEAR_AUGUST": "FinancialAug",
    "FINANCIAL_YEAR_SEPTEMBER": "FinancialSep",
    "FINANCIAL_YEAR_OCTOBER": "FinancialOct",
    "FINANCIAL_YEAR_NOVEMBER": "FinancialNov",
    "WEEKLY": "Weekly",
    "WEEKLY_WEDNESDAY": "WeeklyWednesday",
    "WEEKLY_THURSDAY": "WeeklyThursday",
    "WEEKLY_FRIDAY": "WeeklyFriday",
    "WEEKLY_SATURDAY": "WeeklySaturday",
    "WEEKLY_SUNDAY": "WeeklySunday",
}


def relative_periods(
    keyword: str, today: date, *, financial: str = "FinancialOct", weekly: str = "Weekly"
) -> tuple[Period, ...]:
    """Return the periods that a keyword stands for, oldest first.

    Args:
        keyword: One of `RELATIVE_PERIODS`.
        today: The day they are relative to, as `relativePeriodDate`.
        financial: The type of the financial years, or the value of the system setting `analyticsFinancialYearStart`,
            as `FINANCIAL_YEAR_APRIL`.
        weekly: The type of the weeks, or the value of the system setting `analyticsWeeklyStart` that 2.43 has, as
            `WEEKLY_SUNDAY`.

    Raises:
        UsageError: There is no such keyword, a type is not one of years or of weeks, or the periods reach beyond the
            years 1 to 9999.

    >>> [quarter.iso for quarter in relative_periods("LAST_4_QUARTERS", date(2020, 10, 19))]
    ['2019Q4', '2020Q1', '2020Q2', '2020Q3']
    >>> [year.iso for year in relative_periods("THIS_FINANCIAL_YEAR", date(2024, 3, 1), financial="FinancialApril")]
    ['2023April']
    """
    if not is_relative(keyword):
        near = get_close_matches(str(keyword).upper(), sorted(RELATIVE_PERIODS), n=1)
        raise UsageError(
            f"{repr(keyword)[:60]} is not a relative period",
            hint=f"did you mean {near[0]}?" if near else "take one such as LAST_12_MONTHS",
            docs=_DOCS,
        )
    today = as_day(today)
    chosen = {
        "FinancialOct": _chosen("financial", financial, "Financial"),
        "Weekly": _chosen("weekly", weekly, "Weekly"),
    }
    if keyword in _OF_YEAR:
        unit, years = _OF_YEAR[keyword]
        return _all_of(chosen.get(unit, unit), Period.of("Yearly", today).previous(years))
    unit, last, count = _BACK[keyword]
    type_ = chosen.get(unit, unit)
    if type_ == "BiWeekly":
        return _biweeks(today, last, count)
    this = Period.of(type_, today)
    return tuple(this.previous(back) for back in range(last + count - 1, last - 1, -1))


def is_relative(text: str) -> bool:
    """Say whether *text* is a keyword of a relative period, as against the id of a period.

    >>> is_relative("LAST_12_MONTHS"), is_relative("202401")
    (True, False)
    """
    return isinstance(text, str) and text in RELATIVE_PERIODS


def relative_name(keyword: str) -> str:
    """Return what DHIS2 calls a relative period in English.

    >>> relative_name("LAST_6_BIMONTHS"), relative_name("THIS_SIX_MONTH"), relative_name("LAST_2_SIXMONTHS")
    ('Last 6 bi-months', 'This six-month', 'Last 2 six-months')
    """
    words = re.sub("(BI|SIX)_?(?=MONTH|WEEK)", r"\1-", keyword).replace("_", " ")
    return words.capitalize()


def _chosen(argument: str, value: str, family: str) -> PeriodType:
    type_ = _SETTINGS.get(value, value) if isinstance(value, str) else value
    rule_of(type_)
    if not type_.startswith(family):
        raise UsageError(
            f"{type_} is no type for {argument}", hint=f"give one whose name starts with {family}", docs=_DOCS
        )
    return cast("PeriodType", type_)


def _all_of(type_: PeriodType, year: Period) -> tuple[Period, ...]:
    """Return the periods that carry the number of *year*: its weeks are those of the ISO year."""
    if type_ in ("Monthly", "BiMonthly", "Quarterly"):
        return year.to(type_)
    first = Period.of(type_, year.start.replace(day=4))
    following = Period.of(type_, year.next().start.replace(day=4))
    return Period.range(first, following.previous())


def _biweeks(today: date, last: int, count: int) -> tuple[Period, ...]:
    """Return bi-weeks by steps of 14 days, as the server does: these leave out the bi-week 27 of a long year."""
    try:
        newest = Period.of("BiWeekly", today - timedelta(days=14 * last)).start
        return tuple(Period.of("BiWeekly", newest - timedelta(days=14 * back)) for back in reversed(range(count)))
    except OverflowError:
        raise UsageError(
            f"{count} bi-weeks before {today} reach beyond the year 1", hint="take a later day", docs=_DOCS
        ) from None
