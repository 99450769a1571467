"""What an operator or function takes and gives, and how it meets values that are missing or no number."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from prefect_patterns.analytics.expressions.facts import OrgUnitFact
from prefect_patterns.analytics.expressions.items import Item

__all__ = ["Function", "Type", "Value", "argument_types", "is_true", "item_type", "mismatch", "result_type"]

Value = float | bool | str | None
Type = Literal["number", "boolean", "text", "any"]
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
    """

    takes: tuple[Taken, ...]
    gives: Type | Literal["same"]
    least: int
    most: int | None
    value: Callable[..., Value]
    column: Callable[..., pl.Expr]
    lenient: bool = False
    carries: bool = False

    def __call__(self, arguments: Sequence[Value]) -> Value:
        """Return the result of values."""
        if not self.carries:
            arguments = [None if _is_nan(each) else each for each in arguments]
        if not self.lenient and any(each is None for each in arguments):
            return None
        return self.value(*arguments)

    def settled(self, arguments: Sequence[pl.Expr], types: Sequence[Type]) -> list[pl.Expr]:
        """Return columns of these types as `column` takes them."""
        # `fill_nan` is a `when` that names its input twice, which doubles the work with each nested level.
        finite = [
            each if self.carries or kind != "number" else each.replace(math.nan, None)
            for each, kind in zip(arguments, types, strict=True)
        ]
        return [
            each != 0.0 if taken == "boolean" and kind == "number" else each
            for each, kind, taken in zip(finite, types, _taken(self, len(types)), strict=True)
        ]


def mismatch(function: Function, types: Sequence[Type]) -> tuple[int, str] | None:
    """Return which argument is not of the type that is due and what is due, None where all are.

    >>> from prefect_patterns.analytics.expressions.functions import FUNCTIONS
    >>> mismatch(FUNCTIONS["+"], ["number", "text"])
    (1, 'a number')
    """
    alike: Type = "any"
    for index, (taken, kind) in enumerate(zip(_taken(function, len(types)), types, strict=True)):
        if taken == "same":
            if "any" not in (alike, kind) and alike != kind:
                return index, _ARTICLES[alike]
            alike = kind if alike == "any" else alike
        elif taken != "any" and kind not in (taken, "any", "number" if taken == "boolean" else taken):
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
    """Return what arguments of these types are taken for, so that a null among them is of the same type.

    >>> from prefect_patterns.analytics.expressions.functions import FUNCTIONS
    >>> argument_types(FUNCTIONS["if"], ["any", "any", "text"])
    ['boolean', 'text', 'text']
    """
    alike = _alike(function, types)
    return [
        kind if kind != "any" or taken == "any" else (alike if taken == "same" else taken)
        for taken, kind in zip(_taken(function, len(types)), types, strict=True)
    ]


def is_true(value: Value) -> bool:
    """Return whether a condition of this value holds; it does not where there is none."""
    return not _is_nan(value) and bool(value)


def item_type(item: Item) -> Type:
    """Return what the values of *item* are."""
    return "boolean" if isinstance(item, OrgUnitFact) else "number"


def _alike(function: Function, types: Sequence[Type]) -> Type:
    alike = (kind for taken, kind in zip(_taken(function, len(types)), types, strict=True) if taken == "same")
    return next((kind for kind in alike if kind != "any"), "any")


_ARTICLES: Mapping[str, str] = MappingProxyType({"number": "a number", "boolean": "true or false", "text": "a text"})


def _taken(function: Function, count: int) -> tuple[Taken, ...]:
    takes = function.takes
    return (takes + takes[-1:] * (count - len(takes)))[:count] if takes else ()


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)
