"""httpbox as a whole: its index, its problems, its echo."""

import pytest

from prefect_patterns.sandbox.httpbox import DEMO


def test_the_index_lists_every_endpoint_and_what_it_does(client):
    listed = client.get("/").json()["endpoints"]
    assert {"/flaky/{key}", "/files/{name}", "/webhooks/inbox", "/oauth2/token", "/pages/cursor"} <= {
        each["path"] for each in listed
    }
    assert all(each["does"] for each in listed)


def test_it_answers_a_ping_as_every_sandbox_does(client):
    assert client.get("/api/ping").text == "pong"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("POST", "/files", 405), ("GET", "/oauth2/token", 405), ("GET", "/files/nothing", 404)],
)
def test_what_it_refuses_is_a_problem(client, method, path, status):
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["type"]) == (status, "about:blank")
    assert answer.json()["title"]


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", ""])
def test_another_host_is_refused(client, host):
    assert client.get("/", headers={"host": host}).status_code == 403


def test_echo_says_what_was_sent_and_hides_what_is_secret(client):
    said = client.put(
        "/echo?a=1&a=2", json={"é": 1}, headers={"authorization": f"Bearer {DEMO.bearer_token}", "x-api-key": "k"}
    ).json()
    assert (said["method"], said["query"], said["json"]) == ("PUT", {"a": ["1", "2"]}, {"é": 1})
    assert (said["headers"]["authorization"], said["headers"]["x-api-key"]) == ("***", "***")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b"[" * 50_000, b'"\\ud800"'])
def test_echo_takes_any_body(client, body):
    answer = client.post("/echo", content=body)
    assert answer.status_code == 200
    assert answer.json()["json"] in (None, "\ud800")


def test_echo_refuses_what_is_too_large(client):
    assert client.post("/echo", content=b"x" * (1024 * 1024 + 1)).status_code == 413
