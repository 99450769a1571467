"""Many collections at once: `/api/metadata`, `/api/dataEntry/metadata`, and what `/api/schemas` says of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefect_patterns.sandbox.dhis2.fields import Shuffle, parse_fields, picker
from prefect_patterns.sandbox.dhis2.lists import Question, Rows, last
from prefect_patterns.sandbox.dhis2.loading import RECORDED, recorded_objects
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, Metadata, Object
from prefect_patterns.sandbox.dhis2.schema import Schema, class_of

__all__ = ["data_entry_metadata", "exported", "schemas"]

_PER_CLASS = ("fields", "filter", "order")
_DISPLAYED = ("displayName", "displayShortName", "displayFormName")
_BARE = ("categories", "categoryOptions", "dataElements", "indicators", "organisationUnits")
_LIVE = (*_BARE, *_DISPLAYED)  # what a scale or a locale changes
_DATA_ENTRY = tuple(name for name in RECORDED if name != "organisationUnits")


def exported(
    metadata: Metadata, rows: Rows, query: Mapping[str, Sequence[str]], *, shuffle: Shuffle | None = None
) -> Object:
    """Return the collections that the request chooses, each with its objects; an empty one is left out.

    Chosen is what is named as `dataSets=true`, or with parameters of its own (`dataSets:fields=id`); where nothing is,
    everything, unless `assumeTrue=false`. `rootJunction` is passed over without a word, as on the server.

    Args:
        query: The request's parameters.

    Raises:
        Refusal: A filter or a selection cannot be understood (400).
    """
    exclude_defaults = last(query, "defaults").upper() == "EXCLUDE"
    body: Object = {}
    for name in _chosen(query):
        own = {part: query.get(f"{name}:{part}") or query.get(part, ()) for part in _PER_CLASS}
        question = Question.of(name, {**own, "defaults": query.get("defaults", ())})
        shows = picker(
            metadata,
            name,
            parse_fields(",".join(own["fields"]) or ":owner"),
            exclude_defaults=exclude_defaults,
            shuffle=shuffle,
        )
        if found := [shows.pick(each) for each in rows.of(question)]:
            body[name] = found
    return body


def _chosen(query: Mapping[str, Sequence[str]]) -> list[str]:
    wanted = {name for name in COLLECTIONS if last(query, name).lower() == "true"}
    wanted |= {name for name in COLLECTIONS for part in _PER_CLASS if f"{name}:{part}" in query}
    if wanted or last(query, "assumeTrue", "true").lower() == "false":
        return [name for name in COLLECTIONS if name in wanted]
    return [name for name in COLLECTIONS if last(query, name).lower() != "false"]


def data_entry_metadata(metadata: Metadata) -> Object:
    """Return what the data entry app asks for: its objects refer to others by bare uids, as recorded of 2.43."""
    return {name: list(_data_entry(metadata, name)) for name in _DATA_ENTRY}


def _data_entry(metadata: Metadata, name: str) -> Iterable[Object]:
    live = metadata.collections[name]
    for each in recorded_objects(name):
        now = live[each["id"]]
        shown = each | {key: _bare(now[key]) for key in _LIVE if key in each and key in now}
        yield _patched(shown, metadata.patch.get(name, {}).get(each["id"], {}))
    known = {each["id"] for each in recorded_objects(name)}
    for uid, change in metadata.patch.get(name, {}).items():
        if uid not in known and uid in live:
            yield _patched({"id": uid}, change)


def _patched(each: Object, change: Mapping[str, Any]) -> Object:
    merged = {**each, **{key: _bare(value) if key in _BARE else value for key, value in change.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def _bare(references: Any) -> Any:
    if not isinstance(references, list):
        return references
    return [each.get("id") if isinstance(each, dict) else each for each in references]


def schemas(metadata: Metadata, address: str, *, name: str | None = None) -> list[Object]:
    """Return what classes there are, and what properties they have.

    Args:
        address: Of the API.
        name: Of the class or of its collection, when only that one is wanted.
    """
    found = []
    for collection in COLLECTIONS:
        klass = class_of(collection)
        singular = klass[:1].lower() + klass[1:]
        if name in (None, singular, collection):
            found.append(
                {
                    "name": singular,
                    "singular": singular,
                    "plural": collection,
                    "displayName": klass,
                    "collectionName": collection,
                    "metadata": True,
                    "identifiableObject": True,
                    "relativeApiEndpoint": f"/{collection}",
                    "apiEndpoint": f"{address}/{collection}",
                    "href": f"{address}/schemas/{singular}",
                    "properties": _properties(metadata.schema(collection)),
                }
            )
    return found


def _properties(schema: Schema) -> list[Object]:
    return [
        {
            "name": class_of(each.name)[:1].lower() + class_of(each.name)[1:] if each.many else each.name,
            "fieldName": each.name,
            "propertyType": "COLLECTION" if each.many else each.kind.value,
            **({"itemPropertyType": each.kind.value, "collectionName": each.name} if each.many else {}),
            "collection": each.many,
            "simple": each.simple,
            "owner": each.owner,
            "persisted": each.persisted,
        }
        for each in schema.values()
    ]
