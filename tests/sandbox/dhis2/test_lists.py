"""Metadata lists and single objects over HTTP: paging, order, refusals, properties."""

import pytest

from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS
from prefect_patterns.sandbox.dhis2.release import RELEASES

UNITS = "/api/organisationUnits"


def ids(answer, collection="organisationUnits"):
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()[collection]]


def assert_refused(answer, status, message, code):
    reason = {400: "Bad Request", 404: "Not Found"}[status]
    assert answer.status_code == status
    assert answer.json() == {
        "httpStatus": reason,
        "httpStatusCode": status,
        "status": "ERROR",
        "message": message,
        "errorCode": code,
    }


@pytest.mark.parametrize(
    ("collection", "total"),
    [
        ("organisationUnits", 1332),
        ("organisationUnitGroups", 5),
        ("organisationUnitGroupSets", 1),
        ("organisationUnitLevels", 4),
        ("dataElements", 601),
        ("dataElementGroups", 2),
        ("dataElementGroupSets", 1),
        ("dataSets", 26),
        ("sections", 21),
        ("indicators", 17),
        ("indicatorGroups", 1),
        ("indicatorTypes", 2),
        ("categoryCombos", 22),
        ("categories", 22),
        ("categoryOptions", 82),
        ("categoryOptionCombos", 139),
        ("optionSets", 2),
        ("constants", 1),
        ("attributes", 1),
        ("users", 4),
        ("validationRules", 0),
        ("programs", 0),
    ],
)
def test_list_defaults_are_id_and_name_in_pages_of_50(client, collection, total):
    body = client.get(f"/api/{collection}").json()
    assert body["pager"]["total"] == total
    assert (body["pager"]["page"], body["pager"]["pageSize"]) == (1, 50)
    assert len(body[collection]) == min(total, 50)
    assert all(set(each) == {"id", "displayName"} for each in body[collection])


@pytest.mark.parametrize("version", RELEASES)
def test_every_collection_is_there_on_every_release(client_of, version):
    client = client_of(version)
    for collection in COLLECTIONS:
        assert client.get(f"/api/{collection}?pageSize=5&fields=:owner").status_code == 200, collection


def test_following_next_page_gives_every_unit_once(client):
    url, seen = f"{UNITS}?order=id:asc&pageSize=400&fields=id,level", []
    while url:
        body = client.get(url).json()
        assert set(body["organisationUnits"][0]) == {"id", "level"}
        seen += [each["id"] for each in body["organisationUnits"]]
        url = body["pager"].get("nextPage")
    assert len(seen) == len(set(seen)) == 1332
    assert seen == sorted(seen)


@pytest.mark.parametrize("version", RELEASES)
def test_clamped_pager_claims_the_last_page_over_an_empty_list(client_of, version):
    body = client_of(version).get(f"{UNITS}?page=99").json()
    assert body["pager"]["page"] == body["pager"]["pageCount"] == 27
    assert body["organisationUnits"] == []
    assert "nextPage" not in body["pager"]
    assert "page=26" in body["pager"]["prevPage"]


@pytest.mark.parametrize(
    ("query", "page", "size", "rows"),
    [
        ("page=0", 1, 50, 50),
        ("page=-3", 1, 50, 50),
        ("page=2147483647", 27, 50, 0),
        ("pageSize=0", 1, 50, 50),
        ("pageSize=-1", 1, 50, 50),
        ("pageSize=1&page=3", 3, 1, 1),
        ("pageSize=2147483647", 1, 2147483647, 1332),
        ("page=1&page=2", 2, 50, 50),
        ("page=&pageSize=", 1, 50, 50),
    ],
)
def test_pages_at_their_limits(client, query, page, size, rows):
    body = client.get(f"{UNITS}?{query}").json()
    assert (body["pager"]["page"], body["pager"]["pageSize"], len(body["organisationUnits"])) == (page, size, rows)


@pytest.mark.parametrize("off", ["false", "FALSE", "0", "no"])
def test_without_paging_there_is_no_pager(client, off):
    body = client.get(f"{UNITS}?paging={off}&page=3").json()
    assert list(body) == ["organisationUnits"]
    assert len(body["organisationUnits"]) == 1332


