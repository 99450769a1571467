"""The rules of DHIS2's period types: where a period starts and ends, how its id is written, what it is called.

Only the ISO (Gregorian) calendar. Weeks are ISO 8601's, with another first day where the type says so: the first week
of a year is the first that has four days in it. Ids as in DHIS2's developer guide, "Date and period format".
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Literal, Protocol

from prefect_patterns.errors import UsageError

__all__ = ["RULES", "PeriodType", "Rule", "as_day", "rule_of"]

PeriodType = Literal[
    "Daily",
    "Weekly",
    "WeeklyWednesday",
    "WeeklyThursday",
    "WeeklyFriday",
    "WeeklySaturday",
    "WeeklySunday",
    "BiWeekly",
    "Monthly",
    "BiMonthly",
    "Quarterly",
    "QuarterlyNov",
    "SixMonthly",
    "SixMonthlyApril",
    "SixMonthlyNov",
    "Yearly",
    "FinancialFeb",
    "FinancialApril",
    "FinancialJuly",
    "FinancialAug",
    "FinancialSep",
    "FinancialOct",
    "FinancialNov",
]

_DOCS = "docs/dhis2.md#periods"
_DAY = timedelta(days=1)


class Rule(Protocol):
    """How the periods of one type lie in the calendar.

    Every method may raise ValueError or OverflowError beyond the years 1 to 9999.
    """

    @property
    def mark(self) -> str:
        """The letters of an id, with `M` and `D` for the digits of an id without letters."""

    @property
    def length(self) -> int:
        """How many days a period has, about: types of the same length are neither finer nor coarser."""

    def first(self, day: date) -> date:
        """Return the first day of the period that *day* lies in."""

    def last(self, start: date) -> date:
        """Return the last day of the period that starts on *start*."""

    def step(self, start: date, n: int) -> date:
        """Return the first day of the period *n* after the one that starts on *start*."""

    def read(self, year: int, digits: str) -> date:
        """Return the first day of the period with these numbers in its id, which need not exist."""

    def year(self, start: date) -> int:
        """Return the year in the id of the period that starts on *start*."""

    def write(self, start: date) -> str:
        """Return the id of the period that starts on *start*."""

    def name(self, start: date) -> str:
        """Return what DHIS2 calls it in English."""


@dataclass(frozen=True, slots=True)
class _Days:
    """Single days: `20240131`."""

    mark: str = "MMDD"
    length: int = 1

    def first(self, day: date) -> date:
        return day

    def last(self, start: date) -> date:
        return start

    def step(self, start: date, n: int) -> date:
        return start + timedelta(days=n)

    def read(self, year: int, digits: str) -> date:
        return date(year, int(digits[:2]), int(digits[2:]))

    def year(self, start: date) -> int:
        return start.year

    def write(self, start: date) -> str:
        return f"{start.year:04}{start.month:02}{start.day:02}"

    def name(self, start: date) -> str:
        return start.isoformat()


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Weeks from *weekday* (0 is Monday) on, or pairs of them: `2024W5`, `2024SatW5`, `2024BiW3`.

    A pair is an odd week and the next. The week 53 of a long year is a pair of its own, so that every day lies in one
    pair; the server ends that pair a week later, inside the first of the next year.
    """

    mark: str
    weekday: int = 0
    pair: bool = False

    @property
    def length(self) -> int:
        return 14 if self.pair else 7

    def first(self, day: date) -> date:
        start = day - timedelta(days=(day.weekday() - self.weekday) % 7)
        return start - timedelta(days=7) if self.pair and _week(start)[1] % 2 == 0 else start

    def last(self, start: date) -> date:
        alone = not self.pair or _week(start)[1] == 53
        return start + timedelta(days=6 if alone else 13)

    def step(self, start: date, n: int) -> date:
        if not self.pair:
            return start + timedelta(days=7 * n)
        for _ in range(abs(n)):  # long years make the steps uneven
            start = self.last(start) + _DAY if n > 0 else self.first(start - _DAY)
        return start

    def read(self, year: int, digits: str) -> date:
        week = int(digits) * 2 - 1 if self.pair else int(digits)
        return self.first(date(year, 1, 4)) + timedelta(days=7 * (week - 1))

    def year(self, start: date) -> int:
        return _week(start)[0]

    def write(self, start: date) -> str:
        year, week = _week(start)
        return f"{year:04}{self.mark}{(week + 1) // 2 if self.pair else week}"

    def name(self, start: date) -> str:
        number = self.write(start)[4 + len(self.mark) :]
        return f"{'Bi-Week' if self.pair else 'Week'} {number} {start} - {self.last(start)}"


