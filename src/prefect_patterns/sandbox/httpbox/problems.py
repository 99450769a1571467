"""Refusals as RFC 9457 says: `application/problem+json`."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

__all__ = ["Problem", "answer", "body_of", "integer", "number", "parsed", "problem_of"]

NO_STORE = {"cache-control": "no-store"}


class Problem(Exception):
    """A request that is refused.

    Args:
        status: The HTTP status.
        detail: What is wrong with this request, as one sentence.
        headers: Further headers of the answer.
        errors: What is wrong with which parameter.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors)


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return *body* as JSON that nobody stores."""
    content = json.dumps(body, separators=(",", ":")).encode()  # escapes also what UTF-8 cannot hold
    return Response(content, status, {"content-type": "application/json", **NO_STORE, **(headers or {})})


def problem_of(_request: Request, error: Exception) -> Response:
    """Return the answer that says *error*; Starlette calls it."""
    if isinstance(error, HTTPException):
        error = Problem(error.status_code, error.detail, headers=error.headers)
    assert isinstance(error, Problem)  # noqa: S101
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = error.errors
    return answer(body, error.status, {**error.headers, "content-type": "application/problem+json"})


def number(request: Request, name: str, default: float, *, least: float = 0, most: float) -> float:
    """Return the parameter *name* of the query.

    Raises:
        Problem: It is no number between *least* and *most* (400), or there are two of it.
    """
    return _parsed(request, name, default, float, f"a number from {least:g} to {most:g}", (least, most))


def integer(request: Request, name: str, default: int, *, least: int = 0, most: int) -> int:
    """Return the parameter *name* of the query, a whole number.

    Raises:
        Problem: As `number`.
    """
    return int(_parsed(request, name, default, _whole, f"a whole number from {least} to {most}", (least, most)))


def parsed(body: bytes | str) -> Any:
    """Return the JSON value in *body*.

    Raises:
        ValueError: It is none, or nested too deep to be answered.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(body, parse_constant=refuse)
        json.dumps([[[[value]]]])
    except RecursionError:
        raise ValueError("nested too deep") from None
    return value


async def body_of(request: Request, *, most: int) -> bytes:
    """Return the request's body.

    Args:
        most: Bytes that it may have.

    Raises:
        Problem: It has more (413), or ended half-way (400).
    """
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                raise Problem(413, f"The body has more than {most} bytes.", headers={"connection": "close"})
            pieces.append(piece)
    except ClientDisconnect:
        raise Problem(400, "The body ended half-way.") from None
    return b"".join(pieces)


def _whole(text: str) -> int:
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 15:
        raise ValueError(text)
    return int(text)


def _parsed(
    request: Request, name: str, default: float, read: Callable[[str], float], kind: str, limits: tuple[float, float]
) -> float:
    given = request.query_params.getlist(name)
    if not given:
        return default
    with suppress(ValueError):
        value = read(given[0])
        if len(given) == 1 and limits[0] <= value <= limits[1]:
            return value
    reason = f"must be {kind}, given once"
    raise Problem(400, f"The parameter {name} {reason}.", errors=[{"parameter": name, "reason": reason}])
