"""Any way of cutting a query gives what one request gives."""

import threading
from itertools import product

import httpx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.dhis2.analytics import Limits
from prefect_patterns.dhis2.analytics.plan import Chunk, plan
from prefect_patterns.dhis2.analytics.query import Axis
from prefect_patterns.errors import QueryRefused, RemoteRefused, RemoteUnavailable, UsageError
from prefect_patterns.http import Retries
from prefect_patterns.testing import FakeClock

UNLIMITED = Limits(cells=10**9, url=10**6)
MONTHS = [f"2024{month:02}" for month in range(1, 7)]
FACILITIES = [f"ouFacility{letter}" for letter in "ABCDEFGH"]
DISTRICTS = {"ouDistrictX": FACILITIES[:3], "ouDistrictY": FACILITIES[3:6], "ouDistrictZ": FACILITIES[6:]}
COUNTRY = "ouCountry00"
GROUPS = {"ougroup0000": FACILITIES[::2], "ougroup0001": FACILITIES[1::2]}
DATA = [f"dxElement0{number}" for number in range(5)]
BELOW = {COUNTRY: FACILITIES, **DISTRICTS, **{each: [each] for each in FACILITIES}}
LEVELS = {1: [COUNTRY], 2: list(DISTRICTS), 3: FACILITIES}
VALUES = {
    (dx, ou, pe): (7 * row + 3 * column + 11 * depth) % 23
    for (row, dx), (column, ou), (depth, pe) in product(*map(enumerate, (DATA, FACILITIES, MONTHS)))
    if (row + column * 2 + depth) % 5
}


class Refused(Exception):
    def __init__(self, code, message, status=409):
        self.response = httpx.Response(
            status, json={"status": "ERROR", "httpStatusCode": status, "errorCode": code, "message": message}
        )


class Analytics:
    """A server of analytics in memory that refuses what is too much, in one of the ways of real ones."""

    def __init__(self, *, most=10**9, url=10**9, how="E7128"):
        self.most, self.url, self.how = most, url, how
        self.asked: list[dict[str, list[str]]] = []
        self.refused = 0
        self._lock = threading.Lock()

    def __call__(self, request):
        query = request.url.params
        with self._lock:
            self.asked.append({key: query.get_list(key) for key in query})
        try:
            if len(str(request.url)) > self.url:
                return self._count(httpx.Response(414, html="<h1>414 Request-URI Too Large</h1>"))
            columns, filters = map(_axes, (query.get_list("dimension"), query.get_list("filter")))
            rows = [] if query.get("skipData") == "true" else _rows(columns, filters)
            if len(rows) > self.most:
                return self._count(self._too_much())
        except Refused as refused:
            return refused.response
        asked = {item for text in query.get_list("dimension") for item in text.partition(":")[2].split(";")}
        known = {item for items in columns.values() for item in items} | (asked & BELOW.keys())
        names = {item: {"name": f"Name of {item}"} for item in known}
        about = {"items": names, "dimensions": {**columns, **filters}}
        headers = [{"name": name} for name in [*columns, "value"]] if query.get("skipData") != "true" else []
        return httpx.Response(
            200, json={"headers": headers, "metaData": {} if query["skipMeta"] == "true" else about, "rows": rows}
        )

    def _count(self, response):
        with self._lock:
            self.refused += 1
        return response

    def _too_much(self):
        if self.how == "text":
            return httpx.Response(
                200, text="E7151: Too many combinations", headers={"Content-Type": "application/json"}
            )
        if self.how == "timeout":
            raise httpx.ReadTimeout("late")
        if self.how.isdecimal():
            return httpx.Response(int(self.how), html="<h1>proxy</h1>")
        limit = f"Query result set exceeded max limit: `{self.most}`" if self.how == "E7128" else "too much"
        return Refused(self.how, limit).response

    @property
    def client(self):
        return Dhis2Client(
            "http://dhis2.test",
            "admin",
            "district",
            transport=httpx.MockTransport(self),
            clock=FakeClock(),
            retries=Retries(0),
        )


def _axes(texts):
    return {name: _items(name, [item for item in items.split(";") if item]) for name, _, items in map(_parted, texts)}


def _parted(text):
    return text.partition(":")


