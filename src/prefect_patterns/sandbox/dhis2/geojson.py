"""`GET /api/organisationUnits.geojson`: the units that have a geometry, as features."""

from collections.abc import Collection, Mapping, Sequence

from prefect_patterns.sandbox.dhis2.lists.parsing import last, parse_integer
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["feature_collection"]


def feature_collection(
    metadata: Metadata, query: Mapping[str, Sequence[str]], *, roots: Collection[str] = ()
) -> Object:
    """Return the features of the wanted levels (the first, unless given) below the wanted parents.

    Args:
        query: The request's parameters.
        roots: The uids of the user's units: their `parentGraph` goes up to one of those.

    Raises:
        Refusal: A level is not a number.
    """
    levels = {parse_integer(text) for part in query.get("level", ()) for text in part.split(",") if text} or {1}
    units = metadata.collections["organisationUnits"]
    # As the server: parents that it does not know leave the whole tree.
    parents = {text for part in query.get("parent", ()) for text in part.split(",") if text in units}
    with_properties = last(query, "properties", "true").lower() != "false"
    return {
        "type": "FeatureCollection",
        "features": [
            _feature(unit, roots, with_properties=with_properties)
            for unit in units.values()
            if unit.get("geometry")
            and unit.get("level") in levels
            and (not parents or not parents.isdisjoint(str(unit.get("path", "")).split("/")))
        ],
    }


def _feature(unit: Object, roots: Collection[str], *, with_properties: bool) -> Object:
    properties: Object = {}
    if with_properties:
        path = str(unit.get("path", "")).strip("/").split("/")
        groups = unit["organisationUnitGroups"]
        properties = {
            "code": unit.get("code"),
            "name": unit.get("name"),
            "level": str(unit["level"]),  # text, as the server writes it
            "parent": path[-2] if len(path) > 1 else None,
            "parentGraph": "/".join(_up_to(path[:-1], roots)),
            "groups": [group["id"] for group in groups] if isinstance(groups, list) else [],
        }
        if properties["parent"] is None:
            del properties["parent"]
    return {"type": "Feature", "id": unit["id"], "geometry": unit["geometry"], "properties": properties}


def _up_to(line: list[str], roots: Collection[str]) -> list[str]:
    """Return the end of the line from the lowest of *roots* on; all of it where none is in it."""
    return line[max((place for place, uid in enumerate(line) if uid in roots), default=0) :]
