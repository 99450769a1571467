"""The periods of an analytics request, and which of the data's months and years lie in each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from prefect_patterns.analytics.periods import (
    DateRange,
    Period,
    PeriodType,
    is_relative,
    relative_name,
    relative_periods,
)
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.analytics.refusals import refused

__all__ = ["Span", "read_spans", "union"]

_FINER_THAN_MONTHS = ("Daily", "Weekly", "BiWeekly")


@dataclass(frozen=True, slots=True)
class Span:
    """A period of the request, or a range of dates.

    Args:
        id: As it stands in the answer.
        name: What DHIS2 calls it.
        first: Its first day.
        last: Its last day.
        period: None for a range of dates.
    """

    id: str
    name: str
    first: date
    last: date
    period: Period | None = None

    @classmethod
    def of(cls, period: Period) -> "Span":
        """Return the span of a period."""
        return cls(period.iso, period.name, period.start, period.end, period)

    @classmethod
    def between(cls, first: date, last: date) -> "Span":
        """Return the span of the days from *first* to *last*."""
        return cls(DateRange(first, last).iso, f"{first} - {last}", first, last)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def shifted(self, offset: int) -> "Span | None":
        """Return the days of the period *offset* after this one, under this one's id; None where there are none."""
        if not offset:
            return self
        if self.period is None:
            return None
        try:
            other = self.period.next(offset)
        except UsageError:
            return None
        return replace(self, first=other.start, last=other.end, period=other)

    def year_to_date(self) -> "Span":
        """Return the days from the start of the year of this one, under its id."""
        start = date((self.period.start if self.period else self.first).year, 1, 1)
        return replace(self, first=start, period=None)

    def inside(self, base: Sequence[Period]) -> list[Period]:
        """Return those of *base*, periods of one type, that lie in this one; none where it is finer than they are.

        As in the server's tables: a month or a year lies where its first day does; in a range of dates, its last too.
        """
        if self.period is None:
            return [each for each in base if self.first <= each.start and each.end <= self.last]
        if not base or self._finer_than(base[0].type):
            return []
        return [each for each in base if self.first <= each.start <= self.last]

    def weighted(self, base: Sequence[Period]) -> list[tuple[Period, float]]:
        """Return those of *base* that an average over time takes, each with its share of the days.

        A period finer than the data has the value of the data's period that it starts in.
        """
        if self.period is None:
            return [
                (each, ((min(each.end, self.last) - max(each.start, self.first)).days + 1) / self.days)
                for each in base
                if each.start <= self.last and self.first <= each.end
            ]
        if base and self._finer_than(base[0].type):
            return [(each, 1.0) for each in base if each.start <= self.first <= each.end]
        return [(each, each.days / self.days) for each in self.inside(base)]

    def _finer_than(self, base: PeriodType) -> bool:
        own = self.period.type if self.period else "Daily"
        if base == "Monthly":
            return own.startswith(_FINER_THAN_MONTHS)
        return own != "Yearly" and not own.startswith("Financial")


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans without those that lie within another: what filters overlap counts once."""
    distinct = list({(each.first, each.last): each for each in spans}.values())
    return tuple(
        each
        for each in distinct
        if not any(other is not each and other.first <= each.first and each.last <= other.last for other in distinct)
    )


def read_spans(
    items: Iterable[str], today: date, *, financial: str = "FinancialOct"
) -> tuple[tuple[Span, ...], dict[str, dict[str, str]]]:
    """Return the spans of a period dimension, and what the answer says of its keywords.

    Args:
        items: ISO periods of any type, relative keywords, ranges of dates as `20240101_20240131`.
        today: What relative periods are relative to.
        financial: The value of the system setting `analyticsFinancialYearStart`.

    Raises:
        Refusal: An item is none of these (E7611).
    """
    spans: list[Span] = []
    keywords: dict[str, dict[str, str]] = {}
    for item in items:
        try:
            if is_relative(item):
                keywords[item] = {"name": relative_name(item)}
                spans += map(Span.of, relative_periods(item, today, financial=financial))
            elif "_" in item:
                days = DateRange.parse(item)
                keywords[item] = {"name": f"{days.start} - {days.end}"}
                spans.append(Span(item, f"{days.start} - {days.end}", days.start, days.end))
            else:
                spans.append(Span.of(Period.parse(item)))
        except UsageError:
            raise refused("E7611", item) from None
    return tuple(dict.fromkeys(spans)), keywords
