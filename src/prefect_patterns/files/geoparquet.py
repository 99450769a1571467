"""GeoParquet: GeoJSON features as columns, their geometry in Well-Known Binary.

Written to GeoParquet 1.1 (https://geoparquet.org/releases/v1.1.0/) with the geometry in ISO WKB, the byte form of OGC
Simple Features (06-103r4, section 8.2). Coordinates are longitude and latitude on WGS 84, as GeoJSON has them.
"""

import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect_patterns.errors import UsageError
from prefect_patterns.files.atomic import atomic_path

if TYPE_CHECKING:
    import polars as pl

__all__ = ["to_wkb", "write_geoparquet"]

_CODES = {"Point": 1, "LineString": 2, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6}
_PARTS = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}
_LITTLE_ENDIAN = b"\x01"


def to_wkb(geometry: Mapping[str, Any]) -> bytes:
    """Return a GeoJSON geometry (RFC 7946) as Well-Known Binary, in two dimensions: heights are left out.

    Raises:
        UsageError: It is no geometry of GeoJSON, or has a coordinate that is not a finite number.

    >>> to_wkb({"type": "Point", "coordinates": [-11.5, 8.25]}).hex()
    '010100000000000000000027c00000000000802040'
    """
    try:
        kind = geometry.get("type")
        if kind == "GeometryCollection":
            inside = [to_wkb(each) for each in geometry["geometries"]]
            return _head(7) + struct.pack("<I", len(inside)) + b"".join(inside)
        return _geometry(str(kind), geometry["coordinates"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError, struct.error):
        raise UsageError(
            f"cannot write the geometry {str(geometry)[:80]!r}", hint="give a GeoJSON geometry with finite numbers"
        ) from None


def write_geoparquet(path: Path, features: Iterable[Mapping[str, Any]]) -> int:
    """Write GeoJSON features to a GeoParquet file as one step, and return how many.

    The columns are `id`, one text for each property (nested values as JSON), and `geometry`, null where a feature has
    none.

    Raises:
        UsageError: A geometry is none; the ids of all such features are named.
        StorageError: The file cannot be written.
    """
    import polars as pl

    listed = list(features)
    shapes: list[bytes | None] = []
    kinds: set[str] = set()
    box = [math.inf, math.inf, -math.inf, -math.inf]
    wrong: list[str] = []
    for feature in listed:
        geometry = feature.get("geometry")
        try:
            shapes.append(to_wkb(geometry) if geometry else None)
        except UsageError:
            wrong.append(str(feature.get("id")))
            continue
        if geometry:
            kinds.add(geometry["type"])
            _widen(box, geometry)
    if wrong:
        raise UsageError(
            f"{len(wrong)} features have a geometry that is none: {', '.join(wrong[:5])}",
            hint="correct them at their source, or leave them out",
        )
    column: dict[str, object] = {"encoding": "WKB", "geometry_types": sorted(kinds)}
    if kinds and math.isfinite(box[0]):
        column["bbox"] = box
    about = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    frame = pl.DataFrame(
        {
            "id": pl.Series([_text(feature.get("id")) for feature in listed], dtype=pl.String),
            **_properties(listed),
            "geometry": pl.Series(shapes, dtype=pl.Binary),
        }
    )
    with atomic_path(path) as draft:
        frame.write_parquet(draft, metadata={"geo": json.dumps(about)})
    return len(listed)


def _head(code: int) -> bytes:
    return _LITTLE_ENDIAN + struct.pack("<I", code)


def _geometry(kind: str, coordinates: Sequence[Any]) -> bytes:
    head = _head(_CODES[kind])
    if kind == "Point":
        return head + (_points([coordinates]) if len(coordinates) else struct.pack("<2d", math.nan, math.nan))
    if kind == "LineString":
        return head + _line(coordinates)
    if kind == "Polygon":
        return head + struct.pack("<I", len(coordinates)) + b"".join(_line(ring) for ring in coordinates)
    return head + struct.pack("<I", len(coordinates)) + b"".join(_geometry(_PARTS[kind], each) for each in coordinates)


def _line(points: Sequence[Sequence[float]]) -> bytes:
    return struct.pack("<I", len(points)) + _points(points)


def _points(points: Sequence[Sequence[float]]) -> bytes:
    flat = [number for point in points for number in (point[0], point[1])]
    if not all(map(math.isfinite, flat)) or not {*map(type, flat)} <= {int, float}:
        raise ValueError("no finite numbers")
    return struct.pack(f"<{len(flat)}d", *flat)


def _widen(box: list[float], geometry: Mapping[str, Any]) -> None:
    if positions := list(_positions(geometry)):
        xs, ys = zip(*positions, strict=True)
        box[:] = [min(box[0], *xs), min(box[1], *ys), max(box[2], *xs), max(box[3], *ys)]


def _positions(geometry: Mapping[str, Any]) -> Iterable[tuple[float, float]]:
    if geometry["type"] == "GeometryCollection":
        for each in geometry["geometries"]:
            yield from _positions(each)
        return
    waiting = [geometry["coordinates"]]
    while waiting:
        each = waiting.pop()
        if each and isinstance(each[0], int | float):
            yield float(each[0]), float(each[1])
        else:
            waiting.extend(each)


def _properties(features: Sequence[Mapping[str, Any]]) -> "dict[str, pl.Series]":
    import polars as pl

    found = (feature.get("properties") for feature in features)
    rows = [each if isinstance(each, Mapping) else {} for each in found]
    names = dict.fromkeys(name for row in rows for name in row if name not in ("id", "geometry"))
    return {name: pl.Series([_text(row.get(name)) for row in rows], dtype=pl.String) for name in names}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
