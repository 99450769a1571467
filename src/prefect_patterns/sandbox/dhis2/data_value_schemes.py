"""The objects that a request for data values names, and how its answer names them: by uid, code, name or attribute."""

from collections.abc import Iterable, Mapping, Sequence

from prefect_patterns.sandbox.dhis2.analytics.schemes import UID, identifier, read_scheme
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.lists import last
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Values

__all__ = ["Finder"]

_KINDS = {
    "dataSets": ("Data set", "E1105"),
    "dataElements": ("Data element", "E1100"),
    "dataElementGroups": ("Data element group", None),
    "organisationUnitGroups": ("Organisation unit group", None),
    "categoryOptionCombos": ("Attribute option combo", "E1104"),
}


class Finder:
    """Finds the objects that a request names, by the schemes it wants.

    Args:
        metadata: The server's objects.
        query: The request's parameters, `inputIdScheme` and the `IdScheme` family among them.

    Raises:
        Refusal: A scheme is none (400).
    """

    def __init__(self, metadata: Metadata, query: Mapping[str, Sequence[str]]) -> None:
        self._metadata = metadata
        self._input = read_scheme(last(query, "inputIdScheme"))
        general = read_scheme(last(query, "idScheme"))
        self._output = {
            collection: read_scheme(last(query, f"{kind}IdScheme") or general)
            for collection, kind in (
                ("dataElements", "dataElement"),
                ("organisationUnits", "orgUnit"),
                ("categoryOptionCombos", "categoryOptionCombo"),
                ("dataSets", "dataSet"),
            )
        }

    def uids(self, collection: str, texts: Sequence[str]) -> list[str]:
        """Return the uids of objects.

        Raises:
            Refusal: One is not there.
        """
        kind, code = _KINDS[collection]
        objects = self._metadata.collections.get(collection, {})
        found = [self._uid(objects, text) for text in texts]
        for text, uid in zip(texts, found, strict=True):
            if uid not in objects:
                raise Refusal(409, f"{kind} not found or not accessible: `{text}`", code)
        return found

    def units(self, texts: Sequence[str]) -> list[str]:
        """Return the uids of organisation units, which may be newer than the metadata."""
        return [self._uid(self._metadata.collections["organisationUnits"], text) for text in texts]

    def members(self, collection: str, listed: str, groups: Sequence[str]) -> set[str]:
        """Return the uids of what is in groups."""
        objects = self._metadata.collections.get(collection, {})
        return {str(each["id"]) for group in groups for each in objects[group].get(listed, [])}

    def names(self, values: Values) -> dict[str, str]:
        """Return how rows write what they refer to, where not as uids."""
        found: dict[str, str] = {}
        used: tuple[tuple[str, Iterable[str]], ...] = (
            ("dataElements", {cell.data_element for cell in values.cells}),
            ("categoryOptionCombos", {DEFAULT_COMBO, *(cell.combo for cell in values.cells)}),
            ("organisationUnits", values.units),
            ("dataSets", {cell.data_set for cell in values.cells}),
        )
        for collection, uids in used:
            scheme = self._output[collection]
            objects: Mapping[str, Object] = self._metadata.collections[collection]
            if scheme != UID:
                found |= {uid: identifier(objects[uid], scheme) for uid in uids if uid in objects}
        return found

    def _uid(self, objects: Mapping[str, Object], text: str) -> str:
        if self._input == UID:
            return text
        found = (uid for uid, each in objects.items() if identifier(each, self._input) == text)
        return next(found, text)
