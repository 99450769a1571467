import socket
import ssl

import httpx
import pytest

from prefect_patterns.http import connection_failure


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (caused(httpx.ConnectError("x"), ConnectionRefusedError()), "connection refused"),
        (caused(httpx.ConnectError("x"), socket.gaierror()), "host name is unknown"),
        (caused(httpx.ConnectError("x"), ssl.SSLCertVerificationError()), "certificate"),
        (caused(httpx.ConnectError("x"), ssl.SSLError()), "TLS"),
        (httpx.ConnectError("x"), "cannot be reached"),
        (httpx.ConnectTimeout("x"), "no connection in time"),
        (httpx.ReadTimeout("x"), "is late"),
        (httpx.PoolTimeout("x"), "no connection left"),
        (httpx.ProxyError("x"), "proxy"),
        (httpx.RemoteProtocolError("x"), "broke off"),
        (httpx.DecodingError("x"), "broke off"),
    ],
)
def test_the_reason_is_said_in_words(error, words):
    failure = connection_failure(error, service="the service")
    assert words in failure.what
    assert (failure.exit_code, failure.status, failure.url) == (5, None, "")


def test_the_request_is_named_without_its_secrets():
    request = httpx.Request("GET", "http://user:secret@host/path?token=secret")
    failure = connection_failure(httpx.ConnectError("x", request=request), service="the service", hint="wait")
    assert (failure.method, failure.url, failure.hint) == ("GET", "http://host/path", "wait")
