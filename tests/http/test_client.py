import ssl

import httpx
import pytest

from prefect_patterns.errors import ConfigError, RemoteUnavailable
from prefect_patterns.http import WHOLE, Retries, build_client
from prefect_patterns.testing import FakeClock

CALM = Retries(retries=3, first=1, factor=2, longest=30, jitter=0)


class Server:
    """Gives *answers* in turn, the last one for ever; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else httpx.Response(answer)


def ask(server, method="GET", *, retries=CALM, **kwargs):
    clock = FakeClock()
    with build_client(
        "http://service.test", transport=httpx.MockTransport(server), retries=retries, clock=clock
    ) as client:
        return client.request(method, "/thing", **kwargs), clock.sleeps


@pytest.mark.parametrize("trouble", [429, 502, 503, 504, httpx.ConnectError("refused"), httpx.ReadError("reset")])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_an_idempotent_request_is_repeated_with_growing_pauses(method, trouble):
    response, sleeps = ask(Server(trouble, trouble, 204), method)
    assert response.status_code == 204
    assert sleeps == [1, 2]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_requests_are_never_repeated(method):
    server = Server(503, 204)
    response, sleeps = ask(server, method)
    assert (response.status_code, sleeps, len(server.requests)) == (503, [], 1)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 409, 500, 501])
def test_other_answers_are_final(status):
    server = Server(status, 204)
    assert ask(server)[0].status_code == status
    assert len(server.requests) == 1


def test_a_read_that_timed_out_is_not_asked_again():
    server = Server(httpx.ReadTimeout("late"), 204)
    with pytest.raises(httpx.ReadTimeout):
        ask(server)
    assert len(server.requests) == 1


def test_the_last_answer_comes_back_when_the_retries_are_used_up():
    server = Server(503)
    response, sleeps = ask(server)
    assert (response.status_code, sleeps, len(server.requests)) == (503, [1, 2, 4], 4)


@pytest.mark.parametrize("retries", [None, Retries(0)])
def test_no_retries_means_one_request(retries):
    server = Server(503)
    assert ask(server, retries=retries)[1] == []
    assert len(server.requests) == 1


def test_retry_after_sets_the_pause():
    response, sleeps = ask(Server(lambda: httpx.Response(429, headers={"Retry-After": "7"}), 200))
    assert (response.status_code, sleeps) == (200, [7])


def test_a_retry_after_date_is_read_with_the_clients_clock():
    clock = FakeClock()
    date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    response, sleeps = ask(Server(lambda: httpx.Response(503, headers={"Retry-After": date}), 200))
    assert (response.status_code, sleeps) == (200, [1])


def test_a_retry_after_beyond_our_patience_fails_at_once_and_says_when_to_come_back():
    server = Server(lambda: httpx.Response(503, headers={"Retry-After": "3600"}))
    with pytest.raises(RemoteUnavailable, match="come back in 3600 s") as caught:
        ask(server)
    assert len(server.requests) == 1
    assert (caught.value.status, caught.value.method, caught.value.url) == (503, "GET", "http://service.test/thing")


def half_an_answer():
    def body():
        yield b'{"half'
        raise httpx.RemoteProtocolError("peer closed connection")

    return httpx.Response(200, content=body())


def test_an_answer_that_breaks_off_is_asked_for_again_when_it_is_wanted_whole():
    response, sleeps = ask(Server(half_an_answer, 200), extensions=dict(WHOLE))
    assert (response.status_code, sleeps) == (200, [1])


def test_an_answer_that_always_breaks_off_is_an_error():
    with pytest.raises(httpx.RemoteProtocolError):
        ask(Server(half_an_answer), extensions=dict(WHOLE))


def test_jitter_only_shortens_the_pause():
    server, clock = Server(503, 200), FakeClock()
    with build_client(
        "http://service.test",
        transport=httpx.MockTransport(server),
        retries=Retries(1, first=2, jitter=0.5),
        clock=clock,
        random=lambda: 1.0,
    ) as client:
        client.get("/")
    assert clock.sleeps == [1]


def test_no_redirect_is_followed():
    server = Server(lambda: httpx.Response(302, headers={"Location": "http://elsewhere.test/"}))
    assert ask(server)[0].status_code == 302
    assert [request.url.host for request in server.requests] == ["service.test"]


def test_the_default_patience_with_a_refused_connection_is_at_most_six_seconds():
    clock = FakeClock()
    with (
        build_client(
            "http://service.test", transport=httpx.MockTransport(Server(httpx.ConnectError("no"))), clock=clock
        ) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get("/")
    assert 3 <= sum(clock.sleeps) <= 6


@pytest.mark.parametrize(
    ("address", "environment", "proxied"),
    [
        ("http://127.0.0.1:1", {"http_proxy": "http://proxy.test:3128"}, False),
        ("http://localhost:1", {"ALL_PROXY": "http://proxy.test:3128"}, False),
        ("http://dhis2.test", {"http_proxy": "http://proxy.test:3128"}, True),
        ("http://dhis2.test", {"http_proxy": "proxy.test:3128"}, True),
        ("https://dhis2.test", {"http_proxy": "http://proxy.test:3128"}, False),
        ("http://dhis2.test", {"http_proxy": "http://proxy.test:3128", "no_proxy": "dhis2.test"}, False),
    ],
)
def test_the_environments_proxy_is_used_but_not_for_this_machine(monkeypatch, address, environment, proxied):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    built = []
    transport = httpx.MockTransport(Server(200))
    monkeypatch.setattr(httpx, "HTTPTransport", lambda proxy, **_: built.append(proxy) or transport)
    build_client(address).close()
    assert built == ["http://proxy.test:3128" if proxied else None]


def test_a_proxy_that_cannot_be_used_is_a_configuration_error_without_its_password(monkeypatch):
    monkeypatch.setenv("http_proxy", "gopher://user:secret@proxy.test")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ConfigError) as caught:
        build_client("http://dhis2.test")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_a_configuration_error(monkeypatch, tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigError, match="certificates") as caught:
        build_client("https://dhis2.test")
    assert "SSL_CERT_FILE" in caught.value.hint


def test_the_certificates_are_read_once_for_all_clients(monkeypatch):
    reads = []
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: reads.append(1) or ssl.create_default_context())
    monkeypatch.setenv("SSL_CERT_DIR", "/an/unusual/folder")
    for _ in range(3):
        build_client("https://dhis2.test").close()
    assert len(reads) == 1
