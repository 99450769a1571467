"""`/api/organisationUnits.geojson`."""

import pytest

from prefect_patterns.sandbox.dhis2.release import RELEASES

PATH = "/api/organisationUnits.geojson"


def features(client, query=""):
    body = client.get(f"{PATH}?{query}").json()
    assert body["type"] == "FeatureCollection"
    return body["features"]


def test_the_content_type_is_json(client):
    assert client.get(PATH).headers["content-type"] == "application/json"


@pytest.mark.parametrize("accept", ["application/json+geojson", "application/json+geo"])
def test_the_accept_header_asks_for_it_too(client, accept):
    answer = client.get("/api/organisationUnits?level=2", headers={"Accept": accept})
    assert answer.json()["type"] == "FeatureCollection"
    assert answer.headers["content-type"] == "application/json"


def test_no_other_collection_has_a_geometry(client):
    assert client.get("/api/dataSets.geojson").status_code == 406
    assert client.get("/api/dataSets", headers={"Accept": "application/json+geojson"}).status_code == 406


@pytest.mark.parametrize("version", RELEASES)
def test_geojson_string_level_on_every_release(client_of, version):
    levels = {
        each["properties"]["level"] for each in features(client_of(version), "level=2&level=3&parent=O6uvpzGd5pu")
    }
    assert levels == {"2", "3"}


def test_every_unit_with_a_geometry_and_no_other_is_a_feature(client):
    found = features(client, "level=1,2&level=3,4")
    assert len(found) == len({each["id"] for each in found}) == 766
    query = "paging=false&filter=geometry:!null&fields=id"
    units = client.get(f"/api/organisationUnits?{query}").json()["organisationUnits"]
    assert {each["id"] for each in units} == {each["id"] for each in found}


def test_only_units_with_a_geometry_of_the_first_level_are_given_by_default(client):
    with_geometry = client.get("/api/organisationUnits/ImspTQPwCqd?fields=geometry").json()
    assert len(features(client)) == len(with_geometry)


def test_a_feature_has_the_properties_of_its_unit_with_the_level_as_text(client):
    (bo,) = [each for each in features(client, "level=2") if each["id"] == "O6uvpzGd5pu"]
    assert list(bo) == ["type", "id", "geometry", "properties"]
    assert bo["geometry"]["type"] == "Polygon"
    assert bo["properties"] == {
        "code": "OU_264",
        "name": "Bo",
        "level": "2",
        "parent": "ImspTQPwCqd",
        "parentGraph": "ImspTQPwCqd",
        "groups": [],
    }


def test_levels_and_parents_repeat(client):
    both = features(client, "level=2&level=3")
    assert {each["properties"]["level"] for each in both} == {"2", "3"}
    bo = features(client, "level=3&parent=O6uvpzGd5pu")
    assert len(bo) == 15
    assert all(each["properties"]["parentGraph"] == "ImspTQPwCqd/O6uvpzGd5pu" for each in bo)


def test_a_facility_names_its_groups(client):
    facilities = features(client, "level=4&parent=YuQRtpLP10I")
    assert facilities
    assert all(each["geometry"]["type"] == "Point" for each in facilities)
    (ngelehun,) = [each for each in facilities if each["id"] == "DiszpKrYNg8"]
    assert ngelehun["properties"]["groups"] == ["CXw2yu5fodb"]


def test_the_line_of_parents_goes_up_to_a_unit_of_the_user_s(anonymous):
    anonymous.auth = ("guest", "district")
    (chiefdom, *_) = features(anonymous, "level=3&parent=O6uvpzGd5pu")
    assert chiefdom["properties"]["parentGraph"] == "O6uvpzGd5pu"
    (kono,) = [each for each in features(anonymous, "level=2") if each["properties"]["name"] == "Kono"]
    assert kono["properties"]["parentGraph"] == "ImspTQPwCqd"


def test_properties_can_be_left_out(client):
    assert {str(each["properties"]) for each in features(client, "level=2&properties=false")} == {"{}"}


@pytest.mark.parametrize("level", ["two", "2.5"])
def test_a_level_that_is_no_number_is_refused(client, level):
    assert client.get(f"{PATH}?level={level}").status_code == 400


def test_an_unknown_parent_leaves_the_whole_tree(client):
    assert len(features(client, "level=2&parent=abcdefghijk")) == 13
    assert len(features(client, "level=3&parent=abcdefghijk&parent=O6uvpzGd5pu")) == 15
