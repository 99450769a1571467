"""DHIS2's `fields` parameter: which properties of an object an answer shows.

An unknown field, preset or transformer is left out silently, as the server does. A reference of which nothing known is
asked shows its id, anything else complex all that it has. What a selection means is worked out once for a collection,
then applied to each object. Source: dhis2-core, dhis-service-field-filtering.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object, attribute_values
from prefect_patterns.sandbox.dhis2.schema import Kind, Property, Schema, schema_of
from prefect_patterns.sandbox.dhis2.selection import Field, Selection, parse_fields

__all__ = ["Picker", "Shuffle", "parse_fields", "picker", "select"]

Shuffle = Callable[[list[Any]], list[Any]]

_IDENTIFIABLE = frozenset({"id", "name", "code", "created", "lastUpdated", "lastUpdatedBy"})
_NAMEABLE = _IDENTIFIABLE | {"shortName", "description"}
_PRESETS: Mapping[str, Callable[[Property], bool]] = {
    "all": lambda _: True,
    "identifiable": lambda each: each.name in _IDENTIFIABLE,
    "nameable": lambda each: each.name in _NAMEABLE,
    "owner": lambda each: each.owner,
    "persisted": lambda each: each.persisted,
    "simple": lambda each: each.simple,
}
_UNORDERED = frozenset({"categoryOptionCombos", "dataSetElements"})
_MOST = 200_000
_MOST_PER_UNIT = 200
_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")


def picker(
    metadata: Metadata,
    collection: str,
    selection: Selection,
    *,
    exclude_defaults: bool = False,
    shuffle: Shuffle | None = None,
) -> "Picker":
    """Return what shows the objects of a *collection*: to be made once for many of them.

    Args:
        exclude_defaults: Whether references to the objects named "default" are left out.
        shuffle: Puts a nested collection that has no order of its own into another order.

    Raises:
        Refusal: From `pick`, when nested collections have come to far more items than there are references (409):
            `children[parent[children[...` multiplies with each bracket.
    """
    defaults = metadata.defaults if exclude_defaults else frozenset()
    most = max(_MOST, _MOST_PER_UNIT * len(metadata.collections["organisationUnits"]))
    return _compiled(_Place(metadata, (collection,)), selection, _How(_Allowance(most), defaults, shuffle))


def select(metadata: Metadata, collection: str, each: Object, selection: Selection) -> Object:
    """Return what *selection* shows of one object.

    Args:
        collection: Whose object it is; empty for one that is no metadata.
    """
    place = _Place(metadata, (collection,)) if collection else _Place(metadata, samples=(each,))
    return _compiled(place, selection, _How(_Allowance(_MOST))).pick(each)


@dataclass(slots=True)
class _Allowance:
    """How many more items of nested collections an answer may have."""

    left: int

    def spend(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise Refusal(409, "The sandbox gives no answer with so many nested objects: ask for fewer fields")


@dataclass(frozen=True, slots=True)
class _How:
    allowance: _Allowance
    defaults: frozenset[str] = frozenset()
    shuffle: Shuffle | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """What is being shown: a collection's objects, or what is inside them; else objects like the samples."""

    metadata: Metadata
    path: tuple[str, ...] = ()
    samples: tuple[Object, ...] = ()

    @property
    def schema(self) -> Schema:
        return self.metadata.schema(*self.path) if self.path else schema_of("", self.samples)

    def inside(self, each: Property) -> "_Place":
        if each.target:
            return _Place(self.metadata, (each.target,))
        if self.path:
            return _Place(self.metadata, (*self.path, each.name))
        values = (sample.get(each.name) for sample in self.samples)
        items = [one for value in values for one in (value if isinstance(value, list) else [value])]
        return _Place(self.metadata, samples=tuple(one for one in items if isinstance(one, dict)))


