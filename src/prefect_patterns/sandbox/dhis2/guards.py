"""What a request passes before it reaches an endpoint: the Host check, the version prefix, and authentication."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prefect_patterns.sandbox.dhis2.answers import HEADERS, LOGIN_PAGE, NO_STORE, Refusal, envelope, html

__all__ = ["Authentication", "HostCheck", "VersionPrefix"]

_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_PREFIX = re.compile(r"/api/(?:2[89]|3[0-9]|4[0-3])(?=/)")
_COOKIE = "JSESSIONID"


class HostCheck:
    """Refuses a Host header that is not this machine's, so that no web page gets here by a name of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http" and not _is_own(Request(scope).headers.getlist("host")):
            refusal = PlainTextResponse("this server answers to 127.0.0.1, localhost and [::1] only", 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_own(hosts: list[str]) -> bool:
    if len(hosts) != 1:
        return False
    try:
        return urlsplit(f"//{hosts[0]}").hostname in _OWN_HOSTS and "@" not in hosts[0] and "/" not in hosts[0]
    except ValueError:
        return False


class VersionPrefix:
    """Takes the version out of `/api/28/…` to `/api/43/…`, as 2.43 does; other numbers are not paths."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            path = _PREFIX.sub("/api", scope["path"], count=1)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


class Authentication:
    """HTTP Basic and the session cookie it starts; without either, the way to the login page.

    Args:
        new_session: Makes session ids.
    """

    def __init__(
        self, app: ASGIApp, *, username: str, password: str, new_session: Callable[[], str] | None = None
    ) -> None:
        self._app = app
        self._credentials = f"{username}:{password}".encode()
        self._new_session = new_session or (lambda: secrets.token_hex(16).upper())
        self._sessions: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as the user's, or answer for the server's door."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._at_the_door(request)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if request.cookies.get(_COOKIE) in self._sessions:
            await self._app(scope, receive, send)
            return
        session = self._new_session()
        self._sessions.add(session)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax".encode()
                message = {**message, "headers": [*message.get("headers", []), (b"set-cookie", cookie)]}
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _at_the_door(self, request: Request) -> Response | None:
        path = request.url.path
        if path == "/api/ping":
            return PlainTextResponse("pong", headers={**HEADERS, "cache-control": NO_STORE})
        if path.rstrip("/") == "/login":
            return html(LOGIN_PAGE)
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return None if self._is_right(rest) else envelope(Refusal(401, "Unauthorized"))
        if scheme.lower() == "apitoken":
            return envelope(Refusal(401, "The API token does not exists"))  # the server's own words; none exist here
        if request.cookies.get(_COOKIE) in self._sessions:
            return None
        if request.headers.get("x-requested-with") == "XMLHttpRequest":
            return envelope(Refusal(401, "Unauthorized"))
        login = request.url.replace(path="/login/", query="", fragment="")
        return RedirectResponse(str(login), 302, headers={**HEADERS, "cache-control": NO_STORE})

    def _is_right(self, encoded: str) -> bool:
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            return False
        return secrets.compare_digest(given, self._credentials)
