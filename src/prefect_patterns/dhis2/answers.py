"""Tell what an answer of DHIS2 really is: JSON, a refusal with its envelope, a login page, something else."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from prefect_patterns.dhis2.explanations import advice
from prefect_patterns.dhis2.identity import CREDENTIALS_PAGE, Identity
from prefect_patterns.dhis2.versions import NO_SUCH_OBJECT, unknown_operator
from prefect_patterns.errors import (
    AuthenticationFailed,
    NotFound,
    QueryRefused,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    UnexpectedAnswer,
)
from prefect_patterns.http import same_origin, without_secrets

__all__ = [
    "Server",
    "astray",
    "broken_off",
    "check",
    "check_envelope",
    "check_redirect",
    "check_text",
    "is_to_login",
    "malformed",
    "parse",
    "unexpected",
]

_LOGIN_PATH = re.compile(r"/(dhis-web-)?login(\.action|\.html)?(/|$)|/dhis-web-commons/security/")
_LOGIN_PAGE = re.compile(rb"type=[\"']?password|j_username|dhis-web-login|\blog ?in\b|\bsign in\b", re.IGNORECASE)
_TEXT_OF_REFUSAL = re.compile(r"(E\d{4}): ?([^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked, and as whom: what messages name."""

    base_url: str
    identity: Identity

    def __str__(self) -> str:
        return f"DHIS2 at {self.base_url}"


def check(response: httpx.Response, server: Server) -> None:
    """Raise when *response* is a refusal or not JSON; its body must have been read if its status is an error.

    Raises:
        RemoteError: The class and the message say which of them.
    """
    if response.status_code >= 400:
        raise _refusal(response.status_code, _envelope(response), response, server)
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or (content_type and "json" not in content_type):
        raise _not_json(content_type, response, server)


def parse(response: httpx.Response, server: Server, load: Callable[[bytes], Any] | None = None) -> Any:
    """Return the JSON value of a *response* that has been read.

    Args:
        load: Reads a good body in another way, where it gives something else than None.

    Raises:
        RemoteError: The answer is a refusal, not JSON, or only half of it.
    """
    check_text(response, server)
    check(response, server)
    value = load(response.content) if load else None
    try:
        value = _load(response.content) if value is None else value
    except (ValueError, RecursionError) as error:
        if response.content.lstrip()[:1] == b"<":
            raise _not_json("text/html", response, server) from None
        raise malformed(error, response, server) from None
    check_envelope(value, response, server)
    return value


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body)  # takes NaN and deep nesting, and says where a cut off answer ends


def check_text(response: httpx.Response, server: Server) -> None:
    """Raise when *response*, which has been read, is a refusal as plain text under a good status.

    DHIS2 gives its refusals of `analytics.csv`, `.xls`, `.xml` and `.html` so, with the content type of a good answer.

    Raises:
        QueryRefused: As if the text had been in an envelope.
    """
    if response.status_code != 200:
        return
    text = response.content[:2_000].decode("utf-8", "replace").strip()
    found = _TEXT_OF_REFUSAL.match(text)
    if found is not None or _is_error_page(response.headers.get("Content-Disposition", "")):
        code, message = found.groups() if found else (None, text)
        raise _refusal(409, {"status": "ERROR", "errorCode": code, "message": message}, response, server)


def check_envelope(value: object, response: httpx.Response, server: Server) -> None:
    """Raise when *value*, the body of a good status, is the envelope of an error.

    Raises:
        RemoteError: As if the envelope's status had been the answer's.
    """
    if isinstance(value, dict) and value.get("status") == "ERROR":
        code = value.get("httpStatusCode")
        raise _refusal(code if isinstance(code, int) and code >= 400 else 409, value, response, server)


def check_redirect(response: httpx.Response, server: Server) -> httpx.URL:
    """Return where a redirect leads when it may be followed with the credentials.

    Raises:
        AuthenticationFailed: It leads to a login page.
        UnexpectedAnswer: It leads to another host, or away from TLS.
    """
    origin, target = response.url, _target(response)
    same_host = target.host == origin.host
    if is_to_login(response):
        raise AuthenticationFailed(
            f"{server} sent {server.identity} to its login page ({response.status_code})",
            hint=server.identity.hint(),
            docs=CREDENTIALS_PAGE,
            **_request(response),
        )
    to_tls = same_host and origin.scheme == "http" and target.scheme == "https"
    if not (to_tls or same_origin(str(origin), str(target))):
        where = f"{target.scheme}://{target.netloc.decode('ascii', 'replace').rpartition('@')[2]}"
        raise unexpected(
            f"redirects to {_plain(where)}, where the credentials must not go",
            response,
            server,
            hint="check PATTERNS_DHIS2_URL; if that is the new address, set it",
        )
    return target


def is_to_login(response: httpx.Response) -> bool:
    """Return whether a redirect leads to the login page of the same host."""
    target = _target(response)
    return target.host == response.url.host and bool(_LOGIN_PATH.search(target.path))


