import json

import polars as pl
import pytest
import shapely

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(on_sandbox, home):
    return on_sandbox("105", home).dhis2_geometry_flow


def test_105_takes_out_every_geometry_and_counts_what_has_none(run, capsys):
    found = run()
    assert (found.features, found.without_geometry) == (766, 566)
    assert "766 features; 566 of 1,332 units have no geometry" in capsys.readouterr().out
    assert "| 2 | 13 | 13 |" in (found.folder / "summary.md").read_text()


def test_105_writes_the_same_shapes_as_geojson_and_as_geoparquet(run):
    folder = run().folder
    features = json.loads((folder / "org_units.geojson").read_text())["features"]
    frame = pl.read_parquet(folder / "org_units.parquet")
    assert frame["id"].to_list() == [feature["id"] for feature in features]
    assert frame.row(0, named=True)["name"] == features[0]["properties"]["name"]
    by_wkb = shapely.from_wkb(frame["geometry"].to_list())
    by_json = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    assert shapely.equals_exact(by_wkb, by_json).all()


@pytest.mark.parametrize(("level", "areas"), [(2, 13), (3, 152)])
def test_105_draws_a_map_of_the_level_that_is_wanted(run, level, areas):
    page = (run(map_level=level).folder / "map.html").read_text()
    assert page.count("<path") >= areas
    assert "Share of an area" in page


def test_105_says_so_when_a_level_has_no_shapes(run):
    assert "No data" in (run(map_level=19).folder / "map.html").read_text()


def test_105_counts_the_share_below_an_area_with_all_its_descendants(flow_file):
    module = flow_file("105")
    units = pl.DataFrame({"id": ["r", "a", "b", "c"], "parent": [None, "r", "a", "a"], "level": [1, 2, 3, 3]})
    point = {"type": "Point", "coordinates": [0, 0]}
    found = module.located(units, [{"id": "b", "geometry": point}, {"id": "a", "geometry": point}, {"id": "x"}])
    shares = module.share_with_geometry(found, "level").sort("level")
    assert shares.rows() == [(1, 1, 0, 0.0), (2, 1, 1, 100.0), (3, 2, 1, 50.0)]
