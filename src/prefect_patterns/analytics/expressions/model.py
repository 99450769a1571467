"""What an expression is once it is parsed: its value for one set of values, its computation over a frame, its text."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import polars as pl

from prefect_patterns.analytics.expressions.columns import compiled
from prefect_patterns.analytics.expressions.facts import Constant, Context, Fact
from prefect_patterns.analytics.expressions.functions import FUNCTIONS
from prefect_patterns.analytics.expressions.items import DataItem, Item, Operand, Sample, SubExpression
from prefect_patterns.analytics.expressions.rules import Value, is_true, item_type
from prefect_patterns.analytics.expressions.settling import IllTyped, settled
from prefect_patterns.analytics.expressions.steps import Call, Step, Text, arity, function_name, keeps_null, written
from prefect_patterns.errors import UsageError

__all__ = ["Described", "Expression"]

_NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})
_NO_VALUES: Mapping[Any, float | bool | None] = MappingProxyType({})
_NOTHING_KNOWN = Context()


@dataclass(frozen=True, slots=True)
class Described:
    """An expression in words, and the uids in it that have no name; they stand in the text as they are."""

    text: str
    unresolved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as its steps in postfix order, so that no depth of nesting can exhaust the stack.

    >>> from prefect_patterns.analytics import parse
    >>> coverage = parse("100 * #{fbfJHSPpUQD} / #{cYeuwXTCPkU}")
    >>> coverage.evaluate({Operand("fbfJHSPpUQD"): 30, Operand("cYeuwXTCPkU"): 40})
    75.0
    """

    steps: tuple[Step, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """What needs a value, each once, in order of first appearance; a sub-expression is one item."""
        return tuple(dict.fromkeys(step for step in self.steps if isinstance(step, Item)))

    @property
    def leaves(self) -> tuple[Item, ...]:
        """The items that hold no other, each once, in order of first appearance; in place of a part, those in it."""
        return tuple(dict.fromkeys(_leaves(self)))

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The data element operands, each once, in order of first appearance, those of sub-expressions among them."""
        return tuple(item for item in self.leaves if isinstance(item, Operand))

    @property
    def constants(self) -> tuple[str, ...]:
        """The uids of the constants, each once, in order of first appearance."""
        return tuple(dict.fromkeys(item.uid for item in self.items if isinstance(item, Constant)))

    def evaluate(
        self,
        values: Mapping[Any, float | bool | None],
        constants: Mapping[str, float] = _NO_CONSTANTS,
        context: Context = _NOTHING_KNOWN,
    ) -> float | None:
        """Return the expression's value, or None where it has none.

        Args:
            values: What is known, by item; a data item that is absent or None is missing.
            constants: The value of each constant, by uid.
            context: What is known of the period and the organisation unit; *values* go first.

        Raises:
            UsageError: A constant or a fact of the expression is not known, or its result is not a number.

        >>> from prefect_patterns.analytics import parse
        >>> parse("#{fbfJHSPpUQD} + 1").evaluate({}) is None
        True
        """
        steps = self._settled()
        known = self._known(constants, context, values)
        _check_known([item for item in self.items if not isinstance(item, DataItem) and item not in known])
        stack: list[tuple[Value, bool, bool]] = []  # each with whether a data item was looked at, and one found
        for step, null_is_kept in zip(steps, keeps_null(steps), strict=True):
            if isinstance(step, DataItem):
                given = values.get(step)
                value = None if given is None else float(given)
                counts = not null_is_kept
                stack.append((0.0 if counts and value is None else value, counts, counts and value is not None))
            elif isinstance(step, Item):
                stack.append((known[step], False, False))
            elif isinstance(step, str | Call):
                count = arity(step)
                arguments = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                result = FUNCTIONS[function_name(step)]([value for value, _, _ in arguments])
                if function_name(step) == "if":  # the side that was not chosen was not looked at
                    del arguments[2 if is_true(arguments[0][0]) else 1]
                stack.append((result, any(each[1] for each in arguments), any(each[2] for each in arguments)))
            else:
                stack.append((step.value if isinstance(step, Text) else step, False, False))
        ((result, looked, found),) = stack
        if (looked and not found) or not isinstance(result, float) or not math.isfinite(result):
            return None
        return result

    def compile(
        self,
        column: Callable[[Any], pl.Expr],
        constants: Mapping[str, float] = _NO_CONSTANTS,
        context: Context = _NOTHING_KNOWN,
    ) -> pl.Expr:
        """Return the same computation as a Polars expression over a frame.

        Args:
            column: Gives the numeric column that holds an item's values, null where it is missing; it is asked for
                the facts that *context* does not know, too.
            constants: The value of each constant, by uid.
            context: What is the same for all rows.

        Raises:
            UsageError: A constant of the expression is not in *constants*, or its result is not a number.

        >>> from prefect_patterns.analytics import parse
        >>> frame = pl.DataFrame({"fbfJHSPpUQD": [30, None], "cYeuwXTCPkU": [40, 0]})
        >>> rate = parse("#{fbfJHSPpUQD} / #{cYeuwXTCPkU}")
        >>> frame.select(rate=rate.compile(lambda operand: pl.col(operand.data_element)))["rate"].to_list()
        [0.75, None]
        """
        steps = self._settled()
        known = self._known(constants, context)
        _check_known([item for item in self.items if isinstance(item, Constant) and item not in known])
        columns = {
            item: column(item).cast(pl.Boolean if item_type(item) == "boolean" else pl.Float64)
            for item in self.items
            if item not in known
        }
        return compiled(steps, known, columns)

    def describe(self, lookup: Callable[[str], str | None]) -> Described:
        """Return the expression in words: each uid as the name of its object.

        Args:
            lookup: Gives the name of an object by its uid, None where there is none.

        >>> from prefect_patterns.analytics import parse
        >>> names = {"fbfJHSPpUQD": "ANC 1st visit", "pq2XI5kz2BY": "Fixed"}
        >>> parse("#{fbfJHSPpUQD.pq2XI5kz2BY} / #{cYeuwXTCPkU}").describe(names.get)
        Described(text='ANC 1st visit (Fixed) / cYeuwXTCPkU', unresolved=('cYeuwXTCPkU',))
        """
        unresolved: dict[str, None] = {}

        def name(uid: str) -> str:
            found = lookup(uid)
            if not found:
                unresolved[uid] = None
            return found or uid

        return Described(written(self.steps, lambda item: item.label(name)), tuple(unresolved))

    def written(self, show: Callable[[Item], str]) -> str:
        """Return the expression's text with each item as *show* writes it."""
        return written(self.steps, show)

    def __str__(self) -> str:
        return written(self.steps, str)

    def _known(
        self, constants: Mapping[str, float], context: Context, values: Mapping[Any, float | bool | None] = _NO_VALUES
    ) -> dict[Item, Value]:
        known: dict[Item, Value] = {}
        for item in self.items:
            if isinstance(item, Constant):
                value: Value = constants.get(item.uid)
            elif isinstance(item, Fact):
                given = values.get(item)
                value = context.value(item) if given is None else given
            else:
                continue
            if value is not None:
                known[item] = bool(value) if item_type(item) == "boolean" else float(value)
        return known

    def _settled(self) -> Sequence[Step]:
        try:
            return settled(self.steps)
        except IllTyped as error:
            raise UsageError(
                f"the expression {str(self)[:80]!r} has no numeric value: {error}",
                hint="values of items are numbers; turn a condition into one with if(…, 1, 0)",
                docs="docs/analytics.md#expressions",
            ) from None


def _leaves(expression: Expression) -> Iterator[Item]:
    for item in expression.items:
        if isinstance(item, SubExpression):
            yield from _leaves(item.expression)
        elif isinstance(item, Sample):
            for argument in item.arguments:
                yield from _leaves(argument)
        else:
            yield item


def _check_known(missing: list[Item]) -> None:
    if missing:
        raise UsageError(
            f"the expression needs what was not given: {', '.join(map(str, missing))}",
            hint="give constants in `constants`, what is known of period and organisation unit in `context`",
            docs="docs/analytics.md#expressions",
        )
