"""Metadata lists and single objects: paging, filter, order, refusals."""

import pytest

UNITS = "/api/organisationUnits"


def ids(answer, collection="organisationUnits"):
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()[collection]]


@pytest.mark.parametrize(
    ("collection", "total"),
    [
        ("organisationUnits", 1332),
        ("organisationUnitGroups", 5),
        ("organisationUnitLevels", 4),
        ("dataElements", 601),
        ("dataSets", 26),
        ("indicators", 17),
        ("indicatorTypes", 2),
        ("categoryCombos", 22),
        ("categories", 22),
        ("categoryOptions", 82),
        ("categoryOptionCombos", 139),
        ("optionSets", 2),
    ],
)
def test_each_list_gives_its_objects_by_id_and_name_in_pages_of_50(client, collection, total):
    body = client.get(f"/api/{collection}").json()
    assert body["pager"]["total"] == total
    assert (body["pager"]["page"], body["pager"]["pageSize"]) == (1, 50)
    assert len(body[collection]) == min(total, 50)
    assert all(set(each) == {"id", "displayName"} for each in body[collection])


def test_following_next_page_gives_every_unit_once(client):
    url, seen = f"{UNITS}?order=id:asc&pageSize=400&fields=id,level", []
    while url:
        body = client.get(url).json()
        assert set(body["organisationUnits"][0]) == {"id", "level"}
        seen += [each["id"] for each in body["organisationUnits"]]
        url = body["pager"].get("nextPage")
    assert len(seen) == len(set(seen)) == 1332
    assert seen == sorted(seen)


def test_a_page_beyond_the_end_claims_to_be_the_last_over_an_empty_list(client):
    body = client.get(f"{UNITS}?page=99").json()
    assert body["pager"]["page"] == body["pager"]["pageCount"] == 27
    assert body["organisationUnits"] == []
    assert "nextPage" not in body["pager"]
    assert "page=26" in body["pager"]["prevPage"]


def test_without_paging_there_is_no_pager(client):
    body = client.get(f"{UNITS}?paging=false").json()
    assert list(body) == ["organisationUnits"]
    assert len(body["organisationUnits"]) == 1332


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
    ],
)
def test_order(client, order, key, backwards):
    rows = client.get(f"{UNITS}?paging=false&fields=id,name,level&order={order}").json()["organisationUnits"]
    assert rows == sorted(rows, key=key, reverse=backwards)


def test_an_unknown_order_property_is_ignored(client):
    assert len(ids(client.get(f"{UNITS}?order=nothing:asc"))) == 50


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (["level:eq:2"], 13),
        (["level:ne:4"], 166),
        (["level:!eq:4"], 166),
        (["level:in:[1,2]"], 14),
        (["id:in:[O6uvpzGd5pu,ImspTQPwCqd,notThere123]"], 2),
        (["parent.id:eq:O6uvpzGd5pu"], 15),
        (["parent.parent.name:eq:Bo", "level:eq:4"], 125),
        (["parent.id:in:[O6uvpzGd5pu,fdc6uOvgoji]"], 28),
        (["level:eq:2,name:in:[Bo,Kono]"], 2),
        (["name:eq:bo"], 0),
        (["displayName:ilike:bombali"], 2),
        (["leaf:eq:false"], 166),
        (["children:eq:15"], 3),
        (["organisationUnitGroups.name:eq:Hospital"], 36),
        (["closedDate:ne:2016-10-01T00:00:00.000"], 2),
        (["comment:eq:x"], 0),
    ],
)
def test_filters(client, filters, count):
    answer = client.get(UNITS, params={"paging": "false", "filter": filters})
    assert len(ids(answer)) == count


def test_filters_reach_through_collections_of_complex_objects(client):
    answer = client.get("/api/dataElements?paging=false&filter=dataSetElements.dataSet.id:in:[BfMAe6Itzgt]")
    assert len(ids(answer, "dataElements")) == 31


