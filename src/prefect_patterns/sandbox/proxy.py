"""What stands before a sandbox: the Host check, the faults that it is told to have, and the port that tells them."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.faults import Fault

__all__ = ["LOGIN_PAGE", "Faults", "HostCheck", "control"]

LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>DHIS2 login</title></head>
<body><div id="dhis2-app-root"><h1>Log in</h1>
<form action="/api/auth/login" method="post"><input name="username"><input name="password" type="password"></form>
</div></body>
</html>
"""

_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_TOO_LONG = "<html><head><title>414 Request-URI Too Large</title></head><body><h1>414</h1></body></html>"
_TYPES = {
    "csv": "application/csv;charset=UTF-8",
    "html": "text/html;charset=UTF-8",
    "xls": "application/vnd.ms-excel",
    "xml": "application/xml;charset=UTF-8",
}
_TICK = 0.05  # seconds between the pieces of a slow body
_WITHOUT_BODY = (204, 304)

Sleep = Callable[[float], Awaitable[object]]


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


class _Dropped(Exception):
    """Ends a response half-way: the server then closes the connection."""


class Faults:
    """An application with faults in front of it; the newest fault that covers a request is met.

    Args:
        canonical: Gives the path by which faults are told from the path of a request.
        sleep: Waits so many seconds.
    """

    def __init__(self, app: ASGIApp, *, canonical: Callable[[str], str] = str, sleep: Sleep = asyncio.sleep) -> None:
        self._app = app
        self._canonical = canonical
        self._sleep = sleep
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let *fault* happen from now on."""
        self._faults.append(replace(fault, path=self._canonical(fault.path)))

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the fault that the request meets, or pass it on."""
        fault = self._meet(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.delay:
            await self._sleep(fault.delay)
        canned = _canned(fault, scope["path"])
        if canned is not None:
            await canned(scope, receive, send)
        elif fault.drop_after is not None:
            await self._app(_without_gzip(scope), receive, _cut(send, fault.drop_after, properly=False))
        elif fault.truncate_after is not None:
            await self._app(_without_gzip(scope), receive, _cut(send, fault.truncate_after, properly=True))
        elif fault.bytes_per_second is not None:
            await self._app(_without_gzip(scope), receive, _paced(send, fault.bytes_per_second, self._sleep))
        else:
            await self._app(scope, receive, send)

    def _meet(self, scope: Scope) -> Fault | None:
        path, query = self._canonical(scope["path"]), scope["query_string"].decode("latin-1")
        for place in reversed(range(len(self._faults))):
            fault = self._faults[place]
            if fault.covers(path, query):
                if fault.times == 1:
                    del self._faults[place]
                elif fault.times is not None:
                    self._faults[place] = replace(fault, times=fault.times - 1)
                return fault
        return None


def _canned(fault: Fault, path: str) -> Response | None:
    """Return the answer of a fault that needs no real one."""
    if fault.status is not None:
        body = "" if fault.status in _WITHOUT_BODY else fault.body  # a server does not send one (RFC 9110, 15.3.5)
        return Response(body, fault.status, {"content-type": "text/html", **_lower(fault)})
    if fault.longest_url is not None:
        return Response(fault.body or _TOO_LONG, 414, {"content-type": "text/html", **_lower(fault)})
    if fault.login_page:
        return Response(LOGIN_PAGE, 200, {"content-type": "text/html;charset=utf-8", **_lower(fault)})
    if fault.error_text is not None:
        kind = _TYPES.get(path.rpartition(".")[2], _TYPES["csv"])
        shown = {"content-type": kind, "content-disposition": 'inline; filename="error.html"'}
        return Response(fault.error_text, 200, {**shown, **_lower(fault)})
    return None


def _lower(fault: Fault) -> dict[str, str]:
    return {name.lower(): value for name, value in fault.headers.items()}


def _without_gzip(scope: Scope) -> Scope:
    """Ask for a plain body: bytes are then counted as the client reads them."""
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}


def _cut(send: Send, left: int, *, properly: bool) -> Send:
    ended = False

    async def limited(message: Message) -> None:
        nonlocal left, ended
        if message["type"] != "http.response.body":
            await send(_without_length(message))
            return
        if ended:
            return
        body: bytes = message.get("body", b"")
        more = bool(message.get("more_body", False)) and len(body) < left
        ended = properly and not more
        await send({**message, "body": body[:left], "more_body": not ended})
        left -= len(body)
        if not properly and not more:
            raise _Dropped

    return limited


def _paced(send: Send, pace: float, sleep: Sleep) -> Send:
    size = max(1, int(pace * _TICK))

    async def slowly(message: Message) -> None:
        body: bytes = message.get("body", b"") if message["type"] == "http.response.body" else b""
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            await send({**message, "body": piece, "more_body": True})
            await sleep(len(piece) / pace)
        if message["type"] != "http.response.body":
            await send(message)
        elif not message.get("more_body", False):
            await send({**message, "body": b""})

    return slowly


def _without_length(message: Message) -> Message:
    return {**message, "headers": [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]}


def control(faults: Faults, token: str) -> ASGIApp:
    """Return the application of the control port: POST a fault, DELETE them all, with the token."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (await _controlled(faults, token, Request(scope, receive)))(scope, receive, send)

    return app


async def _controlled(faults: Faults, token: str, request: Request) -> Response:
    if not secrets.compare_digest(request.headers.get("x-sandbox-token", "").encode(), token.encode()):
        return PlainTextResponse("the token is wrong", 401)
    if request.url.path != "/faults" or request.method not in ("POST", "DELETE"):
        return PlainTextResponse("POST or DELETE /faults", 404)
    if request.method == "DELETE":
        faults.clear()
        return Response(status_code=204)
    try:
        given = json.loads(await request.body())
        if not isinstance(given, dict):
            return PlainTextResponse("a fault is a JSON object", 400)
        faults.add(Fault.of(given))
    except (UsageError, ValueError, RecursionError) as error:
        return PlainTextResponse(str(error), 400)
    return Response(status_code=204)
