"""Computations on columns: indicator expressions, hierarchies, star schemas, periods."""

from prefect_patterns.analytics.expressions import Context, Expression, Item, Operand, parse
from prefect_patterns.analytics.hierarchy import ancestors, resolve
from prefect_patterns.analytics.periods import (
    RELATIVE_PERIODS,
    DateRange,
    Period,
    PeriodType,
    is_relative,
    months_before,
    period_bounds,
    periods_between,
    relative_name,
    relative_periods,
)
from prefect_patterns.analytics.star_schema import (
    UNKNOWN,
    Dimension,
    Fact,
    Reference,
    StarSchema,
    build,
    check_foreign_keys,
)

__all__ = [
    "RELATIVE_PERIODS",
    "UNKNOWN",
    "Context",
    "DateRange",
    "Dimension",
    "Expression",
    "Fact",
    "Item",
    "Operand",
    "Period",
    "PeriodType",
    "Reference",
    "StarSchema",
    "ancestors",
    "build",
    "check_foreign_keys",
    "is_relative",
    "months_before",
    "parse",
    "period_bounds",
    "periods_between",
    "relative_name",
    "relative_periods",
    "resolve",
]
