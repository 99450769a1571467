import json
import math

import duckdb
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from prefect_patterns.errors import StorageError, UsageError
from prefect_patterns.files import to_wkb, write_geoparquet

number = st.floats(-180, 180, allow_nan=False)
position = st.tuples(number, number).map(list)
ring = st.lists(position, min_size=3, max_size=6).map(lambda points: [*points, points[0]])
GEOMETRIES = st.one_of(
    position.map(lambda at: {"type": "Point", "coordinates": at}),
    st.lists(position, min_size=2, max_size=5).map(lambda line: {"type": "LineString", "coordinates": line}),
    st.lists(ring, min_size=1, max_size=3).map(lambda rings: {"type": "Polygon", "coordinates": rings}),
    st.lists(position, min_size=1, max_size=4).map(lambda points: {"type": "MultiPoint", "coordinates": points}),
    st.lists(st.lists(ring, min_size=1, max_size=2), min_size=1, max_size=3).map(
        lambda polygons: {"type": "MultiPolygon", "coordinates": polygons}
    ),
)
HUT = {"id": "a", "geometry": {"type": "Point", "coordinates": [-11.5, 8.25]}, "properties": {"name": "Hut", "n": 1}}


def about(path):
    with duckdb.connect() as database:
        (value,) = database.execute(
            "select decode(value) from parquet_kv_metadata(?) where decode(key) = 'geo'", [str(path)]
        ).fetchone()
    return json.loads(value)


@given(GEOMETRIES)
def test_shapely_reads_the_bytes_as_the_same_geometry(geometry):
    assert shapely.from_wkb(to_wkb(geometry)).wkt == shape(geometry).wkt


@given(st.lists(GEOMETRIES, min_size=1, max_size=3))
def test_a_collection_holds_its_geometries(geometries):
    collection = {"type": "GeometryCollection", "geometries": geometries}
    assert shapely.from_wkb(to_wkb(collection)).wkt == shape(collection).wkt


def test_heights_are_left_out():
    assert to_wkb({"type": "Point", "coordinates": [1, 2, 99]}) == to_wkb({"type": "Point", "coordinates": [1, 2]})


def test_an_empty_point_is_one_of_no_number():
    assert shapely.from_wkb(to_wkb({"type": "Point", "coordinates": []})).is_empty


@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": "Point"},
        {"type": "Point", "coordinates": None},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": ["north", 2]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [True, 2]},
        {"type": "Point", "coordinates": [10**400, 2]},
        {"type": "Point", "coordinates": [math.inf, 2]},
        {"type": "Polygon", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[1, math.nan]]]},
        {"type": "GeometryCollection", "geometries": [None]},
        "Point",
    ],
    ids=lambda geometry: str(geometry)[:60],
)
def test_what_is_no_geometry_is_refused(geometry):
    with pytest.raises(UsageError, match="cannot write the geometry"):
        to_wkb(geometry)


def test_a_file_says_what_its_geometry_column_is(tmp_path):
    square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 3], [0, 0]]]}
    assert write_geoparquet(tmp_path / "units.parquet", [HUT, {"id": "b", "geometry": square}]) == 2
    assert about(tmp_path / "units.parquet") == {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {"encoding": "WKB", "geometry_types": ["Point", "Polygon"], "bbox": [-11.5, 0.0, 2.0, 8.25]}
        },
    }


def test_properties_are_columns_of_text_and_a_missing_geometry_is_null(tmp_path):
    features = [HUT, {"id": "b", "geometry": None, "properties": {"groups": ["x"]}}, {"properties": ["x"]}]
    write_geoparquet(tmp_path / "units.parquet", features)
    frame = pl.read_parquet(tmp_path / "units.parquet")
    assert frame.drop("geometry").rows() == [("a", "Hut", "1", None), ("b", None, None, '["x"]'), (None,) * 4]
    assert frame["geometry"].is_null().to_list() == [False, True, True]


def test_no_features_are_a_file_without_rows(tmp_path):
    assert write_geoparquet(tmp_path / "units.parquet", []) == 0
    assert pl.read_parquet(tmp_path / "units.parquet").columns == ["id", "geometry"]
    assert "bbox" not in about(tmp_path / "units.parquet")["columns"]["geometry"]


def test_all_features_with_a_wrong_geometry_are_named_and_nothing_is_written(tmp_path):
    wrong = [{"id": name, "geometry": {"type": "Point", "coordinates": ["?", 1]}} for name in ("x", "y")]
    with pytest.raises(UsageError, match="2 features have a geometry that is none: x, y"):
        write_geoparquet(tmp_path / "units.parquet", [HUT, *wrong])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        write_geoparquet(tmp_path / "file" / "units.parquet", [HUT])
