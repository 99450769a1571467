"""Pages of metadata as frames, straight from their bytes: what `tidy` makes of the objects, without the objects.

Only for fields that hold plain values, objects of them, references and texts. Of other pages, and of those that are no
lists at all, nothing is said here: then the objects tell.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from prefect_patterns.dhis2.tidy import assemble, is_geometry

__all__ = ["join_pages", "read_page"]

_PLAIN = frozenset({pl.String(), pl.Int64(), pl.Int128(), pl.Float64(), pl.Boolean(), pl.Null()})
_NUMBERS = frozenset({pl.Int64(), pl.Float64()})
_LISTS = frozenset({pl.List(pl.Null), pl.List(pl.String), pl.List(pl.Struct({"id": pl.String}))})
_SURROGATE = re.compile(rb"\\u[dD]")


def read_page(body: bytes) -> dict[str, Any] | None:
    """Return a list's answer with its objects as a frame, under their key; None where they must be read as objects.

    >>> read_page(b'{"pager": {"page": 1}, "units": [{"id": "a", "parent": {"id": "p"}}]}')["units"].height
    1
    """
    if not body.lstrip().startswith(b"{") or (b"\\" in body and _SURROGATE.search(body)):
        return None  # Polars takes the former for rows, and makes a NUL of half a pair
    try:
        envelope = pl.read_json(body)
    except pl.exceptions.PolarsError:
        return None
    lists = [name for name, dtype in envelope.schema.items() if isinstance(dtype, pl.List)]
    if len(lists) != 1:
        return None
    objects = envelope[lists[0]].explode()
    if not isinstance(objects.dtype, pl.Struct) or objects.null_count():
        return None
    frame = objects.struct.unnest()
    if not frame.columns or not all(_is_simple(dtype) for dtype in frame.dtypes):
        return None
    return {**envelope.drop(lists[0]).row(0, named=True), lists[0]: frame}


def join_pages(pages: Sequence[pl.DataFrame], fields: str) -> pl.DataFrame | None:
    """Return pages as `read_page` gives them as one tidy frame; None where a column has a type for each page."""
    flat = [pl.DataFrame(list(_leaves(page.get_columns()))) for page in pages]
    types: dict[str, set[pl.DataType]] = {}
    for frame in flat:
        for name, dtype in frame.schema.items():
            types.setdefault(name, set()).add(dtype)
    if any(len(found - {pl.Null()}) > 1 and not found <= {*_NUMBERS, pl.Null()} for found in types.values()):
        return None
    whole = pl.concat(flat, how="diagonal_relaxed")
    columns = {
        column.name: column.cast(pl.String) if column.dtype == pl.Null else column for column in whole.get_columns()
    }
    return assemble(columns, fields, height=whole.height)


def _is_simple(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.Struct):
        names = [field.name for field in dtype.fields]
        inner = [field.dtype for field in dtype.fields]
        return (
            bool(names)
            and not is_geometry(names)
            and all(isinstance(one, pl.DataType) and _is_simple(one) for one in inner)
        )
    return dtype in _PLAIN or dtype in _LISTS


def _leaves(columns: Sequence[pl.Series]) -> Iterator[pl.Series]:
    for column in columns:
        if isinstance(column.dtype, pl.Struct):
            inner = column.struct
            yield from _leaves([inner.field(name).alias(f"{column.name}.{name}") for name in inner.fields])
        elif column.dtype == pl.Int128:
            yield column.cast(pl.Float64)
        elif column.dtype == pl.List(pl.Null):
            yield column.cast(pl.List(pl.String))
        elif isinstance(column.dtype, pl.List) and column.dtype != pl.List(pl.String):
            yield column.list.eval(pl.element().struct.field("id"))
        else:
            yield column