@dataclass(frozen=True, slots=True)
class _Part:
    """One property to show: what of it, and how transformed."""

    name: str
    inside: "Picker | None" = None
    objects: Mapping[str, Object] = field(default_factory=dict)
    transformers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Picker:
    """Shows of each object what is wanted; `picker` makes it."""

    parts: tuple[_Part, ...]
    attributes: tuple[str, ...]
    how: _How

    def pick(self, each: Mapping[str, Any]) -> Object:
        """Return what is wanted of *each*."""
        shown: Object = {}
        for part in self.parts:
            value = each.get(part.name)
            if value is not None:
                value = self._value(part, value)
            if value is None:
                continue
            if part.transformers:
                _transform(shown, part.name, value, part.transformers)
            else:
                shown[part.name] = value
        for attribute in self.attributes:
            value = attribute_values(each).get(attribute)
            if value is not None:
                shown[attribute] = value
        return shown

    def _value(self, part: _Part, value: Any) -> Any:
        how = self.how
        if not isinstance(value, list):
            return None if _is_default(value, how.defaults) else self._shown(part, value)
        how.allowance.spend(len(value))
        if how.shuffle is not None and part.name in _UNORDERED:
            value = how.shuffle(value)
        if how.defaults:
            value = [each for each in value if not _is_default(each, how.defaults)]
        elif part.inside is None:
            return value
        return [self._shown(part, each) for each in value]

    def _shown(self, part: _Part, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if part.inside is not None:
            return part.inside.pick(part.objects.get(str(value.get("id")), value))
        if self.how.defaults:
            return {name: inner for name, inner in value.items() if not _is_default(inner, self.how.defaults)}
        return value


def _is_default(value: Any, defaults: frozenset[str]) -> bool:
    return bool(defaults) and isinstance(value, dict) and str(value.get("id")) in defaults


def _compiled(place: _Place, selection: Selection, how: _How) -> Picker:
    schema = place.schema
    presets = [_PRESETS[name] for name in selection.presets if name in _PRESETS]
    names = [name for name, each in schema.items() if any(preset(each) for preset in presets)]
    names = [*(name for name in names if name not in selection.wanted), *(each for each in selection.wanted)]
    parts = []
    for name in names:
        if name not in schema or name in selection.unwanted:
            continue
        wanted = selection.wanted.get(name, Field())
        # Rename comes last, wherever it was written.
        transformers = tuple(sorted(wanted.transformers, key=lambda each: each[0] == "rename"))
        without = {each.partition(".")[2] for each in selection.unwanted if each.startswith(f"{name}.")}
        inner, each = _inner(place, schema[name], wanted, without), schema[name]
        if inner is None:
            parts.append(_Part(name, transformers=transformers))
        else:
            objects = place.metadata.collections.get(each.target, {})
            parts.append(_Part(name, _compiled(place.inside(each), inner, how), objects, transformers))
    attributes = tuple(name for name in selection.wanted if name not in schema and _UID.fullmatch(name))
    return Picker(tuple(parts), attributes, how)


def _inner(place: _Place, each: Property, wanted: Field, without: set[str]) -> Selection | None:
    """Return what is wanted of the property's value; None when it is shown as it is."""
    asked = wanted.inside
    if each.kind not in (Kind.REFERENCE, Kind.COMPLEX) or (asked is None and not without):
        return None
    unwanted = without | (asked.unwanted if asked is not None else set())
    if asked is not None:
        schema = place.inside(each).schema
        known = any(name in schema or _UID.fullmatch(name) for name in asked.wanted)
        if known or not asked.presets.isdisjoint(_PRESETS):
            return Selection(asked.presets, asked.wanted, unwanted)
    if each.target:
        return Selection(wanted={"id": Field()}, unwanted=unwanted)
    return Selection(presets={"all"}, unwanted=unwanted)


def _transform(shown: Object, name: str, value: Any, transformers: Iterable[tuple[str, str]]) -> None:
    for transformer, argument in transformers:
        first = argument.split(";")[0]
        match transformer:
            case "rename":
                name = first or name
            case "size" if isinstance(value, list | str):
                value = len(value)
            case "isEmpty" if isinstance(value, list):
                value = not value
            case "isNotEmpty" if isinstance(value, list):
                value = bool(value)
            case "pluck" if isinstance(value, list):
                value = [each.get(first or "id", each) if isinstance(each, dict) else each for each in value]
            case "keyBy" if isinstance(value, list):
                value = _keyed(value, first or "id")
    shown[name] = value


def _keyed(items: list[Any], name: str) -> Object:
    """Return the items by the value of *name*; several of the same value make a list."""
    groups: dict[str, list[Any]] = {}
    for each in items:
        key = each.get(name) if isinstance(each, dict) else None
        text = str(key).lower() if isinstance(key, bool) else "" if key is None else str(key)
        if text.strip():
            groups.setdefault(text, []).append(each)
    return {key: found[0] if len(found) == 1 else found for key, found in groups.items()}
