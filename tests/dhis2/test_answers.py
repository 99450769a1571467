"""Every way a server can fail, as a user of the client meets it."""

import pickle
import re

import httpx
import pytest

from prefect_patterns.errors import (
    AuthenticationFailed,
    NotFound,
    QueryRefused,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    UnexpectedAnswer,
)

LOGIN_PAGE = "<!doctype html><title>DHIS2 Login</title><input type='password'>"


def envelope(status, reason, message, **more):
    return httpx.Response(
        status, json={"httpStatus": reason, "httpStatusCode": status, "status": "ERROR", "message": message, **more}
    )


def failure(served, answer, **options):
    server = served(answer, **options)
    with pytest.raises(RemoteError) as caught:
        server.client.me()
    error = caught.value
    assert error.hint
    assert "s3cret" not in f"{error!r} {error} {vars(error)}"
    assert type(pickle.loads(pickle.dumps(error))) is type(error)
    return error, server


def test_a_wrong_password_says_what_to_check(served):
    error, _ = failure(served, envelope(401, "Unauthorized", "Unauthorized"), base_url="http://127.0.0.1:8043")
    assert type(error) is AuthenticationFailed
    assert error.what == "DHIS2 at http://127.0.0.1:8043 refused the user 'admin' (401 Unauthorized)"
    assert error.hint == "check PATTERNS_DHIS2_USERNAME and PATTERNS_DHIS2_PASSWORD"
    assert error.docs == "docs/dhis2.md#credentials"
    assert (error.exit_code, error.method, error.url, error.status) == (4, "GET", "http://127.0.0.1:8043/api/me", 401)
    assert error.envelope["httpStatusCode"] == 401


@pytest.mark.parametrize(
    ("answer", "kind", "words", "exit_code"),
    [
        (envelope(401, "Unauthorized", "Account locked"), AuthenticationFailed, "401 Account locked", 4),
        (httpx.Response(401, html="<html>no"), AuthenticationFailed, "401 Unauthorized", 4),
        (envelope(403, "Forbidden", "Access is denied"), AuthenticationFailed, "Access is denied", 4),
        (envelope(404, "Not Found", "No such thing."), NotFound, "404 No such thing", 4),
        (httpx.Response(404, html="<html>Tomcat"), NotFound, "404 Not Found", 4),
        (envelope(409, "Conflict", "No dx.", errorCode="E7124"), QueryRefused, r"No dx \(409, E7124\)", 4),
        (envelope(400, "Bad Request", "Bad", errorCode="E1003"), QueryRefused, "E1003", 4),
        (httpx.Response(414, html="<html>nginx"), RemoteRefused, "414", 4),
        (httpx.Response(400, html="<html>nginx"), RemoteRefused, "400 Bad Request", 4),
        (httpx.Response(501), RemoteRefused, "501 Not Implemented", 4),
        (httpx.Response(429), RemoteUnavailable, "429 Too Many Requests", 5),
        (envelope(500, "Internal Server Error", "NPE"), RemoteUnavailable, "500 NPE", 5),
        (httpx.Response(502, html="<html>nginx"), RemoteUnavailable, "502 Bad Gateway", 5),
        (httpx.Response(503), RemoteUnavailable, "503", 5),
        (httpx.Response(504), RemoteUnavailable, "504", 5),
        (httpx.Response(204), UnexpectedAnswer, "status 204", 4),
        (httpx.Response(304), UnexpectedAnswer, "status 304", 4),
        (httpx.Response(200, html="<html><h1>It works"), UnexpectedAnswer, "HTML instead of JSON", 4),
        (httpx.Response(200, html=LOGIN_PAGE), AuthenticationFailed, "login page instead of JSON", 4),
        (
            httpx.Response(200, headers={"Content-Type": "application/json"}, content=LOGIN_PAGE.encode()),
            AuthenticationFailed,
            "login page instead of JSON",
            4,
        ),
        (httpx.Response(200, content=b"\n<html><h1>It works"), UnexpectedAnswer, "HTML instead of JSON", 4),
        (httpx.Response(302, headers={"Location": "http://[::1"}), UnexpectedAnswer, "an address that is none", 4),
        (httpx.Response(302, headers={"Location": "http://h:x/"}), UnexpectedAnswer, "an address that is none", 4),
        (httpx.Response(200, text="ok"), UnexpectedAnswer, "text/plain instead of JSON", 4),
        (httpx.Response(200, json=[1]), UnexpectedAnswer, "an object", 4),
        (
            httpx.Response(200, headers={"Content-Type": "application/json"}, content=b"{nonsense: 1 and much more}"),
            UnexpectedAnswer,
            "cannot be read",
            4,
        ),
        (
            httpx.Response(200, headers={"Content-Type": "application/json"}, content=b"[" * 200_000 + b"]" * 200_000),
            UnexpectedAnswer,
            "cannot be read",
            4,
        ),
        (
            httpx.Response(200, headers={"Content-Type": "application/json"}, content=b"\xff{}"),
            UnexpectedAnswer,
            "cannot be read",
            4,
        ),
        (
            httpx.Response(200, headers={"Content-Type": "application/json"}, content=b'{"username": "adm'),
            RemoteUnavailable,
            "broke off",
            5,
        ),
        (
            httpx.Response(200, headers={"Content-Type": "application/json"}, content=b""),
            RemoteUnavailable,
            "broke off",
            5,
        ),
        (
            httpx.Response(
                200,
                json={"httpStatus": "Conflict", "httpStatusCode": 409, "status": "ERROR", "message": "Hidden refusal"},
            ),
            QueryRefused,
            "Hidden refusal",
            4,
        ),
    ],
)
def test_each_answer_has_its_error(served, answer, kind, words, exit_code):
    error, _ = failure(served, answer)
    assert type(error) is kind
    assert error.exit_code == exit_code
    assert re.search(words, error.what), error.what
    assert (error.method, error.url) == ("GET", "http://dhis2.test/api/me")


