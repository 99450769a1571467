"""Analytics tables that are stale or missing, and the job that makes them."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app

ANC1, BO = "fbfJHSPpUQD", "O6uvpzGd5pu"
QUERY = {"dimension": [f"dx:{ANC1}", f"ou:{BO}", "pe:202605;202606"], "skipMeta": "true"}
JOB = "/api/resourceTables/analytics"


@pytest.fixture
def server(today, values):
    """Give a function that gives a client of a server with such tables; its clock stands still without one."""

    def start(analytics, version="43", now=None):
        app = build_app(today=today, version=version, analytics=analytics, now=now)
        app.site.values = values
        client = TestClient(serve_app(app), base_url="http://127.0.0.1:8043", follow_redirects=False)
        client.auth = ("admin", "district")
        return client

    return start


def periods(client):
    answer = client.get("/api/analytics", params=QUERY)
    return [row[2] for row in answer.json()["rows"]]


def info(client):
    return client.get("/api/system/info").json()


def tasks_of(client, answer):
    return client.get(answer.json()["response"]["relativeNotifierEndpoint"]).json()


def test_new_values_are_invisible_until_the_job_has_run(server):
    client = server("stale")
    assert periods(client) == ["202605"]
    before = info(client)["lastAnalyticsTableSuccess"]
    started = client.post(JOB)
    assert periods(client) == ["202605"]
    while not tasks_of(client, started)[0]["completed"]:
        pass
    assert periods(client) == ["202605", "202606"]
    assert info(client)["lastAnalyticsTableSuccess"] > before


def test_the_values_themselves_are_there_all_the_time(server):
    query = {"dataSet": "QX4ZTUbOt3a", "period": "202606", "orgUnit": "DiszpKrYNg8"}
    assert server("stale").get("/api/dataValueSets", params=query).json()["dataValues"]


def test_stale_tables_are_older_than_the_first_value_that_they_lack(server):
    client = server("stale")
    query = {"dataSet": "QX4ZTUbOt3a", "period": "202606", "orgUnit": BO, "children": "true"}
    made = info(client)["lastAnalyticsTableSuccess"]
    came = [each["created"] for each in client.get("/api/dataValueSets", params=query).json()["dataValues"]]
    assert made == "2026-06-30T02:00:00.000"
    assert made < min(came)


@pytest.mark.parametrize(("now", "made"), [(1, "2026-06-30"), (15, "2026-06-30"), (31, "2026-06-30")])
def test_stale_tables_are_of_the_last_day_of_the_last_month_on_any_day(server, now, made):
    client = server("stale", now=lambda: datetime(2026, 7, now, 1, tzinfo=UTC))
    assert info(client)["lastAnalyticsTableSuccess"].startswith(made)


def test_missing_tables_are_an_error_until_the_job_has_run(server):
    client = server("missing")
    answer = client.get("/api/analytics", params=QUERY)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E7144")
    assert answer.json()["message"].endswith("Please ensure analytics job was run (SqlState: 42P01)")
    page = client.get("/api/analytics.csv", params=QUERY)
    assert (page.status_code, page.text[:7]) == (200, "E7144: ")
    assert page.text.endswith("Please ensure analytics job was run")
    assert "lastAnalyticsTableSuccess" not in info(client)
    started = client.post(JOB)
    while not tasks_of(client, started)[0]["completed"]:
        pass
    assert periods(client) == ["202605", "202606"]


@pytest.mark.parametrize(
    ("version", "name"),
    [("40", "inMemoryAnalyticsJob"), ("42", "inMemoryAnalyticsJob"), ("43", "ANALYTICS_TABLE")],
)
def test_the_job_says_where_to_ask_how_it_goes(server, version, name):
    answer = server("fresh", version).post(JOB, params={"lastYears": "2", "skipResourceTables": "true"})
    body = answer.json()
    assert (body["httpStatusCode"], body["message"]) == (200, f"Initiated {name}")
    job = body["response"]
    assert job["responseType"] == "JobConfigurationWebMessageResponse"
    assert job["jobType"] == "ANALYTICS_TABLE"
    assert job["jobParameters"] == {"lastYears": 2, "skipTables": [], "skipResourceTables": True}
    assert job["relativeNotifierEndpoint"] == f"/api/system/tasks/ANALYTICS_TABLE/{job['id']}"


def test_notifications_come_newest_first_and_only_the_last_is_complete(server):
    client = server("stale")
    started = client.post(JOB)
    counts = []
    while not (notes := tasks_of(client, started))[0]["completed"]:
        counts.append(len(notes))
    assert counts == [1, 2, 3]
    assert [note["completed"] for note in notes] == [True, False, False, False]
    assert notes[-1]["message"] == "Analytics table update process started"
    assert {"uid", "id", "level", "category", "time", "message", "completed"} == set(notes[0])
    assert tasks_of(client, started) == notes


def test_a_job_ends_with_the_servers_clock_though_nobody_asks(server):
    moments = [datetime(2026, 7, 15, 12, tzinfo=UTC)]
    client = server("stale", now=lambda: moments[0])
    client.post(JOB)
    assert periods(client) == ["202605"]
    moments[0] += timedelta(seconds=2)
    assert periods(client) == ["202605", "202606"]
    assert info(client)["lastAnalyticsTableSuccess"] == "2026-07-15T12:00:02.000"


def test_a_summary_is_empty_where_there_is_none(client):
    answer = client.get("/api/system/taskSummaries/ANALYTICS_TABLE/abcdefghijk")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("type_", ["ANALYTICS_TABLE", "DATAVALUE_IMPORT"])
def test_unknown_jobs_have_said_nothing(client, type_):
    assert client.get(f"/api/system/tasks/{type_}/abcdefghijk").json() == []


def test_there_are_no_jobs_of_another_type(server):
    client = server("fresh")
    client.post(JOB)
    assert client.get("/api/system/tasks/DATAVALUE_IMPORT").json() == {}


def test_all_jobs_are_listed(server):
    client = server("fresh")
    uid = client.post(JOB).json()["response"]["id"]
    assert list(client.get("/api/system/tasks").json()["ANALYTICS_TABLE"]) == [uid]
    assert list(client.get("/api/system/tasks/ANALYTICS_TABLE").json()) == [uid]


def test_tables_of_values_that_were_skipped_stay_stale(server):
    client = server("stale")
    started = client.post(JOB, params={"skipAggregate": "true"})
    while not tasks_of(client, started)[0]["completed"]:
        pass
    assert periods(client) == ["202605"]


def test_who_may_not_maintain_the_server_cannot_start_the_job(server):
    client = server("fresh")
    client.auth = ("guest", "district")
    answer = client.post(JOB)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "E1006")


def test_the_number_of_years_is_a_number(server):
    assert server("fresh").post(JOB, params={"lastYears": "few"}).status_code == 400
