"""The `metaData` of an analytics answer: names, items of the dimensions, and the units' places in the tree."""

from collections.abc import Iterable

from prefect_patterns.sandbox.dhis2.analytics.axes import Axis
from prefect_patterns.sandbox.dhis2.analytics.data_items import METRICS
from prefect_patterns.sandbox.dhis2.analytics.request import Query
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["describe"]

_TOTALS = {"INDICATOR": "AVERAGE", "REPORTING_RATE": "AVERAGE"}


def describe(metadata: Metadata, query: Query) -> Object:
    """Return the metadata that a request asks for; nothing with `skipMeta`."""
    if query.skip_meta:
        return {}
    describer = _Describer(metadata, query)
    items: dict[str, Object] = {}
    combos: dict[str, None] = {}
    for axis in query.axes:
        items |= describer.axis(axis)
    for axis in query.axes:
        if axis.data is not None:
            combos |= dict.fromkeys(describer.combos(axis.data.elements))
    items |= {uid: describer.combo(uid) for uid in combos}
    dimensions = {axis.name: list(axis.items) for axis in query.axes}
    if "pe" not in dimensions:
        dimensions["pe"] = []
    found: Object = {"items": items, "dimensions": {**dimensions, "co": list(combos)}}
    ou = query.axis("ou")
    units = ou.items if ou is not None else ()
    if query.hierarchy_meta:
        found["ouHierarchy"] = {uid: "/".join(describer.line(uid)[:-1]) for uid in units}
    if query.show_hierarchy:
        found["ouNameHierarchy"] = {
            uid: "".join(f"/{describer.unit_name(each)}" for each in describer.line(uid)) for uid in units
        }
    return found


class _Describer:
    def __init__(self, metadata: Metadata, query: Query) -> None:
        self._collections = metadata.collections
        self._metadata = metadata
        self._query = query
        self._shown = "displayShortName" if query.short else "displayName"

    def axis(self, axis: Axis) -> dict[str, Object]:
        """Return what is said of a dimension and its items."""
        found: dict[str, Object] = {}
        if axis.name == "pe":
            found |= {span.id: self._period(span.id, span.name, str(span.first), str(span.last)) for span in axis.spans}
        elif axis.data is not None:
            found |= {item: self._data(item, axis) for item in axis.items}
        else:
            kind = {"ORGANISATION_UNIT_GROUP_SET": "ORGANISATION_UNIT_GROUP", "CATEGORY": "CATEGORY_OPTION"}
            kind["DATA_ELEMENT_GROUP_SET"] = "DATA_ELEMENT_GROUP"
            type_ = kind.get(axis.type, axis.type)
            found |= {item: self._item(item, self._find(type_, item), type_) for item in axis.items}
        if axis.name == "ou" and self._query.hierarchy_meta:
            above = (each for uid in axis.items for each in self.line(uid))
            units = self._collections["organisationUnits"]
            found |= {uid: self._item(uid, units[uid], "ORGANISATION_UNIT") for uid in above if uid not in found}
        if self._query.include_details:
            found[axis.name] = {"uid": axis.name, "dimensionType": axis.type}
        else:
            found[axis.name] = {"name": axis.title}
        return {**axis.keywords, **found}

    def combos(self, elements: Iterable[str]) -> list[str]:
        """Return the option combos of data elements."""
        uids: dict[str, None] = {}
        for uid in elements:
            element = self._collections["dataElements"][uid]
            combo = self._metadata.resolve("categoryCombo", element.get("categoryCombo"))
            uids |= {str(each["id"]): None for each in (combo or {}).get("categoryOptionCombos", [])}
        return list(uids)

    def combo(self, uid: str) -> Object:
        """Return what is said of an option combo."""
        return self._item(uid, self._collections["categoryOptionCombos"].get(uid, {}), None)

    def line(self, uid: str) -> list[str]:
        """Return the units from the user's to this one."""
        unit = self._collections["organisationUnits"][uid]
        path = [each for each in str(unit.get("path", "")).split("/") if each]
        starts = [place for place, each in enumerate(path) if each in self._query.roots]
        return path[starts[0] if starts else 0 :]

    def unit_name(self, uid: str) -> str:
        """Return the name of a unit."""
        return self._name(self._collections["organisationUnits"].get(uid, {}), uid)

    def _find(self, type_: str, uid: str) -> Object:
        collection = {
            "ORGANISATION_UNIT": "organisationUnits",
            "ORGANISATION_UNIT_GROUP": "organisationUnitGroups",
            "CATEGORY_OPTION": "categoryOptions",
            "DATA_ELEMENT_GROUP": "dataElementGroups",
        }.get(type_, "categoryOptionCombos")
        return self._collections.get(collection, {}).get(uid, {})

    def _name(self, each: Object, uid: str) -> str:
        return str(each.get(self._shown) or each.get("displayName") or uid)

    def _data(self, item: str, axis: Axis) -> Object:
        uid, *rest = item.split(".")
        data = axis.data
        if data is not None and item in data.rates:
            data_set = self._collections["dataSets"].get(uid, {})
            found = self._item(uid, data_set, "REPORTING_RATE")
            found.pop("code", None)
            found.pop("description", None)
            return {**found, "name": f"{self._name(data_set, uid)} {METRICS[rest[0]]}"}
        if item in self._collections["indicators"]:
            return self._item(item, self._collections["indicators"][item], "INDICATOR")
        element = self._collections["dataElements"].get(uid, {})
        if not rest:
            return self._item(uid, element, "DATA_ELEMENT")
        combos = self._collections["categoryOptionCombos"]
        names = [self._name(element, uid), *(self._name(combos.get(part, {}), part) for part in rest if part != "*")]
        found = self._item(item, {}, "DATA_ELEMENT_OPERAND")
        return {**found, "name": " ".join(names)}

    def _item(self, uid: str, each: Object, type_: str | None) -> Object:
        name = self._name(each, uid)
        if not self._query.include_details:
            return {"name": name}
        found = {
            "uid": uid,
            "code": each.get("code"),
            "name": name,
            "description": each.get("description"),
            "dimensionItemType": type_,
            "valueType": "NUMBER",
            "aggregationType": each.get("aggregationType") if type_ == "DATA_ELEMENT" else None,
            "totalAggregationType": self._total(each, type_),
        }
        return {key: value for key, value in found.items() if value not in (None, "")}

    @staticmethod
    def _total(each: Object, type_: str | None) -> str:
        """Return how a total of the item's numbers is formed: as they are averages or sums."""
        kind = str(each.get("aggregationType", "SUM"))
        if type_ == "DATA_ELEMENT" and kind.startswith("AVERAGE") and kind != "AVERAGE_SUM_ORG_UNIT":
            return "AVERAGE"
        return _TOTALS.get(str(type_), "SUM")

    def _period(self, iso: str, name: str, first: str, last: str) -> Object:
        if not self._query.include_details:
            return {"name": name}
        return {
            "uid": iso,
            "code": iso,
            "name": name,
            "dimensionItemType": "PERIOD",
            "valueType": "NUMBER",
            "totalAggregationType": "SUM",
            "startDate": f"{first}T00:00:00.000",
            "endDate": f"{last}T00:00:00.000",
        }
