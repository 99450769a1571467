"""Organisation units by their place in the tree, and by whose they are."""

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.lists import within
from prefect_patterns.sandbox.dhis2.release import RELEASES
from prefect_patterns.sandbox.dhis2.users import ADMIN, User

UNITS = "/api/organisationUnits"
BO, BADJIA, NGELEHUN, ROOT = "O6uvpzGd5pu", "YuQRtpLP10I", "DiszpKrYNg8", "ImspTQPwCqd"


@pytest.fixture
def guest(anonymous):
    """Somebody who sees the district of Bo only."""
    anonymous.auth = ("guest", "district")
    return anonymous


def total(client, path):
    body = client.get(f"{UNITS}{path}").json()
    return body["pager"]["total"]


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize(
    ("path", "count", "first"),
    [
        (f"{BO}/children", 16, "Badjia"),  # the unit itself is among them, as on the server
        (f"{BO}?includeChildren=true", 16, "Badjia"),
        (f"{BADJIA}/descendants", 3, "Badjia"),
        (f"{BADJIA}?includeDescendants=true", 3, "Badjia"),
        (f"{NGELEHUN}/ancestors", 4, "Sierra Leone"),
        (f"{NGELEHUN}?includeAncestors=true", 4, "Sierra Leone"),
        (f"{NGELEHUN}/parents", 3, "Sierra Leone"),
    ],
)
def test_the_kin_of_a_unit_is_a_list_of_units(client_of, version, path, count, first):
    body = client_of(version).get(f"{UNITS}/{path}").json()
    assert body["pager"]["total"] == count
    assert body["organisationUnits"][0]["displayName"] == first


def test_a_root_has_no_parents(client):
    assert client.get(f"{UNITS}/{ROOT}/parents").json()["organisationUnits"] == []


def test_the_kin_of_a_unit_is_paged_filtered_and_ordered(client):
    body = client.get(f"{UNITS}/{BO}/descendants?filter=level:eq:4&order=name:desc&pageSize=2&fields=name").json()
    assert body["pager"]["total"] == 125
    names = [each["name"] for each in body["organisationUnits"]]
    assert names == sorted(names, reverse=True)
    assert len(names) == 2


@pytest.mark.parametrize("path", ["children", "descendants", "ancestors", "parents"])
def test_the_kin_of_an_unknown_unit_is_404(client, path):
    assert client.get(f"{UNITS}/abcdefghijk/{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("?level=2", 13),
        ("?level=9", 0),
        ("?maxLevel=2", 14),
        ("?level=3&maxLevel=2", 0),
        (f"/{BO}?level=0", 1),
        (f"/{BO}?level=1", 15),
        (f"/{BO}?level=2", 125),
        (f"/{BO}?level=-1", 1),
        (f"/{BO}/children?level=2", 125),
        (f"/{BO}/descendants?level=3", 15),
        ("?withinUserHierarchy=true", 1332),
        ("?withinUserHierarchy=true&level=2", 13),
        ("?userOnly=true", 1),
        ("?userDataViewOnly=true", 1),
        ("?userDataViewFallback=true", 1),
        ("?userOnly=false&withinUserHierarchy=no", 1332),
    ],
)
def test_level_and_user_restrict_a_list(client, path, count):
    assert total(client, path) == count


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("?withinUserHierarchy=true", 141),
        ("?withinDataViewUserHierarchy=true&level=3", 15),
        ("?withinUserSearchHierarchy=true&filter=name:ilike:chc", 27),
        ("?userOnly=true", 1),
        ("?userDataViewFallback=true", 1),
    ],
)
def test_a_restricted_user_s_hierarchy_is_a_district(guest, path, count):
    assert total(guest, path) == count


def test_one_user_s_list_is_not_another_s(client, anonymous_of):
    assert total(client, "?userOnly=true&fields=id") == 1
    other = anonymous_of("43")
    other.auth = ("guest", "district")
    assert other.get(f"{UNITS}?userOnly=true&fields=id").json()["organisationUnits"] == [{"id": BO}]


def test_whoever_has_no_units_of_data_view_falls_back_to_the_first_level():
    nobody = User("Nobody00001", "nobody", "-", "No", "Body", (), (), "", "")
    (test,) = within({"userDataViewFallback": ["true"]}, nobody)
    assert test({"id": ROOT, "level": 1})
    assert not test({"id": BO, "level": 2})
    (test,) = within({"userOnly": ["true"]}, nobody)
    assert not test({"id": ROOT})
    assert within({}, ADMIN) == []


def test_level_sorted_is_an_order(client):
    rows = client.get(f"{UNITS}?levelSorted=true&paging=false&fields=level,id").json()["organisationUnits"]
    assert [each["level"] for each in rows] == sorted(each["level"] for each in rows)


@pytest.mark.parametrize("path", ["?level=two", f"/{BO}?level=two", "?maxLevel=x"])
def test_a_level_that_is_no_number_is_refused(client, path):
    assert client.get(f"{UNITS}{path}").status_code == 400


def test_scale_multiplies_facilities_beside_their_originals(today):
    with TestClient(serve_app(build_app(today=today, scale=3)), base_url="http://127.0.0.1:8043") as client:
        client.auth = ("admin", "district")
        assert total(client, "?level=4") == 3 * 1166
        copies = client.get(f"{UNITS}?filter=name:like:Ngelehun CHC&fields=*&order=name").json()["organisationUnits"]
        assert [each["name"] for each in copies] == ["Ngelehun CHC", "Ngelehun CHC 1", "Ngelehun CHC 2"]
        assert {each["parent"]["id"] for each in copies} == {BADJIA}
        assert all(each["path"].endswith(each["id"]) for each in copies)
        assert len({each["code"] for each in copies}) == 3
        assert client.get(f"{UNITS}/{BADJIA}?fields=children~size").json() == {"children": 6}
        data_set = client.get("/api/dataSets/BfMAe6Itzgt?fields=organisationUnits~pluck(id)").json()
        assert {each["id"] for each in copies} <= set(data_set["organisationUnits"])
        features = client.get(f"{UNITS}.geojson?level=4&parent={BADJIA}").json()["features"]
        assert len(features) == 3  # one of the two has a geometry
