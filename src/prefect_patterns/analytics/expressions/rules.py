"""What an operator or function takes and gives, and how it meets values that are missing or no number."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from prefect_patterns.analytics.expressions.facts import OrgUnitFact
from prefect_patterns.analytics.expressions.items import Item

__all__ = [
    "Function",
    "Type",
    "Value",
    "argument_types",
    "is_true",
    "item_type",
    "mismatch",
    "result_type",
    "text_type",
]

Value = float | bool | str | None
Type = Literal["number", "boolean", "text", "numeral", "any"]
"""What a value is: a numeral is a text that is taken for a number where one is due, any is null."""

Taken = Literal["number", "boolean", "text", "same", "any"]


@dataclass(frozen=True, slots=True)
class Function:
    """An operator or a function.

    Args:
        takes: What each argument must be; the last one holds for all that follow. `same` is any, but all alike.
        gives: What the result is; `same` is what the arguments that must be alike are.
        least: Smallest number of arguments.
        most: Largest number of arguments, None where there is no limit.
        value: The result of values. None is a missing value, and all results that are no number.
        column: The same for columns.
        lenient: Whether it has a result although an argument is missing.
        carries: Whether what is not finite goes through it; it is missing for all others.
        compares: Whether a number that stands against true or false is taken for true if it is not 0.
    """

    takes: tuple[Taken, ...]
    gives: Type | Literal["same"]
    least: int
    most: int | None
    value: Callable[..., Value]
    column: Callable[..., pl.Expr]
    lenient: bool = False
    carries: bool = False
    compares: bool = False

    def __call__(self, arguments: Sequence[Value]) -> Value:
        """Return the result of values."""
        if not self.carries:
            arguments = [None if _is_nan(each) else each for each in arguments]
        if not self.lenient and any(each is None for each in arguments):
            return None
        return self.value(*arguments)

    def of_columns(self, arguments: Sequence[pl.Expr], types: Sequence[Type]) -> pl.Expr:
        """Return the result of columns of these types."""
        # `fill_nan` is a `when` that names its input twice, which doubles the work with each nested level.
        return self.column(
            *(
                each if self.carries or kind != "number" else each.replace(math.nan, None)
                for each, kind in zip(arguments, types, strict=True)
            )
        )


def mismatch(function: Function, types: Sequence[Type]) -> tuple[int, str] | None:
    """Return which argument is not of the type that is due and what is due, None where all are.

    >>> from prefect_patterns.analytics.expressions.functions import FUNCTIONS
    >>> mismatch(FUNCTIONS["+"], ["number", "text"])
    (1, 'a number')
    """
    alike: Type = "any"
    for index, (taken, kind) in enumerate(zip(_taken(function, len(types)), types, strict=True)):
        if taken == "same":
            both = _common(alike, kind, compares=function.compares)
            if both is None:
                return index, _ARTICLES[alike]
            alike = both
        elif taken != "any" and kind not in _SUITS[taken]:
            return index, _ARTICLES[taken]
    return None


def result_type(function: Function, types: Sequence[Type]) -> Type:
    """Return what the result is for arguments of these types.

    >>> from prefect_patterns.analytics.expressions.functions import FUNCTIONS
    >>> result_type(FUNCTIONS["if"], ["boolean", "any", "text"])
    'text'
    """
    return _alike(function, types) if function.gives == "same" else function.gives


def argument_types(function: Function, types: Sequence[Type]) -> list[Type]:
    """Return what arguments of these types are taken for.

    >>> from prefect_patterns.analytics.expressions.functions import FUNCTIONS
    >>> argument_types(FUNCTIONS["if"], ["any", "any", "text"])
    ['boolean', 'text', 'text']
    """
    alike = _alike(function, types)
    return [
        kind if taken == "any" else (alike if taken == "same" else taken)
        for taken, kind in zip(_taken(function, len(types)), types, strict=True)
    ]


def is_true(value: Value) -> bool:
    """Return whether a condition of this value holds; it does not where there is none."""
    return not _is_nan(value) and bool(value)


def item_type(item: Item) -> Type:
    """Return what the values of *item* are."""
    return "boolean" if isinstance(item, OrgUnitFact) else "number"


def text_type(text: str) -> Type:
    """Return whether a text can be taken for a number.

    >>> text_type("12.5"), text_type("12 months")
    ('numeral', 'text')
    """
    return "numeral" if _NUMERAL.fullmatch(text) else "text"


def _alike(function: Function, types: Sequence[Type]) -> Type:
    alike: Type = "any"
    for taken, kind in zip(_taken(function, len(types)), types, strict=True):
        if taken == "same":
            alike = _common(alike, kind, compares=function.compares) or alike
    return "text" if alike == "numeral" else alike


def _common(one: Type, other: Type, *, compares: bool) -> Type | None:
    """Return what both can be taken for, None where there is nothing."""
    if other in (one, "any"):
        return one
    if one == "any" or (one == "numeral" and other in ("number", "text")):
        return other
    if other == "numeral" and one in ("number", "text"):
        return one
    return "boolean" if compares and {one, other} == {"boolean", "number"} else None


_NUMERAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_ARTICLES: Mapping[str, str] = MappingProxyType(
    {"number": "a number", "boolean": "true or false", "text": "a text", "numeral": "a text"}
)
_SUITS: Mapping[str, frozenset[Type]] = MappingProxyType(
    {
        "number": frozenset({"number", "numeral", "any"}),
        "boolean": frozenset({"boolean", "number", "any"}),
        "text": frozenset({"text", "numeral", "any"}),
    }
)


def _taken(function: Function, count: int) -> tuple[Taken, ...]:
    takes = function.takes
    return (takes + takes[-1:] * (count - len(takes)))[:count] if takes else ()


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)