def test_links_keep_the_other_parameters(client):
    pager = client.get(f"{UNITS}?filter=level:eq:4&fields=id,parent[name]&page=2").json()["pager"]
    assert list(pager) == ["page", "total", "pageSize", "nextPage", "pageCount", "prevPage"]
    assert pager["nextPage"].startswith("http://127.0.0.1:8043/api/organisationUnits?page=3&")
    assert client.get(pager["nextPage"]).json()["pager"]["page"] == 3


def test_the_default_order_is_by_name_without_case_then_id(client):
    names = client.get(f"{UNITS}?paging=false&fields=id,name").json()["organisationUnits"]
    assert names == sorted(names, key=lambda each: (each["name"].lower(), each["id"]))


@pytest.mark.parametrize(
    ("order", "key", "backwards"),
    [
        ("id:asc", lambda each: each["id"], False),
        ("id", lambda each: each["id"], False),
        ("id:desc", lambda each: each["id"], True),
        ("name:desc", lambda each: each["name"], True),
        ("name:DESC", lambda each: each["name"], True),
        ("name:iasc", lambda each: each["name"].lower(), False),
        ("name:idesc", lambda each: each["name"].lower(), True),
        ("level:asc,name:asc", lambda each: (each["level"], each["name"]), False),
        ("level:asc&order=name:asc", lambda each: (each["level"], each["name"]), False),
        ("lastUpdated:desc", lambda each: each["lastUpdated"], True),
        ("nothing:asc,id:asc", lambda each: each["id"], False),
    ],
)
def test_order(client, order, key, backwards):
    answer = client.get(f"{UNITS}?paging=false&fields=id,name,level,lastUpdated&order={order}")
    rows = answer.json()["organisationUnits"]
    assert rows == sorted(rows, key=key, reverse=backwards)


@pytest.mark.parametrize(
    "order", ["nothing:asc", "name:sideways", "parent:asc", "children:desc", "displayName:desc", ",:,"]
)
def test_an_order_by_what_is_not_persisted_and_simple_is_passed_over(client, order):
    assert ids(client.get(f"{UNITS}?order={order}")) == ids(client.get(UNITS))


def test_missing_values_come_last_and_in_descending_order_first(client):
    query = "paging=false&fields=id,closedDate"
    closed = client.get(f"{UNITS}?{query}&order=closedDate:asc").json()["organisationUnits"]
    assert [("closedDate" in each) for each in closed] == [True] * 5 + [False] * 1327
    assert "closedDate" not in client.get(f"{UNITS}?{query}&order=closedDate:desc").json()["organisationUnits"][0]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("filter=nothing:eq:1", "Unknown path property: nothing"),
        ("filter=level:eq:two", "Unable to parse `two` as `Integer`."),
        ("page=two", "Unable to parse `two` as `Integer`."),
        ("pageSize=99999999999", "Unable to parse `99999999999` as `Integer`."),
        ("page=1_0", "Unable to parse `1_0` as `Integer`."),
        ("rootJunction=XOR", "Value `XOR` is not valid for parameter `rootJunction`. Valid values are: [AND, OR]"),
    ],
)
@pytest.mark.parametrize("version", RELEASES)
def test_wrong_queries_are_400_with_e1003(client_of, version, query, message):
    assert_refused(client_of(version).get(f"{UNITS}?{query}"), 400, message, "E1003")


@pytest.mark.parametrize("version", RELEASES)
def test_silent_unknown_fields_and_parameters(client_of, version):
    body = client_of(version).get(f"{UNITS}/O6uvpzGd5pu?fields=id,nothing,nothing[name]&whatever=1").json()
    assert body == {"id": "O6uvpzGd5pu"}


def test_several_fields_parameters_are_joined(client):
    assert client.get(f"{UNITS}/O6uvpzGd5pu?fields=id&fields=name").json() == {"id": "O6uvpzGd5pu", "name": "Bo"}
    assert list(client.get(f"{UNITS}?fields=").json()["organisationUnits"][0]) == ["id", "displayName"]


def test_defaults_can_be_excluded(client):
    query = "paging=false&fields=id,name,categories"
    everything = client.get(f"/api/categoryCombos?{query}").json()["categoryCombos"]
    rest = client.get(f"/api/categoryCombos?{query}&defaults=EXCLUDE").json()["categoryCombos"]
    assert {each["name"] for each in everything} - {each["name"] for each in rest} == {"default"}
    assert client.get("/api/dataSets/Nyh6laLdBEJ?fields=categoryCombo&defaults=EXCLUDE").json() == {}
    assert client.get("/api/dataSets/Nyh6laLdBEJ?fields=categoryCombo&defaults=INCLUDE").json() != {}


