"""Identifier schemes: whether an answer writes its items as uids, codes, names or values of an attribute."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["UID", "Schemes", "identifier", "read_scheme"]

UID = "UID"
_SCHEMES = {"UID": UID, "ID": UID, "UUID": UID, "CODE": "CODE", "NAME": "NAME"}

_COLLECTIONS = (
    "categoryOptions",
    "categoryOptionCombos",
    "organisationUnitGroups",
    "dataElementGroups",
)


@dataclass(frozen=True, slots=True)
class Schemes:
    """The scheme of each kind of item."""

    general: str = UID
    data: str = UID
    elements: str = UID
    units: str = UID

    def names(self, metadata: Metadata, items: Iterable[str]) -> Mapping[str, str]:
        """Return how the answer writes those of *items* that it does not write as they are."""
        if {self.general, self.data, self.elements, self.units} == {UID}:
            return {}
        pairs = ((item, self._name(metadata, item)) for item in items)
        return {item: name for item, name in pairs if name != item}

    def _name(self, metadata: Metadata, item: str) -> str:
        kinds = (
            ("dataElements", self.elements),
            ("indicators", self.data),
            ("dataSets", self.data),
            ("organisationUnits", self.units),
            *((collection, self.general) for collection in _COLLECTIONS),
        )
        written = []
        for uid in item.split("."):
            found = next(
                (
                    (each, scheme)
                    for collection, scheme in kinds
                    if (each := metadata.collections.get(collection, {}).get(uid)) is not None
                ),
                None,
            )
            written.append(identifier(*found) if found else uid)
        return ".".join(written)


def read_scheme(text: str) -> str:
    """Return the scheme that a parameter names: `UID`, `CODE`, `NAME`, or `ATTRIBUTE:` with a uid; nothing is `UID`.

    Raises:
        Refusal: It is none (400).

    >>> read_scheme("code"), read_scheme("attribute:ihn1wb9eho8")
    ('CODE', 'ATTRIBUTE:ihn1wb9eho8')
    """
    kind, _, attribute = text.partition(":")
    if kind.upper() == "ATTRIBUTE" and attribute:
        return f"ATTRIBUTE:{attribute}"
    found = _SCHEMES.get(text.upper() or UID)
    if found is None:
        raise Refusal(400, f"No enum constant org.hisp.dhis.common.IdentifiableProperty.{text.upper()}", "E1003")
    return found


def identifier(each: Object, scheme: str) -> str:
    """Return what a scheme calls an object; its uid where it has no code or the like.

    >>> identifier({"id": "ImspTQPwCqd", "code": "OU_525"}, "CODE")
    'OU_525'
    """
    kind, _, attribute = scheme.partition(":")
    if kind == "ATTRIBUTE":
        values = each.get("attributeValues", [])
        found = (value.get("value") for value in values if value.get("attribute", {}).get("id") == attribute)
        return str(next(found, None) or each["id"])
    key = {"CODE": "code", "NAME": "displayName"}.get(kind, "id")
    return str(each.get(key) or each["id"])
