"""Answers as DHIS2 gives them: its headers, its error envelope, Tomcat's 404."""

import json
from collections.abc import Iterable, Mapping, Sequence

from starlette.responses import Response

__all__ = [
    "HEADERS",
    "JSON",
    "NO_STORE",
    "PRIVATE",
    "Refusal",
    "answer",
    "envelope",
    "html",
    "imitated",
    "not_found_page",
]

PRIVATE = "no-cache, private"
NO_STORE = "no-cache, no-store, max-age=0, must-revalidate"
JSON = "application/x-json-of-the-release"
"""The content type of a JSON answer: the transport writes it as the release does."""
HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "access-control-expose-headers": "ETag, Location",
}

_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    501: "Not Implemented",
}


class Refusal(Exception):
    """A request that the server refuses with an envelope.

    Args:
        status: The HTTP status.
        message: As DHIS2 words it.
        code: DHIS2's error code, if it has one.
    """

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(status, message, code)
        self.status = status
        self.message = message
        self.code = code


def imitated(query: Mapping[str, Sequence[str]], missing: Iterable[str], *, harmless: Iterable[str] = ()) -> None:
    """Check that *query* has none of the parameters that would change a real server's answer but not ours.

    Args:
        query: The request's parameters.
        missing: The parameters that the sandbox does not imitate.
        harmless: Their values, in lower case, that ask for what it does anyway; nothing and `false` always do.

    Raises:
        Refusal: It has one (501): better than a wrong answer.
    """
    without_effect = {"", "false", *harmless}
    for name in missing:
        if any(value.lower() not in without_effect for value in query.get(name, ())):
            raise Refusal(501, f"The sandbox does not imitate the parameter {name}")


class _Chunked(Response):
    """A response without a length: DHIS2's are chunked."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        super().init_headers(headers)
        self.raw_headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]


def answer(body: object, *, cache: str | None = PRIVATE, status: int = 200) -> Response:
    """Return *body* as JSON with DHIS2's headers."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {**HEADERS, "content-type": JSON}
    if cache is not None:
        headers["cache-control"] = cache
    return _Chunked(content, status, headers)


def envelope(refusal: Refusal, *, kind: str = "application/json") -> Response:
    """Return the error envelope in the content type *kind*; absent keys are left out, as DHIS2 does."""
    body: dict[str, object] = {
        "httpStatus": _REASONS[refusal.status],
        "httpStatusCode": refusal.status,
        "status": "ERROR",
        "message": refusal.message,
    }
    if refusal.code:
        body["errorCode"] = refusal.code
    response = answer(body, cache=None, status=refusal.status)
    response.headers["content-type"] = kind
    return response


def html(page: str, status: int = 200) -> Response:
    """Return a page, as a login form or a servlet container gives it."""
    return _Chunked(page.encode(), status, {**HEADERS, "content-type": "text/html;charset=utf-8"})


def not_found_page() -> Response:
    """Return what Tomcat says of a path that nothing serves: a page, not JSON."""
    return html(
        '<!doctype html><html lang="en"><head><title>HTTP Status 404 &ndash; Not Found</title></head>'
        "<body><h1>HTTP Status 404 &ndash; Not Found</h1><hr><p><b>Type</b> Status Report</p>"
        "<p><b>Description</b> The origin server did not find a current representation for the target resource "
        "or is not willing to disclose that one exists.</p><hr><h3>Apache Tomcat</h3></body></html>",
        404,
    )
