"""DHIS2's `fields` parameter: which properties of an object an answer shows.

Understood are nesting by `[]`, `()` and dots, the presets, exclusion by `!` and the transformers rename, size, isEmpty,
isNotEmpty and pluck. An unknown field is left out silently, as the server does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import REFERENCES, Metadata, Object

__all__ = ["Selection", "parse_fields", "select"]

# Properties that DHIS2 computes, or that the other side of a relation owns.
_COMPUTED = frozenset(
    [
        "access",
        "allItems",
        "ancestors",
        "categoryOptionCombos",
        "children",
        "dimension",
        "dimensionItem",
        "dimensionItemType",
        "displayDescription",
        "displayDenominatorDescription",
        "displayFormName",
        "displayName",
        "displayNumeratorDescription",
        "displayShortName",
        "explodedDenominator",
        "explodedNumerator",
        "favorite",
        "href",
        "isDefault",
        "leaf",
        "sections",
    ]
)
_FAR_SIDE = {
    "organisationUnits": frozenset({"dataSets", "organisationUnitGroups"}),
    "dataElements": frozenset({"dataSetElements"}),
}
_STORED_FAR_SIDE = frozenset({"children", "categoryOptionCombos", "dataSets", "organisationUnitGroups", "sections"})
_IDENTIFIABLE = ("id", "name", "code", "created", "lastUpdated", "lastUpdatedBy")
_PRESETS = frozenset({"*", ":all", ":owner", ":persisted", ":simple", ":identifiable", ":nameable"})
_DEEPEST = 30
_NAME = re.compile(r"[!:*]?[A-Za-z0-9_.*]*")
_TRANSFORMER = re.compile(r"(?:~|\||::)([A-Za-z]+)(?:\(([^()]*)\))?")


@dataclass(slots=True)
class Field:
    """One wanted property."""

    inside: "Selection | None" = None
    transformers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Selection:
    """What is wanted of an object."""

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
    selection, position = _parse(text.replace(" ", ""), 0)
    if position != len(text.replace(" ", "")):
        raise Refusal(400, f"Unbalanced brackets in fields: {text}", "E1003")
    return selection


def _parse(text: str, position: int, depth: int = 0) -> tuple[Selection, int]:
    if depth > _DEEPEST:
        raise Refusal(400, f"Fields nested deeper than {_DEEPEST}", "E1003")
    selection = Selection()
    while position < len(text) and text[position] not in "])":
        match = _NAME.match(text, position)
        name = match[0] if match else ""
        position += len(name)
        wanted = Field()
        while transformer := _TRANSFORMER.match(text, position):
            wanted.transformers.append((transformer[1], transformer[2] or ""))
            position = transformer.end()
        if position < len(text) and text[position] in "[(":
            wanted.inside, position = _parse(text, position + 1, depth + 1)
            if position >= len(text):
                raise Refusal(400, f"Unbalanced brackets in fields: {text}", "E1003")
            position += 1
        elif name == "" and position < len(text) and text[position] != ",":
            raise Refusal(400, f"Illegal fields expression at position {position}: {text}", "E1003")
        _add(selection, name, wanted)
        if position < len(text) and text[position] == ",":
            position += 1
    return selection, position


def _add(selection: Selection, name: str, wanted: Field) -> None:
    if name in _PRESETS:
        selection.presets.add(":all" if name == "*" else name)
    elif name.startswith("!"):
        selection.unwanted.add(name[1:])
    elif "." in name:
        head, rest = name.split(".", 1)
        outer = selection.wanted.setdefault(head, Field())
        outer.inside = outer.inside or Selection()
        _add(outer.inside, rest, wanted)
    elif name:
        known = selection.wanted.get(name)
        if known and known.inside and wanted.inside:
            known.inside.wanted.update(wanted.inside.wanted)
        else:
            selection.wanted[name] = wanted


def select(metadata: Metadata, collection: str, each: Mapping[str, object], selection: Selection) -> Object:
    """Return what *selection* shows of the object *each* of *collection*."""
    shown: Object = {}
    for name in _by_preset(collection, each, selection.presets):
        if name not in selection.wanted and name not in selection.unwanted:
            shown[name] = each[name]
    for name, wanted in selection.wanted.items():
        if name in selection.unwanted or name not in each:
            continue
        value = each[name]
        if wanted.inside is not None:
            value = _nested(metadata, name, value, wanted.inside)
        _transform(shown, name, value, wanted.transformers)
    for path in selection.unwanted:
        if "." in path:
            _exclude(shown, path.split("."))
    return shown


def _by_preset(collection: str, each: Mapping[str, object], presets: set[str]) -> Iterator[str]:
    far = _COMPUTED | _FAR_SIDE.get(collection, frozenset())
    for name, value in each.items():
        if (
            ":all" in presets
            or (":owner" in presets and name not in far)
            or (":persisted" in presets and (name not in far or name in _STORED_FAR_SIDE))
            or (":simple" in presets and not isinstance(value, dict | list))
            or (presets & {":identifiable", ":nameable"} and name in _IDENTIFIABLE)
            or (":nameable" in presets and name in ("shortName", "description"))
        ):
            yield name


def _nested(metadata: Metadata, name: str, value: object, inside: Selection) -> object:
    if isinstance(value, list):
        return [_nested(metadata, name, each, inside) for each in value]
    if not isinstance(value, dict):
        return value
    target = metadata.resolve(name, value)
    return select(metadata, REFERENCES.get(name, ""), value if target is None else target, inside)


def _transform(shown: Object, name: str, value: object, transformers: list[tuple[str, str]]) -> None:
    for transformer, argument in transformers:
        size = len(value) if isinstance(value, list | str | dict) else 0
        match transformer:
            case "rename":
                name = argument or name
            case "size":
                value = value if isinstance(value, int) else size
            case "isEmpty":
                value = size == 0
            case "isNotEmpty":
                value = size > 0
            case "pluck" if isinstance(value, list):
                value = [each.get(argument or "id") for each in value if isinstance(each, dict)]
            case _:
                raise Refusal(501, f"The sandbox does not imitate the field transformer {transformer}")
    shown[name] = value


def _exclude(shown: object, path: list[str]) -> None:
    if isinstance(shown, list):
        for each in shown:
            _exclude(each, path)
    elif isinstance(shown, dict):
        if len(path) == 1:
            shown.pop(path[0], None)
        elif path[0] in shown:
            shown[path[0]] = _copied(shown[path[0]])  # what a preset shows is the stored object itself
            _exclude(shown[path[0]], path[1:])


def _copied(value: object) -> object:
    if isinstance(value, list):
        return [dict(each) if isinstance(each, dict) else each for each in value]
    return dict(value) if isinstance(value, dict) else value