def _items(name, items):
    if name == "ou":
        return _units(items)
    if name == "pe":
        if wrong := [item for item in items if item not in {*MONTHS, "2024", "LAST_3_MONTHS"}]:
            raise Refused("E7611", f"Period not valid: `{wrong[0]}`")
        found = [month for item in items for month in (MONTHS[-3:] if item == "LAST_3_MONTHS" else [item])]
    elif name == "dx":
        found = [uid for item in items for uid in (DATA[1:4] if item == "DE_GROUP-abc" else [item]) if uid in DATA]
    else:
        found = [item for item in items if item in GROUPS] if items else list(GROUPS)
    if not found:
        raise Refused("E7124", f"Dimension is present in query without any valid dimension options: `{name}`")
    return list(dict.fromkeys(found))


def _units(items):
    levels = [int(item[6:]) for item in items if item.startswith("LEVEL-")]
    units = [uid for item in items for uid in ([COUNTRY] if item == "USER_ORGUNIT" else [item]) if uid in BELOW]
    if levels:
        inside = [facility for unit in units or [COUNTRY] for facility in BELOW[unit]]
        units = [unit for level in levels for unit in LEVELS[level] if set(BELOW[unit]) <= set(inside)]
    if not units:
        raise Refused("E7143", "Organisation unit or organisation unit level is not valid")
    return list(dict.fromkeys(units))


def _rows(columns, filters):
    places = {**filters, **columns}
    rows = []
    for combination in product(*columns.values()):
        chosen = {**filters, **{name: [item] for name, item in zip(columns, combination, strict=True)}}
        cells = {
            (dx, facility, month)
            for dx in chosen["dx"]
            for ou in chosen.get("ou", [COUNTRY])
            for facility in BELOW[ou]
            if "groupset000" not in places or any(facility in GROUPS[group] for group in chosen["groupset000"])
            for pe in chosen["pe"]
            for month in (MONTHS if pe == "2024" else [pe])
        }
        found = [VALUES[cell] for cell in cells if cell in VALUES]
        if found:
            rows.append([*combination, f"{sum(found)}"])
    return rows


def lists(*items):
    return st.lists(st.sampled_from(items), min_size=1, max_size=5)


QUERIES = st.fixed_dictionaries(
    {
        "dx": lists(*DATA, "unknown0000", "unknown0001", "DE_GROUP-abc"),
        "ou": lists(*BELOW, "unknown0000", "LEVEL-2", "LEVEL-3", "USER_ORGUNIT"),
        "pe": lists(*MONTHS, "2024", "LAST_3_MONTHS"),
    },
    optional={"dimensions": st.sampled_from([{"groupset000": []}, {"groupset000": list(GROUPS)}])},
)
LIMITS = st.builds(Limits, cells=st.integers(4, 60), url=st.integers(320, 600), workers=st.integers(1, 3))
WAYS = ["E7128", "E7131", "E7151", "text", "timeout", "413", "504"]


def outcome(client, query, limits, **options):
    try:
        return client.analytics(**query, limits=limits, **options).rows()
    except QueryRefused as error:
        # Of two dimensions without any known item, either one may be the reason.
        return "nothing known" if error.code in {"E7124", "E7143"} else error.code


@settings(max_examples=30)
@given(QUERIES, LIMITS)
def test_any_way_of_cutting_gives_what_one_request_gives(query, limits):
    whole = outcome(Analytics().client, query, UNLIMITED)
    assert outcome(Analytics().client, query, limits) == whole


@settings(max_examples=30)
@given(QUERIES, LIMITS, st.sampled_from(WAYS), st.integers(3, 20))
def test_so_does_cutting_where_the_server_refuses(query, limits, how, most):
    whole = outcome(Analytics().client, query, UNLIMITED)
    server = Analytics(most=most, how=how)
    assert outcome(server.client, query, limits) == whole


@settings(max_examples=30)
@given(QUERIES, st.integers(340, 900))
def test_so_does_cutting_where_a_proxy_finds_the_address_too_long(query, url):
    whole = outcome(Analytics().client, query, UNLIMITED)
    server = Analytics(url=url)
    assert outcome(server.client, query, UNLIMITED) == whole


@settings(max_examples=30)
@given(QUERIES, LIMITS)
def test_names_and_what_was_dropped_do_not_depend_on_the_cutting_either(query, limits):
    try:
        whole = Analytics().client.analytics_grid(**query, limits=UNLIMITED)
    except QueryRefused:
        return
    parts = Analytics().client.analytics_grid(**query, limits=limits)
    assert parts.frame.equals(whole.frame)
    assert (parts.dropped, parts.unnamed) == (whole.dropped, whole.unnamed)


