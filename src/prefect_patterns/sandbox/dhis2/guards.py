"""What a request passes before it reaches an endpoint: the version in its path, and who sends it."""

import base64
import re
import secrets
from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prefect_patterns.sandbox.dhis2.answers import HEADERS, JSON, NO_STORE, Refusal, envelope, html
from prefect_patterns.sandbox.dhis2.users import ISSUED, USERS, User, checksum_is_right
from prefect_patterns.sandbox.proxy import LOGIN_PAGE

__all__ = ["Authentication", "VersionPrefix", "without_version"]

_OLDEST_PREFIX = 28
_PREFIX = re.compile(r"/api/(\d\d)(?=/)")
_COOKIE = "JSESSIONID"
_MOST_SESSIONS = 10  # of one user: the server's `max.sessions.per_user`
_TOKEN = re.compile(r"apitoken ([a-z0-9\-._~+/]+=*)", re.IGNORECASE)
_FAILED = "Failed to authenticate API token, "


def without_version(path: str) -> str:
    """Return *path* without the number of an API version.

    >>> without_version("/api/43/me")
    '/api/me'
    """
    return _PREFIX.sub("/api", path, count=1)


class VersionPrefix:
    """Takes the version out of `/api/28/…` up to the server's own number; other numbers are not paths.

    2.43 rewrites each such path in a filter, the releases before it list the versions at each controller: they answer
    the same paths.

    Args:
        newest: The server's own number.
    """

    def __init__(self, app: ASGIApp, *, newest: int) -> None:
        self._app = app
        self._newest = newest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        found = _PREFIX.match(scope["path"]) if scope["type"] == "http" else None
        if found and _OLDEST_PREFIX <= int(found[1]) <= self._newest:
            path = without_version(scope["path"])
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


class Authentication:
    """HTTP Basic and the session cookie it starts, and API tokens; without any, the way to the login page.

    A user has ten sessions at most: the oldest ends when one more starts.

    Args:
        login_path: Where that page is.
        new_session: Makes session ids.
    """

    def __init__(self, app: ASGIApp, *, login_path: str, new_session: Callable[[], str] | None = None) -> None:
        self._app = app
        self._login_path = login_path
        self._new_session = new_session or (lambda: secrets.token_hex(16).upper())
        self._sessions: dict[str, User] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as the user's, or answer for the server's door."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        found = self._open(request) or self._enter(request)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        by_token = _scheme(request) == "apitoken"
        if by_token or self._sessions.get(request.cookies.get(_COOKIE, "")) == found:
            await self._app({**scope, "user": found}, receive, send)
            return
        session = self._start(found)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax".encode()
                message = {**message, "headers": [*message.get("headers", []), (b"set-cookie", cookie)]}
            await send(message)

        await self._app({**scope, "user": found}, receive, with_cookie)

    def _start(self, user: User) -> str:
        """Return the id of a new session."""
        theirs = [session for session, owner in self._sessions.items() if owner == user]  # the oldest first
        for session in theirs[: max(len(theirs) + 1 - _MOST_SESSIONS, 0)]:
            del self._sessions[session]
        session = self._new_session()
        self._sessions[session] = user
        return session

    def _open(self, request: Request) -> Response | None:
        """Answer what needs no user."""
        path = request.url.path
        if path == "/api/ping":
            return PlainTextResponse("pong", headers={**HEADERS, "cache-control": NO_STORE})
        return html(LOGIN_PAGE) if path.rstrip("/") == self._login_path.rstrip("/") else None

    def _enter(self, request: Request) -> User | Response:
        scheme, authorization = _scheme(request), request.headers.get("authorization", "")
        if scheme == "basic":
            return _by_password(request, authorization.partition(" ")[2])
        if scheme.startswith("apitoken"):
            return _by_token(request, authorization)
        user = self._sessions.get(request.cookies.get(_COOKIE, ""))
        if user is not None:
            return user
        if request.headers.get("x-requested-with") == "XMLHttpRequest":
            return _unauthorized(request, "Unauthorized")
        login = request.url.replace(path=self._login_path, query="", fragment="")
        return RedirectResponse(str(login), 302, headers={**HEADERS, "cache-control": NO_STORE})


def _scheme(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[0].lower()


def _by_password(request: Request, encoded: str) -> User | Response:
    try:
        name, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # not base64, not ASCII, not UTF-8 within
        return _unauthorized(request, "Unauthorized")
    user = USERS.get(name)
    if user is not None and user.kept_out is not None:
        return _unauthorized(request, user.kept_out)
    if user is None or not secrets.compare_digest(password.encode(), user.password.encode()):
        return _unauthorized(request, "Unauthorized")
    return user


def _by_token(request: Request, authorization: str) -> User | Response:
    found = _TOKEN.fullmatch(authorization)
    right = checksum_is_right(found[1]) if found else None
    if found is None or right is None:
        return _token_refused(400, "Api token is malformed")
    if not right:
        return _token_refused(400, "Checksum validation failed")
    token = ISSUED.get(found[1])
    if token is None:
        return _token_refused(401, "The API token does not exists")  # the server's own words
    if token.expired:
        return _token_refused(401, f"{_FAILED}token has expired.")
    if token.owner.kept_out is not None:
        return _token_refused(401, "The API token is disabled, locked or 2FA is enabled.")
    address = request.headers.get("x-forwarded-for") or (request.client.host if request.client else "")
    if token.addresses and address not in token.addresses:
        return _token_refused(401, f"{_FAILED}request ip address is not allowed.")
    if token.referrers and request.headers.get("referer", "").lower() not in token.referrers:
        return _token_refused(401, f"{_FAILED}request http referrer is missing or not allowed.")
    if token.methods and request.method not in token.methods:
        return _token_refused(401, f"{_FAILED}request http method is not allowed.")
    return token.owner


def _token_refused(status: int, message: str) -> Response:
    response = envelope(Refusal(status, message), kind=JSON)
    response.headers["www-authenticate"] = "ApiToken"
    return response


def _unauthorized(request: Request, message: str) -> Response:
    refusal = Refusal(401, message)
    if "application/xml" not in request.headers.get("accept", ""):
        return envelope(refusal, kind=JSON)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><webMessage xmlns="http://dhis2.org/schema/dxf/2.0" '
        'httpStatus="Unauthorized" httpStatusCode="401" status="ERROR">'
        f"<message>{escape(message)}</message></webMessage>"
    )
    return Response(text, 401, {**HEADERS, "content-type": "application/xml;charset=UTF-8"})
