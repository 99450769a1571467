import asyncio
import json
import pickle
import threading

import httpx
import pytest

from prefect_patterns.errors import AuthenticationFailed, ConfigError, NotFound, RemoteUnavailable, UnexpectedAnswer
from prefect_patterns.http import ClientCredentialsAuth, build_client
from prefect_patterns.sandbox.httpbox import DEMO
from prefect_patterns.sandbox.httpbox.app import build_app
from prefect_patterns.testing import FakeClock

API, TOKENS = "http://api.test", "http://id.test/token?realm=a"
SECRET = "s3cret+/&é"


class Issuer:
    """A token endpoint: each request gets the next token, or what *answer* says."""

    def __init__(self, answer=None, expires_in=100):
        self.answer = answer
        self.expires_in = expires_in
        self.requests = []

    def __call__(self, request):
        request.read()
        self.requests.append(request)
        if self.answer is not None:
            return self.answer() if callable(self.answer) else self.answer
        return httpx.Response(200, json=self.token())

    def token(self):
        body = {"access_token": f"t{len(self.requests)}", "token_type": "Bearer", "expires_in": self.expires_in}
        return {name: value for name, value in body.items() if value is not None}


def auth_for(issuer, clock=None, **changes):
    arguments = {"token_url": TOKENS, "client_id": "me", "client_secret": SECRET} | changes
    return ClientCredentialsAuth(API, **arguments, transport=httpx.MockTransport(issuer), clock=clock or FakeClock())


def resource(refused=(), challenge='Bearer error="invalid_token"'):
    """A resource that refuses some tokens and says which one it saw."""

    def handle(request):
        token = request.headers.get("authorization", "")
        if token.removeprefix("Bearer ") in refused:
            return httpx.Response(401, headers={"WWW-Authenticate": challenge} if challenge else {})
        return httpx.Response(200, text=token)

    return httpx.MockTransport(handle)


def ask(auth, transport=None, url=API, **request):
    with build_client(API, auth=auth, transport=transport or resource()) as client:
        return client.request(request.pop("method", "GET"), url, **request)


def test_one_token_serves_many_requests_until_shortly_before_its_end():
    clock = FakeClock()
    issuer = Issuer(expires_in=100)
    auth = auth_for(issuer, clock, leeway=30)
    seen = []
    for seconds in (0, 69.9, 0.1, 69.9):
        clock.advance(seconds)
        seen.append(ask(auth).text)
    assert seen == ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]


@pytest.mark.parametrize(
    ("expires_in", "good_for"), [(10, 5), ("10", 5), (1000, 970), (0, 0), (-5, 0), (True, 0.5), (2.5, 1.25)]
)
def test_the_leeway_is_at_most_half_of_the_tokens_life(expires_in, good_for):
    clock = FakeClock()
    issuer = Issuer(expires_in=expires_in)
    auth = auth_for(issuer, clock, leeway=30)
    auth.token()
    clock.advance(good_for - 0.01 if good_for else 0)
    auth.token()
    assert len(issuer.requests) == (1 if good_for else 2)
    clock.advance(0.02)
    auth.token()
    assert len(issuer.requests) == (2 if good_for else 3)


@pytest.mark.parametrize("expires_in", [None, "soon", [], {}, "nan", "inf"])
def test_a_token_that_names_no_end_is_kept_until_it_is_refused(expires_in):
    clock = FakeClock()
    auth = auth_for(Issuer(expires_in=expires_in), clock)
    auth.token()
    clock.advance(10**9)
    assert auth.token() == "t1"
    assert ask(auth, resource(refused={"t1"})).text == "Bearer t2"


@pytest.mark.parametrize(
    "challenge", ['Bearer error="invalid_token"', "Bearer", "", 'Bearer realm="x", error=invalid_token']
)
def test_a_refused_token_is_replaced_and_the_request_repeated_once(challenge):
    issuer = Issuer()
    answer = ask(auth_for(issuer), resource({"t1"}, challenge), method="POST", content=b"body")
    assert (answer.text, len(issuer.requests)) == ("Bearer t2", 2)
    assert [each.status_code for each in answer.history] == [401]


def test_a_server_that_refuses_every_token_is_asked_twice_and_no_more():
    issuer = Issuer()
    answer = ask(auth_for(issuer), resource({"t1", "t2", "t3"}))
    assert (answer.status_code, len(issuer.requests)) == (401, 2)


@pytest.mark.parametrize("challenge", ['Bearer error="invalid_request"', 'Bearer error="insufficient_scope"'])
def test_a_refusal_that_another_token_does_not_mend_is_given_back(challenge):
    issuer = Issuer()
    assert ask(auth_for(issuer), resource({"t1"}, challenge)).status_code == 401
    assert len(issuer.requests) == 1


class Spending(httpx.BaseTransport):
    """Sends the body as a network does, and is refused."""

    def handle_request(self, request):
        assert b"".join(request.stream) == b"ab"
        return httpx.Response(401)