def test_a_boundary_that_the_server_does_not_know_is_told_because_it_changes_everything():
    query = {"dx": DATA[:1], "ou": ["LEVEL-2", "ouDistrictX", "unknown0000"], "pe": MONTHS}
    assert Analytics().client.analytics_grid(**query).dropped == {"ou": ("unknown0000",)}
    assert Analytics().client.analytics_grid(**query, limits=Limits(cells=1)).dropped == {"ou": ("unknown0000",)}


FACILITY_MONTHS = {"dx": DATA, "ou": FACILITIES, "pe": MONTHS}  # 240 cells


def test_a_query_that_fits_is_one_request():
    server = Analytics()
    server.client.analytics(dx=DATA, ou=["LEVEL-3"], pe=["LAST_3_MONTHS"])
    assert len(server.asked) == 1


def test_what_is_known_to_be_too_large_is_never_refused():
    server = Analytics(most=100)
    grid = server.client.analytics_grid(**FACILITY_MONTHS, limits=Limits(cells=100))
    assert (server.refused, grid.requests) == (0, 3)


def test_long_lists_keep_within_the_length_of_an_address():
    server = Analytics(url=250)
    server.client.analytics(**FACILITY_MONTHS, limits=Limits(url=250))
    assert server.refused == 0
    assert len(server.asked) > 1


def test_a_limit_that_a_refusal_names_is_kept_from_then_on():
    server = Analytics(most=30, how="E7128")
    server.client.analytics(**FACILITY_MONTHS, limits=Limits(workers=1))
    assert server.refused == 1


@pytest.mark.parametrize("how", ["E7131", "E7151", "text", "504"])
def test_without_a_number_what_was_too_much_once_is_not_tried_again(how):
    server = Analytics(most=30, how=how)
    server.client.analytics(**FACILITY_MONTHS, limits=Limits(workers=1))
    assert server.refused == 3  # 240 cells, 120 and 60


def test_a_query_of_many_units_elements_and_months_is_cut_into_about_as_few_requests_as_can_be():
    many = {"dx": range(300), "ou": range(10_000), "pe": range(60)}
    axes = tuple(Axis(name, tuple(f"{name}{number:09}" for number in numbers)) for name, numbers in many.items())
    pieces = plan(Chunk(axes, extra=150), Limits())
    assert sum(piece.cells for piece in pieces) == 300 * 10_000 * 60
    assert max(piece.cells for piece in pieces) <= Limits().cells
    assert max(piece.length for piece in pieces) <= Limits().url
    assert len(pieces) <= 1.25 * 1_800


def test_before_a_query_is_cut_the_server_says_what_its_keywords_stand_for():
    server = Analytics()
    server.client.analytics(dx=DATA, ou=["LEVEL-3"], pe=["LAST_3_MONTHS"], limits=Limits(cells=10))
    about, *parts = server.asked
    assert about["skipData"] == ["true"]
    asked = {text for part in parts for text in part["dimension"]}
    assert len(asked) > 3
    assert not {text for text in asked if "LEVEL" in text or "LAST" in text}


def test_boundaries_that_are_all_unknown_mean_the_whole_tree_also_in_parts():
    unknown = [f"unknown{number:04}" for number in range(60)]
    query = {"dx": DATA[:1], "ou": ["LEVEL-2", *unknown], "pe": MONTHS[:1]}
    parts = Analytics().client.analytics(**query, limits=Limits(url=600))
    assert parts["ou"].to_list() == list(DISTRICTS)
    one = Analytics().client.analytics(**(query | {"ou": ["LEVEL-2", *unknown, "ouDistrictX"]}), limits=Limits(url=600))
    assert one["ou"].to_list() == ["ouDistrictX"]


@pytest.mark.parametrize("how", WAYS)
def test_a_refusal_of_a_single_cell_is_the_error(how):
    server = Analytics(most=0, how=how)
    with pytest.raises((RemoteRefused, RemoteUnavailable)) as caught:
        server.client.analytics(**FACILITY_MONTHS)
    assert caught.value.hint
    smallest = server.asked[-1]["dimension"]
    assert not any(";" in text for text in smallest)


@pytest.mark.parametrize("code", ["E7144", "E7120", "E7115", "E7611"])
def test_a_refusal_that_is_not_about_size_ends_the_query(code):
    server = Analytics(most=0, how=code)
    with pytest.raises(QueryRefused) as caught:
        server.client.analytics(**FACILITY_MONTHS)
    assert (caught.value.code, len(server.asked)) == (code, 1)


