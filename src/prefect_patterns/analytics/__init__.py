"""Computations on columns: indicator expressions, hierarchies, star schemas, periods."""

from prefect_patterns.analytics.expressions import Expression, Operand, parse
from prefect_patterns.analytics.hierarchy import ancestors, resolve
from prefect_patterns.analytics.periods import Period, months_before
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
    "UNKNOWN",
    "Dimension",
    "Expression",
    "Fact",
    "Operand",
    "Period",
    "Reference",
    "StarSchema",
    "ancestors",
    "build",
    "check_foreign_keys",
    "months_before",
    "parse",
    "resolve",
]
