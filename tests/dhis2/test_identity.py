"""Access tokens: sent as DHIS2 wants them, refused in words that fit, never shown."""

import copy
import pickle
import threading

import httpx
import pytest
from pydantic import SecretStr

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import AuthenticationFailed, ConfigError, NotFound, QueryRefused, UsageError

TOKEN = "d2pat_s3cretS3cretS3cretS3cretS3cret1234567890"


@pytest.fixture
def with_token(served):
    """Give a function that makes a client with a token, of a server that gives one answer, or of a handler."""
    return lambda answer, **options: served(answer, username=None, password=None, token=TOKEN, **options)


@pytest.mark.parametrize("token", [TOKEN, SecretStr(TOKEN), f" {TOKEN}\n"])
def test_a_token_is_sent_as_dhis2_wants_it_and_no_user_with_it(served, token):
    server = served({}, username=None, password=None, token=token)
    server.client.me()
    assert server.requests[0].headers["Authorization"] == f"ApiToken {TOKEN}"
    assert server.client.username is None


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])
def test_a_token_goes_with_a_pickled_client_and_is_never_shown(copied):
    client = copied(Dhis2Client("http://dhis2.test", token=TOKEN))
    assert client._connection.server.identity.token.get_secret_value() == TOKEN
    for shown in (repr(client), str(client), repr(vars(client)), repr(vars(client._connection))):
        assert "s3cret" not in shown
    assert repr(client) == "Dhis2Client('http://dhis2.test', token='**********')"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "neither"),
        ({"username": "admin"}, "neither"),
        ({"password": "s3cret"}, "neither"),
        ({"username": "admin", "password": "s3cret", "token": TOKEN}, "both"),
        ({"token": " \n"}, "neither"),
        ({"username": "admin", "password": ""}, "neither"),
        ({"username": "admin", "password": "s3cret\n"}, "control character"),
        ({"username": "ad\nmin", "password": "s3cret"}, "control character"),
        ({"username": "ad:min", "password": "s3cret"}, "colon"),
        ({"username": "admin", "password": "s3cret\ud800"}, "not Unicode"),
        ({"token": f"ApiToken {TOKEN}"}, "one word"),
        ({"token": "s3cret\r\nX-Evil: 1"}, "one word"),
        ({"token": "s3crét"}, "one word"),
        ({"username": "ad:min", "password": "s3cret", "token": "s3 cret"}, "both.*colon.*one word"),
    ],
)
def test_credentials_that_cannot_be_are_refused_at_once_with_every_reason(arguments, words):
    with pytest.raises(ConfigError, match=words) as caught:
        Dhis2Client("http://dhis2.test", **arguments)
    assert "s3cret" not in f"{caught.value!r} {caught.value}"


# What the server says: DHIS2's ApiTokenErrors and ApiTokenAuthManager; the third word is what its owner must do.
@pytest.mark.parametrize(
    ("status", "message", "todo"),
    [
        (400, "Api token is malformed", "copy the whole token"),
        (400, "Checksum validation failed", "copy the whole token"),
        (401, "The API token does not exists", "make a new token"),
        (401, "Failed to authenticate API token, token has expired.", "make a new token"),
        (401, "Failed to authenticate API token, user account is disabled.", "make a new token"),
        (401, "Failed to authenticate API token, request http method is not allowed.", "allow it GET"),
        (401, "Failed to authenticate API token, request ip address is not allowed.", "allow it GET"),
        (401, "Failed to authenticate API token, request http referrer is missing or not allowed.", "allow it GET"),
        (401, "Unauthorized", "PATTERNS_DHIS2_TOKEN"),
    ],
)
@pytest.mark.parametrize("challenge", [{}, {"WWW-Authenticate": "ApiToken"}])
def test_a_token_that_is_refused_says_what_to_do_with_it(with_token, status, message, todo, challenge):
    body = {"httpStatus": "x", "httpStatusCode": status, "status": "ERROR", "message": message}
    server = with_token(httpx.Response(status, json=body, headers=challenge))
    with pytest.raises(AuthenticationFailed, match="refused the access token") as caught:
        server.client.me()
    error = caught.value
    assert todo in error.hint
    assert "PASSWORD" not in str(error)
    assert (error.exit_code, error.status, error.docs) == (4, status, "docs/dhis2.md#credentials")
    assert "s3cret" not in f"{error!r} {error} {vars(error)} {pickle.dumps(error)!r}"


def test_a_token_that_leads_to_a_login_page_says_so(with_token):
    server = with_token(httpx.Response(302, headers={"Location": "/login/"}))
    with pytest.raises(AuthenticationFailed, match="sent the access token to its login page") as caught:
        server.client.me()
    assert "PATTERNS_DHIS2_TOKEN" in caught.value.hint


def test_a_bad_query_is_not_taken_for_a_bad_token(with_token, served):
    body = {"httpStatusCode": 400, "status": "ERROR", "message": "Invalid filter => x", "errorCode": "E1003"}
    with pytest.raises(QueryRefused):
        with_token(httpx.Response(400, json=body)).client.fetch_metadata("dataElements")
    with pytest.raises(QueryRefused):
        served(httpx.Response(400, json=body | {"message": "Api token is malformed"})).client.me()


def test_an_empty_token_beside_a_password_is_none(served):
    server = served({}, token="")
    server.client.me()
    assert server.requests[0].headers["Authorization"].startswith("Basic ")


def test_threads_with_a_token_do_not_queue_for_a_session(with_token):
    """The server makes no session for a token: both requests are under way at the same time."""
    together = threading.Barrier(2, timeout=3)
    server = with_token(lambda _: httpx.Response(200, json={"n": together.wait()}))
    other = threading.Thread(target=server.client.me)
    other.start()
    server.client.me()
    other.join()
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [404, 405])
def test_an_object_that_is_not_there_is_not_found_on_every_version(served, status):
    """2.40 and 2.41 answer 404 to an id that cannot be one, 2.42 and later 405."""
    server = served(httpx.Response(status, json={"httpStatusCode": status, "status": "ERROR", "message": "No"}))
    with pytest.raises(NotFound, match="/api/dataElements/nonsense"):
        server.client.get_object("dataElements", "nonsense")


@pytest.mark.parametrize("uid", ["", " ", "..", ".", "a/b", "a?b", "a b", "ä", "☃", "fbfJHSPpUQD\n"])
def test_what_cannot_be_an_id_is_refused_before_anything_is_asked(served, uid):
    server = served({})
    with pytest.raises(UsageError, match="is not an id"):
        server.client.get_object("dataElements", uid)
    assert server.requests == []


def test_one_object_is_fetched_by_its_id(served):
    server = served({"id": "fbfJHSPpUQD", "name": "ANC 1st visit"})
    assert server.client.get_object("dataElements", "fbfJHSPpUQD", "id,name")["name"] == "ANC 1st visit"
    assert server.paths == ["/api/dataElements/fbfJHSPpUQD"]
    assert server.requests[0].url.params["fields"] == "id,name"
