"""Credentials for a client: API key, bearer token and HTTP Basic, each for one service only.

A request to another origin than that of the service (scheme, host, port) goes out without credentials. A client that
follows redirects by itself would take a key in a header along: `build_client` makes one that follows none.
"""

import base64
import re
from collections.abc import Callable, Generator
from typing import Literal

import httpx

from prefect_patterns.errors import ConfigError
from prefect_patterns.http.urls import base_address, same_origin

__all__ = [
    "CONTROL",
    "ApiKeyAuth",
    "BasicAuth",
    "BearerAuth",
    "ServiceAuth",
    "basic_value",
    "bearer_value",
    "key_value",
]

_DOCS = "docs/http.md#authentication"
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

AuthFlow = Generator[httpx.Request, httpx.Response, None]


def key_value(key: str) -> str:
    """Return *key* as the value of a header.

    Raises:
        ConfigError: It is empty or holds what no header can: spaces, line ends, characters beyond ASCII.

    >>> key_value("4f1c9a7e52")
    '4f1c9a7e52'
    """
    return _visible(key, "API key")


def bearer_value(token: str) -> str:
    """Return the value of `Authorization` for a bearer token (RFC 6750, 2.1).

    Raises:
        ConfigError: It is empty or holds what no header can: spaces, line ends, characters beyond ASCII.

    >>> bearer_value("mF_9.B5f-4.1JqM")
    'Bearer mF_9.B5f-4.1JqM'
    """
    return f"Bearer {_visible(token, 'bearer token')}"


def basic_value(username: str, password: str) -> str:
    """Return the value of `Authorization` for HTTP Basic, in UTF-8 (RFC 7617, 2).

    Raises:
        ConfigError: The user name is empty or holds a colon, or one of both holds a control character.

    >>> basic_value("Aladdin", "open sesame")
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    wrong = [
        *(["the user name is empty"] if not username else []),
        *(["the user name holds a colon"] if ":" in username else []),
        *(["the user name holds a control character"] if CONTROL.search(username) else []),
        *(["the password holds a control character"] if CONTROL.search(password) else []),
    ]
    try:
        pair = f"{username}:{password}".encode()
    except UnicodeEncodeError:
        pair = b""
        wrong.append("one of both is not Unicode text")
    if wrong:
        raise ConfigError(
            f"the credentials for HTTP Basic cannot be sent: {'; '.join(wrong)}",
            hint="give the user and the password as they are, such as without a line end from a file",
            docs=_DOCS,
        )
    return f"Basic {base64.b64encode(pair).decode()}"


class ServiceAuth(httpx.Auth):
    """Adds credentials to the requests for one service.

    Args:
        base_url: The service's address; what has another origin gets no credentials.

    Raises:
        ConfigError: *base_url* is not an http(s) address.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_address(base_url)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def covers(self, request: httpx.Request) -> bool:
        """Return whether *request* goes to the service."""
        return same_origin(str(request.url), self.base_url)

    def auth_flow(self, request: httpx.Request) -> AuthFlow:
        """Yield the request as it is to be sent; httpx calls this."""
        if self.covers(request):
            self.sign(request)
        yield request

    def sign(self, request: httpx.Request) -> None:
        """Add the credentials to *request*."""
        raise NotImplementedError


class ApiKeyAuth(ServiceAuth):
    """An API key in a header or in the query.

    A key in the query is left out where httpx shows the address: in its log and in its errors. A server or a proxy
    may still log it; prefer the header.

    Args:
        base_url: The service's address.
        key: The key.
        name: Of the header or of the parameter.
        place: Where the key goes.

    Raises:
        ConfigError: An argument cannot be.

    >>> ApiKeyAuth("https://api.test", "4f1c9a7e52", name="X-Token")
    ApiKeyAuth('https://api.test')
    """

    def __init__(
        self, base_url: str, key: str, *, name: str = "X-API-Key", place: Literal["header", "query"] = "header"
    ) -> None:
        super().__init__(base_url)
        if place not in ("header", "query"):
            raise ConfigError(f"an API key cannot go into {place!r}", hint="use 'header' or 'query'", docs=_DOCS)
        if not _FIELD_NAME.fullmatch(name):
            raise ConfigError(f"{name!r} cannot name an API key", hint="use a name as X-API-Key", docs=_DOCS)
        self._key = key_value(key)
        self._name = name
        self._place = place

    def sign(self, request: httpx.Request) -> None:
        """Add the key to *request*."""
        if self._place == "header":
            request.headers[self._name] = self._key
        else:
            request.url = _Discreet(request.url.copy_set_param(self._name, self._key))


class BearerAuth(ServiceAuth):
    """A bearer token (RFC 6750).

    Args:
        base_url: The service's address.
        token: The token, or a function that gives it before each request.

    Raises:
        ConfigError: An argument cannot be; with a function, when it gave something that cannot be a token.

    >>> BearerAuth("https://api.test", "mF_9.B5f-4.1JqM")
    BearerAuth('https://api.test')
    """

    def __init__(self, base_url: str, token: str | Callable[[], str]) -> None:
        super().__init__(base_url)
        self._token = token if callable(token) else bearer_value(token)

    def sign(self, request: httpx.Request) -> None:
        """Add the token to *request*."""
        value = bearer_value(self._token()) if callable(self._token) else self._token
        request.headers["Authorization"] = value


class BasicAuth(ServiceAuth):
    """A user and a password (RFC 7617).

    Args:
        base_url: The service's address.
        username: Without a colon.
        password: In any script.

    Raises:
        ConfigError: An argument cannot be.

    >>> BasicAuth("https://api.test", "Aladdin", "open sesame")
    BasicAuth('https://api.test')
    """

    def __init__(self, base_url: str, username: str, password: str) -> None:
        super().__init__(base_url)
        self._value = basic_value(username, password)

    def sign(self, request: httpx.Request) -> None:
        """Add the user and the password to *request*."""
        request.headers["Authorization"] = self._value


class _Discreet(httpx.URL):
    """An address that is asked for whole and shown without its query, since httpx logs addresses."""

    def __str__(self) -> str:
        return super().__str__().partition("?")[0]

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


def _visible(text: str, kind: str) -> str:
    if not isinstance(text, str) or not _VISIBLE.fullmatch(text):
        trouble = "is empty" if text == "" else "holds what no header can, such as a space or a line end"
        raise ConfigError(f"the {kind} {trouble}", hint=f"give the {kind} as the service gave it", docs=_DOCS)
    return text
