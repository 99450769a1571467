from urllib.parse import quote, unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.dhis2 import in_chunks
from prefect_patterns.dhis2.chunks import LONGEST_QUERY, split_filters
from prefect_patterns.errors import UsageError


@settings(max_examples=50)
@given(st.lists(st.text(min_size=1, max_size=8), max_size=20), st.integers(1, 60), st.integers(0, 3))
def test_chunks_hold_each_item_once_in_order_and_are_short(items, longest, extra):
    chunks = list(in_chunks(items, longest=longest, extra=extra))
    assert [item for chunk in chunks for item in chunk] == list(dict.fromkeys(items))
    for chunk in chunks:
        assert chunk
        assert len(chunk) == 1 or sum(len(quote(item, safe="")) + extra for item in chunk) <= longest


def test_a_chunk_holds_something():
    with pytest.raises(UsageError):
        list(in_chunks(["a"], longest=0))


def test_filters_that_fit_stay_as_they_are():
    assert split_filters(["level:eq:4", "id:in:[a,b]"]) == [["level:eq:4", "id:in:[a,b]"]]
    assert split_filters([]) == [[]]
    assert split_filters(["name:like:" + "x" * 9_000]) == [["name:like:" + "x" * 9_000]]


IDS = [f"u{number:010}" for number in range(2_000)]


@pytest.mark.parametrize("filters", [[f"id:in:[{','.join(IDS)}]"], ["level:eq:4", f"id:in:[{','.join(IDS)}]"]])
def test_a_long_list_of_ids_is_asked_for_in_parts_and_united(served, filters):
    def handler(request):
        if len(str(request.url)) > 8_000:
            return httpx.Response(414, html="<html>nginx")
        wanted = unquote(request.url.params.get_list("filter")[-1])[len("id:in:[") : -1].split(",")
        rows = [{"id": each} for each in wanted]
        page, size = int(request.url.params["page"]), int(request.url.params["pageSize"])
        pager = {"page": page, "pageCount": -(-len(rows) // size), "total": len(rows)}
        return httpx.Response(200, json={"pager": pager, "things": rows[(page - 1) * size : page * size]})

    server = served(handler, page_size=100)
    assert [row["id"] for row in server.client.fetch_metadata("things", "id", filters=filters)] == IDS
    assert all(len(request.url.query) < LONGEST_QUERY + 300 for request in server.requests)
    assert all("level:eq:4" in request.url.params.get_list("filter") for request in server.requests) == (
        len(filters) == 2
    )


def test_an_object_that_two_parts_find_is_given_once(served):
    """A filter on a collection: the object has references of both parts."""
    server = served({"things": [{"id": "a"}]})
    assert server.client.fetch_metadata("things", filters=[f"groups.id:in:[{','.join(IDS)}]"]) == [{"id": "a"}]
    assert len(server.requests) > 3


def dhis2_of(tree, requests):
    """Answer as DHIS2: units in the list and those below them have one value each, once."""

    def handler(request):
        requests.append(request)
        if len(str(request.url)) > 8_000:
            return httpx.Response(414)
        query = request.url.params
        if request.url.path.endswith("organisationUnits"):
            wanted = unquote(query["filter"])[len("id:in:[") : -1].split(",")
            return httpx.Response(200, json={"organisationUnits": [{"id": u, "path": tree[u]} for u in wanted]})
        asked = set(query.get_list("orgUnit"))
        below = query["children"] == "true"
        found = [u for u, path in tree.items() if asked & set(path.split("/") if below else [u])]
        rows = [{"dataElement": "d", "period": "202401", "orgUnit": unit, "value": "1"} for unit in found]
        return httpx.Response(200, json={"dataValues": rows})

    return handler


@pytest.mark.parametrize("children", [True, False])
def test_values_of_a_long_list_of_units_come_once_although_some_lie_below_others(served, children):
    tree = {unit: f"/root/{unit}" for unit in IDS[:400]}
    tree |= {f"c{unit}": f"/root/{unit}/c{unit}" for unit in IDS[:400]}
    tree |= {f"g{unit}": f"/root/{unit}/c{unit}/g{unit}" for unit in IDS[:400]}
    asked = [*IDS[:400], *(f"c{unit}" for unit in IDS[:100]), *IDS[:3]]
    server = served(dhis2_of(tree, requests := []))
    frames = server.client.iter_data_values(data_sets="s", periods="202401", org_units=asked, children=children)
    units = [unit for frame in frames for unit in frame["org_unit"]]
    assert sorted(units) == sorted(tree if children else set(asked))
    assert max(len(str(request.url)) for request in requests) < LONGEST_QUERY + 300


def test_long_lists_of_periods_and_data_elements_are_asked_for_in_parts(served):
    server = served({"dataValues": []})
    periods = [f"{year}{month:02}" for year in range(1980, 2030) for month in range(1, 13)]
    list(server.client.iter_data_values(data_elements=IDS[:300], periods=periods, org_units="o"))
    asked = {
        (element, period)
        for request in server.requests
        for element in request.url.params.get_list("dataElement")
        for period in request.url.params.get_list("period")
    }
    assert asked == {(element, period) for element in IDS[:300] for period in periods}
    assert all(len(request.url.query) <= LONGEST_QUERY for request in server.requests)


def test_data_elements_beside_a_data_set_are_not_divided(served):
    """The server gives the values of either once; divided, an element of the data set would come twice."""
    server = served({"dataValues": []})
    list(server.client.iter_data_values(data_sets="s", data_elements=IDS[:300], periods="2024", org_units="o"))
    assert len(server.requests) == 1
