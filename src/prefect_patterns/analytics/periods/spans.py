"""Days from one to another, whatever says so."""

from datetime import date
from typing import Any, Protocol

from prefect_patterns.analytics.periods.calendar import as_day

__all__ = ["Span", "bounds"]


class Span(Protocol):
    """Days from one to another: a `Period` or a `DateRange`."""

    @property
    def start(self) -> date:
        """The first day."""

    @property
    def end(self) -> date:
        """The last day, which belongs to it."""


def bounds(span: Any) -> tuple[date, date]:
    """Return the first and the last day of a span, or a day twice.

    Raises:
        UsageError: It is neither.

    >>> bounds(date(2024, 1, 31))
    (datetime.date(2024, 1, 31), datetime.date(2024, 1, 31))
    """
    try:
        return span.start, span.end
    except AttributeError:
        return (as_day(span),) * 2