@dataclass(frozen=True, slots=True)
class _Months:
    """*months* months at a time: `202401`, `202401B`, `2024Q1`, `2024AprilS1`, `2024`, `2024Oct`.

    *shift* is the first month of the first period of a year, from January as 0; those that begin in November carry
    the year that they end in: `2024NovQ1` is November 2023 to January 2024.
    """

    mark: str
    months: int
    shift: int = 0

    @property
    def length(self) -> int:
        return 30 * self.months

    def first(self, day: date) -> date:
        since = _month(day) - self.shift
        return _first_of(since - since % self.months + self.shift)

    def last(self, start: date) -> date:
        end = _first_of(_month(start) + self.months - 1)
        return end.replace(day=monthrange(end.year, end.month)[1])

    def step(self, start: date, n: int) -> date:
        return _first_of(_month(start) + self.months * n)

    def read(self, year: int, digits: str) -> date:
        return _first_of(year * 12 + self.shift + self.months * (int(digits or 1) - 1))

    def year(self, start: date) -> int:
        return (_month(start) - self.shift) // 12

    def write(self, start: date) -> str:
        year, month = divmod(_month(start) - self.shift, 12)
        number = month // self.months + 1
        if self.months == 12:
            return f"{year:04}{self.mark}"
        return f"{year:04}{number:02}{self.mark[2:]}" if self.mark[0] == "M" else f"{year:04}{self.mark}{number}"

    def name(self, start: date) -> str:
        end = self.last(start)
        if self.months == 12 and self.shift == 0:
            return f"{start.year}"
        if self.months == 1:
            return _named(start)
        return f"{_named(start) if self.months == 12 else _MONTHS[start.month - 1]} - {_named(end)}"


def rule_of(type_: str) -> Rule:
    """Return the rule of a period type.

    Raises:
        UsageError: There is no such type; of `TwoYearly` no server has ids.

    >>> rule_of("Quarterly").write(date(2024, 4, 1))
    '2024Q2'
    """
    rule = RULES.get(type_) if isinstance(type_, str) else None
    if rule is None:
        near = get_close_matches(str(type_), RULES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"take one of {', '.join(RULES)}"
        raise UsageError(f"{repr(type_)[:60]} is not a period type", hint=hint, docs=_DOCS)
    return rule


def as_day(value: date) -> date:
    """Return the day of a date or of a time.

    Raises:
        UsageError: It is neither.

    >>> as_day(datetime(2024, 1, 31, 23, 59))
    datetime.date(2024, 1, 31)
    """
    if not isinstance(value, date):
        raise UsageError(f"{repr(value)[:60]} is not a day", hint="give a datetime.date", docs=_DOCS)
    return value.date() if isinstance(value, datetime) else value


def _week(start: date) -> tuple[int, int]:
    """Return the year and the number of the week that starts on *start*: those of its fourth day."""
    fourth = start + timedelta(days=3)
    return fourth.year, (fourth.timetuple().tm_yday - 1) // 7 + 1


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _named(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

RULES: Mapping[str, Rule] = {
    "Daily": _Days(),
    "Weekly": _Weeks("W"),
    "WeeklyWednesday": _Weeks("WedW", 2),
    "WeeklyThursday": _Weeks("ThuW", 3),
    "WeeklyFriday": _Weeks("FriW", 4),
    "WeeklySaturday": _Weeks("SatW", 5),
    "WeeklySunday": _Weeks("SunW", 6),
    "BiWeekly": _Weeks("BiW", pair=True),
    "Monthly": _Months("MM", 1),
    "BiMonthly": _Months("MMB", 2),
    "Quarterly": _Months("Q", 3),
    "QuarterlyNov": _Months("NovQ", 3, -2),
    "SixMonthly": _Months("S", 6),
    "SixMonthlyApril": _Months("AprilS", 6, 3),
    "SixMonthlyNov": _Months("NovS", 6, -2),
    "Yearly": _Months("", 12),
    "FinancialFeb": _Months("Feb", 12, 1),
    "FinancialApril": _Months("April", 12, 3),
    "FinancialJuly": _Months("July", 12, 6),
    "FinancialAug": _Months("Aug", 12, 7),
    "FinancialSep": _Months("Sep", 12, 8),
    "FinancialOct": _Months("Oct", 12, 9),
    "FinancialNov": _Months("Nov", 12, -2),
}
