"""Periods of every DHIS2 type in the ISO calendar: their ids, days and names, and those relative to a day."""

from prefect_patterns.analytics.periods.calendar import PeriodType
from prefect_patterns.analytics.periods.column import period_bounds
from prefect_patterns.analytics.periods.period import Period
from prefect_patterns.analytics.periods.ranges import DateRange, months_before, periods_between
from prefect_patterns.analytics.periods.relative import (
    RELATIVE_PERIODS,
    is_relative,
    relative_name,
    relative_periods,
)

__all__ = [
    "RELATIVE_PERIODS",
    "DateRange",
    "Period",
    "PeriodType",
    "is_relative",
    "months_before",
    "period_bounds",
    "periods_between",
    "relative_name",
    "relative_periods",
]