def test_a_server_that_is_down_is_not_asked_for_less():
    server = Analytics(most=0, how="503")
    with pytest.raises(RemoteUnavailable):
        server.client.analytics(**FACILITY_MONTHS)
    assert len(server.asked) == 1


def test_a_gateway_that_gives_up_is_asked_for_less_at_once_and_for_the_same_only_at_the_end():
    server = Analytics(most=0, how="504")
    client = Dhis2Client("http://dhis2.test", token="d2p_x", transport=httpx.MockTransport(server), clock=FakeClock())
    with pytest.raises(RemoteUnavailable):
        client.analytics(dx=DATA[:2], ou=FACILITIES[:1], pe=MONTHS[1:3], limits=Limits(workers=1))
    sizes = [sum(text.count(";") for text in each["dimension"]) for each in server.asked]
    assert sizes == [2, 1, 0, 0, 0, 0, 0]


def test_a_keyword_that_the_server_does_not_explain_stays_a_keyword(served):
    def answer(request):
        if "dx:a;b" in request.url.params.get_list("dimension"):
            return httpx.Response(414, html="too long")
        return httpx.Response(200, json={"headers": [{"name": name} for name in ("dx", "ou", "value")], "rows": []})

    server = served(answer)
    server.client.analytics(dx=["a", "b"], ou=["LEVEL-2"], pe=["2024"])
    asked = [request.url.params.get_list("dimension") for request in server.requests]
    assert all("ou:LEVEL-2" in dimensions for dimensions in asked)


def test_filters_are_never_cut():
    server = Analytics(url=400)
    with pytest.raises(RemoteRefused) as caught:
        server.client.analytics(dx=DATA[:1], pe=MONTHS[:1], filters=[f"ou:{';'.join(FACILITIES * 3)}"])
    assert caught.value.status == 414
    total = Analytics().client.analytics(dx=DATA, pe=MONTHS, filters=[f"ou:{';'.join(FACILITIES)}"])
    parts = Analytics().client.analytics(
        dx=DATA, pe=MONTHS, filters=[f"ou:{';'.join(FACILITIES)}"], limits=Limits(cells=1)
    )
    assert parts.equals(total)


def test_option_combinations_are_never_cut_because_the_server_reads_no_items_of_them(served):
    body = {"headers": [{"name": name} for name in ("dx", "co", "value")], "rows": [["a", "b", "1"]]}
    server = served(body)
    server.client.analytics(dx=["a"], pe=["2024"], dimensions={"co": ["b", "c", "d"]}, limits=Limits(cells=1))
    assert len(server.requests) == 1


def test_items_that_only_one_part_asks_for_may_be_unknown():
    query = {"dx": [*DATA, "unknown0000"], "ou": [*FACILITIES, "unknown0001"], "pe": MONTHS}
    parts = Analytics().client.analytics(**query, limits=Limits(cells=1))
    assert parts.equals(Analytics().client.analytics(**FACILITY_MONTHS))


def test_not_more_requests_are_under_way_than_workers():
    gate, lock, now, most = threading.Event(), threading.Lock(), 0, 0
    inner = Analytics()

    def slow(request):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == 3:
                gate.set()
        gate.wait(4)
        with lock:
            now -= 1
        return inner(request)

    client = Dhis2Client("http://dhis2.test", token="d2p_x", transport=httpx.MockTransport(slow))
    client.analytics(**FACILITY_MONTHS, limits=Limits(cells=10, workers=3))
    assert most == 3


def test_closing_the_generator_stops_the_fetching():
    server = Analytics()
    frames = server.client.iter_analytics(**FACILITY_MONTHS, limits=Limits(cells=1, workers=2))
    next(frames)
    frames.close()
    asked = len(server.asked)
    assert asked < 10


def test_parts_come_in_the_order_of_the_query():
    frames = Analytics().client.iter_analytics(**FACILITY_MONTHS, limits=Limits(cells=48, workers=4))
    assert pl.concat(frames)["ou"].unique(maintain_order=True).to_list() == FACILITIES


@pytest.mark.parametrize("wrong", [{"cells": 0}, {"url": 0}, {"workers": -1}])
def test_limits_are_at_least_one(wrong):
    with pytest.raises(UsageError, match="at least 1"):
        Limits(**wrong)
