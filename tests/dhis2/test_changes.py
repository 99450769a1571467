"""What changed since a moment: by the server's clock, nothing lost, deletions too."""

from datetime import UTC, datetime, timedelta, timezone

import httpx
import polars as pl
import pytest

from prefect_patterns.dhis2 import Change
from prefect_patterns.errors import UnexpectedAnswer, UsageError

SERVER_NOW = "2026-07-15T08:00:00.000"


class Units:
    """A list of units that DHIS2 stamps; the server's clock is hours away from ours."""

    def __init__(self, stamps, info=None):
        self.stamps = dict(stamps)
        self.info = {"version": "2.43.1", "serverDate": SERVER_NOW} if info is None else info
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        if request.url.path.endswith("system/info"):
            return httpx.Response(200, json=self.info)
        since = [f for f in request.url.params.get_list("filter") if f.startswith("lastUpdated:ge:")]
        oldest = since[0].removeprefix("lastUpdated:ge:") if since else ""
        rows = [{"id": key, "lastUpdated": stamp} for key, stamp in self.stamps.items() if stamp >= oldest]
        return httpx.Response(200, json={"organisationUnits": rows})


STAMPS = {"old": "2026-07-01T00:00:00.000", "new": "2026-07-14T12:00:00.000", "latest": "2026-07-15T07:59:59.000"}


def kinds(changes):
    return [(change.kind, change.id) for change in changes]


def test_what_was_stored_since_is_given_with_its_row(served):
    changes = served(Units(STAMPS)).client.changes("organisationUnits", "2026-07-10")
    assert next(changes) == Change("upsert", "new", {"id": "new", "lastUpdated": STAMPS["new"]})
    assert kinds(changes) == [("upsert", "latest")]


def test_what_was_stored_at_this_very_moment_is_among_them(served):
    changes = served(Units(STAMPS)).client.changes("organisationUnits", STAMPS["new"])
    assert kinds(changes) == [("upsert", "new"), ("upsert", "latest")]


def test_known_ids_that_the_list_no_longer_has_are_deletions(served):
    known = ["old", "new", "gone", "gone too", "gone"]
    changes = served(Units(STAMPS)).client.changes("organisationUnits", "2026-07-15", known=iter(known))
    assert kinds(changes) == [("upsert", "latest"), ("deletion", "gone"), ("deletion", "gone too")]


def test_without_known_ids_the_list_is_not_read_for_deletions(served):
    server = served(units := Units(STAMPS))
    list(server.client.changes("organisationUnits", "2026-07-15"))
    assert len(units.requests) == 2


def test_an_object_that_was_deleted_while_we_read_is_a_deletion_at_last(served):
    units = Units(STAMPS)
    changes = served(units).client.changes("organisationUnits", "2026-07-15", known=["old"])
    assert next(changes).id == "latest"
    del units.stamps["latest"]
    assert kinds(changes) == [("deletion", "latest")]


def test_filters_hold_for_both(served):
    server = served(units := Units(STAMPS))
    list(server.client.changes("organisationUnits", "2026-07-15", "name", known=["old"], filters=["level:eq:2"]))
    asked = [request.url.params for request in units.requests[1:]]
    assert [query.get_list("filter") for query in asked] == [
        ["lastUpdated:ge:2026-07-15T00:00:00.000", "level:eq:2"],
        ["level:eq:2"],
    ]
    assert [query["fields"] for query in asked] == ["id,name", "id"]


def test_the_watermark_is_the_servers_time_before_the_reading_less_a_margin(served):
    """Our clock says January; the server's is the one that stamps."""
    units = Units(STAMPS)
    client = served(units).client
    changes = client.changes("organisationUnits", "2026-07-01")
    units.info["serverDate"] = "2026-07-15T09:00:00.000"  # an hour later the reading ends
    list(changes)
    assert changes.watermark == "2026-07-15T07:55:00.000"
    assert client.changes("organisationUnits", "2026-07-01", margin=0).watermark == "2026-07-15T09:00:00.000"


@pytest.mark.parametrize("margin", [-1, float("nan"), float("inf"), 1e300])
def test_a_margin_that_would_skip_changes_or_is_no_number_is_refused(served, margin):
    with pytest.raises(UsageError, match="no margin"):
        served(Units(STAMPS)).client.changes("organisationUnits", "2026-07-01", margin=margin)


def test_a_list_whose_objects_have_no_id_has_no_changes_that_can_be_told(served):
    changes = served({"things": [{"name": "a"}]}).client.changes("things", "2026-07-01")
    with pytest.raises(UnexpectedAnswer, match="without an id"):
        list(changes)


def test_what_is_stored_between_two_readings_is_never_lost(served):
    """A transaction stamps an object, and commits after we have read: the next reading has it."""
    units = Units(STAMPS)
    client = served(units).client
    first = client.changes("organisationUnits", "2026-07-15")
    list(first)
    units.stamps["late"] = "2026-07-15T07:58:00.000"
    units.info["serverDate"] = "2026-07-15T10:00:00.000"
    assert ("upsert", "late") in kinds(client.changes("organisationUnits", first.watermark))


