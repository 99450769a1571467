import re

import httpx
import polars as pl
import pytest

from prefect_patterns.dhis2.names import with_names

NAMES = {f"ouFacility{number:04}": f"Facility {number % 50}" for number in range(2_000)}


def named(request):
    """Answer a list of units as DHIS2 does: those of the filter that it knows, in pages."""
    query = request.url.params
    wanted = re.fullmatch(r"id:in:\[(.*)\]", query["filter"])[1].split(",")
    known = [{"id": uid, "displayName": NAMES[uid]} for uid in wanted if uid in NAMES]
    page, size = int(query["page"]), int(query["pageSize"])
    pager = {"page": page, "pageCount": max(1, -(-len(known) // size)), "total": len(known)}
    return httpx.Response(200, json={"pager": pager, "organisationUnits": known[(page - 1) * size : page * size]})


def test_many_names_are_found_in_requests_of_a_usual_length(served):
    server = served(named)
    assert server.client.names("organisationUnits", NAMES) == NAMES
    assert max(len(str(request.url)) for request in server.requests) < 5_000


def test_a_name_is_asked_for_once(served):
    server = served(named)
    some = list(NAMES)[:3]
    server.client.names("organisationUnits", [*some, "gone0000000"])
    asked = len(server.requests)
    again = server.client.names("organisationUnits", [*some, some[0], "gone0000000"])
    assert again == {uid: NAMES[uid] for uid in some} | {"gone0000000": None}
    assert len(server.requests) == asked


def test_one_id_by_itself_is_not_taken_for_its_letters(served):
    assert served(named).client.names("organisationUnits", "ouFacility0001") == {"ouFacility0001": "Facility 1"}


def test_ids_without_a_name_stay_and_have_none(served):
    found = served(named).client.names("organisationUnits", ["ouFacility0001", "gone0000000", None])
    assert found == {"ouFacility0001": "Facility 1", "gone0000000": None}


@pytest.mark.parametrize("wrong", ["a,b", "a]", "", "a b", "ä"])
def test_what_cannot_be_an_id_is_not_asked_for(served, wrong):
    server = served(named)
    assert server.client.names("organisationUnits", [wrong]) == {wrong: None}
    assert server.requests == []


def test_nothing_to_name_is_nothing_to_ask(served):
    server = served(named)
    assert server.client.names("organisationUnits", []) == {}
    assert server.requests == []


def test_a_name_that_is_missing_or_no_text_is_none(served):
    rows = [{"id": "a"}, {"id": "b", "displayName": 7}, {"id": "c", "name": "C"}, {"displayName": "no id"}]
    server = served({"pager": {"page": 1, "pageCount": 1, "total": 4}, "organisationUnits": rows})
    assert server.client.names("organisationUnits", ["a", "b", "c"]) == {"a": None, "b": None, "c": "C"}


def test_names_of_one_list_are_not_those_of_another(served):
    def answer(request):
        name = request.url.path.rpartition("/")[2]
        return httpx.Response(
            200, json={"pager": {"page": 1, "pageCount": 1}, name: [{"id": "a", "displayName": name}]}
        )

    client = served(answer).client
    assert client.names("dataElements", ["a"]) == {"a": "dataElements"}
    assert client.names("indicators", ["a"]) == {"a": "indicators"}


def test_a_frame_gets_names_beside_its_ids():
    frame = pl.DataFrame({"org_unit": ["a", "b", None], "data_element": ["x", "x", "y"]})
    dressed = with_names(frame, {"org_unit": {"a": "Bo", "b": "Bo"}, "data_element": {}})
    assert dressed.columns == ["org_unit", "data_element", "org_unit_name", "data_element_name"]
    assert dressed["org_unit_name"].to_list() == ["Bo", "Bo", None]
    assert dressed["data_element_name"].null_count() == 3
