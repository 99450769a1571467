"""The sandbox's metadata: the recorded objects, what is added to them, and the references between them."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.loading import loaded, moment_of
from prefect_patterns.sandbox.dhis2.scaled import copy_id, copy_name
from prefect_patterns.sandbox.dhis2.schema import FAR_REFERENCES, REFERENCES, Schema, schema_of
from prefect_patterns.sandbox.dhis2.translations import in_locale, locales

__all__ = ["COLLECTIONS", "REFERENCES", "Metadata", "Object", "Patch", "attribute_values"]

Object = dict[str, Any]
Patch = Mapping[str, Mapping[str, Mapping[str, object]]]

_EMPTY = (
    *("aggregateDataExchanges", "categoryOptionGroupSets", "categoryOptionGroups", "dashboards", "dataApprovalLevels"),
    *("dataApprovalWorkflows", "dataEntryForms", "documents", "eventReports", "eventVisualizations"),
    *("externalMapLayers", "indicatorGroupSets", "interpretations", "legendSets", "maps", "optionGroupSets"),
    *("optionGroups", "predictorGroups", "predictors", "programIndicatorGroups", "programIndicators"),
    *("programRules", "programStages", "programs", "pushAnalysis", "relationshipTypes", "reports", "sqlViews"),
    *("trackedEntityAttributes", "trackedEntityTypes", "validationNotificationTemplates", "validationRuleGroups"),
    *("validationRules", "visualizations"),
)
_FILLED = (
    *("attributes", "categories", "categoryCombos", "categoryOptionCombos", "categoryOptions", "constants"),
    *("dataElementGroupSets", "dataElementGroups", "dataElements", "dataSets", "indicatorGroups", "indicatorTypes"),
    *("indicators", "optionSets", "options", "organisationUnitGroupSets", "organisationUnitGroups"),
    *("organisationUnitLevels", "organisationUnits", "sections", "userGroups", "userRoles", "users"),
)
COLLECTIONS: tuple[str, ...] = tuple(sorted(_EMPTY + _FILLED))
"""What can be listed, whether there is something in it or not."""

_BACK = {
    "dataElementGroups": ("dataElements", "dataElementGroups"),
    "dataSets": ("organisationUnits", "dataSets"),
    "indicatorGroups": ("indicators", "indicatorGroups"),
    "organisationUnitGroups": ("organisationUnits", "organisationUnitGroups"),
}
_FACILITY_LEVEL = 4


class Metadata:
    """All objects of a server, by collection and uid.

    Args:
        patch: What tests change, by collection and uid: merged into the object, None takes a property away, an
            unknown uid adds an object.
        scale: How many of each facility there are: for load tests.

    Raises:
        UsageError: *patch* names collections that are not there, or *scale* is below 1.

    >>> Metadata().collections["organisationUnits"]["ImspTQPwCqd"]["name"]
    'Sierra Leone'
    """

    def __init__(self, patch: Patch | None = None, *, scale: int = 1) -> None:
        if scale < 1:
            raise UsageError(f"a scale of {scale} leaves no facilities", hint="give 1 or more")
        self.patch = patch or {}
        self.collections: dict[str, dict[str, Object]] = {name: {} for name in COLLECTIONS}
        for name, objects in loaded().items():
            self.collections[name] = {str(each["id"]): dict(each) for each in objects}
        self._apply(self.patch)
        self._link()
        if scale > 1:
            self._multiply(scale)

    @classmethod
    def of(cls, collections: Mapping[str, Mapping[str, Object]]) -> "Metadata":
        """Return metadata that consist of these objects and no others, taken as they are."""
        made = cls.__new__(cls)
        made.patch = {}
        made.collections = {name: dict(collections.get(name, {})) for name in COLLECTIONS}
        return made

    def in_locale(self, locale: str) -> "Metadata":
        """Return these metadata with the display names of *locale*; themselves where nothing is translated to it."""
        if locale not in self._locales:
            return self
        known = self._translated.get(locale)
        if known is None:
            known = Metadata.of(
                {
                    name: {uid: in_locale(each, locale) for uid, each in objects.items()}
                    for name, objects in self.collections.items()
                }
            )
            known.patch = self.patch
            self._translated[locale] = known
        return known

    @cached_property
    def _locales(self) -> frozenset[str]:
        return frozenset().union(*(locales(objects.values()) for objects in self.collections.values()))

    @cached_property
    def _translated(self) -> dict[str, "Metadata"]:
        return {}

    def resolve(self, property_name: str, reference: object, collection: str = "") -> Object | None:
        """Return the object that *reference*, the value of a property, refers to; None when it is no reference.

        Args:
            collection: Whose property it is, where its name alone does not say what it refers to.
        """
        target = FAR_REFERENCES.get((collection, property_name)) or REFERENCES.get(property_name)
        if target is None or not isinstance(reference, dict):
            return None
        uid = reference.get("id")
        return self.collections[target].get(uid) if isinstance(uid, str) else None

    @cached_property
    def _schemas(self) -> dict[tuple[str, ...], Schema]:
        return {}

    @cached_property
    def defaults(self) -> frozenset[str]:
        """The uids of the objects named "default", which `defaults=EXCLUDE` leaves out."""
        return frozenset(
            uid
            for name in ("categories", "categoryCombos", "categoryOptionCombos", "categoryOptions")
            for uid, each in self.collections[name].items()
            if each.get("name") == "default"
        )

    def schema(self, *path: str) -> Schema:
        """Return the properties of a collection's objects, or of the complex property below it that *path* names."""
        known = self._schemas.get(path)
        if known is None:
            known = self._schemas[path] = schema_of(path[-1], self._samples(path), inside=len(path) > 1)
        return known

    def _samples(self, path: tuple[str, ...]) -> Iterator[Object]:
        if len(path) == 1:
            yield from self.collections.get(path[0], {}).values()
            return
        for owner in self._samples(path[:-1]):
            value = owner.get(path[-1])
            yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict))

    def _apply(self, patch: Patch) -> None:
        unknown = sorted(set(patch) - set(COLLECTIONS))
        if unknown:
            raise UsageError(
                f"the patch names unknown collections: {', '.join(unknown)}", hint=f"use {', '.join(COLLECTIONS)}"
            )
        for name, changes in patch.items():
            for uid, change in changes.items():
                merged = {**self.collections[name].get(uid, {}), **change, "id": uid}
                for shown, source in (("displayName", "name"), ("displayShortName", "shortName")):
                    if source in change and shown not in change:
                        merged[shown] = change[source]
                self.collections[name][uid] = {key: value for key, value in merged.items() if value is not None}

    def _link(self) -> None:
        """Add the far side of each relation, as DHIS2 shows it."""
        units = self.collections["organisationUnits"]
        lines: dict[str, list[Object]] = {}
        for unit in units.values():
            above = str(unit.get("path", "")).rpartition("/")[0]
            if above not in lines:
                lines[above] = [{"id": part} for part in above.split("/") if part]
            unit.update(ancestors=lines[above], children=[], organisationUnitGroups=[], dataSets=[])
        for uid, unit in units.items():
            self._append(self.resolve("parent", unit.get("parent")), "children", {"id": uid})
        for uid in self.collections["dataElements"]:
            self.collections["dataElements"][uid].update(dataElementGroups=[], dataSetElements=[])
        for indicator in self.collections["indicators"].values():
            indicator.update(indicatorGroups=[])
        for name, (members, back) in _BACK.items():
            for uid, owner in self.collections[name].items():
                for reference in _list(owner.get(members)):
                    self._append(self.resolve(members, reference), back, {"id": uid})
        for data_set in self.collections["dataSets"].values():
            for link in _list(data_set.get("dataSetElements")):
                element = self.resolve("dataElement", link.get("dataElement")) if isinstance(link, dict) else None
                self._append(element, "dataSetElements", link)

    def _multiply(self, scale: int) -> None:
        """Put the copies of each facility beside it; what copies have in common they share."""
        units = self.collections["organisationUnits"]
        copies: dict[str, list[Object]] = {}
        for uid, unit in [item for item in units.items() if item[1].get("level") == _FACILITY_LEVEL]:
            parent = self.resolve("parent", unit.get("parent"))
            above = str(unit.get("path", "")).rpartition("/")[0]
            copies[uid] = []
            for number in range(1, scale):
                new = copy_id(uid, number)
                reference = {"id": new}
                units[new] = _copy(unit, new, number, f"{above}/{new}")
                copies[uid].append(reference)
                self._append(parent, "children", reference)
        for name in ("categoryOptions", "dataSets", "organisationUnitGroups"):
            for owner in self.collections[name].values():
                members = _list(owner.get("organisationUnits"))
                more = [
                    copy for each in members if isinstance(each, dict) for copy in copies.get(each.get("id", ""), ())
                ]
                if more:
                    owner["organisationUnits"] = [*members, *more]

    @staticmethod
    def _append(owner: Object | None, name: str, reference: Object) -> None:
        if owner is not None:
            _list(owner.setdefault(name, [])).append(reference)


def _copy(unit: Object, uid: str, number: int, path: str) -> Object:
    found = {**unit, "id": uid, "path": path, "lastUpdated": moment_of(uid)}
    for name in ("name", "displayName", "shortName", "displayShortName"):
        if name in unit:
            found[name] = copy_name(str(unit[name]), number)
    if "code" in unit:
        found["code"] = f"{unit['code']}_{number}"
    return found


def _list(value: object) -> list[Object]:
    return value if isinstance(value, list) else []


def attribute_values(each: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of an object's attributes, by the attribute's uid.

    >>> attribute_values({"attributeValues": [{"attribute": {"id": "SdFaciOwner"}, "value": "Private"}]})
    {'SdFaciOwner': 'Private'}
    """
    values = each.get("attributeValues")
    items = [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
    return {
        str(one["attribute"].get("id")): one.get("value") for one in items if isinstance(one.get("attribute"), dict)
    }
