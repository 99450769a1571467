"""Who gets in, and what everybody else is told."""

import base64

import pytest

UNAUTHORIZED = {"httpStatus": "Unauthorized", "httpStatusCode": 401, "status": "ERROR", "message": "Unauthorized"}


def test_without_credentials_the_server_sends_to_the_login_page(anonymous):
    answer = anonymous.get("/api/organisationUnits?fields=id")
    assert answer.status_code == 302
    assert answer.headers["location"] == "http://127.0.0.1:8043/login/"


def test_the_login_page_is_html_with_status_200(anonymous):
    answer = anonymous.get("/login/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html;charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_script_without_credentials_is_told_401(anonymous):
    answer = anonymous.get("/api/me", headers={"X-Requested-With": "XMLHttpRequest"})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    "header",
    [
        "Basic " + base64.b64encode(b"admin:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:district").decode(),
        "Basic not-base64",
        "Basic",
    ],
)
def test_wrong_credentials_get_the_401_body(anonymous, header):
    answer = anonymous.get("/api/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert list(answer.json()) == list(UNAUTHORIZED)
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"


def test_basic_starts_a_session_that_is_enough_afterwards(anonymous):
    first = anonymous.get("/api/me", auth=("admin", "district"))
    assert first.status_code == 200
    assert "JSESSIONID" in first.cookies
    second = anonymous.get("/api/me")
    assert second.status_code == 200
    assert "set-cookie" not in second.headers


def test_wrong_credentials_count_more_than_a_session(anonymous):
    anonymous.get("/api/me", auth=("admin", "district"))
    assert anonymous.get("/api/me", auth=("admin", "wrong")).status_code == 401


def test_an_unknown_session_counts_for_nothing(anonymous):
    assert anonymous.get("/api/me", headers={"Cookie": "JSESSIONID=" + "0" * 32}).status_code == 302


def test_ping_needs_no_credentials(anonymous):
    assert anonymous.get("/api/ping").text == "pong"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost", "localhost:8043", "[::1]", "[::1]:8043"])
def test_own_hosts_are_answered(anonymous, host):
    assert anonymous.get("/api/ping", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1.example.org", "localhost.example.org:80", "127.0.0.1@example.org", "[::", ""]
)
def test_foreign_hosts_are_refused(anonymous, host):
    assert anonymous.get("/api/ping", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/28/me", 200),
        ("/api/43/me", 200),
        ("/api/44/me", 404),
        ("/api/27/me", 404),
        ("/api/notThere", 404),
        ("/api/a/b/c/d", 404),
        ("/nothing", 404),
    ],
)
def test_paths_that_nothing_serves_get_a_page_not_json(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    if status == 404:
        assert answer.headers["content-type"].startswith("text/html")


def test_other_methods_are_refused_with_an_envelope(client):
    answer = client.post("/api/dataValueSets", json={})
    assert answer.status_code == 405
    assert answer.json()["httpStatusCode"] == 405
