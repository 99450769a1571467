"""What a sandbox starts from: the recorded objects and the seeded ones, in the shape in which the API gives them."""

import gzip
import json
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

from prefect_patterns.sandbox.dhis2.hashing import key
from prefect_patterns.sandbox.dhis2.seeded import indicator_type, seeded_objects
from prefect_patterns.sandbox.dhis2.seeded_groups import seeded_groups
from prefect_patterns.sandbox.dhis2.translations import translations_of

__all__ = ["RECORDED", "loaded", "moment_of", "recorded_objects"]

Object = dict[str, Any]

RECORDED = (
    "categories",
    "categoryCombos",
    "categoryOptions",
    "dataElements",
    "dataSets",
    "indicators",
    "optionSets",
    "organisationUnits",
)
"""What is recorded of the demo database; the rest is derived from it, or made up."""

# The recorded files give these as bare uids where the API gives references.
_BARE_UIDS = ("categories", "categoryOptions", "organisationUnits", "indicators", "dataElements")
_FIRST_MOMENT = datetime(2015, 1, 1)  # noqa: DTZ001 - the server's local time
_MOMENTS = 10 * 365 * 24 * 3_600_000


@lru_cache(maxsize=1)
def loaded() -> dict[str, list[Object]]:
    """Return the objects, by collection; who changes one must copy it first."""
    found: dict[str, list[Object]] = {name: recorded_objects(name) for name in RECORDED}
    ours = seeded_objects()
    for name, objects in (ours | seeded_groups(found["organisationUnits"], ours["indicators"])).items():
        found[name] = [*found.get(name, []), *objects]
    found["categoryOptionCombos"] = _extract(found["categoryCombos"], "categoryOptionCombos", "categoryCombo")
    found["sections"] = _extract(found["dataSets"], "sections", "dataSet")
    found["options"] = _extract(found["optionSets"], "options", "optionSet")
    for element in found["dataElements"]:
        element.update(shortName=element["displayShortName"], domainType="AGGREGATE")
        if element["displayFormName"] != element["displayName"]:
            element["formName"] = element["displayFormName"]
    for data_set in found["dataSets"]:
        for link in data_set["dataSetElements"]:
            link["dataSet"] = {"id": data_set["id"]}
    for indicator in found["indicators"]:
        kind = indicator["indicatorType"]
        if isinstance(kind, dict) and "id" not in kind:
            indicator["indicatorType"] = {"id": indicator_type(kind["factor"])}
    for objects in found.values():
        for each in objects:
            _complete(each)
    return found


def recorded_objects(name: str) -> list[Object]:
    """Return the objects of a collection as they were recorded, in the shape of `/api/dataEntry/metadata`."""
    packed = (files(__package__) / "data" / f"{name}.ndjson.gz").read_bytes()
    lines = gzip.decompress(packed).splitlines()
    return [json.loads(line) for line in lines]


def _extract(owners: list[Object], name: str, back: str) -> list[Object]:
    """Take embedded objects out of their owners, which keep references to them."""
    taken: list[Object] = []
    for owner in owners:
        embedded = owner.get(name, [])
        owner[name] = [{"id": each["id"]} for each in embedded]
        taken += [{**each, back: {"id": owner["id"]}} for each in embedded]
    return taken


def _complete(each: Object) -> None:
    for name in _BARE_UIDS:
        uids = each.get(name)
        if isinstance(uids, list):
            each[name] = [{"id": uid} if isinstance(uid, str) else uid for uid in uids]
    each.setdefault("name", each.get("displayName", each.get("code", each["id"])))
    each.setdefault("lastUpdated", moment_of(str(each["id"])))
    each.setdefault("created", each["lastUpdated"])
    each.setdefault("displayName", each["name"])
    if "shortName" in each:
        each.setdefault("displayShortName", each["shortName"])
    each.setdefault("translations", translations_of(each["id"]))
    each.setdefault("attributeValues", [])


def moment_of(uid: str) -> str:
    """Return when the object was changed last: spread over ten years, the same on every machine."""
    moment = _FIRST_MOMENT + timedelta(milliseconds=key(uid) % _MOMENTS)
    return moment.isoformat(timespec="milliseconds")
