import httpx
import polars as pl
import pytest

from prefect_patterns.dhis2 import tidy
from prefect_patterns.dhis2.fields import promised_columns
from prefect_patterns.errors import RemoteError, RemoteUnavailable, UnexpectedAnswer, UsageError

FOREVER = 40


def uid(number):
    return f"u{number:010}"


def paged(total, *, key="organisationUnits", change=None):
    """Answer as DHIS2 does: the page is clamped to the last one, the rows are cut at the offset that was asked."""

    def handler(request):
        query = request.url.params
        page, size = int(query["page"]), int(query["pageSize"])
        count = max(1, -(-total // size))
        rows = [{"id": uid(number), "name": f"Unit {number}"} for number in range(total)]
        body = {
            "pager": {"page": min(page, count), "total": total, "pageSize": size, "pageCount": count},
            key: rows[(page - 1) * size : page * size],
        }
        if page < count:
            body["pager"]["nextPage"] = f"http://evil.test/api/{key}?page={page + 1}"
        return httpx.Response(200, json=change(body, page) if change else body)

    return handler


@pytest.mark.parametrize("total", [0, 1, 6, 7, 8, 21, 22])
def test_all_pages_are_fetched_in_order(served, total):
    server = served(paged(total), page_size=7)
    rows = server.client.fetch_metadata("organisationUnits")
    assert [row["id"] for row in rows] == [uid(number) for number in range(total)]
    assert len(server.requests) == max(1, -(-total // 7))
    assert {request.url.host for request in server.requests} == {"dhis2.test"}


def test_the_request_is_for_stable_pages_of_what_was_asked(served):
    server = served(paged(1))
    server.client.fetch_metadata("organisationUnits", "id,parent[id]", filters=["level:eq:2", "code:!null"])
    query = server.requests[0].url.params
    assert (query["fields"], query["order"], query["paging"], query["page"]) == ("id,parent[id]", "id:asc", "true", "1")
    assert query.get_list("filter") == ["level:eq:2", "code:!null"]


def test_the_default_asks_for_what_the_owner_set(served):
    server = served(paged(1))
    server.client.fetch_metadata("organisationUnits")
    assert server.requests[0].url.params["fields"] == ":owner"


@pytest.mark.parametrize("endpoint", ["organisationUnits", "/organisationUnits/", "api/organisationUnits"])
def test_an_endpoint_is_taken_as_people_write_it(served, endpoint):
    server = served(paged(3))
    assert len(server.client.fetch_metadata(endpoint)) == 3
    assert server.paths == ["/api/organisationUnits"]


def test_the_list_of_a_path_with_another_name_is_found(served):
    server = served(paged(3, key="organisationUnits"))
    assert len(server.client.fetch_metadata("organisationUnits/ImspTQPwCqd/children")) == 3


def test_a_list_without_pager_is_whole(served):
    assert len(served({"things": [{"id": "a"}, {"id": "b"}]}).client.fetch_metadata("things")) == 2


def test_a_pager_without_count_ends_where_no_next_page_is(served):
    def handler(request):
        page = int(request.url.params["page"])
        pager = {"page": page, **({"nextPage": "x"} if page < 3 else {})}
        return httpx.Response(200, json={"pager": pager, "things": [{"id": uid(page)}]})

    assert len(served(handler).client.fetch_metadata("things")) == 3


def test_a_pager_that_says_nothing_but_the_size_of_its_pages_ends_with_a_page_that_is_not_full(served):
    def change(body, page):
        return {**body, "pager": {"page": page, "pageSize": 3}}

    assert len(served(paged(8, change=change), page_size=3).client.fetch_metadata("organisationUnits")) == 8


def test_an_empty_page_is_not_the_end(served):
    def change(body, page):
        return {**body, "organisationUnits": []} if page == 2 else body

    rows = served(paged(9, change=change), page_size=3).client.fetch_metadata("organisationUnits")
    assert [row["id"] for row in rows] == [uid(number) for number in (0, 1, 2, 6, 7, 8)]


def first_page_again(body, page):
    return {"pager": {**body["pager"], "page": 1}, "organisationUnits": [{"id": uid(0)}, {"id": uid(1)}]}


def one_more_page(body, page):
    return {"pager": {"page": page, "pageCount": page + 1, "nextPage": "x"}, "organisationUnits": [{"id": uid(page)}]}


def one_more_empty_page(body, page):
    return {"pager": {"page": page, "pageCount": page + 1, "nextPage": "x"}, "organisationUnits": []}


def the_same_names(body, page):
    return {"pager": {"page": 1, "pageCount": 9}, "organisationUnits": [{"name": "no id"}]}


def the_same_page_of_unknown_many(body, page):
    return {"pager": {"nextPage": "x"}, "organisationUnits": [{"id": uid(0)}]}


@pytest.mark.parametrize(
    "change",
    [first_page_again, one_more_page, one_more_empty_page, the_same_names, the_same_page_of_unknown_many],
)
def test_a_server_that_makes_no_progress_is_not_asked_for_ever(served, change):
    server = served(paged(4, change=change), page_size=2)
    with pytest.raises(UnexpectedAnswer, match="page"):
        server.client.fetch_metadata("organisationUnits")
    assert len(server.requests) < FOREVER


def test_an_empty_list_that_always_has_a_next_page_ends(served):
    server = served({"pager": {"nextPage": "x"}, "things": []})
    assert server.client.fetch_metadata("things") == []


@pytest.mark.parametrize(
    "body", [{}, {"version": "2.43"}, [], {"a": [{}], "b": [{}]}, {"things": [1]}, {"things": {"id": 1}}, 7, "x"]
)
def test_what_is_no_list_is_an_unexpected_answer(served, body):
    with pytest.raises(UnexpectedAnswer, match="list of objects"):
        served(httpx.Response(200, json=body)).client.fetch_metadata("things")


def test_a_failure_on_a_later_page_is_one_of_the_whole(served):
    def handler(request):
        return paged(9)(request) if request.url.params["page"] == "1" else httpx.Response(502)

    server = served(handler, page_size=3)
    with pytest.raises(RemoteUnavailable):
        server.client.fetch_metadata("organisationUnits")


@pytest.mark.parametrize("times", [1, 9])
def test_a_page_that_arrives_by_half_is_asked_for_again(served, times):
    """A proxy may close an answer properly in its middle: only the JSON says that something lacks."""
    whole, asked = paged(9), []

    def handler(request):
        asked.append(request.url.params["page"])
        half = httpx.Response(200, content=whole(request).content[:40], headers={"Content-Type": "application/json"})
        return half if asked[-1] == "2" and asked.count("2") <= times else whole(request)

    client = served(handler, page_size=3, max_workers=1).client
    if times == 1:
        assert len(client.fetch_metadata("organisationUnits")) == 9
    else:
        with pytest.raises(RemoteUnavailable, match="broke off"):
            client.fetch_metadata("organisationUnits")
    assert asked == (["1", "2", "2", "3"] if times == 1 else ["1", *["2"] * 5])


def test_pages_come_one_at_a_time(served):
    server = served(paged(9), page_size=3)
    objects = server.client.iter_metadata("organisationUnits")
    assert next(objects)["id"] == uid(0)
    assert len(server.requests) == 1


def test_a_page_holds_something(served):
    with pytest.raises(UsageError):
        served({}).client.fetch_metadata("things", page_size=0)


def test_the_columns_of_a_frame_are_those_that_were_asked_whatever_the_server_sends(served):
    fields = "id,name,parent[id,name],geometry"
    expected = ["id", "name", "parent.id", "parent.name", "geometry"]
    for rows in ([], [{"id": "a"}], [{"id": "a", "parent": {"id": "p"}}], [{"parent": {"id": "p"}, "id": "a"}]):
        frame = served({"organisationUnits": rows}).client.frame("organisationUnits", fields)
        assert frame.columns == expected
        assert frame.height == len(rows)


def test_a_reference_that_no_object_has_is_null(served):
    rows = [{"id": "a", "parent": None}, {"id": "b"}]
    frame = served({"organisationUnits": rows}).client.frame("organisationUnits", "id,parent[id]")
    assert frame.columns == ["id", "parent.id"]
    assert frame["parent.id"].to_list() == [None, None]


def test_an_empty_list_is_an_empty_frame_with_ids(served):
    assert served({"things": []}).client.frame("things").schema == {"id": pl.String()}


OBJECTS = [{"id": uid(number), "level": number % 5, "text": "x" * 80} for number in range(9_000)]


def long(rows=OBJECTS):
    """Answer as DHIS2 does, with pages of *rows*."""

    def handler(request):
        query = request.url.params
        page, size = int(query["page"]), int(query["pageSize"])
        pager = {"page": page, "total": len(rows), "pageSize": size, "pageCount": -(-len(rows) // size)}
        return httpx.Response(200, json={"pager": pager, "things": rows[(page - 1) * size : page * size]})

    return handler


def sizes(server):
    return [int(request.url.params["pageSize"]) for request in server.requests]


def test_a_long_list_is_read_in_pages_of_about_a_megabyte_that_keep_all_threads_busy(served):
    server = served(long(), max_workers=2)
    assert server.client.fetch_metadata("things", "id,level,text") == OBJECTS
    assert sizes(server) == [500, *[2250] * 4]
    server = served(long([row | {"text": "x" * 1_000} for row in OBJECTS]), max_workers=2)
    assert len(server.client.fetch_metadata("things", "id,level,text")) == 9_000
    assert 800 < max(sizes(server)) < 1_000


@pytest.mark.parametrize(("given", "expected"), [({"page_size": 500}, 18), ({"max_workers": 9}, 18)])
def test_pages_are_not_made_larger_when_their_size_is_given_or_the_list_is_short(served, given, expected):
    server = served(long(), **given)
    assert server.client.fetch_metadata("things", "id") == OBJECTS
    assert sizes(server) == [500] * expected


def test_a_frame_is_the_same_from_objects_and_from_bytes(served):
    fields = "id,level,text,parent[id]"
    geometry = {"id": "z", "geometry": {"type": "Point", "coordinates": [1, 2]}, "level": None}
    late = [*OBJECTS, {"id": "y", "level": 1.5, "parent": {"id": "p"}}]
    for rows in (OBJECTS, late, [*OBJECTS, geometry], [*late, {"id": "x", "text": [1, {}], "level": "one"}]):
        assert served(long(rows)).client.frame("things", fields).equals(tidy(rows, fields))


def test_an_object_that_comes_twice_is_once_in_a_frame(served):
    def change(body, page):
        return body | {"organisationUnits": [{"id": uid(0), "name": "Unit 0"}, *body["organisationUnits"]]}

    frame = served(paged(4, change=change), page_size=2).client.frame("organisationUnits", "id,name")
    assert sorted(frame["id"]) == [uid(number) for number in range(4)]


def test_an_error_under_a_good_status_is_no_frame(served):
    body = {"status": "ERROR", "httpStatusCode": 409, "message": "no", "things": [{"id": "a"}]}
    with pytest.raises(RemoteError, match="no"):
        served(body).client.frame("things", "id")


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ("", []),
        (":owner", []),
        ("*,!code,:nameable", []),
        ("id, name", ["id", "name"]),
        ("a[b[c,d],e],f", ["a.b.c", "a.b.d", "a.e", "f"]),
        ("a(b)", ["a.b"]),
        ("a[:all]", ["a"]),
        ("children::size,x~rename(y),z|isEmpty", ["children", "y", "z"]),
        ("id,id", ["id"]),
        ("a[", ["a"]),
    ],
)
def test_fields_promise_columns(fields, columns):
    assert promised_columns(fields) == columns


@pytest.mark.parametrize("status", [404, 405])
def test_a_list_that_is_not_there_is_refused(served, status):
    with pytest.raises(RemoteError) as caught:
        served(httpx.Response(status, html="<html>Tomcat")).client.fetch_metadata("nothing")
    assert caught.value.exit_code == 4
