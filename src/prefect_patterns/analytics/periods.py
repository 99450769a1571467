"""DHIS2's periods: months (`202401`) and years (`2024`).

A period is written as DHIS2's ISO id, starts on its first day and includes its last.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

from prefect_patterns.errors import UsageError

__all__ = ["Period", "PeriodType", "months_before"]

PeriodType = Literal["Monthly", "Yearly"]

_ISO = re.compile(r"([0-9]{4})([0-9]{2})?")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A month or a year; periods sort by their first day.

    Args:
        start: The first day, of the month or of the year.
        type: Which of them.

    Raises:
        UsageError: *start* is not the first day of such a period.

    >>> Period.parse("202402").days
    29
    """

    start: date
    type: PeriodType = "Monthly"

    def __post_init__(self) -> None:
        first = self.start.replace(day=1) if self.type == "Monthly" else self.start.replace(month=1, day=1)
        if self.start != first:
            raise UsageError(
                f"a {self.type} period cannot start on {self.start}", hint=f"start it on {first}", docs=_DOCS
            )

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Return the period that *text* names.

        Raises:
            UsageError: *text* is not a month or a year as DHIS2 writes them.

        >>> Period.parse("2024").end
        datetime.date(2024, 12, 31)
        """
        match = _ISO.fullmatch(text)
        if match:
            year, month = int(match[1]), int(match[2] or 1)
            if year >= 1 and 1 <= month <= 12:
                return cls(date(year, month, 1), "Monthly" if match[2] else "Yearly")
        raise UsageError(f"{text!r} is not a period", hint="write a month as 202401 or a year as 2024", docs=_DOCS)

    @property
    def iso(self) -> str:
        """DHIS2's id of the period."""
        return f"{self.start.year:04}" if self.type == "Yearly" else f"{self.start.year:04}{self.start.month:02}"

    @property
    def end(self) -> date:
        """The last day, which belongs to the period."""
        if self.type == "Yearly":
            return date(self.start.year, 12, 31)
        return self.start.replace(day=monthrange(self.start.year, self.start.month)[1])

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    @property
    def name(self) -> str:
        """What DHIS2 calls it in English.

        >>> Period.parse("202402").name
        'February 2024'
        """
        return f"{self.start.year}" if self.type == "Yearly" else f"{_MONTHS[self.start.month - 1]} {self.start.year}"

    @property
    def months(self) -> tuple["Period", ...]:
        """The months it consists of, oldest first."""
        if self.type == "Monthly":
            return (self,)
        return tuple(Period(date(self.start.year, month, 1)) for month in range(1, 13))

    @property
    def year(self) -> "Period":
        """The year it lies in."""
        return Period(date(self.start.year, 1, 1), "Yearly")

    def __str__(self) -> str:
        return self.iso


def months_before(today: date, n: int) -> tuple[Period, ...]:
    """Return the last *n* whole months before the month of *today*, oldest first.

    Args:
        n: How many; `LAST_12_MONTHS` is 12.

    Raises:
        UsageError: *n* is negative, or reaches back beyond the year 1.

    >>> [month.iso for month in months_before(date(2024, 2, 29), 3)]
    ['202311', '202312', '202401']
    """
    this = today.year * 12 + today.month - 1
    if not 0 <= n <= this - 12:
        raise UsageError(
            f"cannot count {n} months back from {today}", hint="give a number of months from 0", docs=_DOCS
        )
    return tuple(Period(date(index // 12, index % 12 + 1, 1)) for index in range(this - n, this))


_DOCS = "docs/dhis2.md#periods"
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
