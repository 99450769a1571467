"""How answers travel: headers by release, the date, ETag and 304, gzip."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.release import RELEASES, release_of
from prefect_patterns.sandbox.dhis2.transport import Transport, takes_gzip

LIST = "/api/organisationUnits?fields=id,name&pageSize=200"
every_release = pytest.mark.parametrize("version", list(RELEASES))


@every_release
def test_the_headers_are_those_of_the_release(client_of, version):
    headers = client_of(version).get("/api/me?fields=id").headers
    old = version in ("40", "41")
    assert headers["x-xss-protection"] == ("1; mode=block" if old else "0")
    assert headers["content-type"] == ("application/json" if old else "application/json;charset=UTF-8")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["access-control-expose-headers"] == "ETag, Location"
    assert "content-length" not in headers


@every_release
def test_an_etag_saves_the_body_until_that_changes(client_of, version):
    client = client_of(version)
    first = client.get(LIST, headers={"Accept-Encoding": "identity"})
    etag = first.headers["etag"]
    again = client.get(LIST, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert "content-type" not in again.headers
    other = client.get(LIST.replace("200", "199"), headers={"If-None-Match": etag})
    assert other.status_code == 200


@pytest.mark.parametrize("known", ["W/{}", '"x", {}', '{},W/"y"', "*"])
def test_an_etag_matches_weakly_and_in_lists(client, known):
    etag = client.get(LIST, headers={"Accept-Encoding": "identity"}).headers["etag"]
    assert client.get(LIST, headers={"If-None-Match": known.replace("{}", etag)}).status_code == 304


def test_a_compressed_answer_has_a_weak_etag_that_matches_too(client):
    etag = client.get(LIST, headers={"Accept-Encoding": "gzip"}).headers["etag"]
    assert etag.startswith('W/"0')
    assert client.get(LIST, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/api/dataValueSets?dataSet=BfMAe6Itzgt&period=202606&orgUnit=DiszpKrYNg8",
        "/api/43/dataValueSets.json?dataSet=BfMAe6Itzgt&period=202606&orgUnit=DiszpKrYNg8",
        "/api/system/info",
        "/api/dataElements/notThere000",
        "/login/",
    ],
)
def test_some_answers_have_no_etag(client, path):
    answer = client.get(path, headers={"If-None-Match": "*"})
    assert answer.status_code != 304
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("gzip, deflate, br", True),
        ("deflate, gzip;q=0.1", True),
        ("*", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=nonsense", False),
        ("br;;,,", False),
    ],
)
def test_gzip_comes_when_it_is_asked_for_and_not_otherwise(client, accepted, wanted):
    assert takes_gzip(accepted) is wanted
    headers = client.get(LIST, headers={"Accept-Encoding": accepted}).headers
    assert (headers.get("content-encoding") == "gzip") is wanted
    assert ("Accept-Encoding" in headers.get("vary", "")) is wanted


def test_gzip_changes_nothing_but_the_size(client):
    plain = client.get(LIST, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", LIST, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_a_stream_is_compressed_piece_by_piece(client):
    span = "startDate=2026-01-01&endDate=2026-06-30"
    path = f"/api/dataValueSets?dataSet=BfMAe6Itzgt&{span}&orgUnit=O6uvpzGd5pu&children=true"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    squeezed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert squeezed.json() == plain.json() == json.loads(plain.content)


def transported(*routes: Route) -> TestClient:
    return TestClient(Transport(Starlette(routes=list(routes)), release=release_of("43")))


def test_what_is_compressed_already_or_no_text_is_left_alone():
    zipped = gzip.compress(b"x" * 5000, mtime=0)
    client = transported(
        Route(
            "/zipped",
            lambda _: Response(zipped, headers={"content-type": "application/json", "content-encoding": "gzip"}),
        ),
        Route("/image", lambda _: Response(b"x" * 5000, media_type="image/png")),
    )
    assert client.get("/zipped").content == b"x" * 5000
    assert "content-encoding" not in client.get("/image").headers


def test_a_stream_of_empty_pieces_is_whole():
    pieces = [b"", b"[" + b" " * 3000, b"", b"1]", b""]
    client = transported(
        Route("/api/dataValueSets", lambda _: StreamingResponse(iter(pieces), media_type="application/json"))
    )
    for accepted in ("gzip", "identity"):
        assert client.get("/api/dataValueSets", headers={"Accept-Encoding": accepted}).json() == [1]


def test_the_date_is_the_server_s(client):
    answer = client.get("/api/system/info?fields=serverDate")
    assert answer.json() == {"serverDate": "2026-07-15T12:00:00.000"}
    assert answer.headers.get_list("date") == ["Wed, 15 Jul 2026 12:00:00 GMT"]


def test_a_clock_that_runs_shows_in_both_dates_and_in_the_age_of_the_tables():
    start = datetime(2026, 7, 15, 1, 30, tzinfo=UTC)
    times = [start]
    app = build_app(today=start.date(), now=lambda: times[-1])
    client = TestClient(serve_app(app), base_url="http://127.0.0.1:8043")
    client.auth = ("admin", "district")
    times.append(start + timedelta(hours=2))
    answer = client.get("/api/system/info")
    assert parsedate_to_datetime(answer.headers["date"]) == times[-1]
    info = answer.json()
    assert info["serverDate"] == info["databaseInfo"]["time"] == "2026-07-15T03:30:00.000"
    assert info["lastAnalyticsTableSuccess"] == "2026-07-14T02:00:00.000"
    assert info["intervalSinceLastAnalyticsTableSuccess"] == "25 h, 30 m, 0 s"
