"""The types in an expression, and the steps that turn each argument into what is due."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect_patterns.analytics.expressions.functions import FUNCTIONS
from prefect_patterns.analytics.expressions.items import Item
from prefect_patterns.analytics.expressions.rules import (
    Type,
    argument_types,
    item_type,
    mismatch,
    result_type,
    text_type,
)
from prefect_patterns.analytics.expressions.steps import Call, Step, Text, arity, function_name

__all__ = ["IllTyped", "settled"]


class IllTyped(ValueError):
    """Why an expression has no numeric value."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the expression: what it gives, and at which step it ends."""

    type: Type
    last: int


def settled(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the steps with numerals as numbers where numbers are due, and numbers as true or false where these are.

    Raises:
        IllTyped: An argument cannot be taken for what is due, or the result for a number.

    >>> settled([1.0, Text("2"), "<", 1.0, "==", 3.0, 4.0, Call("if", 3)])
    [1.0, 2.0, '<', 1.0, 0.0, '!=', '==', 3.0, 4.0, Call(name='if', count=3)]
    """
    found: list[list[Step]] = [[step] for step in steps]
    stack: list[_Part] = []
    for last, step in enumerate(steps):
        if isinstance(step, str | Call):
            count = arity(step)
            arguments = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            function = FUNCTIONS[function_name(step)]
            types = [each.type for each in arguments]
            if wrong := mismatch(function, types):
                raise IllTyped(f"{function_name(step)} needs {wrong[1]} as argument {wrong[0] + 1}")
            for each, due in zip(arguments, argument_types(function, types), strict=True):
                literal = steps[each.last]
                if isinstance(literal, Text) and due == "number":
                    found[each.last] = [float(literal.value)]
                elif (each.type, due) == ("number", "boolean"):
                    found[each.last] += [0.0, "!="]
            stack.append(_Part(result_type(function, types), last))
        elif isinstance(step, Item):
            stack.append(_Part(item_type(step), last))
        else:
            stack.append(_Part(text_type(step.value) if isinstance(step, Text) else "number", last))
    (whole,) = stack
    if whole.type not in ("number", "any"):
        raise IllTyped(f"its result is {'true or false' if whole.type == 'boolean' else 'a text'}")
    return [step for part in found for step in part]
