"""How an answer travels: the release's headers, the server's date, an ETag and its 304, gzip."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prefect_patterns.sandbox.dhis2.answers import JSON
from prefect_patterns.sandbox.dhis2.release import Release

__all__ = ["Dated", "Transport", "takes_gzip"]

# What has an ETag: all but what the server's filter leaves out (`ExcludableShallowEtagHeaderFilter`).
_HAS_ETAG = re.compile(r"/api/(?!dataValueSets|dataValues|fileResources|dataEntry/metadata|metadata/version)")
_COMPRESSED = (
    "application/json",
    "application/xml",
    "application/csv",
    "application/json+geojson",
    "text/",
    "image/svg",
)
_SMALLEST = 1024  # bytes: less is not worth compressing


class Transport:
    """Gives each answer the headers of the release, an ETag where the server has one, and gzip to who takes it.

    Args:
        release: Whose headers.
    """

    def __init__(self, app: ASGIApp, *, release: Release) -> None:
        self._app = app
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send, self._release)
        await self._app(scope, receive, answer.send)


class _Answer:
    """One answer on its way: held back while its ETag is not known, else passed on piece by piece."""

    def __init__(self, scope: Scope, send: Send, release: Release) -> None:
        headers = Headers(scope=scope)
        self._send = send
        self._release = release
        self._known = headers.get("if-none-match", "")
        self._may_compress = takes_gzip(headers.get("accept-encoding", ""))
        self._may_have_etag = scope["method"] == "GET" and bool(_HAS_ETAG.match(scope["path"]))
        self._start: Message = {}
        self._held: list[bytes] | None = None
        self._squeeze: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begin(message)
        elif message["type"] == "http.response.body":
            await self._pass(message.get("body", b""), more=bool(message.get("more_body", False)))
        else:
            await self._send(message)

    def _begin(self, message: Message) -> None:
        self._start = {**message, "headers": list(message.get("headers", []))}
        headers = self._headers
        headers["x-xss-protection"] = self._release.xss_protection
        if headers.get("content-type") == JSON:
            headers["content-type"] = self._release.json_type
        has_etag = self._may_have_etag and 200 <= message["status"] < 300
        if has_etag and "no-store" not in headers.get("cache-control", ""):
            self._held = []

    @property
    def _headers(self) -> MutableHeaders:
        return MutableHeaders(raw=self._start["headers"])

    async def _pass(self, body: bytes, *, more: bool) -> None:
        if self._held is not None:
            self._held.append(body)
            if more:
                return
            body = b"".join(self._held)
            self._held = None
            etag = f'"0{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            self._headers["etag"] = etag
            if _matches(self._known, etag):
                await self._not_modified()
                return
        if self._start:
            start, self._start = self._compressing(body, more=more), {}
            await self._send(start)
        if self._squeeze is not None:
            body = self._squeeze.compress(body) + (b"" if more else self._squeeze.flush())
            if more and not body:
                return  # it has not enough yet
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _compressing(self, body: bytes, *, more: bool) -> Message:
        """Return the start of the answer, which says gzip from here on where that is wanted."""
        headers = self._headers
        worth = more or len(body) >= _SMALLEST
        plain = "content-encoding" not in headers and headers.get("content-type", "").startswith(_COMPRESSED)
        if self._may_compress and worth and plain:
            self._squeeze = zlib.compressobj(level=1, wbits=31)
            headers["content-encoding"] = "gzip"
            headers.add_vary_header("Accept-Encoding")
            if "etag" in headers:
                headers["etag"] = f"W/{headers['etag']}"  # as a proxy does that compresses
            if "content-length" in headers:
                del headers["content-length"]
        return self._start

    async def _not_modified(self) -> None:
        headers = self._headers
        for name in ("content-type", "content-length"):
            if name in headers:
                del headers[name]
        await self._send({**self._start, "status": 304})
        await self._send({"type": "http.response.body", "body": b""})


def _matches(known: str, etag: str) -> bool:
    return known.strip() == "*" or any(each.strip().removeprefix("W/") == etag for each in known.split(","))


def takes_gzip(accepted: str) -> bool:
    """Say whether an Accept-Encoding of *accepted* asks for gzip (RFC 9110, 12.5.3).

    >>> takes_gzip("gzip, deflate"), takes_gzip("br, gzip;q=0"), takes_gzip("*"), takes_gzip("")
    (True, False, True, False)
    """
    weights = dict(_weighed(accepted.lower().split(",")))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weighed(parts: Iterable[str]) -> Iterable[tuple[str, float]]:
    for part in parts:
        name, _, parameters = part.partition(";")
        text = parameters.strip().removeprefix("q=").strip()
        try:
            yield name.strip(), float(text) if text else 1.0
        except ValueError:
            yield name.strip(), 0.0


class Dated:
    """Writes the Date header by the server's own clock, which may be wrong.

    Args:
        now: That clock, in UTC.
    """

    def __init__(self, app: ASGIApp, *, now: Callable[[], datetime]) -> None:
        self._app = app
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back with a date."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._now(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", date)]}
            await send(message)

        await self._app(scope, receive, dated)
