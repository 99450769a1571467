"""Metadata lists: `filter`, `order` and paging, with the server's traps."""

import re
from collections.abc import Callable, Iterable, Mapping
from math import ceil
from urllib.parse import urlencode

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import REFERENCES, Metadata, Object

__all__ = ["KIN", "filtered", "kin_of", "ordered", "page"]

KIN = ("children", "descendants", "ancestors", "parents")
"""What can be asked below an organisation unit; the answer is a list of units."""

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ieq": lambda value, wanted: value.lower() == wanted.lower(),
    "ne": lambda value, wanted: value != wanted,
    "neq": lambda value, wanted: value != wanted,
    "!eq": lambda value, wanted: value != wanted,
    "like": lambda value, wanted: wanted in value,
    "ilike": lambda value, wanted: wanted.lower() in value.lower(),
}
_OTHERS = frozenset(
    [
        "gt",
        "lt",
        "gte",
        "ge",
        "lte",
        "le",
        "!like",
        "$like",
        "!$like",
        "like$",
        "!like$",
        "!ilike",
        "$ilike",
        "startsWith",
        "!$ilike",
        "ilike$",
        "endsWith",
        "!ilike$",
        "token",
        "!token",
        "!in",
        "null",
        "!null",
        "empty",
        "!empty",
    ]
)
# Properties that an object may have though no recorded one does.
_POSSIBLE = frozenset(
    [
        "address",
        "attributeValues",
        "closedDate",
        "code",
        "comment",
        "contactPerson",
        "createdBy",
        "decimals",
        "description",
        "email",
        "formName",
        "geometry",
        "href",
        "image",
        "lastUpdatedBy",
        "optionSet",
        "parent",
        "phoneNumber",
        "sharing",
        "style",
        "translations",
        "url",
        "user",
    ]
)
_LIST = re.compile(r"\[(.*)\]", re.DOTALL)
_COMMA = re.compile(r",(?![^\[]*\])")


def filtered(
    metadata: Metadata, collection: str, objects: Iterable[Object], filters: Iterable[str], *, any_of: bool = False
) -> list[Object]:
    """Return the objects that pass all *filters*, or one of them.

    Raises:
        Refusal: A filter is not of the form path:operator:value, or names what is not there.
    """
    tests = [_test(metadata, collection, part) for text in filters for part in _COMMA.split(text)]
    decide = any if any_of and tests else all
    return [each for each in objects if decide(test(each) for test in tests)]


def _test(metadata: Metadata, collection: str, text: str) -> Callable[[Object], bool]:
    path, operator, wanted = [*text.split(":", 2), "", ""][:3]
    if operator in _OTHERS:
        raise Refusal(501, f"The sandbox does not imitate the filter operator {operator}")
    if not path or not operator or text.count(":") < 2:
        raise Refusal(400, f"Invalid filter => {text}", "E1003")
    if operator != "in" and operator not in _OPERATORS:
        raise Refusal(400, f"`{operator}` is not a valid operator.", "E1003")
    kind = _check_path(metadata, collection, path)
    names = path.split(".")
    if operator == "in":
        match = _LIST.fullmatch(wanted)
        if not match:
            raise Refusal(400, f"Invalid argument `{wanted}` for in operator.", "E1003")
        members = frozenset(_typed(kind, part.strip()) for part in match[1].split(","))
        return lambda each: any(value in members for value in _values(metadata, each, names))
    compare, target = _OPERATORS[operator], _typed(kind, wanted)
    return lambda each: any(compare(value, target) for value in _values(metadata, each, names))


def _check_path(metadata: Metadata, collection: str, path: str) -> str:
    """Return what the path ends at: text, Integer or Boolean."""
    names = path.split(".")
    inside: Iterable[Mapping[str, object]] = metadata.collections[collection].values()
    sample: object = None
    for depth, name in enumerate(names):
        known = [each[name] for each in inside if name in each]
        if not known and not (depth == 0 and name in _POSSIBLE):
            raise Refusal(400, f"Unknown path property: {path}", "E1003")
        sample = known[0] if known else None
        if name in REFERENCES:
            inside = metadata.collections[REFERENCES[name]].values()
        else:
            flat = (item for value in known for item in (value if isinstance(value, list) else [value]))
            inside = [item for item in flat if isinstance(item, dict)]
    if isinstance(sample, bool):
        return "Boolean"
    return "Integer" if isinstance(sample, int | list) else "text"