def test_a_body_that_was_a_stream_is_not_sent_again():
    issuer = Issuer()
    answer = ask(auth_for(issuer), Spending(), method="POST", content=iter([b"a", b"b"]))
    assert (answer.status_code, len(issuer.requests)) == (401, 1)


@pytest.mark.parametrize("url", ["http://other.test", "https://api.test", "http://api.test:81", "http://id.test/token"])
def test_another_origin_gets_no_token_and_makes_none(url):
    issuer = Issuer()
    assert ask(auth_for(issuer), url=url).text == ""
    assert issuer.requests == []


def test_the_client_names_itself_by_basic_encoded_as_the_standard_says():
    issuer = Issuer()
    auth_for(issuer, scope=["read", "write"]).token()
    request = issuer.requests[0]
    assert str(request.url) == TOKENS
    expected = httpx.BasicAuth("me", "s3cret%2B%2F%26%C3%A9")
    assert (
        request.headers["authorization"] == next(expected.auth_flow(httpx.Request("GET", API))).headers["authorization"]
    )
    assert request.content == b"grant_type=client_credentials&scope=read+write"


def test_or_in_the_body():
    issuer = Issuer()
    auth_for(issuer, client_auth="body", scope="").token()
    request = issuer.requests[0]
    assert "authorization" not in request.headers
    assert dict(httpx.QueryParams(request.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": SECRET,
    }


def test_many_threads_get_one_token_by_one_request():
    ready = threading.Barrier(16)
    issuer = Issuer()
    auth = auth_for(issuer)
    got = []

    def work():
        ready.wait()
        got.append(auth.token())

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got, len(issuer.requests)) == (["t1"] * 16, 1)


def test_threads_that_were_all_refused_replace_the_token_once():
    issuer = Issuer()
    auth = auth_for(issuer)
    auth.token()
    assert [auth.token(refused="t1") for _ in range(5)] == ["t2"] * 5
    assert len(issuer.requests) == 2


class Moments(FakeClock):
    """Gives these moments in turn."""

    def __init__(self, *moments):
        super().__init__()
        self.moments = list(moments)

    def monotonic(self):
        return self.moments.pop(0)


def test_who_waited_while_the_endpoint_failed_shares_the_failure_and_who_comes_later_asks_again():
    first_fails, second_came_meanwhile, third_is_later = [0, 0, 10], [5], [11, 11]
    issuer = Issuer(httpx.Response(503))
    auth = auth_for(issuer, Moments(*first_fails, *second_came_meanwhile, *third_is_later))
    failures = []
    for _ in range(2):
        with pytest.raises(RemoteUnavailable) as caught:
            auth.token()
        failures.append(caught.value)
    assert len(issuer.requests) == 1
    assert failures[0] is not failures[1]
    issuer.answer = None
    assert auth.token() == "t2"


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), AuthenticationFailed, "invalid_client"),
        (httpx.Response(400, json={"error": "invalid_scope"}), AuthenticationFailed, "invalid_scope"),
        (httpx.Response(200, json={"error": "invalid_scope"}), AuthenticationFailed, "invalid_scope"),
        (httpx.Response(400, json={"error": f"x {SECRET}"}), UnexpectedAnswer, "answered 400"),
        (httpx.Response(401), AuthenticationFailed, "401"),
        (httpx.Response(403, text="<html>"), AuthenticationFailed, "403"),
        (httpx.Response(404), NotFound, "404"),
        (httpx.Response(429), RemoteUnavailable, "429"),
        (httpx.Response(500, json={"error": "invalid_client"}), RemoteUnavailable, "500"),
        (httpx.Response(503, headers={"Retry-After": "99999"}), RemoteUnavailable, "503"),
        (httpx.Response(302, headers={"Location": "http://other.test"}), UnexpectedAnswer, "302"),
        (httpx.Response(200, text="<html>login</html>"), UnexpectedAnswer, "no bearer token"),
        (httpx.Response(200, content=b"x" * 100_000), UnexpectedAnswer, "no bearer token"),
        (httpx.Response(200, json=[1]), UnexpectedAnswer, "no bearer token"),
        (httpx.Response(200, json={"access_token": None}), UnexpectedAnswer, "no bearer token"),
        (httpx.Response(200, json={"access_token": "t", "token_type": "mac"}), UnexpectedAnswer, "no bearer token"),
        (httpx.Response(200, json={"access_token": "a\nb"}), UnexpectedAnswer, "no header can hold"),
        (httpx.Response(200, content=b"[" * 60_000), UnexpectedAnswer, "no bearer token"),
        (httpx.Response(200, content=b'{"access_token": "t'), UnexpectedAnswer, "no bearer token"),
    ],
)
def test_an_answer_that_is_no_token_is_an_error_that_says_who_acts(answer, kind, says):
    with pytest.raises(kind, match=says) as caught:
        ask(auth_for(Issuer(answer)))
    error = caught.value
    assert (error.url, error.status, error.method) == ("http://id.test/token", answer.status_code, "POST")
    assert error.hint
    assert SECRET not in f"{error} {error!r} {error.envelope} {pickle.dumps(error)!r}"


