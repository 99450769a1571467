import base64
import logging
import pickle

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.errors import ConfigError
from prefect_patterns.http import ApiKeyAuth, BasicAuth, BearerAuth, basic_value, bearer_value, build_client, key_value
from prefect_patterns.sandbox.httpbox import DEMO
from prefect_patterns.sandbox.httpbox.app import build_app

HERE, ELSEWHERE = "http://api.test/v1", "http://other.test/v1"
SECRET = "s3cret"
WAYS = {
    "key": ApiKeyAuth(HERE, SECRET),
    "key in query": ApiKeyAuth(HERE, SECRET, place="query", name="key"),
    "bearer": BearerAuth(HERE, SECRET),
    "bearer by function": BearerAuth(HERE, lambda: SECRET),
    "basic": BasicAuth(HERE, "me", SECRET),
}


def sent(auth, url=HERE):
    requests = []

    def handler(request):
        requests.append(request)
        return httpx.Response(204)

    with httpx.Client(auth=auth, transport=httpx.MockTransport(handler)) as client:
        client.get(url)
    return requests[0]


def test_a_key_goes_into_the_header_that_is_named():
    request = sent(ApiKeyAuth(HERE, "k", name="X-Token"))
    assert request.headers["x-token"] == "k"


def test_a_key_goes_into_the_query_beside_what_is_there():
    request = sent(ApiKeyAuth(HERE, "k&=e", name="key", place="query"), f"{HERE}?a=1&key=old")
    assert dict(httpx.QueryParams(request.url.query)) == {"a": "1", "key": "k&=e"}


def test_a_token_may_come_from_a_function_each_time():
    tokens = iter(["one", "two"])
    auth = BearerAuth(HERE, lambda: next(tokens))
    assert [sent(auth).headers["authorization"] for _ in range(2)] == ["Bearer one", "Bearer two"]


def test_the_example_of_the_standard_is_encoded_as_there():
    assert basic_value("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_value("test", "123£") == "Basic dGVzdDoxMjPCow=="  # RFC 7617, 2.1


PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


@given(username=PRINTABLE.filter(lambda text: ":" not in text), password=PRINTABLE)
def test_basic_can_be_read_back(username, password):
    encoded = basic_value(username, password).removeprefix("Basic ")
    assert base64.b64decode(encoded).decode().split(":", 1) == [username, password]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "url", [ELSEWHERE, "https://api.test/v1", "http://api.test:81/v1", "http://api.test.other.test/v1"]
)
def test_another_origin_gets_no_credentials(way, url):
    request = sent(WAYS[way], url)
    assert request.headers.keys().isdisjoint({"authorization", "x-api-key"})
    assert str(request.url) == url


@pytest.mark.parametrize("way", WAYS)
def test_nothing_shows_the_secret(way, caplog):
    caplog.set_level(logging.DEBUG)
    request = sent(WAYS[way])
    shown = f"{WAYS[way]!r} {WAYS[way]} {request!r} {request.url} {request.url!r} {caplog.text}"
    assert SECRET not in shown
    assert base64.b64encode(f"me:{SECRET}".encode()).decode() not in shown


def test_an_error_of_httpx_does_not_show_the_key_either():
    def handler(request):
        return httpx.Response(500, request=request)

    with httpx.Client(auth=WAYS["key in query"], transport=httpx.MockTransport(handler)) as client:
        answer = client.get(HERE)
    with pytest.raises(httpx.HTTPStatusError) as caught:
        answer.raise_for_status()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("wrong", ["", " ", "a b", "a\r\nX-Evil: 1", "clé", "a\n", None, 7])
@pytest.mark.parametrize("value", [key_value, bearer_value])
def test_what_no_header_can_hold_is_refused_and_not_shown(value, wrong):
    with pytest.raises(ConfigError) as caught:
        value(wrong)
    assert "Evil" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("username", "password"), [("", "x"), ("a:b", "x"), ("a\n", "x"), ("a", "s3cret\n"), ("a", "\ud800")]
)
def test_a_user_or_password_that_cannot_be_sent_is_refused_and_not_shown(username, password):
    with pytest.raises(ConfigError, match="cannot be sent") as caught:
        basic_value(username, password)
    assert "s3cret" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError) as caught:
        basic_value("a:b\n", "\n")
    assert caught.value.what.count(";") == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ApiKeyAuth("api.test", "k"),
        lambda: ApiKeyAuth("http://me:pw@api.test", "k"),
        lambda: ApiKeyAuth(HERE, "k", name="a b"),
        lambda: ApiKeyAuth(HERE, "k", place="body"),
        lambda: BearerAuth(HERE, ""),
        lambda: sent(BearerAuth(HERE, lambda: "a b")),
    ],
)
def test_arguments_that_cannot_be_are_configuration_errors(make):
    with pytest.raises(ConfigError):
        make()


@pytest.mark.parametrize("way", [way for way in WAYS if "function" not in way])
def test_it_can_be_pickled_for_another_process(way):
    again = pickle.loads(pickle.dumps(WAYS[way]))
    assert sent(again).headers == sent(WAYS[way]).headers


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        (ApiKeyAuth("http://box", DEMO.api_key), "/protected/api-key"),
        (ApiKeyAuth("http://box", DEMO.api_key, name="api_key", place="query"), "/protected/api-key"),
        (BearerAuth("http://box", DEMO.bearer_token), "/protected/bearer"),
        (BasicAuth("http://box", DEMO.username, DEMO.password), "/protected/basic"),
    ],
)
def test_a_server_lets_us_in(auth, path, in_process):
    with build_client("http://box", auth=auth, transport=in_process(build_app())) as client:
        assert client.get(path).status_code == 200
