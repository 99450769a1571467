"""Metadata lists: all pages in a stable order, and as a frame."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl

from prefect_patterns.dhis2.chunks import split_filters
from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.fields import promised_columns
from prefect_patterns.dhis2.pages import Page, read_list
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
    max_workers: int,
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list once; see `read_list` for how, and `split_filters` for long filters.

    Raises:
        UnexpectedAnswer: The answer is no list, or its pages contradict each other.
        RemoteUnavailable: The list changes each time it is read.
    """
    if page_size < 1:
        raise UsageError(f"a page holds at least 1 object, not {page_size}")
    seen: set[str] = set()
    for each in split_filters([filters] if isinstance(filters, str) else filters):
        asked = {"fields": fields, "filter": each, "order": order, "paging": True, "pageSize": page_size}
        yield from read_list(
            partial(_page, connection, endpoint, asked),
            what=str(connection.server),
            url=_url(connection, endpoint),
            max_workers=max_workers,
            seen=seen,
        )


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


def _page(connection: Connection, endpoint: str, asked: Mapping[str, Any], number: int) -> Page:
    body = connection.get(endpoint, {**asked, "page": number})
    if isinstance(body, dict):
        name = endpoint.strip("/").rpartition("/")[2].partition(".")[0]
        lists = [value for key, value in body.items() if isinstance(value, list) and key != "pager"]
        rows = body.get(name) if isinstance(body.get(name), list) else lists[0] if len(lists) == 1 else None
        if rows is not None and all(isinstance(row, dict) for row in rows):
            pager = body.get("pager")
            says = pager if isinstance(pager, dict) else {}
            count, page, total = (_number(says.get(key)) for key in ("pageCount", "page", "total"))
            return Page(rows, page, count, total, has_next=bool(says.get("nextPage")))
    raise UnexpectedAnswer(
        f"{connection.server} did not answer /api/{endpoint.strip('/')} with a list of objects",
        hint="check that the path is one of its lists, and that no proxy changes its answers",
        method="GET",
        url=_url(connection, endpoint),
        status=200,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _url(connection: Connection, endpoint: str) -> str:
    return f"{connection.server.base_url}/api/{endpoint.strip('/')}"
