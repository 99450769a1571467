"""The grammar of expressions, and where a text breaks it."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from prefect_patterns.analytics.expressions.model import Expression
from prefect_patterns.analytics.expressions.reading import MAX_DEPTH, MAX_STEPS, Reader, Refused, clip
from prefect_patterns.errors import UsageError

if TYPE_CHECKING:
    from lark import Lark

__all__ = ["parse"]

_DOCS = "docs/analytics.md#expressions"
_ITEM = re.compile(
    r"\.?[0-9][0-9.]*|#?[A-Za-z]*\{[^{}]*\}?|\[[A-Za-z]*\]?|\.?[A-Za-z_][\w.]*\(?|&&|\|\||[<>=!]=|.", re.DOTALL
)
_GRAMMAR = r"""
?start: any_of
?any_of: all_of | any_of OR all_of -> infix
?all_of: equality | all_of AND equality -> infix
?equality: order | equality EQUALITY order -> infix
?order: sum | order ORDER sum -> infix
?sum: product | sum (PLUS | MINUS) product -> infix
?product: signed | product TIMES signed -> infix
?signed: power | (PLUS | MINUS | NOT) signed -> prefix
?power: modified | modified POWER signed -> infix
?modified: atom | modified METHOD -> modified
?atom: NUMBER | TEXT | ITEM | PERIOD | ORG_UNIT | WORD | call | "(" any_of ")"
call: WORD "(" [any_of ("," any_of)*] ")" | WORD "(" any_of IN any_of ("," any_of)* ")"
OR: /\|\||or\b/
AND: /&&|and\b/
EQUALITY: /[=!]=/
ORDER: /[<>]=?/
PLUS: "+"
MINUS: "-"
TIMES: /[*\/%]/
POWER: "^"
NOT.2: /!|not\b/
IN.2: /in\b/
METHOD: /\.\s*[A-Za-z]\w*\s*\([^()]*\)/
NUMBER: /([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?/
TEXT: /'([^'\\\r\n]|\\.)*'|"([^"\\\r\n]|\\.)*"/
ITEM.2: /(#|[A-Za-z]+)\s*\{[^{}]*\}/
PERIOD: /\[[^\[\]]*\]/
ORG_UNIT.2: /orgUnit\s*\.\s*\w+\s*\([^()]*\)/
WORD: /[A-Za-z_]\w*/
COMMENT.3: /\/\*(.|\n)*?\*\//
%ignore /\s+/
%ignore COMMENT
"""


def parse(text: str) -> Expression:
    """Return the expression that *text* writes.

    The grammar is that of DHIS2's indicators; organisation unit tests and the samples of predictors can be read, too.

    Args:
        text: An indicator's numerator or denominator.

    Raises:
        UsageError: It is no text, breaks the grammar, has an item that is not supported, more than `MAX_STEPS` steps
            or a nesting deeper than `MAX_DEPTH`; the message names the item and its position, counted from 1.

    >>> parse("#{fbfJHSPpUQD}+#{cYeuwXTCPkU.HllvX50cXC0} * 2").operands[1].category_option_combo
    'HllvX50cXC0'
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if not isinstance(text, str):
        raise UsageError(
            f"{clip(repr(text))} is not the text of an expression", hint="give a numerator or denominator", docs=_DOCS
        )
    if len(text) > MAX_STEPS * 50:  # no operand with its operator is longer, so there is no need to read it
        raise _too_large(text, f"{len(text):,} characters")
    try:
        reader = Reader()
        expression, depth = reader.read(_parser().parse(text))
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _refused(text, at, f"{_item(text, at)} is not supported") from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _refused(text, len(text.rstrip()), _end(text)) from None
        at = error.token.start_pos or 0
        alone = text[at] == ")" and not _open_brackets(text[:at])
        reason = f"{_item(text, at)} is not expected here{', no bracket is open' if alone else ''}"
        raise _refused(text, at, reason) from None
    except Refused as refused:
        raise _refused(text, refused.at, refused.reason) from None
    if reader.size > MAX_STEPS:
        raise _too_large(text, f"{reader.size:,} operands, numbers and operators")
    if depth > MAX_DEPTH:
        raise _too_large(text, f"operators that nest {depth:,} deep")
    return expression


@lru_cache(maxsize=1)
def _parser() -> "Lark":
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _end(text: str) -> str:
    if not text.strip():
        return "it is empty"
    unclosed = _open_brackets(text)
    return "it ends too early" + (f", the bracket at character {unclosed[-1] + 1} is not closed" if unclosed else "")


def _open_brackets(text: str) -> list[int]:
    unclosed: list[int] = []
    for bracket in re.finditer(r"'[^']*'|\"[^\"]*\"|[()]", text):
        if bracket[0] == "(":
            unclosed.append(bracket.start())
        elif bracket[0] == ")" and unclosed:
            unclosed.pop()
    return unclosed


def _item(text: str, at: int) -> str:
    match = _ITEM.match(text, at)
    return clip(match[0] if match else text[at])


def _refused(text: str, at: int, reason: str) -> UsageError:
    start = max(at - 40, 0) if len(text) > 80 else 0
    shown = f"{'…' if start else ''}{clip(text[start:], 80)}"
    return UsageError(
        f"cannot read the expression {shown!r} at character {at + 1}: {reason}",
        hint="use items as #{uid}, numbers, operators and functions of DHIS2's indicators",
        docs=_DOCS,
    )


def _too_large(text: str, size: str) -> UsageError:
    return UsageError(
        f"the expression {clip(text)!r} has {size}; {MAX_STEPS:,} steps, nested {MAX_DEPTH} deep, are the most",
        hint="split it into several indicators",
        docs=_DOCS,
    )
