from dataclasses import fields
from datetime import date, timedelta

import httpx
import polars as pl
import pytest

from prefect_patterns.dhis2 import ANALYTICS_SCHEMA
from prefect_patterns.dhis2.analytics import AnalyticsQuery, QueryOptions
from prefect_patterns.dhis2.explanations import EXPLANATIONS
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
    [
        {},
        [],
        7,
        {"headers": []},
        {"headers": [{}], "rows": []},
        grid(["dx"], None),
        grid(["dx"], [["a", "b"]]),
        grid(["dx"], "rows"),
    ],
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


def described(names, rows, items):
    return {**grid(names, rows), "metaData": {"items": items, "dimensions": {"dx": ["a"], "ou": ["o"], "pe": ["2024"]}}}


def test_names_come_with_the_answer_and_what_has_none_is_null_and_counted(served):
    rows = [["a", "o", "2024", "1"], ["b", "o", "2024", "2"]]
    items = {"a": {"name": "Penta 1"}, "o": {"name": "Bo"}, "2024": {"name": "2024"}, "b": {"uid": "b"}}
    server = served(described(["dx", "ou", "pe", "value"], rows, items))
    found = server.client.analytics_grid(dx=["a", "b"], ou=["o"], pe=["2024"])
    assert found.frame["dx_name"].to_list() == ["Penta 1", None]
    assert found.frame["ou_name"].to_list() == ["Bo", "Bo"]
    assert found.unnamed == {"dx": ("b",)}
    assert len(server.requests) == 1
    assert server.requests[0].url.params["skipMeta"] == "false"


def test_what_the_server_left_out_is_told_and_with_strict_refused(served):
    server = served(described(["dx", "ou", "pe", "value"], [["a", "o", "2024", "1"]], {}))
    query = {"dx": ["a", "typo"], "ou": ["o", "gone"], "pe": ["2024"]}
    assert server.client.analytics_grid(**query).dropped == {"dx": ("typo",), "ou": ("gone",)}
    with pytest.raises(UsageError, match=r"left out 2 ids: dx typo; ou gone"):
        server.client.analytics(**query, strict=True)
    assert server.client.analytics(dx=["a"], ou=["o"], pe=["2024"], strict=True).height == 1


def test_keywords_are_not_taken_for_ids_that_were_left_out(served):
    server = served(described(["dx", "ou", "pe", "value"], [["a", "o", "2024", "1"]], {}))
    assert server.client.analytics_grid(dx=["a"], ou=["USER_ORGUNIT"], pe=["THIS_YEAR"]).dropped == {}


def test_strict_cannot_be_had_with_another_scheme_of_ids(served):
    server = served(described(["dx", "ou", "pe", "value"], [["CODE", "o", "2024", "1"]], {}))
    with pytest.raises(UsageError, match="nobody can tell"):
        server.client.analytics(dx=["a"], ou=["o"], pe=["2024"], output_id_scheme="CODE", strict=True)


def test_the_first_and_the_last_day_of_each_period_come_on_request(served):
    server = served(grid(["pe", "value"], [["202402", "1"], ["2024Q2", "2"]]))
    frame = server.client.analytics(dx=["a"], pe=["202402", "2024Q2"], dates=True)
    days = [(str(start), str(end)) for start, end in frame.select("pe_start", "pe_end").iter_rows()]
    assert days == [("2024-02-01", "2024-02-29"), ("2024-04-01", "2024-06-30")]


def test_numerators_and_denominators_are_numbers(served):
    names = ["dx", "pe", "value", "numerator", "denominator", "factor", "multiplier", "divisor"]
    server = served(grid(names, [["a", "2024", "50.0", "1.0", "2.0", "100.0", "36500", "365"]]))
    frame = server.client.analytics(dx=["a"], pe=["2024"], include_num_den=True)
    assert server.requests[0].url.params["includeNumDen"] == "true"
    assert frame.select(names[2:]).row(0) == (50.0, 1.0, 2.0, 100.0, 36500.0, 365.0)


def test_a_missing_value_is_null_and_a_number_is_one(served):
    rows = [["a", None], ["b", 1.5], ["c", ""]]
    frame = served(grid(["dx", "value"], rows)).client.analytics(dx=["a", "b", "c"], pe=["2024"])
    assert frame["value"].to_list() == [None, 1.5, None]


def test_every_option_is_sent_as_dhis2_calls_it(served):
    server = served(grid(["dx", "J5jldMd8OHv", "value"], []))
    server.client.analytics(
        dx=["a"],
        dimensions={"J5jldMd8OHv": ["g1", "g2"], "co": []},
        start=date(2024, 1, 1),
        end=date(2024, 3, 31),
        aggregation_type="AVERAGE",
        skip_rounding=True,
        output_id_scheme="CODE",
        relative_period_date=date(2024, 5, 1),
    )
    query = server.requests[0].url.params
    assert query.get_list("dimension") == ["dx:a", "J5jldMd8OHv:g1;g2", "co"]
    assert {name: query[name] for name in query if name not in {"dimension", "skipMeta", "displayProperty"}} == {
        "startDate": "2024-01-01",
        "endDate": "2024-03-31",
        "aggregationType": "AVERAGE",
        "skipRounding": "true",
        "outputIdScheme": "CODE",
        "relativePeriodDate": "2024-05-01",
    }


def test_what_is_named_twice_is_asked_once_also_a_period_that_is_written_in_two_ways(served):
    server = served(grid(["dx", "pe", "value"], []))
    server.client.analytics(dx=["a", "b", "a"], pe=["2024W5", "2024W05", "2024W6"])
    assert server.requests[0].url.params.get_list("dimension") == ["dx:a;b", "pe:2024W5;2024W6"]