def _typed(kind: str, text: str) -> str:
    if kind == "Integer":
        try:
            return str(int(text))
        except ValueError:
            raise Refusal(400, f"Unable to parse `{text}` as `Integer`.", "E1003") from None
    if kind == "Boolean":
        if text.lower() not in ("true", "false"):
            raise Refusal(400, f"Unable to parse `{text}` as `Boolean`.", "E1003")
        return text.lower()
    return text


def _values(metadata: Metadata, each: Mapping[str, object], names: list[str]) -> list[str]:
    """Return the values at the end of a path, as text; a collection there is its size, a missing value is none."""
    found: list[tuple[str, object]] = [("", each)]
    for name in names:
        onward: list[tuple[str, object]] = []
        for came_by, item in found:
            for one in item if isinstance(item, list) else [item]:
                target = metadata.resolve(came_by, one) or one
                if isinstance(target, dict) and target.get(name) is not None:
                    onward.append((name, target[name]))
        found = onward
    return [_text(value) for _, value in found]


def _text(value: object) -> str:
    if isinstance(value, list):
        return str(len(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return str(value.get("id", ""))
    return str(value)


def kin_of(unit: Object, kin: str, units: Iterable[Object]) -> list[Object]:
    """Return the *kin* of an organisation unit; the unit itself is among them, but among its parents."""
    own, line = str(unit["id"]), str(unit.get("path", "")).split("/")
    if kin == "parents":
        return [each for each in units if each["id"] in line and each is not unit]
    if kin == "ancestors":
        return [each for each in units if each["id"] in line]
    below = (each for each in units if own in str(each.get("path", "")).split("/"))
    return [each for each in below if kin == "descendants" or each.get("level", 0) <= unit.get("level", 0) + 1]


def ordered(objects: Iterable[Object], orders: Iterable[str]) -> list[Object]:
    """Return the objects in the wanted order; by name, then id, when none is given. Unknown properties do not count."""
    result = sorted(objects, key=lambda each: (str(each.get("name", "")).lower(), str(each["id"])))
    wanted = [part for text in orders for part in text.split(",") if part]
    if wanted:
        result.sort(key=lambda each: str(each["id"]))
    for part in reversed(wanted):
        name, _, direction = part.partition(":")
        direction = direction.lower()
        if direction not in ("", "asc", "desc", "iasc", "idesc"):
            raise Refusal(400, f"`{direction}` is not a valid order direction.", "E1003")
        result.sort(key=lambda each: _rank(each.get(name), direction), reverse=direction.endswith("desc"))
    return result


def _rank(value: object, direction: str) -> tuple[bool, float, str]:
    if value is None or isinstance(value, dict | list):
        return True, 0.0, ""  # PostgreSQL: last when ascending, first when descending
    if isinstance(value, int | float):
        return False, float(value), ""
    return False, 0.0, str(value).lower() if direction.startswith("i") else str(value)


def page(
    objects: list[Object], *, number: int, size: int, address: str, query: list[tuple[str, str]]
) -> tuple[Object, list[Object]]:
    """Return the pager and the rows of a page.

    The pager's page is held within the last page while the rows are cut where they were asked for: beyond the end the
    server says "page 27 of 27" over an empty list.

    Args:
        number: The page asked for, from 1.
        size: Rows a page.
        address: The list's absolute address, for the links.
        query: The request's parameters, which the links keep.
    """
    count = max(ceil(len(objects) / size), 1)
    here = min(max(number, 1), count)
    rest = [(name, value) for name, value in query if name != "page"]
    pager: Object = {"page": here, "total": len(objects), "pageSize": size}
    if here < count:
        pager["nextPage"] = f"{address}?{urlencode([('page', str(here + 1)), *rest])}"
    pager["pageCount"] = count
    if here > 1:
        pager["prevPage"] = f"{address}?{urlencode([('page', str(here - 1)), *rest])}"
    start = (max(number, 1) - 1) * size
    return pager, objects[start : start + size]
