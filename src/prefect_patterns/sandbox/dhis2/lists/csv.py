"""A metadata list as CSV. Source: dhis2-core, AbstractFullReadOnlyController."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.lists.parsing import last
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object, attribute_values
from prefect_patterns.sandbox.dhis2.schema import Kind, Property
from prefect_patterns.sandbox.dhis2.selection import parse_fields

__all__ = ["csv_list"]


def csv_list(metadata: Metadata, collection: str, rows: Iterable[Object], query: Mapping[str, Sequence[str]]) -> str:
    """Return the rows as CSV.

    References are their uids, collections are joined; nested fields are passed over, as the server does.

    Args:
        query: `fields`, `separator`, `arraySeparator` and `skipHeader` of it count.

    Raises:
        Refusal: A wanted property is neither simple nor a reference (409), or the separator no character (400).
    """
    separator = last(query, "separator") or ","
    if len(separator) != 1 or separator in '"\r\n':
        raise Refusal(400, f"Unable to parse `{separator}` as `char`.", "E1003")
    joint = last(query, "arraySeparator", ";")
    columns = _columns(metadata, collection, query.get("fields", ()), joint)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    if last(query, "skipHeader", "false").lower() != "true":
        writer.writerow(columns)
    writer.writerows([column(row) for column in columns.values()] for row in rows)
    return text.getvalue()


def _columns(
    metadata: Metadata, collection: str, fields: Sequence[str], joint: str
) -> dict[str, Callable[[Object], str]]:
    selection = parse_fields(",".join(fields))
    names = [name for name, wanted in selection.wanted.items() if wanted.inside is None]
    if not names or "all" in selection.presets:
        names += ["id", "displayName"]
    schema = metadata.schema(collection)
    columns: dict[str, Callable[[Object], str]] = {}
    for name in names:
        if name in schema:
            columns[name] = _column(schema[name], joint)
        elif name in metadata.collections["attributes"]:
            columns[name] = _attribute(name)
    return columns


def _column(each: Property, joint: str) -> Callable[[Object], str]:
    if each.kind is Kind.COMPLEX:
        raise Refusal(
            409,
            "Invalid property selected. Make sure all properties are either simple or collections of refs / simple.",
        )
    if each.many:
        return lambda row: joint.join(_cell(one) for one in _items(row.get(each.name)))
    return lambda row: _cell(row.get(each.name))


def _attribute(uid: str) -> Callable[[Object], str]:
    return lambda row: _cell(attribute_values(row).get(uid))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("id", "")) if isinstance(value, dict) else str(value)
