"""What can go wrong with an answer, as a value: the parent checks it, the child's proxy lets it happen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Self
from urllib.parse import unquote_plus

from prefect_patterns.errors import UsageError

__all__ = ["KINDS", "Fault"]

_DOCS = "docs/sandbox.md#faults"

KINDS = (
    "status",
    "login_page",
    "error_text",
    "longest_url",
    "drop_after",
    "truncate_after",
    "bytes_per_second",
)
"""What happens; a fault has one of them, or only a delay."""

_WHOLE = {"status": (200, 599), "longest_url": (1, None), "drop_after": (0, None), "truncate_after": (0, None),
          "times": (1, None)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at a path and below it.

    Args:
        path: Such as `/api/analytics`, which also covers `/api/analytics.json`; `/` is every path.
        status: The HTTP status to answer with.
        body: The text to answer with.
        headers: Headers to answer with, such as Retry-After.
        login_page: Answer 200 with an HTML login page, as an expired session gets it.
        error_text: Answer 200 with this text as an inline `error.html` in the content type of a good answer, as DHIS2
            does with refused analytics in CSV.
        longest_url: Answer 414 to a path with query that is longer than so many bytes; shorter ones pass.
        drop_after: Close the connection after so many bytes of the real answer's body.
        truncate_after: End the answer properly after so many bytes of its body.
        bytes_per_second: Send the real answer's body at this pace.
        delay: Seconds before anything else happens.
        query: A regular expression; only a request whose decoded query has it is hit.
        times: How many requests it hits; None for all until it is cleared.
    """

    path: str
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    login_page: bool = False
    error_text: str | None = None
    longest_url: int | None = None
    drop_after: int | None = None
    truncate_after: int | None = None
    bytes_per_second: float | None = None
    delay: float = 0.0
    query: str | None = None
    times: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the fault that *given* describes by its arguments.

        Raises:
            UsageError: It describes none; all that is wrong with it is said.

        >>> Fault.of({"path": "/api/me", "status": 503, "headers": {"Retry-After": "1"}}).status
        503
        """
        problems = _problems(given)
        if problems:
            raise UsageError(
                f"a fault of {given.get('path')!r} cannot be: {'; '.join(problems)}",
                hint=f"give a path and one of {', '.join(KINDS)}, or only a delay",
                docs=_DOCS,
            )
        return cls(**given)

    def covers(self, path: str, query: str = "") -> bool:
        """Say whether a request for *path* with the encoded *query* meets this fault.

        >>> Fault("/api/analytics", status=503).covers("/api/analytics.csv")
        True
        """
        own = self.path.rstrip("/")
        if path != own and not path.startswith((f"{own}/", f"{own}.")):
            return False
        if self.longest_url is not None and len(path) + len(query) + bool(query) <= self.longest_url:
            return False
        return self.query is None or bool(_pattern(self.query).search(unquote_plus(query)))


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _problems(given: Mapping[str, Any]) -> list[str]:
    found = [f"{name} is not known" for name in sorted(set(given) - {each.name for each in fields(Fault)})]
    path = given.get("path")
    if not isinstance(path, str) or not path.startswith("/") or "?" in path:
        found.append(f"{path!r} is not a path")
    kinds = [name for name in KINDS if given.get(name) is not None and given[name] is not False]  # 0 is a number
    delay = given.get("delay", 0.0)
    if len(kinds) > 1 or not (kinds or delay):
        found.append(f"it needs one kind and has {' and '.join(kinds) or 'none'}")
    for name, (least, most) in _WHOLE.items():
        value = given.get(name)
        if value is not None and not (_is_whole(value) and value >= least and (most is None or value <= most)):
            found.append(f"{name}={value!r} is not a number from {least}" + (f" to {most}" if most else ""))
    if not _is_number(delay) or not 0 <= delay <= 600:
        found.append(f"delay={delay!r} is not a number of seconds from 0 to 600")
    pace = given.get("bytes_per_second")
    if pace is not None and not (_is_number(pace) and 0 < pace < float("inf")):
        found.append(f"bytes_per_second={pace!r} is not a number above 0")
    found += [
        f"{name}={given[name]!r} is not a text"
        for name in ("body", "error_text", "query")
        if given.get(name) is not None and not isinstance(given[name], str)
    ]
    headers = given.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(_is_header(name, value) for name, value in headers.items()):
        found.append("the headers are not names and values of one line of Latin-1 each")
    if not isinstance(given.get("login_page", False), bool):
        found.append(f"login_page={given['login_page']!r} is neither true nor false")
    if isinstance(given.get("query"), str):
        try:
            re.compile(given["query"])
        except re.error as error:
            found.append(f"query={given['query']!r} is not a regular expression: {error}")
    return found


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_header(name: object, value: object) -> bool:
    if (
        not isinstance(name, str)
        or not isinstance(value, str)
        or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name)
    ):
        return False
    return value.isprintable() and all(ord(letter) < 256 for letter in value)
