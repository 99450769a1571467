import httpx
import polars as pl
import pytest

from prefect_patterns.dhis2 import ANALYTICS_SCHEMA
from prefect_patterns.errors import QueryRefused, UnexpectedAnswer, UsageError

ASKED = {"dx": ["dx1", "dx2"], "ou": ["LEVEL-2", "ImspTQPwCqd"], "pe": ["LAST_12_MONTHS"]}


def grid(names, rows):
    return {"headers": [{"name": name, "column": name.title()} for name in names], "metaData": {}, "rows": rows}


def test_the_dimensions_are_asked_as_dhis2_wants_them(served):
    server = served(grid(["dx", "ou", "pe", "value"], []))
    server.client.analytics(**ASKED, filters=["co:abc"])
    assert server.paths == ["/api/analytics.json"]
    query = server.requests[0].url.params
    assert query.get_list("dimension") == ["dx:dx1;dx2", "ou:LEVEL-2;ImspTQPwCqd", "pe:LAST_12_MONTHS"]
    assert query.get_list("filter") == ["co:abc"]


def test_columns_are_found_by_name_not_by_place(served):
    frame = served(grid(["pe", "value", "dx", "ou"], [["202401", "46", "a", "o"]])).client.analytics(**ASKED)
    assert frame.schema == ANALYTICS_SCHEMA
    assert frame.rows() == [("a", "o", "202401", 46.0)]


def test_a_grid_without_rows_is_an_empty_frame(served):
    frame = served(grid(["dx", "ou", "pe", "value"], [])).client.analytics(**ASKED)
    assert frame.schema == ANALYTICS_SCHEMA
    assert frame.height == 0


@pytest.mark.parametrize("name", ["analytics.2.36.01.json", "analytics.2.36.02.json"])
def test_recorded_answers_are_read_whole(served, recorded, name):
    answer = recorded(name)["response"]
    frame = served(answer).client.analytics(dx=[], ou=ASKED["ou"], pe=ASKED["pe"], filters=["dx:sB79w2hiLp8"])
    assert frame.height == len(answer["rows"])
    assert frame["value"].null_count() == 0
    assert frame["dx"].null_count() == frame.height
    columns = [header["name"] for header in answer["headers"]]
    oracle = {tuple(row[columns.index(name)] for name in ("ou", "pe", "value")) for row in answer["rows"]}
    found = frame.select("ou", "pe", "value").rows()
    assert {(ou, pe, float(value)) for ou, pe, value in oracle} == set(found)


def test_other_dimensions_follow_as_text(served):
    frame = served(grid(["dx", "co", "pe", "value"], [["a", "c", "2024", "1.5"]])).client.analytics(**ASKED)
    assert frame.columns == ["dx", "ou", "pe", "value", "co"]
    assert frame.row(0) == ("a", None, "2024", 1.5, "c")


def test_a_value_that_is_no_number_is_not_dropped_in_silence(served):
    with pytest.raises(UnexpectedAnswer, match="cannot be read"):
        served(grid(["dx", "ou", "pe", "value"], [["a", "o", "2024", "many"]])).client.analytics(**ASKED)


@pytest.mark.parametrize(
    "body",
    [{}, [], 7, {"headers": []}, {"headers": [{}], "rows": []}, grid(["dx"], [["a", "b"]]), grid(["dx"], "rows")],
)
def test_what_is_no_grid_is_an_unexpected_answer(served, body):
    with pytest.raises(UnexpectedAnswer):
        served(lambda _: httpx.Response(200, json=body)).client.analytics(**ASKED)


def test_a_refused_query_carries_its_code(served):
    refusal = httpx.Response(
        409,
        json={
            "httpStatus": "Conflict",
            "httpStatusCode": 409,
            "status": "ERROR",
            "message": "Data items `dx` must be specified",
            "errorCode": "E7124",
        },
    )
    with pytest.raises(QueryRefused) as caught:
        served(refusal).client.analytics(**ASKED)
    assert (caught.value.code, caught.value.status) == ("E7124", 409)


def test_nothing_asked_is_a_wrong_argument(served):
    server = served({})
    with pytest.raises(UsageError):
        server.client.analytics(dx=[], ou=[], pe=[])
    assert server.requests == []


def test_it_comes_as_batches_too(served):
    server = served(grid(["dx", "ou", "pe", "value"], [["a", "o", "2024", "1"]]))
    assert pl.concat(server.client.iter_analytics(**ASKED)).equals(server.client.analytics(**ASKED))
