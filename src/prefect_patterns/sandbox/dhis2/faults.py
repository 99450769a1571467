"""Faults on demand: what a proxy, a dying server or an expired session does to an answer."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prefect_patterns.sandbox.dhis2.answers import LOGIN_PAGE, html

__all__ = ["Fault", "Faults", "control"]


class _Dropped(Exception):
    """Ends a response half-way: the server then closes the connection."""


@dataclass(slots=True)
class Fault:
    """What goes wrong at a path and below it.

    Args:
        path: Such as `/api/analytics`, which also covers `/api/analytics.json`; `/` is every path.
        status: The HTTP status to answer with.
        body: The text to answer with.
        headers: Headers to answer with.
        login_page: Answer 200 with the HTML login page.
        drop_after: Let the real answer pass, but close the connection after so many bytes of its body.
        times: How many requests it hits; None for all until it is cleared.
    """

    path: str
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    login_page: bool = False
    drop_after: int | None = None
    times: int | None = None

    def covers(self, path: str) -> bool:
        """Say whether a request for *path* meets this fault."""
        own = self.path.rstrip("/")
        return path == own or path.startswith((f"{own}/", f"{own}."))


class Faults:
    """An application with faults in front of it; the newest fault that covers a path is met."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let *fault* happen from now on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the fault that the path has, or pass the request on."""
        fault = self._meet(scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.drop_after is not None:
            await self._app(scope, receive, _dropping(send, fault.drop_after))
        elif fault.login_page:
            await html(LOGIN_PAGE)(scope, receive, send)
        else:
            headers = {"content-type": "text/html", **fault.headers}
            await Response(fault.body, fault.status or 500, headers)(scope, receive, send)

    def _meet(self, path: str) -> Fault | None:
        for fault in reversed(self._faults):
            if fault.covers(path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


def _dropping(send: Send, left: int) -> Send:
    async def limited(message: Message) -> None:
        nonlocal left
        if message["type"] != "http.response.body":
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
            await send({**message, "headers": kept})
            return
        body: bytes = message.get("body", b"")
        await send({**message, "body": body[:left], "more_body": True})
        left -= len(body)
        if left <= 0 or not message.get("more_body", False):
            raise _Dropped

    return limited


def control(faults: Faults, token: str) -> ASGIApp:
    """Return the application of the control port: POST a fault, DELETE them all, with the token."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if not secrets.compare_digest(request.headers.get("x-sandbox-token", "").encode(), token.encode()):
            await Response("the token is wrong", 401)(scope, receive, send)
        elif scope["path"] == "/faults" and request.method == "POST":
            wanted: dict[str, Any] = json.loads(await request.body())
            faults.add(Fault(**wanted))
            await Response(status_code=204)(scope, receive, send)
        elif scope["path"] == "/faults" and request.method == "DELETE":
            faults.clear()
            await Response(status_code=204)(scope, receive, send)
        else:
            await Response("POST or DELETE /faults", 404)(scope, receive, send)

    return app