@pytest.mark.parametrize(
    "kind", [list, tuple, dict.fromkeys, iter, pl.Series], ids=["list", "tuple", "dict", "iterator", "series"]
)
def test_ids_are_taken_from_whatever_gives_them(served, kind):
    server = served(grid(["dx", "pe", "value"], []))
    server.client.analytics(
        dx=kind(["a", "b"]), pe=kind(["2024"]), dimensions={"co": kind(["c"])}, filters=kind(["ou:x"])
    )
    params = server.requests[0].url.params
    assert params.get_list("dimension") == ["dx:a;b", "pe:2024", "co:c"]
    assert params.get_list("filter") == ["ou:x"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"dx": ["a;b"]}, "dx has items that are no ids: 'a;b'"),
        ({"dx": ["a", ""]}, "no ids: ''"),
        ({"pe": ["2024, 2025"]}, "pe has items"),
        ({"dx": [7]}, "no ids: 7"),
        ({"dx": ["a"], "start": date(2024, 1, 1)}, "only given together"),
        ({"dx": ["a"], "start": "2024-01-01", "end": date(2024, 1, 1)}, "are dates, not '2024-01-01'"),
        ({"dx": ["a"], "start": date(2024, 2, 1), "end": date(2024, 1, 1)}, "start .* after they end"),
        ({"dx": ["a"], "dimensions": {"ou": ["x"]}}, "arguments of their own: 'ou'"),
        ({"dx": ["a"], "dimensions": {"a b": ["x"]}}, "names that are none"),
        ({"dx": ["a"], "filters": [" "]}, "filters has some that are none"),
    ],
)
def test_a_query_that_cannot_be_asked_is_a_wrong_argument(served, query, message):
    server = served({})
    with pytest.raises(UsageError, match=message):
        server.client.analytics(**query)
    assert server.requests == []


def test_all_that_is_wrong_with_a_query_is_said_at_once(served):
    with pytest.raises(UsageError) as caught:
        served({}).client.analytics(dx=["a b"], filters=[""], end=date(2024, 1, 1))
    assert caught.value.what.count(";") == 2


def test_the_options_of_the_client_are_the_fields_of_a_query():
    assert set(QueryOptions.__annotations__) == {field.name for field in fields(AnalyticsQuery)}


def test_a_refusal_as_text_under_a_good_status_is_a_refusal(served):
    text = "E7151: Too many combinations of columns or rows."
    headers = {"Content-Type": "application/json", "Content-Disposition": 'inline; filename="error.html"'}
    with pytest.raises(QueryRefused, match="Too many combinations") as caught:
        served(httpx.Response(200, text=text, headers=headers)).client.analytics(dx=["a"], pe=["2024"])
    assert caught.value.code == "E7151"


@pytest.mark.parametrize("content_type", ["text/html;charset=UTF-8", "application/csv", "text/csv"])
def test_it_is_one_whatever_type_the_text_claims(served, content_type):
    answer = httpx.Response(200, text="E7124: Dimension is present", headers={"Content-Type": content_type})
    with pytest.raises(QueryRefused) as caught:
        served(answer).client.analytics(dx=["a"], pe=["2024"])
    assert (caught.value.code, caught.value.hint) == ("E7124", EXPLANATIONS["E7124"].action)


def test_an_error_page_without_a_code_is_a_refusal_too(served):
    headers = {"Content-Type": "application/json", "Content-Disposition": 'inline; filename="error.html"'}
    with pytest.raises(QueryRefused, match="something broke"):
        served(httpx.Response(200, text="something broke", headers=headers)).client.analytics(dx=["a"], pe=["2024"])


@pytest.mark.parametrize(
    ("info", "hours", "warning"),
    [
        ({}, None, "does not say"),
        (
            {"lastAnalyticsTableSuccess": "1970-01-01T00:00:00.000", "serverDate": "2026-07-15T08:00"},
            None,
            "does not say",
        ),
        ({"lastAnalyticsTableSuccess": "never", "serverDate": "2026-07-15T08:00:00.000"}, None, "does not say"),
        ({"lastAnalyticsTableSuccess": "2026-07-15T02:00:00.000", "serverDate": "2026-07-15T08:00:00.000"}, 6, None),
        (
            {"lastAnalyticsTableSuccess": "2026-07-12T02:00:00.000", "serverDate": "2026-07-15T08:00:00"},
            78,
            "3 days old",
        ),
        ({"lastAnalyticsTableSuccess": "2026-07-15T09:00:00.000", "serverDate": "2026-07-15T08:00:00.000"}, 0, None),
        ({"lastAnalyticsTableSuccess": "2026-07-15T02:00:00.000"}, None, None),
    ],
)
def test_old_analytics_tables_are_a_warning(served, info, hours, warning):
    freshness = served(info).client.analytics_freshness()
    assert freshness.age == (None if hours is None else timedelta(hours=hours))
    said = freshness.warning()
    assert said is None if warning is None else warning in said


def test_tables_that_are_kept_up_in_parts_count_from_the_last_part(served):
    info = {
        "lastAnalyticsTableSuccess": "2026-07-01T02:00:00.000",
        "lastAnalyticsTablePartitionSuccess": "2026-07-15T07:00:00.000",
        "serverDate": "2026-07-15T08:00:00.000",
    }
    assert served(info).client.analytics_freshness().age == timedelta(hours=1)