def test_a_single_object_has_all_its_properties(client):
    unit = client.get(f"{UNITS}/DiszpKrYNg8").json()
    assert unit["name"] == "Ngelehun CHC"
    assert unit["parent"] == {"id": "YuQRtpLP10I"}
    assert [each["id"] for each in unit["ancestors"]] == ["ImspTQPwCqd", "O6uvpzGd5pu", "YuQRtpLP10I"]
    assert unit["organisationUnitGroups"] == [{"id": "CXw2yu5fodb"}]


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_property_of_a_single_object_is_the_same_as_fields_of_it(client, suffix):
    assert client.get(f"{UNITS}/O6uvpzGd5pu{suffix}?fields=name").json() == {"name": "Bo"}
    assert client.get(f"{UNITS}/DiszpKrYNg8/parent{suffix}?fields=name").json() == {"parent": {"name": "Badjia"}}
    assert client.get(f"{UNITS}/DiszpKrYNg8/parent{suffix}").json() == {"parent": {"id": "YuQRtpLP10I"}}
    assert client.get(f"{UNITS}/DiszpKrYNg8/comment{suffix}").json() == {}


def test_a_property_that_there_is_not_is_404(client):
    message = "Property nothing does not exist on OrganisationUnit"
    assert_refused(client.get(f"{UNITS}/DiszpKrYNg8/nothing"), 404, message, "E1005")


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize(
    ("collection", "kind"),
    [("dataElements", "DataElement"), ("categories", "Category"), ("categoryOptionCombos", "CategoryOptionCombo")],
)
def test_404_of_an_unknown_uid_names_the_class(client_of, version, collection, kind):
    answer = client_of(version).get(f"/api/{collection}/abcdefghijk")
    assert_refused(answer, 404, f"{kind} with id abcdefghijk could not be found.", "E1005")


@pytest.mark.parametrize(("version", "status"), [("40", 404), ("41", 404), ("42", 405), ("43", 405)])
@pytest.mark.parametrize("path", ["short", "much_too_long_for_a_uid", "abcdefghij-", "short/name"])
def test_405_or_404_by_version_of_what_is_not_a_uid(client_of, version, status, path):
    answer = client_of(version).get(f"{UNITS}/{path}")
    assert (answer.status_code, answer.json()["httpStatusCode"]) == (status, status)


@pytest.mark.parametrize("path", ["nothings", "nothings/abcdefghijk", "organisationUnitz.json"])
def test_an_unknown_collection_is_the_container_s_page(client, path):
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["system/info", "me"])
def test_a_suffix_asks_for_the_same(client, path):
    fields = "fields=version,id"
    assert client.get(f"/api/{path}.json?{fields}").json() == client.get(f"/api/{path}?{fields}").json()


@pytest.mark.parametrize(("path", "accept"), [("dataSets.xml", "*/*"), ("dataSets", "application/xml")])
def test_xml_is_said_not_to_be_imitated(client, path, accept):
    answer = client.get(f"/api/{path}", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["message"]) == (501, "The sandbox does not imitate /api/dataSets.xml")


def test_a_slash_at_the_end_is_another_path(client):
    assert client.get("/api/me/").status_code == 404


def test_random_order_of_nested_collections_differs_from_request_to_request(client):
    def links():
        body = client.get("/api/dataSets/BfMAe6Itzgt?fields=dataSetElements[dataElement]").json()
        return [each["dataElement"]["id"] for each in body["dataSetElements"]]

    orders = [links() for _ in range(4)]
    assert len({tuple(order) for order in orders}) > 1
    assert len({frozenset(order) for order in orders}) == 1


def test_changes_since_a_day_are_some_of_the_objects(client):
    for collection in ("sections", "categoryOptionCombos", "options", "organisationUnits"):
        query = "paging=false&filter=lastUpdated:ge:2017-02"
        some = len(ids(client.get(f"/api/{collection}?{query}"), collection))
        assert 0 < some < client.get(f"/api/{collection}").json()["pager"]["total"]
