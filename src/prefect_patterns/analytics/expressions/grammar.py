"""The grammar of expressions, and where a text breaks it."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from prefect_patterns.analytics.expressions.model import Constant, Expression, Operand, Operator, Step
from prefect_patterns.errors import UsageError

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

__all__ = ["MAX_DEPTH", "MAX_STEPS", "parse"]

MAX_STEPS = 2_000
"""How many operands, numbers, constants and operators one expression may have."""

MAX_DEPTH = 100
"""How deep operators may nest; a sum counts once, however long. Deeper ones can end Polars with a stack overflow."""

_DOCS = "docs/analytics.md#expressions"
_UID = r"[A-Za-z][A-Za-z0-9]{10}"
_OPERAND = re.compile(rf"#\{{\s*({_UID})(?:\.({_UID}|\*)(?:\.({_UID}|\*))?)?\s*\}}")
_CONSTANT = re.compile(rf"C\{{\s*({_UID})\s*\}}")
_ITEM = re.compile(
    r"\.?[0-9][0-9.]*|#?[A-Za-z]*\{[^{}]*\}?|\[[A-Za-z]*\]?|\.?[A-Za-z_][\w.]*\(?|&&|\|\||[<>=!]=|.", re.DOTALL
)
_GRAMMAR = r"""
?start: sum
?sum: product | sum "+" product -> add | sum "-" product -> subtract
?product: factor | product "*" factor -> multiply | product "/" factor -> divide
?factor: atom | "-" factor -> negate | "+" factor
?atom: NUMBER | OPERAND | CONSTANT | "(" sum ")"
NUMBER: /([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?/
OPERAND: /#\{[^{}]*\}/
CONSTANT: /C\{[^{}]*\}/
%ignore /\s+/
"""
_OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "negate": "negate"}
)


def parse(text: str) -> Expression:
    """Return the expression that *text* writes.

    Args:
        text: An indicator's numerator or denominator.

    Raises:
        UsageError: The text breaks the grammar, has an item that is not supported, more than `MAX_STEPS` steps or a
            nesting deeper than `MAX_DEPTH`; the message names the item and its position, counted from 1.

    >>> parse("#{fbfJHSPpUQD}+#{cYeuwXTCPkU.HllvX50cXC0} * 2").operands[1].category_option_combo
    'HllvX50cXC0'
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if len(text) > MAX_STEPS * 50:  # no operand with its operator is longer, so there is no need to read it
        raise _too_large(text, f"{len(text):,} characters")
    try:
        tree = _parser().parse(text)
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _refused(text, at, f"{_item(text, at)} is not supported") from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _refused(text, len(text.rstrip()), "it ends too early" if text.strip() else "it is empty") from None
        at = error.token.start_pos or 0
        raise _refused(text, at, f"{_item(text, at)} is not expected here") from None
    steps = tuple(_postfix(tree, text))
    if len(steps) > MAX_STEPS:
        raise _too_large(text, f"{len(steps):,} operands, numbers and operators")
    if (depth := _depth(steps)) > MAX_DEPTH:
        raise _too_large(text, f"operators that nest {depth:,} deep")
    return Expression(steps)


@lru_cache(maxsize=1)
def _parser() -> "Lark":
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr")


def _postfix(tree: "Tree[Token] | Token", text: str) -> Iterator[Step]:
    from lark import Token

    # An explicit stack: a sum of thousand operands is a tree thousand deep.
    waiting: list[Tree[Token] | Token | Operator] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Token):
            yield _atom(node, text)
        elif isinstance(node, str):
            yield node
        else:
            waiting.append(_OPERATORS[node.data])
            waiting.extend(reversed(node.children))


def _atom(token: "Token", text: str) -> Step:
    at = token.start_pos or 0
    if token.type == "NUMBER":
        number = float(token)
        if not math.isfinite(number):
            raise _refused(text, at, f"the number {_clip(token)} is too large")
        return number
    if token.type == "OPERAND" and (match := _OPERAND.fullmatch(token)):
        data_element, *combos = match.groups()
        return Operand(data_element, *(None if combo == "*" else combo for combo in combos))
    if token.type == "CONSTANT" and (match := _CONSTANT.fullmatch(token)):
        return Constant(match[1])
    raise _refused(text, at, f"{_clip(token)} does not hold uids of 11 letters and digits")


def _depth(steps: tuple[Step, ...]) -> int:
    stack: list[int] = []
    for step in steps:
        if not isinstance(step, str):
            stack.append(1)
        elif step == "negate":
            stack.append(stack.pop() + 1)
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(max(left, right + 1) if step in "+-" else max(left, right) + 1)
    return stack.pop()


def _item(text: str, at: int) -> str:
    match = _ITEM.match(text, at)
    return _clip(match[0] if match else text[at])


def _refused(text: str, at: int, reason: str) -> UsageError:
    start = max(at - 40, 0) if len(text) > 80 else 0
    shown = f"{'…' if start else ''}{_clip(text[start:], 80)}"
    return UsageError(
        f"cannot read the expression {shown!r} at character {at + 1}: {reason}",
        hint="use #{uid}, C{uid}, numbers, + - * / and parentheses",
        docs=_DOCS,
    )


def _too_large(text: str, size: str) -> UsageError:
    return UsageError(
        f"the expression {_clip(text)!r} has {size}; {MAX_STEPS:,} steps, nested {MAX_DEPTH} deep, are the most",
        hint="split it into several indicators",
        docs=_DOCS,
    )


def _clip(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
