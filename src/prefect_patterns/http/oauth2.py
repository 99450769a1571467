"""OAuth2 client credentials (RFC 6749, 4.4): one token for all threads, renewed in time."""

import asyncio
import copy
import json
import re
import threading
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus, urlsplit

import httpx

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.errors import (
    AuthenticationFailed,
    ConfigError,
    NotFound,
    RemoteError,
    RemoteUnavailable,
    UnexpectedAnswer,
)
from prefect_patterns.http.auth import CONTROL, ServiceAuth, basic_value, bearer_value
from prefect_patterns.http.client import build_client
from prefect_patterns.http.failures import connection_failure
from prefect_patterns.http.urls import base_address, without_secrets
from prefect_patterns.resilience import retry_after

__all__ = ["ClientCredentialsAuth"]

_DOCS = "docs/http.md#oauth2"
_LARGEST = 64 * 1024
_LATER = frozenset({408, 425, 429})
_ERROR = re.compile(r"\berror\s*=\s*\"?([a-z_]+)", re.IGNORECASE)
_HINTS = {
    "invalid_client": "check the client id and its secret",
    "unauthorized_client": "ask the service to allow this client the grant client_credentials",
    "unsupported_grant_type": "use another way to sign in: this service does not know client_credentials",
    "invalid_scope": "ask for scopes that this client may have",
}


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: float  # on the monotonic clock


