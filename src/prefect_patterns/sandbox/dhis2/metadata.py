"""The sandbox's metadata: the recorded objects, what is added to them, and the references between them."""

import gzip
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.seeded import indicator_type, seeded_objects

__all__ = ["COLLECTIONS", "REFERENCES", "Metadata", "Object", "Patch"]

Object = dict[str, Any]
Patch = Mapping[str, Mapping[str, Mapping[str, object]]]

COLLECTIONS = (
    "categories",
    "categoryCombos",
    "categoryOptionCombos",
    "categoryOptions",
    "dataElements",
    "dataSets",
    "indicatorTypes",
    "indicators",
    "optionSets",
    "options",
    "organisationUnitGroups",
    "organisationUnitLevels",
    "organisationUnits",
    "sections",
)

REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "ancestors": "organisationUnits",
        "categories": "categories",
        "categoryCombo": "categoryCombos",
        "categoryOptionCombo": "categoryOptionCombos",
        "categoryOptionCombos": "categoryOptionCombos",
        "categoryOptions": "categoryOptions",
        "children": "organisationUnits",
        "commentOptionSet": "optionSets",
        "dataElement": "dataElements",
        "dataElements": "dataElements",
        "dataSet": "dataSets",
        "dataSets": "dataSets",
        "indicatorType": "indicatorTypes",
        "indicators": "indicators",
        "optionSet": "optionSets",
        "options": "options",
        "organisationUnitGroups": "organisationUnitGroups",
        "organisationUnits": "organisationUnits",
        "parent": "organisationUnits",
        "sections": "sections",
    }
)
"""Properties that refer to objects, and the collection of those."""

# The recorded files give these as bare uids where the API gives references.
_BARE_UIDS = ("categories", "categoryOptions", "organisationUnits", "indicators", "dataElements")
_RECORDED = (
    "categories",
    "categoryCombos",
    "categoryOptions",
    "dataElements",
    "dataSets",
    "indicators",
    "optionSets",
    "organisationUnits",
)


class Metadata:
    """All objects of a server, by collection and uid.

    Args:
        patch: What tests change, by collection and uid: merged into the object, None takes a property away, an
            unknown uid adds an object.

    Raises:
        UsageError: *patch* names collections that are not there.

    >>> Metadata().collections["organisationUnits"]["ImspTQPwCqd"]["name"]
    'Sierra Leone'
    """

    def __init__(self, patch: Patch | None = None) -> None:
        self.collections: dict[str, dict[str, Object]] = {name: {} for name in COLLECTIONS}
        for name, objects in _load().items():
            self.collections[name] = {str(each["id"]): dict(each) for each in objects}
        self._apply(patch or {})
        self._link()

    def resolve(self, property_name: str, reference: object) -> Object | None:
        """Return the object that *reference*, the value of a property, refers to; None when it is no reference."""
        collection = REFERENCES.get(property_name)
        if collection is None or not isinstance(reference, dict):
            return None
        uid = reference.get("id")
        return self.collections[collection].get(uid) if isinstance(uid, str) else None

    def _apply(self, patch: Patch) -> None:
        unknown = sorted(set(patch) - set(COLLECTIONS))
        if unknown:
            raise UsageError(
                f"the patch names unknown collections: {', '.join(unknown)}", hint=f"use {', '.join(COLLECTIONS)}"
            )
        for name, changes in patch.items():
            for uid, change in changes.items():
                merged = {"id": uid, **self.collections[name].get(uid, {}), **change}
                for shown, source in (("displayName", "name"), ("displayShortName", "shortName")):
                    if source in change and shown not in change:
                        merged[shown] = change[source]
                self.collections[name][uid] = {key: value for key, value in merged.items() if value is not None}

    def _link(self) -> None:
        """Add the far side of each relation, as DHIS2 shows it."""
        units = self.collections["organisationUnits"]
        for uid, unit in units.items():
            parents = [part for part in str(unit.get("path", "")).split("/") if part and part != uid]
            unit["ancestors"] = [{"id": parent} for parent in parents]
            unit.update(children=[], organisationUnitGroups=[], dataSets=[])
        for uid, unit in units.items():
            self._append(self.resolve("parent", unit.get("parent")), "children", uid)
        for name, back in (("organisationUnitGroups", "organisationUnitGroups"), ("dataSets", "dataSets")):
            for uid, owner in self.collections[name].items():
                for reference in _list(owner.get("organisationUnits")):
                    self._append(self.resolve("organisationUnits", reference), back, uid)
        for element in self.collections["dataElements"].values():
            element["dataSetElements"] = []
        for data_set in self.collections["dataSets"].values():
            for link in _list(data_set.get("dataSetElements")):
                element_of = self.resolve("dataElement", link.get("dataElement"))
                if element_of is not None:
                    _list(element_of["dataSetElements"]).append(link)

    @staticmethod
    def _append(owner: Object | None, name: str, uid: str) -> None:
        if owner is not None:
            _list(owner[name]).append({"id": uid})


def _list(value: object) -> list[Object]:
    return value if isinstance(value, list) else []


@lru_cache(maxsize=1)
def _load() -> dict[str, list[Object]]:
    """Return the recorded and the seeded objects, in the shape in which the API gives them."""
    found: dict[str, list[Object]] = {name: _read(name) for name in _RECORDED}
    for name, objects in seeded_objects(found["organisationUnits"]).items():
        found[name] = [*found.get(name, []), *objects]
    found["categoryOptionCombos"] = _extract(found["categoryCombos"], "categoryOptionCombos", "categoryCombo")
    found["sections"] = _extract(found["dataSets"], "sections", "dataSet")
    found["options"] = _extract(found["optionSets"], "options", "optionSet")
    for element in found["dataElements"]:
        element.update(shortName=element["displayShortName"], domainType="AGGREGATE")
        if element["displayFormName"] != element["displayName"]:
            element["formName"] = element["displayFormName"]
    for data_set in found["dataSets"]:
        for link in _list(data_set["dataSetElements"]):
            link["dataSet"] = {"id": data_set["id"]}
    for indicator in found["indicators"]:
        kind = indicator["indicatorType"]
        if isinstance(kind, dict) and "id" not in kind:
            indicator["indicatorType"] = {"id": indicator_type(kind["factor"])}
    for objects in found.values():
        for each in objects:
            _complete(each)
    return found


def _read(name: str) -> list[Object]:
    packed = (files(__package__) / "data" / f"{name}.ndjson.gz").read_bytes()
    lines = gzip.decompress(packed).splitlines()
    return [json.loads(line) for line in lines]


def _extract(owners: list[Object], name: str, back: str) -> list[Object]:
    """Take embedded objects out of their owners, which keep references to them."""
    taken: list[Object] = []
    for owner in owners:
        embedded = _list(owner.get(name))
        owner[name] = [{"id": each["id"]} for each in embedded]
        taken += [{**each, back: {"id": owner["id"]}} for each in embedded]
    return taken


def _complete(each: Object) -> None:
    for name in _BARE_UIDS:
        uids = each.get(name)
        if isinstance(uids, list):
            each[name] = [{"id": uid} if isinstance(uid, str) else uid for uid in uids]
    each.setdefault("name", each.get("displayName", each.get("code", each["id"])))
    each.setdefault("created", _MOMENT)
    each.setdefault("lastUpdated", each["created"])
    each.setdefault("displayName", each["name"])
    if "shortName" in each:
        each.setdefault("displayShortName", each["shortName"])
    each.setdefault("translations", [])
    each.setdefault("attributeValues", [])


_MOMENT = "2025-01-15T09:00:00.000"
