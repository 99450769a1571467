"""The grammar of DHIS2's `fields` parameter.

Understood are nesting by `[]`, `()` and dots, the presets, exclusion by `!` and the transformers rename, size, isEmpty,
isNotEmpty, keyBy and pluck. Source: dhis2-core, dhis-service-field-filtering.
"""

import re
from dataclasses import dataclass, field

from prefect_patterns.sandbox.dhis2.answers import Refusal

__all__ = ["Field", "Selection", "parse_fields"]

_DEEPEST = 30
_NAME = re.compile(r"!?:?[A-Za-z0-9_.*]*")
_TRANSFORMER = re.compile(r"(?:~|\||::)([A-Za-z]*)(?:\(([^()\[\]]*)\))?")
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Field:
    """One wanted property."""

    inside: "Selection | None" = None
    transformers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Selection:
    """What is wanted of an object: by preset, by name, and what not."""

    presets: set[str] = field(default_factory=set)
    wanted: dict[str, Field] = field(default_factory=dict)
    unwanted: set[str] = field(default_factory=set)


def parse_fields(text: str) -> Selection:
    """Return what *text* selects.

    Raises:
        Refusal: Its brackets do not match, or are too deep.

    >>> sorted(parse_fields("id,parent[name],!code").wanted)
    ['id', 'parent']
    """
    packed = _SPACE.sub("", text)
    selection = Selection()
    position = _parse(packed, 0, selection)
    if position != len(packed):
        raise Refusal(400, f"Unbalanced brackets in fields: {_short(text)}", "E1003")
    return selection


def _parse(text: str, position: int, selection: Selection, depth: int = 0) -> int:
    """Add to *selection* what stands from *position* to the closing bracket; return where that is."""
    while position < len(text) and text[position] not in "])":
        match = _NAME.match(text, position)
        name = match[0] if match else ""
        if name.endswith(":") and text[position + len(name) : position + len(name) + 1] == ":":
            name = name[:-1]  # the first half of `::`
        position += len(name)
        below = depth + name.count(".")
        if below > _DEEPEST:
            raise Refusal(400, f"Fields nested deeper than {_DEEPEST}", "E1003")
        wanted = Field()
        while transformer := _TRANSFORMER.match(text, position):
            wanted.transformers.append((transformer[1], transformer[2] or ""))
            position = transformer.end()
        if position < len(text) and text[position] in "[(":
            wanted.inside = Selection()
            position = _parse(text, position + 1, wanted.inside, below + 1)
            if position >= len(text):
                raise Refusal(400, f"Unbalanced brackets in fields: {_short(text)}", "E1003")
            position += 1
        elif position < len(text) and text[position] not in ",])":
            raise Refusal(400, f"Illegal fields expression at position {position}: {_short(text)}", "E1003")
        _add(selection, name, wanted)
        if position < len(text) and text[position] == ",":
            position += 1
    return position


def _add(selection: Selection, name: str, wanted: Field) -> None:
    plain = name.removeprefix("!")
    if plain.startswith(":") or plain == "*":
        # The server reads `!:owner` as `:owner` too.
        selection.presets.add("all" if plain == "*" else plain[1:])
    elif name.startswith("!"):
        selection.unwanted.add(plain)
    elif "." in name:
        head, rest = name.split(".", 1)
        inner = Selection()
        _add(inner, rest, wanted)
        _add(selection, head, Field(inner))
    elif name:
        known = selection.wanted.setdefault(name, Field())
        known.transformers += [each for each in wanted.transformers if each not in known.transformers]
        known.inside = _merged(known.inside, wanted.inside)


def _merged(left: Selection | None, right: Selection | None) -> Selection | None:
    if left is None or right is None:
        return left or right
    for name, wanted in right.wanted.items():
        _add(left, name, wanted)
    left.presets |= right.presets
    left.unwanted |= right.unwanted
    return left


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
