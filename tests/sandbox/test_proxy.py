"""The proxy before a sandbox: foreign hosts, faults that happen, and the port that sets them."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from prefect_patterns.sandbox.faults import Fault
from prefect_patterns.sandbox.proxy import Faults, HostCheck, control

BODY = bytes(range(256)) * 10
URL = "http://127.0.0.1:1"


@pytest.fixture
def slept():
    return []


@pytest.fixture
def faults(slept):
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    routes = [
        Route("/whole", lambda _: PlainTextResponse(BODY)),
        Route("/pieces", lambda _: StreamingResponse(BODY[start : start + 100] for start in range(0, len(BODY), 100))),
        Route("/accepts", lambda request: PlainTextResponse(request.headers.get("accept-encoding", "nothing"))),
    ]
    return Faults(Starlette(routes=routes), canonical=lambda path: path.removeprefix("/v1"), sleep=sleep)


@pytest.fixture
def client(faults):
    with TestClient(HostCheck(faults), base_url=URL) as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost", "localhost:8043", "[::1]", "[::1]:8043"])
def test_own_hosts_are_answered(client, host):
    assert client.get("/whole", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["example.org", "127.0.0.1.example.org", "localhost.example.org:80", "127.0.0.1@example.org", "[::", "", "a/b"],
)
def test_foreign_hosts_are_refused(client, host):
    assert client.get("/whole", headers={"Host": host}).status_code == 403


def test_a_status_comes_with_its_body_and_headers(faults, client):
    faults.add(Fault("/whole", status=429, body="slow down", headers={"Retry-After": "7", "Content-Type": "text/x"}))
    answer = client.get("/whole")
    assert (answer.status_code, answer.text) == (429, "slow down")
    assert (answer.headers["retry-after"], answer.headers["content-type"]) == ("7", "text/x")


def test_a_fault_ends_after_its_times_and_the_one_before_it_shows_again(faults, client):
    faults.add(Fault("/whole", status=502))
    faults.add(Fault("/whole", status=503, times=2))
    assert [client.get("/whole").status_code for _ in range(4)] == [503, 503, 502, 502]
    faults.clear()
    assert client.get("/whole").status_code == 200


def test_only_hits_count(faults, client):
    faults.add(Fault("/whole", status=503, query="chunk=2", times=1))
    answers = [client.get(f"/whole?chunk={number}").status_code for number in (1, 2, 1, 2)]
    assert answers == [200, 503, 200, 200]


def test_faults_go_by_the_canonical_path(faults, client):
    faults.add(Fault("/whole", status=503))
    assert client.get("/v1/whole").status_code == 503


def test_a_fault_may_be_told_by_a_path_that_is_not_canonical(faults, client):
    faults.add(Fault("/v1/whole", status=503))
    assert [client.get(path).status_code for path in ("/whole", "/v1/whole")] == [503, 503]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_has_none(faults, client, status):
    faults.add(Fault("/whole", status=status, body="text"))
    answer = client.get("/whole")
    assert (answer.status_code, answer.content) == (status, b"")


def test_latency_comes_before_the_real_answer(faults, client, slept):
    faults.add(Fault("/whole", delay=2.5))
    assert client.get("/whole").content == BODY
    assert slept == [2.5]


def test_latency_comes_before_another_fault(faults, client, slept):
    faults.add(Fault("/whole", delay=2.5, status=504))
    assert client.get("/whole").status_code == 504
    assert slept == [2.5]


@pytest.mark.parametrize("path", ["/whole", "/pieces"])
@pytest.mark.parametrize("pace", [99.0, 1000.0, 1e9])
def test_a_slow_body_is_whole_and_takes_its_time(faults, client, slept, path, pace):
    faults.add(Fault(path, bytes_per_second=pace))
    assert client.get(path).content == BODY
    assert sum(slept) == pytest.approx(len(BODY) / pace)


@pytest.mark.parametrize("path", ["/whole", "/pieces"])
@pytest.mark.parametrize("kept", [0, 1, 99, 100, 101, len(BODY) - 1, len(BODY), len(BODY) + 1])
def test_a_truncated_body_ends_properly(faults, client, path, kept):
    faults.add(Fault(path, truncate_after=kept))
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, BODY[:kept])
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("kind", ["drop_after", "truncate_after", "bytes_per_second"])
def test_a_fault_of_the_body_asks_for_a_plain_one(faults, client, kind):
    faults.add(Fault("/accepts", **{kind: 1000}))
    with TestClient(faults, base_url=URL, raise_server_exceptions=False) as tolerant:
        assert tolerant.get("/accepts").text == "nothing"


def test_a_url_that_is_too_long_gets_414(faults, client):
    faults.add(Fault("/", longest_url=50))
    assert client.get("/whole?" + "a" * 43).status_code == 200
    assert client.get("/whole?" + "a" * 44).status_code == 414


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/analytics.csv", "application/csv;charset=UTF-8"),
        ("/analytics.xml", "application/xml;charset=UTF-8"),
        ("/analytics", "application/csv;charset=UTF-8"),
    ],
)
def test_an_error_text_comes_as_a_good_answer(faults, client, path, kind):
    faults.add(Fault("/", error_text="E7128: Query result set exceeded max limit: 100000"))
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["content-disposition"] == 'inline; filename="error.html"'
    assert answer.text.startswith("E7128: ")


def test_a_login_page_comes_with_status_200(faults, client):
    faults.add(Fault("/", login_page=True))
    answer = client.get("/whole")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html;charset=utf-8")


@pytest.fixture
def port(faults):
    return TestClient(control(faults, "secret"), base_url=URL, headers={"X-Sandbox-Token": "secret"})


def test_the_control_port_sets_and_clears_faults(port, client):
    assert port.post("/faults", json={"path": "/whole", "status": 503}).status_code == 204
    assert client.get("/whole").status_code == 503
    assert port.delete("/faults").status_code == 204
    assert client.get("/whole").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "sécret"])
def test_the_control_port_wants_its_token(port, token):
    assert port.delete("/faults", headers={"X-Sandbox-Token": token.encode()}).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"path": 1}', b'{"speed": 1}', b"[" * 100_000, b"\xff"])
def test_the_control_port_says_what_is_wrong_with_a_fault(port, body):
    answer = port.post("/faults", content=body)
    assert answer.status_code == 400
    assert answer.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/faults"), ("POST", "/"), ("DELETE", "/other")])
def test_the_control_port_has_nothing_else(port, method, path):
    assert port.request(method, path).status_code == 404