class ClientCredentialsAuth(ServiceAuth):
    """Bearer tokens that a client gets for its own id and secret, and that end after a while.

    The token is fetched with the first request, kept in memory, and renewed *leeway* seconds before it ends; once
    more when the service says 401, as it does when a token was revoked: then the request is repeated once, unless its
    body was a stream. Threads share the token and one renewal. Pickled, it keeps the secret and leaves the token.

    Args:
        base_url: The service's address; nothing else gets the token.
        token_url: Where tokens come from; nothing else gets the secret. Its query is kept.
        client_id: The client's name.
        client_secret: The client's secret.
        scope: What the token is to be good for, as one text or as a list; empty for what the service gives.
        client_auth: How the client names itself: by HTTP Basic, which every server must know, or in the body.
        leeway: Seconds before its end that a token is renewed; at most half of its life.
        timeout: Seconds for an answer with a token.
        transport: Replaces the network to *token_url* in tests.

    Raises:
        ConfigError: An argument cannot be.
        AuthenticationFailed: With a request: the token endpoint refused the client or the scope.
        RemoteUnavailable: With a request: the token endpoint is down, late or busy.
        UnexpectedAnswer: With a request: what answers there is no token endpoint.

    >>> ClientCredentialsAuth("https://api.test", token_url="https://id.test/token", client_id="me", client_secret="x")
    ClientCredentialsAuth('https://api.test', client_id='me')
    """

    _lock: threading.Lock
    _token: _Token | None
    _failure: RemoteError | None
    _failed_at: float

    def __init__(
        self,
        base_url: str,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        scope: str | Sequence[str] = "",
        client_auth: Literal["basic", "body"] = "basic",
        leeway: float = 30.0,
        timeout: float = 20.0,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(base_url)
        wrong = [
            *(["client_id is empty"] if not client_id else []),
            *(["client_secret is empty"] if not client_secret else []),
            *(["one of both is not Unicode text"] if not _is_text(client_id + client_secret) else []),
            *(["one of both holds a control character"] if CONTROL.search(client_id + client_secret) else []),
            *(["token_url is no address"] if CONTROL.search(token_url.strip()) else []),
            *([f"client_auth is {client_auth!r}, not basic or body"] if client_auth not in ("basic", "body") else []),
            *([f"leeway is {leeway!r}, not 0 or more seconds"] if not leeway >= 0 else []),
        ]
        if wrong:
            raise ConfigError(f"OAuth2 is configured wrongly: {'; '.join(wrong)}", hint="correct them", docs=_DOCS)
        address, question, query = token_url.strip().partition("?")
        self.token_url = base_address(address) + question + query
        self.client_id = client_id
        self._secret = client_secret
        self._scope = scope if isinstance(scope, str) else " ".join(scope)
        self._in_body = client_auth == "body"
        self._leeway = leeway
        self._timeout = timeout
        self._transport = transport
        self._clock = clock
        self._forget()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r}, client_id={self.client_id!r})"

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name not in _PRIVATE}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        self.__dict__.update(state)
        self._forget()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request with a token, and once more with another one if the service refuses the first."""
        if not self.covers(request):
            yield request
            return
        token = self.token()
        request.headers["Authorization"] = bearer_value(token)
        response = yield request
        if _is_refused(response) and _is_repeatable(request):
            request.headers["Authorization"] = bearer_value(self.token(refused=token))
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Do the same for an asynchronous client; the token is fetched in a thread."""
        if not self.covers(request):
            yield request
            return
        token = await asyncio.to_thread(self.token)
        request.headers["Authorization"] = bearer_value(token)
        response = yield request
        if _is_refused(response) and _is_repeatable(request):
            request.headers["Authorization"] = bearer_value(await asyncio.to_thread(self.token, refused=token))
            yield request

    def token(self, *, refused: str | None = None) -> str:
        """Return a token that is good for now; it is fetched when there is none.

        Args:
            refused: A token that the service did not take; it is replaced, unless another thread did that already.

        Raises:
            RemoteError: As said of the class.
        """
        asked = self._clock.monotonic()
        with self._lock:
            if self._failure is not None and self._failed_at > asked:
                raise copy.copy(self._failure)  # it failed while this thread waited for it
            now = self._clock.monotonic()
            if self._token is None or self._token.value == refused or now >= self._token.renew_at:
                self._token = None
                try:
                    self._token = self._fetch(now)
                except RemoteError as error:
                    self._failure, self._failed_at = copy.copy(error), self._clock.monotonic()  # without its frames
                    raise
                self._failure = None
            return self._token.value

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._token = None
        self._failure = None
        self._failed_at = 0.0

    def _fetch(self, now: float) -> _Token:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        headers = {"Accept": "application/json"}
        if self._in_body:
            form |= {"client_id": self.client_id, "client_secret": self._secret}
        else:  # each is encoded as in a form before it goes into Basic: RFC 6749, 2.3.1
            headers["Authorization"] = basic_value(quote_plus(self.client_id), quote_plus(self._secret))
        shown = without_secrets(self.token_url)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.token_url))
        client = build_client(origin, timeout=self._timeout, transport=self._transport, clock=self._clock)
        try:
            with client, client.stream("POST", self.token_url, data=form, headers=headers) as response:
                body = _read(response)
        except httpx.RequestError as error:
            hint = "check the address of the token endpoint"
            raise connection_failure(error, service=f"the token endpoint {shown}", hint=hint, docs=_DOCS) from None
        return self._parsed(response, body, now)

    def _parsed(self, response: httpx.Response, body: bytes, now: float) -> _Token:
        answer = _object(body)
        about: dict[str, Any] = {
            "method": "POST",
            "url": without_secrets(self.token_url),
            "status": response.status_code,
            "docs": _DOCS,
        }
        where = f"the token endpoint {about['url']}"
        status = response.status_code
        if status in _LATER or status >= 500:
            asked = retry_after(response.headers.get("Retry-After", ""), self._clock.now())
            when = "later" if asked is None else f"in {asked:g} s"
            raise RemoteUnavailable(f"{where} cannot give a token now ({status})", hint=f"try again {when}", **about)
        code = answer.get("error")
        if isinstance(code, str) and re.fullmatch(r"[\w.:/-]{1,100}", code, re.ASCII) and "access_token" not in answer:
            raise AuthenticationFailed(
                f"{where} refused the client {self.client_id!r} ({code})",
                hint=_HINTS.get(code, "look at what the service asks for in a token request"),
                envelope={"error": code},  # the description may repeat what was sent
                **about,
            )
        if status in {401, 403}:
            raise AuthenticationFailed(
                f"{where} refused the client {self.client_id!r} ({status})", hint=_HINTS["invalid_client"], **about
            )
        if status == 404:
            raise NotFound(f"{where} does not exist (404)", hint="check its address", **about)
        value, kind = answer.get("access_token"), answer.get("token_type", "bearer")
        if status != 200 or not isinstance(value, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            what = f"answered {status} with no bearer token" if status == 200 else f"answered {status}"
            raise UnexpectedAnswer(f"{where} {what}", hint="check its address", **about)
        try:
            bearer_value(value)
        except ConfigError:
            hint = "look at what answers there"
            raise UnexpectedAnswer(f"{where} gave a token that no header can hold", hint=hint, **about) from None
        return _Token(value, now + self._usable(answer.get("expires_in")))

    def _usable(self, expires_in: object) -> float:
        life = _seconds(expires_in)
        return life - min(self._leeway, life / 2)


_PRIVATE = frozenset({"_lock", "_token", "_failure", "_failed_at"})


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_refused(response: httpx.Response) -> bool:
    if response.status_code != 401:
        return False
    error = _ERROR.search(response.headers.get("WWW-Authenticate", ""))
    return error is None or error[1].lower() == "invalid_token"  # many servers name no reason


def _is_repeatable(request: httpx.Request) -> bool:
    try:
        _ = request.content
    except httpx.RequestNotRead:  # a stream: it is spent
        return False
    return True


def _read(response: httpx.Response) -> bytes:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _LARGEST:
            return b""  # no token is as long: not a token endpoint
    return body


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(expires_in: object) -> float:
    """Return a token's life; for ever when the server does not say it in numbers: then a 401 ends it."""
    try:
        life = float(expires_in) if isinstance(expires_in, str | int | float) else float("inf")
    except (ValueError, OverflowError):
        return float("inf")
    return max(life, 0.0) if life == life else float("inf")  # noqa: PLR0124 - not a number
