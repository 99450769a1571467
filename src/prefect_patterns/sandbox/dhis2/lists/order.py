"""`order`: in which order a list gives its objects."""

from collections.abc import Iterable
from typing import Any

from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["ordered"]

_DIRECTIONS = frozenset({"asc", "desc", "iasc", "idesc"})


def ordered(metadata: Metadata, collection: str, objects: Iterable[Object], orders: Iterable[str]) -> list[Object]:
    """Return the objects in the wanted order; by name without case, then id, when nothing usable is wanted.

    As on the server, an order counts only if it names a property that is persisted and simple, and one of the four
    directions; any other is passed over without a word. What ties is ordered by id.

    Args:
        orders: As `name:idesc`, or several joined by commas; `asc` unless it says so.
    """
    schema = metadata.schema(collection)
    wanted: dict[str, str] = {}  # of a property that is named twice, the first counts
    for part in (part for text in orders for part in text.split(",")):
        name, _, direction = part.partition(":")
        direction = direction.lower() or "asc"
        if direction in _DIRECTIONS and name in schema and schema[name].simple and schema[name].persisted:
            wanted.setdefault(name, direction)
    if not wanted:
        return sorted(objects, key=lambda each: (str(each.get("name", "")).lower(), str(each["id"])))
    result = sorted(objects, key=lambda each: str(each["id"]))
    for name, direction in reversed(wanted.items()):
        folds = direction.startswith("i")
        result.sort(key=lambda each: _rank(each.get(name), folds=folds), reverse=direction.endswith("desc"))
    return result


def _rank(value: Any, *, folds: bool) -> tuple[bool, float, str]:
    if value is None or isinstance(value, dict | list):
        return True, 0.0, ""  # PostgreSQL: last when ascending, first when descending
    if isinstance(value, int | float):
        return False, float(value), ""
    return False, 0.0, str(value).lower() if folds else str(value)
