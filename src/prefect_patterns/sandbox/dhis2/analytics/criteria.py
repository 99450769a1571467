"""Measure criteria: which numbers a request wants, as `GE:10;LT:50`."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import polars as pl

from prefect_patterns.sandbox.dhis2.answers import Refusal

__all__ = ["Criterion", "holds", "read_criteria"]

_OPERATORS: dict[str, Callable[[pl.Expr, float], pl.Expr]] = {
    "EQ": operator.eq,
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One comparison."""

    name: str
    limit: float


def read_criteria(text: str) -> tuple[Criterion, ...]:
    """Return the comparisons of a parameter.

    Raises:
        Refusal: It has an unknown operator or no number (400).

    >>> read_criteria("GE:10;LT:50")[1]
    Criterion(name='LT', limit=50.0)
    """
    found = []
    for part in filter(None, text.split(";")):
        name, _, limit = part.partition(":")
        if name not in _OPERATORS:
            raise Refusal(400, f"No enum constant org.hisp.dhis.analytics.MeasureFilter.{name}", "E1003")
        try:
            found.append(Criterion(name, float(limit)))
        except ValueError:
            raise Refusal(400, f'For input string: "{limit}"', "E1003") from None
    return tuple(found)


def holds(value: pl.Expr, criteria: Iterable[Criterion]) -> pl.Expr:
    """Return whether all comparisons hold."""
    every = [_OPERATORS[each.name](value, each.limit) for each in criteria]
    return reduce(operator.and_, every, pl.lit(value=True))
