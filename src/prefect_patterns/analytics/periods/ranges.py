"""Days from one to another: a range of dates as analytics takes it, and the periods between two days."""

import re
from dataclasses import dataclass
from datetime import date

from prefect_patterns.analytics.periods.calendar import RULES, PeriodType, as_day
from prefect_patterns.analytics.periods.period import Period
from prefect_patterns.errors import UsageError

__all__ = ["DateRange", "months_before", "periods_between"]

_DOCS = "docs/dhis2.md#periods"
_DATE = r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
_RANGE = re.compile(rf"{_DATE}_{_DATE}")


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """Days that no period stands for, as analytics takes them: `20240101_20240115`.

    Raises:
        UsageError: *end* is before *start*, or one of them is not a day.

    >>> DateRange.parse("20240101_20240115").days
    15
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, as_day(getattr(self, name)))
        if self.end < self.start:
            raise UsageError(
                f"the dates {self.start} to {self.end} are reversed", hint="give the earlier one first", docs=_DOCS
            )

    @classmethod
    def parse(cls, text: str) -> "DateRange":
        """Return the range that *text* names; hyphens in its dates are fine.

        Raises:
            UsageError: *text* is not two dates with `_` between, or they are reversed.

        >>> DateRange.parse("2024-01-01_2024-01-15").iso
        '20240101_20240115'
        """
        if match := _RANGE.fullmatch(text) if isinstance(text, str) else None:
            numbers = [int(number) for number in match.groups()]
            try:
                start, end = date(*numbers[:3]), date(*numbers[3:])
            except ValueError:
                pass
            else:
                return cls(start, end)
        raise UsageError(f"{repr(text)[:60]} is not a range of dates", hint="write 20240101_20240131", docs=_DOCS)

    @property
    def iso(self) -> str:
        """The range as analytics reads it."""
        return f"{RULES['Daily'].write(self.start)}_{RULES['Daily'].write(self.end)}"

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        return self.iso


def periods_between(type_: PeriodType, start: date, end: date, *, partial: bool = False) -> tuple[Period, ...]:
    """Return the periods of a type from one day to another, oldest first.

    Args:
        type_: Their type.
        start: The first day.
        end: The last day, included.
        partial: Also the periods that only some of the days belong to; without, as for `startDate` and `endDate` of
            `dataValueSets`, only those that lie wholly between.

    Raises:
        UsageError: There is no such type, *end* is before *start*, or a period reaches beyond the years 1 to 9999.

    >>> [week.iso for week in periods_between("Weekly", date(2024, 1, 1), date(2024, 1, 20))]
    ['2024W1', '2024W2']
    """
    asked = DateRange(start, end)
    found = Period.range(Period.of(type_, asked.start), Period.of(type_, asked.end))
    whole = (period for period in found if asked.start <= period.start and period.end <= asked.end)
    return found if partial else tuple(whole)


def months_before(today: date, n: int) -> tuple[Period, ...]:
    """Return the last *n* whole months before the month of *today*, oldest first.

    Args:
        today: The day that the months are before.
        n: How many; `LAST_12_MONTHS` is 12.

    Raises:
        UsageError: *n* is negative, or reaches back beyond the year 1.

    >>> [month.iso for month in months_before(date(2024, 2, 29), 3)]
    ['202311', '202312', '202401']
    """
    today = as_day(today)
    if not 0 <= n <= today.year * 12 + today.month - 13:
        raise UsageError(
            f"cannot count {n} months back from {today}", hint="give a number of months from 0", docs=_DOCS
        )
    this = Period.of("Monthly", today)
    return tuple(this.previous(back) for back in range(n, 0, -1))
