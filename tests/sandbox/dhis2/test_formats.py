"""Which form an answer has: by suffix, else by Accept."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.answers import Refusal, envelope
from prefect_patterns.sandbox.dhis2.formats import NotAcceptable, accepted, negotiated
from prefect_patterns.sandbox.dhis2.release import RELEASES


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("text/*", "csv"),
        ("application/json", "json"),
        ("Application/JSON; charset=utf-8", "json"),
        ("text/csv", "csv"),
        ("application/csv", "csv"),
        ("application/json;q=0.5, text/csv", "csv"),
        ("text/csv;q=0.5, application/json", "json"),
        ("text/csv, application/json", "json"),
        ("*/*, application/json;q=0", "csv"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
        ("application/json+geojson", "geojson"),
        ("application/geo+json", "geojson"),
    ],
)
def test_a_client_gets_what_it_likes_best(accept, suffix):
    assert accepted(accept, ["json", "csv", "geojson"]) == suffix


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "*/*;q=0", ",", "nonsense", "text/html;q=x"])
def test_a_client_that_likes_nothing_of_it_is_refused(accept):
    with pytest.raises(NotAcceptable):
        accepted(accept, ["json", "csv"])


@pytest.fixture
def client():
    forms = {"json": lambda _: PlainTextResponse("json"), "csv": lambda _: PlainTextResponse("csv")}
    handlers = {Refusal: lambda _request, error: envelope(error)}
    return TestClient(Starlette(routes=negotiated("/api/things", forms, missing=["xml"]), exception_handlers=handlers))


@pytest.mark.parametrize(
    ("path", "accept", "text"),
    [
        ("/api/things", "*/*", "json"),
        ("/api/things", "text/csv", "csv"),
        ("/api/things.csv", "application/json", "csv"),
        ("/api/things.json", "text/csv", "json"),
    ],
)
def test_a_suffix_counts_more_than_accept(client, path, accept, text):
    assert client.get(path, headers={"Accept": accept}).text == text


@pytest.mark.parametrize(("path", "accept"), [("/api/things.xml", "*/*"), ("/api/things", "application/xml")])
def test_a_form_that_only_the_real_server_has_is_said_by_name(client, path, accept):
    answer = client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.json()["message"]) == (501, "The sandbox does not imitate /api/things.xml")


def test_a_suffix_that_is_none_is_no_path(client):
    assert client.get("/api/things.pdf").status_code == 404


@pytest.mark.parametrize("version", list(RELEASES))
def test_each_release_refuses_an_accept_that_it_cannot_serve_in_its_own_words(client_of, version):
    answer = client_of(version).get("/api/system/info", headers={"Accept": "image/png"})
    old = version in ("40", "41")
    assert answer.json() == {
        "httpStatus": "Not Acceptable",
        "httpStatusCode": 406,
        "status": "ERROR",
        "message": "Could not find acceptable representation" if old else "No acceptable representation",
    }