def astray(request: httpx.Request, server: Server) -> UnexpectedAnswer:
    """Return the error for a redirect whose address is none."""
    return UnexpectedAnswer(
        f"{server} redirects to an address that is none",
        hint="check that PATTERNS_DHIS2_URL is the address of a DHIS2 server",
        method=request.method,
        url=without_secrets(str(request.url)),
    )


def broken_off(response: httpx.Response, server: Server) -> RemoteUnavailable:
    """Return the error for a good answer whose body did not arrive whole."""
    return RemoteUnavailable(
        f"{server} broke off its answer",
        hint="try again; if it stays so, ask for less at once",
        **_request(response),
    )


def malformed(error: Exception, response: httpx.Response, server: Server) -> RemoteError:
    """Return the error for JSON that cannot be read: cut off, or wrong."""
    if isinstance(error, json.JSONDecodeError) and _is_cut(error):
        return broken_off(response, server)
    return unexpected("sent JSON that cannot be read", response, server)


def unexpected(
    what: str, response: httpx.Response, server: Server, *, hint: str = "", envelope: Mapping[str, object] | None = None
) -> UnexpectedAnswer:
    """Return the error for an answer of another shape than this address should give."""
    return UnexpectedAnswer(
        f"{server} {what}",
        hint=hint or "check that PATTERNS_DHIS2_URL is the address of a DHIS2 server",
        envelope=envelope,
        **_request(response),
    )


def _refusal(
    status: int, envelope: Mapping[str, object] | None, response: httpx.Response, server: Server
) -> RemoteError:
    said = _plain(str((envelope or {}).get("message") or ""))
    reason = said or httpx.codes.get_reason_phrase(status)
    about: dict[str, Any] = {**_request(response), "status": status, "envelope": envelope}
    path = response.url.path
    if server.identity.is_refused(status, said, response.headers.get("WWW-Authenticate", "")):
        return AuthenticationFailed(
            f"{server} refused {server.identity} ({status} {reason})",
            hint=server.identity.hint(said),
            docs=CREDENTIALS_PAGE,
            **about,
        )
    if status == 403:
        return AuthenticationFailed(
            f"{server} does not let {server.identity} read {path} (403 {reason})",
            hint="ask its administrator for the permission, or use another user",
            docs=CREDENTIALS_PAGE,
            **about,
        )
    if status in NO_SUCH_OBJECT:
        hint = "check PATTERNS_DHIS2_URL and the id"
        return NotFound(f"{server} has no {path} ({status} {reason})", hint=hint, **about)
    if status in {408, 429} or (status >= 500 and status not in {501, 505}):
        return RemoteUnavailable(
            f"{server} cannot answer now ({status} {reason})", hint="try again later, or ask for less at once", **about
        )
    if envelope is not None:
        code = envelope.get("errorCode")
        label = f"{status}, {code}" if isinstance(code, str) else str(status)
        hint = advice(code) or unknown_operator(said) or "correct the request"
        return QueryRefused(f"{server} refused the request: {reason} ({label})", hint=hint, **about)
    hint = "ask for less at once" if status in {413, 414} else "check PATTERNS_DHIS2_URL, and what proxy is in between"
    return RemoteRefused(f"{server} refused {response.request.method} {path} ({status} {reason})", hint=hint, **about)


def _not_json(content_type: str, response: httpx.Response, server: Server) -> RemoteError:
    if response.status_code != 200:
        return unexpected(f"answered with status {response.status_code} instead of JSON", response, server)
    body = response.content[:65_536] if response.is_closed or hasattr(response, "_content") else b""
    if "html" in content_type and _LOGIN_PAGE.search(body):
        return AuthenticationFailed(
            f"{server} answered with a login page instead of JSON",
            hint=f"{server.identity.hint()}, and that no proxy asks for a login",
            docs=CREDENTIALS_PAGE,
            **_request(response),
        )
    name = "HTML" if "html" in content_type else _plain(content_type)
    return unexpected(
        f"answered with {name} instead of JSON",
        response,
        server,
        hint="check PATTERNS_DHIS2_URL: is this a login page, a proxy or another service?",
    )


def _target(response: httpx.Response) -> httpx.URL:
    return response.url.join(response.headers["Location"])


def _request(response: httpx.Response) -> dict[str, Any]:
    return {
        "method": response.request.method,
        "url": without_secrets(str(response.url)),
        "status": response.status_code,
    }


def _is_error_page(disposition: str) -> bool:
    return disposition.lower().startswith("inline") and "error.html" in disposition


def _envelope(response: httpx.Response) -> dict[str, object] | None:
    try:
        value = json.loads(response.content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_cut(error: json.JSONDecodeError) -> bool:
    # Half a string is reported where it starts, half a literal or escape up to nine characters before the end.
    return error.msg.startswith("Unterminated string") or len(error.doc.rstrip()) - error.pos <= 9


def _plain(text: str, limit: int = 300) -> str:
    """Return foreign *text* as part of one line of ours: no control characters, not long, no full stop."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split()).rstrip(".")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