def test_a_query_refused_carries_the_servers_code_and_a_hint(served):
    error, _ = failure(served, envelope(409, "Conflict", "Tables missing", errorCode="E7144"))
    assert (error.code, error.status) == ("E7144", 409)
    assert "analytics job" in error.hint


def test_foreign_words_in_a_message_stay_one_short_printable_line(served):
    error, _ = failure(served, envelope(409, "Conflict", "\x1b[31mred\nline\u202e" + "x" * 5000))
    assert error.what.isprintable()
    assert len(error.what) < 500


@pytest.mark.parametrize(
    "location",
    [
        "/dhis-web-commons/security/login.action",
        "/dhis-web-login",
        "/dhis-web-login/",
        "/login/",
        "http://dhis2.test/login",
        "/dev/login/?redirect=%2Fapi",
    ],
)
def test_a_redirect_to_the_login_page_is_not_followed(served, location):
    error, server = failure(served, httpx.Response(302, headers={"Location": location}))
    assert type(error) is AuthenticationFailed
    assert "login page" in error.what
    assert server.paths == ["/api/me"]


@pytest.mark.parametrize(
    "location",
    [
        "http://evil.test/api/me",
        "//evil.test/api/me",
        "https://evil.test/login/",
        "http://dhis2.test.evil.test/",
        "http://dhis2.test:8081/api/me",
        "http://dhis2.test@evil.test/",
        "http://user:pw@evil.test/",
        "ftp://dhis2.test/",
    ],
)
def test_a_redirect_elsewhere_gets_no_credentials(served, location):
    error, server = failure(served, httpx.Response(302, headers={"Location": location}))
    assert type(error) is UnexpectedAnswer
    assert [request.url.host for request in server.requests] == ["dhis2.test"]
    assert "pw" not in error.what
    if "evil" in location:
        assert "evil.test" in error.what


def test_a_redirect_from_tls_to_plain_text_is_not_followed(served):
    error, server = failure(
        served, httpx.Response(301, headers={"Location": "http://dhis2.test/api/me"}), base_url="https://dhis2.test"
    )
    assert type(error) is UnexpectedAnswer
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["https://dhis2.test/api/me", "/dev/api/me", "http://dhis2.test/api/me/"])
def test_a_redirect_on_the_same_host_is_followed_once_with_credentials(served, location):
    def handler(request):
        if str(request.url) == "http://dhis2.test/api/me":
            return httpx.Response(301, headers={"Location": location})
        return httpx.Response(200, json={"username": "admin"})

    server = served(handler)
    assert server.client.me() == {"username": "admin"}
    assert all("Authorization" in request.headers for request in server.requests)
    assert len(server.requests) == 2


def test_redirects_without_end_end(served):
    error, server = failure(served, httpx.Response(302, headers={"Location": "/api/me"}))
    assert type(error) is UnexpectedAnswer
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (httpx.ConnectError("x"), "cannot be reached"),
        (httpx.ConnectTimeout("x"), "no connection in time"),
        (httpx.ReadTimeout("x"), "is late"),
        (httpx.RemoteProtocolError("x"), "broke off"),
        (httpx.ReadError("x"), "broke off"),
    ],
)
def test_a_server_that_is_away_is_unavailable(served, trouble, words):
    def handler(request):
        raise trouble

    error, _ = failure(served, handler)
    assert type(error) is RemoteUnavailable
    assert words in error.what
    assert error.what.startswith("DHIS2 at http://dhis2.test ")
    assert (error.exit_code, error.method, error.url) == (5, "GET", "http://dhis2.test/api/me")


def test_a_server_that_recovers_is_not_an_error(served):
    answers = [httpx.Response(503), httpx.Response(429, headers={"Retry-After": "3"}), httpx.Response(200, json={})]
    server = served(lambda _: answers.pop(0))
    assert server.client.me() == {}
    assert server.clock.sleeps[1] >= 3
