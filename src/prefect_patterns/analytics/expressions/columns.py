"""An expression as a computation over a frame, by the rules of one set of values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from prefect_patterns.analytics.expressions.functions import FUNCTIONS
from prefect_patterns.analytics.expressions.items import DataItem, Item
from prefect_patterns.analytics.expressions.rules import (
    Function,
    Type,
    Value,
    argument_types,
    is_true,
    item_type,
    result_type,
)
from prefect_patterns.analytics.expressions.steps import Call, Operator, Step, Text, arity, function_name, keeps_null

__all__ = ["compiled"]

_DTYPES: Mapping[Type, type[pl.DataType]] = {
    "number": pl.Float64,
    "boolean": pl.Boolean,
    "text": pl.String,
    "any": pl.Null,
}


@dataclass(slots=True)
class _Seen:
    """Which data items count for a row: those that are always looked at, and those of either side of a condition."""

    always: dict[DataItem, pl.Expr] = field(default_factory=dict)
    either: list[tuple[pl.Expr, "_Seen", "_Seen"]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.always or self.either)

    def add(self, other: "_Seen") -> None:
        self.always.update(other.always)
        self.either.extend(other.either)

    def any_seen(self) -> pl.Expr | None:
        """Return whether any item was looked at, None for always."""
        if self.always:
            return None
        sides = [
            pl.when(test).then(_true(one.any_seen())).otherwise(_true(other.any_seen()))
            for test, one, other in self.either
        ]
        return pl.any_horizontal(sides) if sides else pl.lit(value=False)

    def any_known(self) -> pl.Expr:
        """Return whether any of the items that were looked at has a value."""
        sides = [pl.when(test).then(one.any_known()).otherwise(other.any_known()) for test, one, other in self.either]
        known = [column.is_not_null() for column in self.always.values()]
        return pl.any_horizontal(known + sides) if known or sides else pl.lit(value=False)


@dataclass(slots=True)
class _Part:
    """What a part of the expression has come to: a value where it is the same in all rows, or a column.

    A column is a list of addends: Polars plans a thousand nested additions in seconds, one wide sum at once.
    """

    type: Type
    addends: list[pl.Expr] | None = None
    value: Value = None
    seen: _Seen = field(default_factory=_Seen)

    def column(self, due: Type | None = None) -> pl.Expr:
        if self.addends is None:
            return pl.lit(self.value, _DTYPES[due or self.type])
        if len(self.addends) == 1:
            return self.addends[0]
        return pl.sum_horizontal(self.addends, ignore_nulls=False)


def compiled(steps: Sequence[Step], known: Mapping[Item, Value], columns: Mapping[Item, pl.Expr]) -> pl.Expr:
    """Return the computation of *steps*, a number or null in each row.

    Args:
        known: The items that have the same value in all rows.
        columns: All other items; null where one is missing.
    """
    stack: list[_Part] = []
    for step, null_is_kept in zip(steps, keeps_null(steps), strict=True):
        if isinstance(step, str | Call):
            count = arity(step)
            arguments = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(_applied(step, arguments))
        elif isinstance(step, Item):
            stack.append(_item(step, known, columns, null_is_kept=null_is_kept))
        else:
            stack.append(_Part("text", value=step.value) if isinstance(step, Text) else _Part("number", value=step))
    whole = stack.pop()
    result = whole.column("number")
    has_value = result.is_finite()
    seen = whole.seen.any_seen()
    counts = whole.seen.any_known() if seen is None else whole.seen.any_known() | ~seen
    return pl.when(has_value & counts).then(result)


def _item(step: Item, known: Mapping[Item, Value], columns: Mapping[Item, pl.Expr], *, null_is_kept: bool) -> _Part:
    if step in known:
        value = known[step]
        return _Part("boolean" if isinstance(value, bool) else "number", value=value)
    if not isinstance(step, DataItem):
        return _Part(item_type(step), [columns[step]])
    column = columns[step]
    if null_is_kept:
        return _Part("number", [column])
    return _Part("number", [column.fill_null(0.0)], seen=_Seen({step: column}))


def _applied(step: Operator | Call, arguments: list[_Part]) -> _Part:
    function = FUNCTIONS[function_name(step)]
    types = [each.type for each in arguments]
    gives = result_type(function, types)
    constant = [each.addends is None for each in arguments]
    if function is FUNCTIONS["if"]:
        return _either(function, gives, *arguments)
    seen = _Seen()
    for each in arguments:
        seen.add(each.seen)
    if all(constant):
        return _Part(gives, value=function([each.value for each in arguments]), seen=seen)
    if not function.lenient and any(each.addends is None and each.value is None for each in arguments):
        return _Part(gives, value=None, seen=seen)
    due = argument_types(function, types)
    if step in ("+", "-", "negate"):
        addends = [each.addends or [each.column()] for each in arguments]
        if step != "+":
            addends[-1] = [-addend for addend in addends[-1]]
        return _Part(gives, [addend for side in addends for addend in side], seen=seen)
    return _Part(
        gives,
        [function.of_columns([each.column(kind) for each, kind in zip(arguments, due, strict=True)], due)],
        seen=seen,
    )


def _either(function: Function, gives: Type, test: _Part, then: _Part, other: _Part) -> _Part:
    if test.addends is None:
        chosen = then if is_true(test.value) else other
        test.seen.add(chosen.seen)
        return _Part(gives, chosen.addends, chosen.value, test.seen)
    condition = test.column()
    if then.seen or other.seen:
        test.seen.either.append((condition, then.seen, other.seen))
    if gives == "any":
        return _Part(gives, value=None, seen=test.seen)
    sides = [condition, then.column(gives), other.column(gives)]
    return _Part(gives, [function.of_columns(sides, ["boolean", gives, gives])], seen=test.seen)


def _true(seen: pl.Expr | None) -> pl.Expr:
    return pl.lit(value=True) if seen is None else seen