def test_filters_can_be_joined_by_or(client):
    query = {"paging": "false", "filter": ["name:eq:Bo", "name:eq:Kono"], "rootJunction": "OR"}
    assert len(ids(client.get(UNITS, params=query))) == 2


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("filter=nothing:eq:1", "Unknown path property: nothing"),
        ("filter=parent.nothing:eq:1", "Unknown path property: parent.nothing"),
        ("filter=name:in:Bo", "Invalid argument `Bo` for in operator."),
        ("filter=level:eq:two", "Unable to parse `two` as `Integer`."),
        ("filter=name", "Invalid filter => name"),
        ("filter=name:like", "Invalid filter => name:like"),
        ("filter=name:looks:x", "`looks` is not a valid operator."),
        ("page=two", "Unable to parse `two` as `Integer`."),
    ],
)
def test_wrong_queries_are_400_with_e1003(client, query, message):
    answer = client.get(f"{UNITS}?{query}")
    assert answer.status_code == 400
    assert answer.json() == {
        "httpStatus": "Bad Request",
        "httpStatusCode": 400,
        "status": "ERROR",
        "message": message,
        "errorCode": "E1003",
    }


@pytest.mark.parametrize("path", ["?filter=level:gt:2", "?level=2", "?query=Bo", "/O6uvpzGd5pu?level=1"])
def test_what_the_sandbox_does_not_imitate_it_says(client, path):
    answer = client.get(f"{UNITS}{path}")
    assert answer.status_code == 501
    assert "does not imitate" in answer.json()["message"]


def test_a_single_object_has_all_its_properties(client):
    unit = client.get(f"{UNITS}/DiszpKrYNg8").json()
    assert unit["name"] == "Ngelehun CHC"
    assert unit["parent"] == {"id": "YuQRtpLP10I"}
    assert [each["id"] for each in unit["ancestors"]] == ["ImspTQPwCqd", "O6uvpzGd5pu", "YuQRtpLP10I"]
    assert unit["organisationUnitGroups"] == [{"id": "CXw2yu5fodb"}]


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_property_of_a_single_object_can_be_asked_for(client, suffix):
    assert client.get(f"{UNITS}/O6uvpzGd5pu{suffix}?fields=name").json() == {"name": "Bo"}
    assert client.get(f"{UNITS}/DiszpKrYNg8/parent?fields=name").json() == {"parent": {"name": "Badjia"}}


def test_an_unknown_uid_is_404_with_its_class(client):
    answer = client.get("/api/dataElements/abcdefghijk")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "E1005"
    assert answer.json()["message"] == "DataElement with id abcdefghijk could not be found."


def test_the_class_of_a_category_is_spelt_right(client):
    assert client.get("/api/categories/abcdefghijk").json()["message"].startswith("Category with id")


@pytest.mark.parametrize("uid", ["short", "much_too_long_for_a_uid", "abcdefghij-"])
def test_what_is_not_a_uid_is_405(client, uid):
    answer = client.get(f"{UNITS}/{uid}")
    assert (answer.status_code, answer.json()["httpStatusCode"]) == (405, 405)


@pytest.mark.parametrize(
    ("path", "count", "first"),
    [
        ("O6uvpzGd5pu/children", 16, "Badjia"),  # the unit itself is among them, as on the server
        ("O6uvpzGd5pu?includeChildren=true", 16, "Badjia"),
        ("YuQRtpLP10I/descendants", 3, "Badjia"),
        ("DiszpKrYNg8/ancestors", 4, "Sierra Leone"),
        ("DiszpKrYNg8?includeAncestors=true", 4, "Sierra Leone"),
        ("DiszpKrYNg8/parents", 3, "Sierra Leone"),
    ],
)
def test_the_kin_of_a_unit_is_a_list_of_units(client, path, count, first):
    body = client.get(f"{UNITS}/{path}").json()
    assert body["pager"]["total"] == count
    assert body["organisationUnits"][0]["displayName"] == first


@pytest.mark.parametrize("path", ["system/info", "me"])
def test_a_suffix_asks_for_the_same(client, path):
    assert (
        client.get(f"/api/{path}.json?fields=version,id").json() == client.get(f"/api/{path}?fields=version,id").json()
    )


def test_a_slash_at_the_end_is_another_path(client):
    assert client.get("/api/me/").status_code == 404