@pytest.mark.parametrize(("header", "hint"), [("7", "try again in 7 s"), ("soon", "try again later")])
def test_a_busy_endpoint_says_when_to_come_back(header, hint):
    with pytest.raises(RemoteUnavailable) as caught:
        ask(auth_for(Issuer(httpx.Response(429, headers={"Retry-After": header}))))
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("no"), httpx.ReadTimeout("no"), httpx.RemoteProtocolError("no")]
)
def test_an_endpoint_that_does_not_answer_is_unavailable_and_asked_anew_the_next_time(trouble):
    def fail():
        raise trouble

    issuer = Issuer(fail)
    auth = auth_for(issuer)
    with pytest.raises(RemoteUnavailable, match="the token endpoint http"):
        ask(auth)
    issuer.answer = None
    assert ask(auth).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_secret": ""},
        {"client_auth": "jwt"},
        {"leeway": -1},
        {"leeway": float("nan")},
        {"token_url": "id.test/token"},
        {"token_url": "http://me:pw@id.test/token"},
        {"client_secret": "\ud800"},
        {"client_secret": f"{SECRET}\n"},
        {"client_id": "me\n"},
        {"token_url": f"{TOKENS}?audience=a\nb"},
    ],
)
def test_arguments_that_cannot_be_are_configuration_errors(changes):
    with pytest.raises(ConfigError) as caught:
        auth_for(Issuer(), **changes)
    assert "pw" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError) as caught:
        auth_for(Issuer(), client_id="", client_secret="", client_auth="x")
    assert all(name in caught.value.what for name in ("client_id", "client_secret", "client_auth"))


def test_nothing_shows_the_secret_or_the_token():
    auth = auth_for(Issuer())
    auth.token()
    shown = f"{auth!r} {auth} {auth._token!r}"
    assert SECRET not in shown
    assert "'t1'" not in shown


def test_it_is_pickled_without_its_token():
    auth = ClientCredentialsAuth(API, token_url=TOKENS, client_id="me", client_secret=SECRET)
    auth._transport = None
    auth._token = auth_for(Issuer())._fetch(0)
    pickled = pickle.dumps(auth)
    assert b"t1" not in pickled
    again = pickle.loads(pickled)
    assert (again._token, again.client_id, again._secret) == (None, "me", SECRET)


def test_an_asynchronous_client_does_the_same():
    issuer = Issuer()
    auth = auth_for(issuer)

    async def visit():
        async with httpx.AsyncClient(auth=auth, transport=resource({"t1"})) as client:
            return [(await client.get(API)).text, (await client.get("http://other.test")).text]

    assert asyncio.run(visit()) == ["Bearer t2", ""]


def test_against_a_server_that_ends_and_revokes_its_tokens(in_process):
    clock, log = FakeClock(), []
    network = in_process(build_app(clock=clock), log)
    auth = ClientCredentialsAuth(
        "http://box",
        token_url="http://box/oauth2/token?lifetime=100",
        client_id=DEMO.client_id,
        client_secret=DEMO.client_secret,
        scope="read",
        transport=network,
        clock=clock,
    )
    seen = []
    with build_client("http://box", auth=auth, transport=network) as client:
        seen.append(client.get("/protected/oauth2").json()["token"])
        clock.advance(71)  # near its end
        seen.append(client.get("/protected/oauth2").json()["token"])
        form = {"token": auth.token(), "client_id": DEMO.client_id, "client_secret": DEMO.client_secret}
        build_client("http://box", transport=network).post("/oauth2/revoke", data=form)
        seen.append(client.get("/protected/oauth2").json()["token"])
    assert len(set(seen)) == 3
    assert [status for _, path, status in log if path == "/protected/oauth2"] == [200, 200, 401, 200]
    assert sum(path == "/oauth2/token" for _, path, _ in log) == 3


@pytest.mark.parametrize("client_auth", ["basic", "body"])
def test_a_server_takes_both_ways_of_naming_the_client(in_process, client_auth):
    network = in_process(build_app())
    who = {"client_id": DEMO.client_id, "client_secret": DEMO.client_secret}
    auth = ClientCredentialsAuth(
        "http://box", token_url="http://box/oauth2/token", **who, client_auth=client_auth, transport=network
    )
    assert auth.token()


def test_a_server_refuses_a_wrong_secret_and_an_unknown_scope(in_process):
    network = in_process(build_app())
    for changes, code in (({"client_secret": "x"}, "invalid_client"), ({"scope": "all"}, "invalid_scope")):
        who = {"client_id": DEMO.client_id, "client_secret": DEMO.client_secret} | changes
        auth = ClientCredentialsAuth("http://box", token_url="http://box/oauth2/token", **who, transport=network)
        with pytest.raises(AuthenticationFailed, match=code) as caught:
            auth.token()
        assert json.dumps(caught.value.envelope) == json.dumps({"error": code})
