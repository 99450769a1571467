"""From the tree of a text to the steps of its expression."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

from prefect_patterns.analytics.expressions.functions import FUNCTIONS
from prefect_patterns.analytics.expressions.items import PLAIN, DataItem, Item, Modifiers, Sample, SubExpression
from prefect_patterns.analytics.expressions.model import Expression
from prefect_patterns.analytics.expressions.notation import (
    Unreadable,
    closest,
    read_item,
    read_modifier,
    read_org_unit,
    read_period,
    read_text,
)
from prefect_patterns.analytics.expressions.rules import Type, mismatch, result_type, text_type
from prefect_patterns.analytics.expressions.steps import Call, Operator, Step, Text, arity, function_name

if TYPE_CHECKING:
    from lark import Token, Tree

__all__ = ["MAX_DEPTH", "MAX_STEPS", "Reader", "Refused", "clip"]

T = TypeVar("T")

MAX_STEPS = 2_000
"""How many operands, numbers, constants and operators one expression may have."""

MAX_DEPTH = 100
"""How deep operators may nest; a sum counts once, however long. Deeper ones can end Polars with a stack overflow."""

_SAMPLES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        **dict.fromkeys(("avg", "count", "max", "median", "min", "stddev", "stddevPop", "stddevSamp"), (1, 1)),
        **dict.fromkeys(("normDistCum", "normDistDen"), (1, 3)),
        **dict.fromkeys(("sum", "variance"), (1, 1)),
        "percentileCont": (2, 2),
    }
)
_CALLABLE = tuple(name for name in FUNCTIONS if name.isalnum() and name != "negate")
_PART = "subExpression"
_WORDS = ("true", "false", "null")
_OPERATORS: Mapping[str, Operator] = MappingProxyType({"and": "&&", "or": "||", "not": "!"})


class Refused(Exception):
    """The text cannot be an expression because of what stands at one place in it.

    Args:
        at: Number of characters before that place.
        reason: What is wrong there.
    """

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(at, reason)
        self.at = at
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Value:
    """What is known of a part that was read: what it gives, how deep operators nest in it, where it starts."""

    type: Type
    depth: int
    at: int


@dataclass(slots=True)
class _Scope:
    """An expression while it is read: the whole text, or a part in it that is an item of its own."""

    steps: list[Step] = field(default_factory=list)
    values: list[_Value] = field(default_factory=list)


@dataclass(slots=True)
class Reader:
    """Reads one tree; with a list of what is still to do, as a sum of a thousand operands is a tree as deep."""

    scopes: list[_Scope] = field(default_factory=lambda: [_Scope()])
    modifiers: list[Modifiers] = field(default_factory=lambda: [PLAIN])
    parts: list[tuple[Expression, int]] = field(default_factory=list)
    size: int = 0

    def read(self, tree: "Tree[Token] | Token") -> tuple[Expression, int]:
        """Return the expression and how deep its operators nest.

        Raises:
            Refused: An item, a function or the type of an argument is wrong.
        """
        waiting: list[Tree[Token] | Token | Callable[[], None]] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                self._atom(node)
            elif callable(node):
                node()
            else:
                waiting.extend(reversed(list(self._parts(node))))
        return self._expression()

    def _parts(self, node: "Tree[Token]") -> Iterator["Tree[Token] | Token | Callable[[], None]"]:
        children = node.children
        if node.data == "infix":
            yield children[0]
            yield children[2]
            operator = cast("Token", children[1])
            yield partial(self._apply, _OPERATORS.get(operator, cast("Operator", str(operator))), operator.start_pos)
        elif node.data == "prefix":
            yield children[1]
            sign = cast("Token", children[0])
            if sign != "+":
                yield partial(self._apply, "negate" if sign == "-" else "!", sign.start_pos)
        elif node.data == "modified":
            modifiers = _located(cast("Token", children[1]), read_modifier)
            yield partial(self.modifiers.append, self.modifiers[-1].over(modifiers))
            yield children[0]
            yield self._end_modifiers
        else:
            yield from self._call(cast("Token", children[0]), children[1:])

    def _call(
        self, token: "Token", children: "list[Tree[Token] | Token]"
    ) -> Iterator["Tree[Token] | Token | Callable[[], None]"]:
        name, at = str(token), token.start_pos or 0
        arguments = [child for child in children if not _is_in(child)]
        if (name == "is") != (len(arguments) < len(children)):
            raise Refused(at, "is( is written with `in`: is(value in value, value)")
        if name == _PART or name in _SAMPLES:
            _check_count(token, len(arguments), *_SAMPLES.get(name, (1, 1)))
            for argument in arguments:
                yield self._open
                yield argument
                yield self._close
            yield partial(self._wrap, token, len(arguments))
        elif name in _CALLABLE:
            function = FUNCTIONS[name]
            _check_count(token, len(arguments), function.least, function.most)
            yield from arguments
            yield partial(self._apply, Call(name, len(arguments)), at)
        else:
            known = (*_CALLABLE, *_SAMPLES, _PART)
            raise Refused(at, f"{name}( is not a function of DHIS2's expressions{closest(name, known)}")

    def _end_modifiers(self) -> None:
        self.modifiers.pop()

    def _open(self) -> None:
        self.scopes.append(_Scope())
        self.modifiers.append(PLAIN)  # what follows the bracket holds for the part as one item

    def _close(self) -> None:
        self.modifiers.pop()
        self.parts.append(self._expression())

    def _wrap(self, token: "Token", count: int) -> None:
        parts = self.parts[-count:]
        del self.parts[-count:]
        expressions = tuple(expression for expression, _ in parts)
        modifiers = self.modifiers[-1]
        item: Item = Sample(str(token), expressions, modifiers=modifiers)
        if str(token) == _PART:
            item = SubExpression(*expressions, modifiers=modifiers)
        self._push(item, "any", token.start_pos, max(depth for _, depth in parts) + 1)

    def _atom(self, token: "Token") -> None:
        at, modifiers = token.start_pos, self.modifiers[-1]
        if token.type == "NUMBER":
            number = float(token)
            if not math.isfinite(number):
                raise Refused(at or 0, f"the number {clip(token)} is too large")
            self._push(number, "number", at)
        elif token.type == "TEXT":
            text = _located(token, read_text)
            self._push(Text(text), text_type(text), at)
        elif token.type == "ITEM":
            item = _located(token, lambda it: read_item(it, modifiers))
            self._push(item, "any" if isinstance(item, DataItem) else "number", at)
        elif token.type == "PERIOD":
            self._push(_located(token, lambda it: read_period(it, modifiers)), "number", at)
        elif token.type == "ORG_UNIT":
            self._push(_located(token, read_org_unit), "boolean", at)
        elif token in _WORDS:
            self._apply(Call(str(token), 0), at)
        else:
            raise Refused(at or 0, f"{clip(token)} is not supported{closest(token, _WORDS)}")

    def _push(self, step: Step, kind: Type, at: int | None, depth: int = 1) -> None:
        self.size += 1
        self.scopes[-1].steps.append(step)
        self.scopes[-1].values.append(_Value(kind, depth, at or 0))

    def _apply(self, step: Operator | Call, at: int | None) -> None:
        values = self.scopes[-1].values
        count = arity(step)
        arguments = values[len(values) - count :]
        del values[len(values) - count :]
        function = FUNCTIONS[function_name(step)]
        types = [each.type for each in arguments]
        if wrong := mismatch(function, types):
            raise Refused(arguments[wrong[0]].at, f"{wrong[1]} is due here")
        depth = max((each.depth for each in arguments), default=0) + 1
        if step in ("+", "-"):
            depth = max(arguments[0].depth, arguments[1].depth + 1)
        start = arguments[0].at if isinstance(step, str) and count == 2 else at
        self._push(step, result_type(function, types), start, depth)

    def _expression(self) -> tuple[Expression, int]:
        scope = self.scopes.pop()
        (value,) = scope.values
        return Expression(tuple(scope.steps)), value.depth


def clip(text: str, longest: int = 40) -> str:
    """Return *text*, cut with an ellipsis where it is longer.

    >>> clip("abcdef", 3)
    'abc…'
    """
    return text if len(text) <= longest else f"{text[:longest]}…"


def _is_in(child: "Tree[Token] | Token") -> bool:
    return getattr(child, "type", "") == "IN"


def _located(token: "Token", read: Callable[[str], T]) -> T:
    try:
        return read(str(token))
    except Unreadable as error:
        raise Refused(token.start_pos or 0, f"{clip(token)} {error}") from None


def _check_count(token: "Token", count: int, least: int, most: int | None) -> None:
    if count < least or (most is not None and count > most):
        due = f"{least}" if most == least else (f"{least} or more" if most is None else f"{least} to {most}")
        raise Refused(token.start_pos or 0, f"{token}( takes {due} argument{'' if due == '1' else 's'}, not {count}")
