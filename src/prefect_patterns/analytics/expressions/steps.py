"""The steps of an expression in postfix order, so that no depth of nesting can exhaust the stack, and their text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from prefect_patterns.analytics.expressions.items import Item

__all__ = ["Call", "Operator", "Step", "Text", "arity", "function_name", "keeps_null", "written"]

Operator = Literal["+", "-", "*", "/", "%", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "negate", "!"]


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text."""

    value: str

    def __str__(self) -> str:
        return f"'{''.join(_ESCAPES.get(letter, letter) for letter in self.value)}'"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the last *count* values, or `true`, `false` or `null` with none."""

    name: str
    count: int


Step = float | Text | Item | Operator | Call

_ESCAPES: Mapping[str, str] = MappingProxyType({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})
_UNARY = frozenset({"negate", "!"})
_NULL_IS_KEPT = frozenset({"firstNonNull", "isNotNull", "isNull"})
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("==", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "/", "%"),
    ("negate", "!"),
    ("^",),
)
_PRECEDENCE: Mapping[str, int] = MappingProxyType(
    {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
)
_ATOM = len(_LEVELS)


def arity(step: Step) -> int:
    """Return how many values *step* takes.

    >>> [arity(step) for step in (1.0, "negate", "+", Call("if", 3))]
    [0, 1, 2, 3]
    """
    if isinstance(step, Call):
        return step.count
    return (1 if step in _UNARY else 2) if isinstance(step, str) else 0


def function_name(step: Operator | Call) -> str:
    """Return the name under which the function or operator of *step* is known."""
    return step.name if isinstance(step, Call) else step


def keeps_null(steps: Sequence[Step]) -> list[bool]:
    """Return for each step whether a missing item is null there, not 0: inside a function that asks for null.

    >>> keeps_null([Text("a"), Call("isNull", 1), 0.0, 1.0, Call("if", 3)])
    [True, False, False, False, False]
    """
    kept = [False] * len(steps)
    waiting = [False]  # of the steps still to come; read from the end, a function comes before its arguments
    for index in range(len(steps) - 1, -1, -1):
        kept[index] = inherited = waiting.pop()
        step = steps[index]
        inside = inherited or (isinstance(step, Call) and step.name in _NULL_IS_KEPT)
        waiting.extend([inside] * arity(step))
    return kept


def written(steps: Sequence[Step], show: Callable[[Item], str]) -> str:
    """Return the text of *steps* with as few brackets as it takes, and each item as *show* writes it."""
    stack: list[tuple[str, int]] = []
    for step in steps:
        if isinstance(step, Item):
            stack.append((show(step), _ATOM))
        elif isinstance(step, Text):
            stack.append((str(step), _ATOM))
        elif isinstance(step, float):
            stack.append((f"{step:.0f}" if step.is_integer() and step < 1e15 else repr(step), _ATOM))
        elif isinstance(step, Call):
            arguments = [stack.pop()[0] for _ in range(step.count)][::-1]
            stack.append((_called(step.name, arguments), _ATOM))
        else:
            level = _PRECEDENCE[step]
            right = stack.pop()
            if step in _UNARY:
                stack.append((f"{'-' if step == 'negate' else step}{_wrapped(*right, level)}", level))
            else:
                left = stack.pop()
                # A power binds to the right and takes a sign there, all others bind to the left.
                sides = (_ATOM, _PRECEDENCE["negate"]) if step == "^" else (level, level + 1)
                stack.append((f"{_wrapped(*left, sides[0])} {step} {_wrapped(*right, sides[1])}", level))
    return stack.pop()[0]


def _called(name: str, arguments: list[str]) -> str:
    if name == "is":
        return f"is({arguments[0]} in {', '.join(arguments[1:])})"
    return f"{name}({', '.join(arguments)})" if arguments else name


def _wrapped(text: str, level: int, at_least: int) -> str:
    return text if level >= at_least else f"({text})"
