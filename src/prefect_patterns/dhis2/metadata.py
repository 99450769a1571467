"""Metadata lists: all pages in a stable order, and as a frame."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.fields import promised_columns
from prefect_patterns.errors import UnexpectedAnswer, UsageError

__all__ = ["iter_objects", "tidy"]


def iter_objects(
    connection: Connection,
    endpoint: str,
    *,
    fields: str,
    filters: Sequence[str],
    order: str | None,
    page_size: int,
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, page by page; the pager says where it ends, an object is given once.

    Raises:
        UnexpectedAnswer: The answer is no list, or the server gives the same page again and again.
    """
    if page_size < 1:
        raise UsageError(f"a page holds at least 1 object, not {page_size}")
    asked = 1
    seen: set[str] = set()
    last_allowed: int | None = None
    while True:
        body = connection.get(
            endpoint,
            {
                "fields": fields,
                "filter": [filters] if isinstance(filters, str) else list(filters),
                "order": order,
                "paging": True,
                "page": asked,
                "pageSize": page_size,
            },
        )
        rows, pager = _rows(body, endpoint, connection), _pager(body)
        fresh = [row for row in rows if not isinstance(row.get("id"), str) or row["id"] not in seen]
        seen.update(row["id"] for row in fresh if isinstance(row.get("id"), str))
        given, count = pager.get("page"), pager.get("pageCount")
        if rows and asked > 1 and (not fresh or (isinstance(given, int) and given < asked)):
            raise _trouble(f"gave a page of {endpoint} again instead of page {asked}", endpoint, connection)
        yield from fresh
        if isinstance(count, int):
            # A list may grow while it is read, but not for ever.
            last_allowed = last_allowed or 2 * count + 10
            if asked >= count:
                return
        elif not rows or not pager.get("nextPage"):
            return
        if last_allowed is not None and asked >= last_allowed:
            raise _trouble(f"announces more pages of {endpoint} with every page", endpoint, connection)
        # The number, never the address of `nextPage`: that may be another host's.
        asked += 1


def tidy(rows: Sequence[Mapping[str, Any]], fields: str = "") -> pl.DataFrame:
    """Return metadata objects as a frame: one row each, one column for each value.

    A nested object becomes columns with dotted names (`parent.id`), a list of references the list of their ids, a list
    of texts stays one. A geometry and every other list become their JSON text. A column without any value
    is text. Columns that *fields* names are always there, in that order; the others follow as they come.

    Args:
        rows: As `fetch_metadata` gives them.
        fields: As it was asked; nested fields in full (`parent[id]`) make columns that do not depend on the data.

    >>> tidy([{"id": "a", "parent": {"id": "p"}}, {"id": "b", "groups": [{"id": "g"}]}], "id,parent[id],code").columns
    ['id', 'parent.id', 'code', 'groups']
    """
    flat = [_flatten(row) for row in rows]
    found = {name for row in flat for name, value in row.items() if value is not None}
    names = dict.fromkeys([*promised_columns(fields), *(name for row in flat for name in row)])
    parents = {name.rpartition(".")[0] for name in names}
    # `parent: null` beside a `parent.id` says nothing more than a null there.
    columns = [name for name in names if name in found or name not in parents] or ["id"]
    return pl.DataFrame([_column(name, [row.get(name) for row in flat]) for name in columns])


def _flatten(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and not {"type", "coordinates"} <= value.keys():
            flat.update(_flatten(value, f"{key}."))
        elif isinstance(value, list):
            flat[key] = _list(value)
        else:
            flat[key] = _json(value) if isinstance(value, dict) else value
    return flat


def _list(value: list[Any]) -> list[Any] | str:
    if all(isinstance(item, dict) and item.keys() == {"id"} for item in value):
        return [item["id"] for item in value]
    return value if all(isinstance(item, str) for item in value) else _json(value)


def _column(name: str, values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {list}:
        return pl.Series(name, values, dtype=pl.List(pl.String))
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {int} and all(abs(value) < 2**63 for value in values if value is not None):
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    texts = [value if value is None or isinstance(value, str) else _json(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rows(body: object, endpoint: str, connection: Connection) -> list[dict[str, Any]]:
    if isinstance(body, dict):
        name = endpoint.strip("/").rpartition("/")[2].partition(".")[0]
        lists = [value for key, value in body.items() if isinstance(value, list) and key != "pager"]
        rows = body.get(name) if isinstance(body.get(name), list) else lists[0] if len(lists) == 1 else None
        if rows is not None and all(isinstance(row, dict) for row in rows):
            return list(rows)
    raise _trouble(f"did not answer /api/{endpoint.strip('/')} with a list of objects", endpoint, connection)


def _pager(body: dict[str, Any]) -> dict[str, Any]:
    pager = body.get("pager")
    return pager if isinstance(pager, dict) else {}


def _trouble(what: str, endpoint: str, connection: Connection) -> UnexpectedAnswer:
    server = connection.server
    return UnexpectedAnswer(
        f"{server} {what}",
        hint="check that the path is one of its lists, and that no proxy changes its answers",
        method="GET",
        url=f"{server.base_url}/api/{endpoint.strip('/')}",
        status=200,
    )
