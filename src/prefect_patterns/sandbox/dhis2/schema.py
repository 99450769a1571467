"""What properties the objects of a collection have: read from the objects, with what DHIS2 knows beyond them.

A real server has a schema per class. Ours is derived, because the recorded objects show most of it; declared are the
properties that no recorded object happens to have, and the members of enumerations.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

__all__ = ["ENUMERATIONS", "FAR_REFERENCES", "REFERENCES", "Kind", "Property", "Schema", "class_of", "schema_of"]

Object = Mapping[str, Any]


class Kind(StrEnum):
    """What a property's value is, or what its items are."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    ENUM = "CONSTANT"
    REFERENCE = "REFERENCE"
    COMPLEX = "COMPLEX"


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a class.

    Args:
        many: Whether it is a collection.
        target: The collection of what it refers to; empty for none.
        owner: Whether the object itself holds it, not the other side of a relation nor a computation.
        persisted: Whether the database holds it.
    """

    name: str
    kind: Kind
    many: bool = False
    target: str = ""
    owner: bool = True
    persisted: bool = True

    @property
    def simple(self) -> bool:
        """Whether it is a single value, neither an object nor a collection."""
        return not self.many and self.kind not in (Kind.REFERENCE, Kind.COMPLEX)


Schema = Mapping[str, Property]

REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "ancestors": "organisationUnits",
        "attribute": "attributes",
        "categories": "categories",
        "categoryCombo": "categoryCombos",
        "categoryOptionCombo": "categoryOptionCombos",
        "categoryOptionCombos": "categoryOptionCombos",
        "categoryOptions": "categoryOptions",
        "children": "organisationUnits",
        "commentOptionSet": "optionSets",
        "dataElement": "dataElements",
        "dataElementGroups": "dataElementGroups",
        "dataElements": "dataElements",
        "dataSet": "dataSets",
        "dataSets": "dataSets",
        "indicatorGroups": "indicatorGroups",
        "indicatorType": "indicatorTypes",
        "indicators": "indicators",
        "optionSet": "optionSets",
        "options": "options",
        "organisationUnitGroups": "organisationUnitGroups",
        "organisationUnits": "organisationUnits",
        "parent": "organisationUnits",
        "sections": "sections",
        "userGroups": "userGroups",
        "userRoles": "userRoles",
        "users": "users",
    }
)
"""Properties that refer to objects, and the collection of those."""

FAR_REFERENCES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("dataElementGroups", "groupSets"): "dataElementGroupSets",
        ("organisationUnitGroups", "groupSets"): "organisationUnitGroupSets",
    }
)
"""Those whose collection depends on whose property it is."""

_COMPUTED = frozenset(
    (
        *("access", "allItems", "ancestors", "dimension", "dimensionItem", "dimensionItemType"),
        *("displayDenominatorDescription", "displayDescription", "displayFormName", "displayName"),
        *("displayNumeratorDescription", "displayShortName", "explodedDenominator", "explodedNumerator"),
        *("favorite", "href", "isDefault", "leaf"),
    )
)
_FAR_SIDE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "categoryCombos": frozenset({"categoryOptionCombos"}),
        "dataElementGroups": frozenset({"groupSets"}),
        "dataElements": frozenset({"dataElementGroups", "dataSetElements"}),
        "dataSets": frozenset({"sections"}),
        "indicators": frozenset({"dataSets", "indicatorGroups"}),
        "organisationUnitGroups": frozenset({"groupSets"}),
        "organisationUnits": frozenset({"children", "dataSets", "organisationUnitGroups", "users"}),
        "userRoles": frozenset({"users"}),
    }
)

_COMMON = {
    "access": (Kind.COMPLEX, False),
    "attributeValues": (Kind.COMPLEX, True),
    "code": (Kind.TEXT, False),
    "created": (Kind.DATE, False),
    "createdBy": (Kind.COMPLEX, False),
    "displayName": (Kind.TEXT, False),
    "favorite": (Kind.BOOLEAN, False),
    "favorites": (Kind.TEXT, True),
    "href": (Kind.TEXT, False),
    "id": (Kind.TEXT, False),
    "lastUpdated": (Kind.DATE, False),
    "lastUpdatedBy": (Kind.COMPLEX, False),
    "name": (Kind.TEXT, False),
    "sharing": (Kind.COMPLEX, False),
    "translations": (Kind.COMPLEX, True),
    "user": (Kind.COMPLEX, False),
}
_NAMED = {
    "description": (Kind.TEXT, False),
    "displayDescription": (Kind.TEXT, False),
    "displayFormName": (Kind.TEXT, False),
    "displayShortName": (Kind.TEXT, False),
    "formName": (Kind.TEXT, False),
    "shortName": (Kind.TEXT, False),
}
_DECLARED: Mapping[str, Mapping[str, tuple[Kind, bool]]] = MappingProxyType(
    {
        "dataElements": {
            **_NAMED,
            "aggregationLevels": (Kind.INTEGER, True),
            "commentOptionSet": (Kind.REFERENCE, False),
            "fieldMask": (Kind.TEXT, False),
            "legendSets": (Kind.COMPLEX, True),
            "optionSet": (Kind.REFERENCE, False),
            "style": (Kind.COMPLEX, False),
            "url": (Kind.TEXT, False),
        },
        "dataSets": {**_NAMED, "style": (Kind.COMPLEX, False), "workflow": (Kind.COMPLEX, False)},
        "indicators": {
            **_NAMED,
            "decimals": (Kind.INTEGER, False),
            "legendSets": (Kind.COMPLEX, True),
            "style": (Kind.COMPLEX, False),
            "url": (Kind.TEXT, False),
        },
        "categories": _NAMED,
        "categoryOptions": {**_NAMED, "endDate": (Kind.DATE, False), "startDate": (Kind.DATE, False)},
        "organisationUnits": {
            **_NAMED,
            "address": (Kind.TEXT, False),
            "closedDate": (Kind.DATE, False),
            "comment": (Kind.TEXT, False),
            "contactPerson": (Kind.TEXT, False),
            "email": (Kind.TEXT, False),
            "geometry": (Kind.COMPLEX, False),
            "image": (Kind.COMPLEX, False),
            "parent": (Kind.REFERENCE, False),
            "phoneNumber": (Kind.TEXT, False),
            "url": (Kind.TEXT, False),
            "users": (Kind.REFERENCE, True),
        },
    }
)
_INSIDE: Mapping[str, Mapping[str, tuple[Kind, bool]]] = MappingProxyType(
    {
        "attributeValues": {"attribute": (Kind.REFERENCE, False), "value": (Kind.TEXT, False)},
        "translations": {
            "locale": (Kind.TEXT, False),
            "property": (Kind.TEXT, False),
            "value": (Kind.TEXT, False),
        },
        **{
            name: dict.fromkeys(("id", "code", "name", "displayName", "username"), (Kind.TEXT, False))
            for name in ("createdBy", "lastUpdatedBy", "user")
        },
    }
)

ENUMERATIONS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "aggregationType": (
            "org.hisp.dhis.analytics.AggregationType",
            (
                *("SUM", "AVERAGE", "AVERAGE_SUM_ORG_UNIT", "LAST", "LAST_AVERAGE_ORG_UNIT", "LAST_LAST_ORG_UNIT"),
                *("LAST_IN_PERIOD", "LAST_IN_PERIOD_AVERAGE_ORG_UNIT", "FIRST", "FIRST_AVERAGE_ORG_UNIT"),
                *("FIRST_FIRST_ORG_UNIT", "COUNT", "STDDEV", "VARIANCE", "MIN", "MAX", "MIN_SUM_ORG_UNIT"),
                *("MAX_SUM_ORG_UNIT", "NONE", "CUSTOM", "DEFAULT"),
            ),
        ),
        "dataDimensionType": ("org.hisp.dhis.common.DataDimensionType", ("DISAGGREGATION", "ATTRIBUTE")),
        "domainType": ("org.hisp.dhis.dataelement.DataElementDomain", ("AGGREGATE", "TRACKER")),
        "formType": ("org.hisp.dhis.dataset.FormType", ("DEFAULT", "CUSTOM", "SECTION", "SECTION_MULTIORG")),
        "valueType": (
            "org.hisp.dhis.common.ValueType",
            (
                *("TEXT", "LONG_TEXT", "MULTI_TEXT", "LETTER", "PHONE_NUMBER", "EMAIL", "BOOLEAN", "TRUE_ONLY"),
                *("DATE", "DATETIME", "TIME", "NUMBER", "UNIT_INTERVAL", "PERCENTAGE", "INTEGER", "INTEGER_POSITIVE"),
                *("INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE", "TRACKER_ASSOCIATE", "USERNAME", "COORDINATE"),
                *("ORGANISATION_UNIT", "REFERENCE", "AGE", "URL", "FILE_RESOURCE", "IMAGE", "GEOJSON"),
            ),
        ),
    }
)
"""The class and the members of each property that is an enumeration."""

_DATES = frozenset({"closedDate", "created", "endDate", "lastUpdated", "openingDate", "startDate"})
_IRREGULAR = {"categories": "Category"}
_MOST_SAMPLES = 5_000


def class_of(collection: str) -> str:
    """Return the class of a collection's objects, as DHIS2's messages name it.

    >>> class_of("organisationUnits"), class_of("categories")
    ('OrganisationUnit', 'Category')
    """
    name = _IRREGULAR.get(collection) or re.sub("ies$", "y", collection) if collection.endswith("ies") else collection
    name = name.removesuffix("s")
    return name[:1].upper() + name[1:]


def schema_of(collection: str, objects: Iterable[Object], *, inside: bool = False) -> Schema:
    """Return the properties that *objects* have or could have.

    Args:
        collection: Theirs, or the property's name for what is inside one; empty for what is no metadata object.
        objects: Samples: the first thousands are looked at.
        inside: Whether they are the values of a complex property.
    """
    found: dict[str, object] = {}
    for _, each in zip(range(_MOST_SAMPLES), objects, strict=False):
        for name, value in each.items():
            # An empty list says nothing of its items: a later one may.
            if value is not None and (name not in found or found[name] == []):
                found[name] = value
    properties = {name: _property(collection, name, *_kind(collection, name, value)) for name, value in found.items()}
    declared = _INSIDE.get(collection, {})
    if collection and not inside:
        declared = {**_COMMON, **_DECLARED.get(collection, {})}
    for name, (kind, many) in declared.items():
        if name not in properties or properties[name].kind is Kind.COMPLEX:
            properties[name] = _property(collection, name, kind, many)
    return properties


def _property(collection: str, name: str, kind: Kind, many: bool) -> Property:
    target = FAR_REFERENCES.get((collection, name)) or REFERENCES.get(name, "")
    far = name in _FAR_SIDE.get(collection, ())
    return Property(
        name,
        kind,
        many,
        target if kind is Kind.REFERENCE else "",
        owner=name not in _COMPUTED and not far,
        persisted=name not in _COMPUTED,
    )


def _kind(collection: str, name: str, value: object) -> tuple[Kind, bool]:
    if isinstance(value, list):
        if name in REFERENCES or (collection, name) in FAR_REFERENCES:
            return Kind.REFERENCE, True
        return (_kind("", "", value[0])[0] if value else Kind.COMPLEX), True
    match value:
        case bool():
            return Kind.BOOLEAN, False
        case int():
            return Kind.INTEGER, False
        case float():
            return Kind.NUMBER, False
        case str():
            if name in _DATES:
                return Kind.DATE, False
            return (Kind.ENUM if name in ENUMERATIONS else Kind.TEXT), False
    return (Kind.REFERENCE if name in REFERENCES else Kind.COMPLEX), False
