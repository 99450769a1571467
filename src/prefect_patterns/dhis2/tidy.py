"""Metadata objects as a frame: one row each, one column for each value."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import polars as pl

from prefect_patterns.dhis2.fields import promised_columns

__all__ = ["assemble", "is_geometry", "tidy"]


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
    return assemble({name: _column(name, values) for name, values in _leaves(rows)}, fields, height=len(rows))


def assemble(found: Mapping[str, pl.Series], fields: str, *, height: int) -> pl.DataFrame:
    """Return the columns *found* and those that *fields* promises as a frame."""
    names = dict.fromkeys([*promised_columns(fields), *found])
    parents = {name.rpartition(".")[0] for name in names}
    # `parent: null` beside a `parent.id` says nothing more than a null there.
    wanted = [name for name in names if name not in parents or (name in found and found[name].null_count() < height)]
    nothing = pl.Series([None] * height, dtype=pl.String)
    return pl.DataFrame([found.get(name, nothing).alias(name) for name in wanted or ["id"]])


def is_geometry(keys: object) -> bool:
    """Return whether an object with these *keys* is a geometry: a value, not a part of the row."""
    return isinstance(keys, Mapping | Sequence) and "type" in keys and "coordinates" in keys


def _leaves(rows: Sequence[Mapping[str, Any] | None], prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield the name and the values of each column: by column, as a row has too few values to be worth a step."""
    for key in dict.fromkeys(chain.from_iterable(row for row in rows if row)):
        values = [row.get(key) if row else None for row in rows]
        kinds = set(map(type, values))
        name = f"{prefix}{key}"
        if dict in kinds:
            nested = [value if isinstance(value, dict) and not is_geometry(value) else None for value in values]
            yield from _leaves(nested, f"{name}.")
            values = [value if inner is None else None for value, inner in zip(values, nested, strict=True)]
            if not any(value is not None for value in values):
                continue
        if list in kinds:
            values = [_list(value) if isinstance(value, list) else value for value in values]
        yield name, values


def _list(value: list[Any]) -> list[Any] | str:
    if all(isinstance(item, dict) and item.keys() == {"id"} and isinstance(item["id"], str) for item in value):
        return [item["id"] for item in value]
    return value if all(isinstance(item, str) for item in value) else _json(value)


def _column(name: str, values: list[Any]) -> pl.Series:
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return _texts(name, values)
    if kinds == {list}:
        return pl.Series(name, values, dtype=pl.List(pl.String))
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {int} and max(abs(value) for value in values if value is not None) < 2**63:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return _texts(name, [value if value is None or isinstance(value, str) else _json(value) for value in values])


def _texts(name: str, values: list[str | None]) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except UnicodeEncodeError:  # half a surrogate pair is JSON, but no text
        whole = [value if value is None else value.encode("utf-8", "replace").decode() for value in values]
        return pl.Series(name, whole, dtype=pl.String)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