@pytest.mark.parametrize("info", [{}, {"serverDate": None}, {"serverDate": "noon"}, {"serverDate": 7}])
def test_a_server_that_does_not_tell_its_time_moves_no_watermark(served, info):
    changes = served(Units(STAMPS, info)).client.changes("organisationUnits", "2026-07-10T01:02:03.456789")
    assert changes.watermark == "2026-07-10T01:02:03.456"
    assert kinds(changes) == [("upsert", "new"), ("upsert", "latest")]


@pytest.mark.parametrize(
    ("now", "watermark"),
    [
        ("2025-10-26T02:45:00.000", "2025-10-26T01:40:00.000"),  # 02:45 comes twice in this night
        ("2025-10-26T03:01:00.000", "2025-10-26T01:56:00.000"),
        ("2025-10-26T03:10:00.000", "2025-10-26T03:05:00.000"),
        ("2025-03-30T03:02:00.000", "2025-03-30T02:57:00.000"),  # 02:57 never comes: earlier than needed, no harm
    ],
)
def test_an_hour_that_the_servers_clock_shows_twice_hides_nothing(served, now, watermark):
    info = {"serverDate": now, "serverTimeZoneId": "Europe/Oslo"}
    assert served(Units({}, info)).client.changes("organisationUnits", "2025-01-01").watermark == watermark


@pytest.mark.parametrize(
    ("since", "text"),
    [
        ("2026-07-15", "2026-07-15T00:00:00.000"),
        ("2026-07-15T08:00", "2026-07-15T08:00:00.000"),
        (" 2026-07-15T08:00:00.123999 ", "2026-07-15T08:00:00.123"),
        (datetime(2026, 7, 15, 8), "2026-07-15T08:00:00.000"),  # noqa: DTZ001 - the server's own time
        (datetime(2026, 7, 15, 8, tzinfo=UTC), "2026-07-15T10:00:00.000"),
        ("2026-07-15T08:00:00Z", "2026-07-15T10:00:00.000"),
        ("2026-01-15T08:00:00.000+0000", "2026-01-15T09:00:00.000"),
        (datetime(2026, 7, 15, 8, tzinfo=timezone(timedelta(hours=5))), "2026-07-15T05:00:00.000"),
    ],
)
def test_since_is_the_servers_time_or_has_a_zone(served, since, text):
    units = Units({}, {"serverDate": SERVER_NOW, "serverTimeZoneId": "Europe/Oslo"})
    list(served(units).client.changes("organisationUnits", since))
    assert units.requests[1].url.params["filter"] == f"lastUpdated:ge:{text}"


@pytest.mark.parametrize("since", ["", "yesterday", None, 20260715, "2026-13-01"])
def test_what_is_no_moment_is_refused(served, since):
    with pytest.raises(UsageError, match="no moment"):
        served(Units({})).client.changes("organisationUnits", since)


def test_a_zone_is_refused_when_the_server_does_not_say_its_own(served):
    with pytest.raises(UsageError, match="time zone"):
        served(Units({})).client.changes("organisationUnits", datetime(2026, 7, 15, tzinfo=UTC))


VALUES = {
    "dataValues": [
        {"dataElement": "d", "period": "202603", "orgUnit": "o", "value": "1", "deleted": False},
        {"dataElement": "e", "period": "202603", "orgUnit": "o", "value": "2", "deleted": True},
    ]
}


def test_value_changes_come_with_what_was_deleted_and_a_watermark(served):
    def handler(request):
        info = {"serverDate": SERVER_NOW}
        return httpx.Response(200, json=info if request.url.path.endswith("info") else VALUES)

    server = served(handler)
    changes = server.client.value_changes("2026-07-01", data_sets="s", org_units="o")
    frame = pl.concat(changes)
    assert frame.select("data_element", "deleted").rows() == [("d", False), ("e", True)]
    query = server.requests[1].url.params
    assert (query["lastUpdated"], query["includeDeleted"]) == ("2026-07-01T00:00:00.000", "true")
    assert "period" not in query
    assert changes.watermark == "2026-07-15T07:55:00.000"


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("2026-07-01", "2026-07-01T00:00:00.000"),
        (datetime(2026, 7, 1, 2, 3, 4, 567_890), "2026-07-01T02:03:04.567"),  # noqa: DTZ001
        (datetime(2026, 7, 1, tzinfo=UTC), "2026-07-01T00:00:00.000+0000"),
    ],
)
def test_values_since_a_moment_need_no_period(served, moment, sent):
    server = served({})
    list(server.client.iter_data_values(data_sets="s", org_units="o", last_updated=moment))
    assert server.requests[0].url.params["lastUpdated"] == sent


def test_values_since_a_wrong_moment_are_refused(served):
    with pytest.raises(UsageError, match="no moment"):
        list(served({}).client.iter_data_values(data_sets="s", org_units="o", last_updated="soon"))


def test_fetched_metadata_can_be_filtered_by_its_last_change(served):
    server = served(Units(STAMPS))
    rows = server.client.fetch_metadata("organisationUnits", filters=["lastUpdated:ge:2026-07-15T00:00:00.000"])
    assert [row["id"] for row in rows] == ["latest"]
