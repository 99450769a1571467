"""Resources behind a door: an API key, HTTP Basic (RFC 7617), a bearer token (RFC 6750)."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from prefect_patterns.sandbox.httpbox.demo import Demo
from prefect_patterns.sandbox.httpbox.problems import Problem, answer

__all__ = ["REALM", "Doors", "basic_credentials", "bearer_token", "same"]

REALM = 'realm="httpbox"'
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class Doors:
    """Each door says who came in and how, and never a secret."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo

    def api_key(self, request: Request) -> Response:
        """Let the holder of the key in: by the header `X-API-Key`, or by the parameter `api_key`."""
        header, query = request.headers.getlist("x-api-key"), request.query_params.getlist("api_key")
        given = header + query
        if len(given) > 1:
            raise Problem(400, "Give the API key once.")
        if not given or not same(given[0], self._demo.api_key):
            raise _closed("ApiKey", "The API key is missing." if not given else "The API key is wrong.")
        return answer({"method": "api_key", "subject": "key of demo", "in": "header" if header else "query"})

    def basic(self, request: Request) -> Response:
        """Let the user with the right password in."""
        user, password = basic_credentials(request) or ("", "")
        if not (same(user, self._demo.username) and same(password, self._demo.password)):
            raise Problem(
                401,
                "The user or the password is missing or wrong.",
                headers={"www-authenticate": f'Basic {REALM}, charset="UTF-8"'},
            )
        return answer({"method": "basic", "subject": user})

    def bearer(self, request: Request) -> Response:
        """Let the holder of the static token in."""
        if not same(bearer_token(request), self._demo.bearer_token):
            raise _closed("Bearer", "The token is wrong.", error="invalid_token")
        return answer({"method": "bearer", "subject": "holder of the demo token"})


def bearer_token(request: Request) -> str:
    """Return the token that came in the header `Authorization`.

    Raises:
        Problem: There is none (401, without an error code), or it is not written as RFC 6750 says (400).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _closed("Bearer", "A bearer token is missing.")
    if len(request.headers.getlist("authorization")) != 1 or not _TOKEN.fullmatch(token.strip(" ")):
        detail = "The header Authorization holds no bearer token, or there are two of it."
        raise _closed("Bearer", detail, status=400, error="invalid_request")
    return token.strip(" ")


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """Return the user and the password of HTTP Basic; None when there are none that can be read."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(" "), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return secrets.compare_digest(one.encode(), other.encode())


def _closed(scheme: str, detail: str, *, status: int = 401, error: str = "") -> Problem:
    return Problem(status, detail, headers=challenge(scheme, error, detail))


def challenge(scheme: str, error: str = "", detail: str = "", **more: str) -> Mapping[str, str]:
    """Return the header that says what opens the door."""
    fields = {"error": error, "error_description": detail, **more} if error else more
    parts = [REALM, *(f'{name}="{value}"' for name, value in fields.items())]
    return {"www-authenticate": f"{scheme} {', '.join(parts)}"}
