"""A period of any DHIS2 type: its id, its days, the periods around it and those that stand for it."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from operator import index
from typing import TYPE_CHECKING, Any, cast

from prefect_patterns.analytics.periods.calendar import RULES, PeriodType, Rule, as_day, rule_of
from prefect_patterns.analytics.periods.spans import Span, bounds
from prefect_patterns.errors import UsageError

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = ["Period"]

_DOCS = "docs/dhis2.md#periods"
_ID = re.compile(r"([0-9]{4})([A-Za-z]*)([0-9]{0,4})(B?)")
_HYPHENS = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")
_ZERO = re.compile(r"(?<=W)0(?=[1-9]\Z)")
_TYPE_OF = {rule.mark: cast("PeriodType", name) for name, rule in RULES.items()}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, a week, a month, a quarter, a year or any other of DHIS2's periods.

    Periods sort by their first day, and those that start together by the name of their type. As a field of a Pydantic
    model or a parameter of a flow, a period is its id.

    Args:
        start: The first day.
        type: Which kind of period starts there, as `dataSet.periodType` has it.

    Raises:
        UsageError: There is no such type, *start* is not the first day of such a period, or the period reaches beyond
            the years 1 to 9999.

    >>> Period.parse("202402").days
    29
    >>> Period.parse("2024Oct").name
    'October 2024 - September 2025'
    """

    start: date
    type: PeriodType = "Monthly"

    def __post_init__(self) -> None:
        first = _inside(rule_of(self.type), self.start, self.type)
        if self.start != first:
            raise UsageError(
                f"a {self.type} period cannot start on {self.start}", hint=f"start it on {first}", docs=_DOCS
            )

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Return the period that *text* names.

        Besides the ids that the server writes, what it reads as well: `2024-01`, `2024-01-31` and `2024W05`.

        Raises:
            UsageError: *text* is not an id of a period, or of one that does not exist, as `2024W53`.

        >>> Period.parse("2024").end
        datetime.date(2024, 12, 31)
        >>> Period.parse("2024NovQ1").start
        datetime.date(2023, 11, 1)
        """
        plain = _plain(text) if isinstance(text, str) else ""
        if match := _ID.fullmatch(plain):
            year, letters, digits, end = match.groups()
            with suppress(KeyError, ValueError, OverflowError, UsageError):
                type_ = _TYPE_OF[(letters or "MMDD"[: len(digits)]) + end]
                period = cls(RULES[type_].read(int(year), digits), type_)
                if period.iso == plain:  # 2024W53 reads as the first week of 2025
                    return period
        raise UsageError(
            f"{repr(text)[:60]} is not a period",
            hint="write it as DHIS2 does: 2024, 202401, 2024W5, 2024Q1",
            docs=_DOCS,
        )

    @classmethod
    def of(cls, type_: PeriodType, day: date) -> "Period":
        """Return the period of a type that *day* lies in.

        Raises:
            UsageError: There is no such type, or the period reaches beyond the years 1 to 9999.

        >>> Period.of("Weekly", date(2021, 1, 1)).iso
        '2020W53'
        """
        return cls(_inside(rule_of(type_), day, type_), type_)

    @classmethod
    def range(cls, first: "Period", last: "Period") -> "tuple[Period, ...]":
        """Return the periods from *first* to *last*, both included.

        Raises:
            UsageError: They are no periods, of different types, or *last* is before *first*.

        >>> [month.iso for month in Period.range(Period.parse("202311"), Period.parse("202401"))]
        ['202311', '202312', '202401']
        """
        if not (isinstance(first, Period) and isinstance(last, Period)) or first.type != last.type or last < first:
            raise UsageError(
                f"no range of periods leads from {first} to {last}",
                hint="give two periods of one type, the earlier first",
                docs=_DOCS,
            )
        return tuple(_run(first, last.start))

    @property
    def iso(self) -> str:
        """DHIS2's id of the period."""
        return RULES[self.type].write(self.start)

    @property
    def end(self) -> date:
        """The last day, which belongs to the period."""
        return RULES[self.type].last(self.start)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    @property
    def name(self) -> str:
        """What DHIS2 calls it in English.

        >>> Period.parse("202402").name, Period.parse("2024W5").name
        ('February 2024', 'Week 5 2024-01-29 - 2024-02-04')
        """
        return RULES[self.type].name(self.start)

    @property
    def months(self) -> "tuple[Period, ...]":
        """The months it consists of, oldest first; of a week or a day, those it touches."""
        return self.to("Monthly")

    @property
    def year(self) -> "Period":
        """The calendar year its first day lies in."""
        return Period(date(self.start.year, 1, 1), "Yearly")

    def next(self, n: int = 1) -> "Period":
        """Return the period *n* after this one.

        Raises:
            UsageError: It lies beyond the year 9999, or *n* is not a whole number.

        >>> Period.parse("2024Q4").next().iso
        '2025Q1'
        """
        try:
            return Period(RULES[self.type].step(self.start, index(n)), self.type)
        except TypeError:
            raise UsageError(
                f"{repr(n)[:60]} is not a number of periods", hint="give a whole number", docs=_DOCS
            ) from None
        except (ValueError, OverflowError):
            raise UsageError(
                f"{n} periods from {self} leads out of the years 1 to 9999", hint="take a smaller step", docs=_DOCS
            ) from None

    def previous(self, n: int = 1) -> "Period":
        """Return the period *n* before this one.

        Raises:
            UsageError: It lies before the year 1.

        >>> Period.parse("2021W1").previous().iso
        '2020W53'
        """
        return self.next(-n if isinstance(n, int) else n)

    def contains(self, other: date | Span) -> bool:
        """Say whether a day, or every day of a period or a range of dates, lies in this one.

        Raises:
            UsageError: *other* is none of these.

        >>> Period.parse("2024").contains(Period.parse("2024W1")), Period.parse("2024").contains(date(2024, 12, 31))
        (True, True)
        """
        first, last = bounds(other)
        return self.start <= first and last <= self.end

    def overlaps(self, other: date | Span) -> bool:
        """Say whether a day lies in both.

        Raises:
            UsageError: *other* is no day, no period and no range of dates.

        >>> Period.parse("2024W5").overlaps(Period.parse("202402"))
        True
        """
        return self.shared_days(other) > 0

    def shared_days(self, other: date | Span) -> int:
        """Return how many days lie in both: the weight with which a week counts for a month.

        Raises:
            UsageError: *other* is no day, no period and no range of dates.

        >>> week = Period.parse("2024W5")
        >>> {month.iso: week.shared_days(month) for month in week.months}
        {'202401': 3, '202402': 4}
        """
        first, last = bounds(other)
        return max((min(self.end, last) - max(self.start, first)).days + 1, 0)

    def to(self, type_: PeriodType) -> "tuple[Period, ...]":
        """Return the periods of another type that stand for this one, oldest first.

        Of a finer type those that lie wholly inside: a quarter has three months, and a month the three or four weeks
        that are not cut. Of a coarser type, or of one as long, those it overlaps: a week has one or two months.

        Raises:
            UsageError: There is no such type, or one of the periods reaches beyond the years 1 to 9999.

        >>> [month.iso for month in Period.parse("2024Q1").to("Monthly")]
        ['202401', '202402', '202403']
        >>> [month.iso for month in Period.parse("2024W5").to("Monthly")]
        ['202401', '202402']
        """
        finer = rule_of(type_).length < RULES[self.type].length
        found = _run(Period.of(type_, self.start), self.end)
        return tuple(period for period in found if not finer or self.contains(period))

    def __str__(self) -> str:
        return self.iso

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> "CoreSchema":
        from pydantic_core import core_schema

        def read(value: Any) -> Period:
            try:
                if isinstance(value, dict):  # what Pydantic writes into a JSON schema for a default
                    return cls(date.fromisoformat(str(value.get("start"))), value.get("type", ""))
                return value if isinstance(value, Period) else cls.parse(value)
            except UsageError as error:
                raise ValueError(str(error)) from None

        return core_schema.no_info_plain_validator_function(
            read,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )


def _plain(text: str) -> str:
    """Return the id as the server writes it, for those that it reads as well."""
    return "".join(match.groups("")) if (match := _HYPHENS.fullmatch(text)) else _ZERO.sub("", text)


def _inside(rule: Rule, day: date, type_: str) -> date:
    """Return the first day of the period of *day*, if all of it lies in the years that a date can have."""
    try:
        first = rule.first(as_day(day))
        rule.last(first)
        if 1 <= rule.year(first) <= 9999:
            return first
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        f"the {type_} period of {day} reaches beyond the years 1 to 9999", hint="take another day", docs=_DOCS
    )


def _run(first: Period, last: date) -> Iterator[Period]:
    """Yield *first* and those after it that start by *last*."""
    rule, start = RULES[first.type], first.start
    while True:
        yield Period(start, first.type)
        end = rule.last(start)
        if end >= last:
            return
        start = end + timedelta(days=1)
