"""In which form an endpoint answers: by the suffix of the path, else by what the client accepts."""

from collections.abc import Callable, Collection, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.answers import Refusal

__all__ = ["MEDIA_TYPES", "NotAcceptable", "accepted", "negotiated"]

Endpoint = Callable[[Request], Response]

MEDIA_TYPES: Mapping[str, tuple[str, ...]] = {
    "json": ("application/json",),
    "geojson": ("application/json+geojson", "application/json+geo", "application/geo+json"),
    "xml": ("application/xml", "text/xml"),
    "adx": ("application/adx+xml",),
    "csv": ("application/csv", "text/csv"),
    "html": ("text/html",),
    "txt": ("text/plain",),
    "pdf": ("application/pdf",),
    "xls": ("application/vnd.ms-excel",),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
}
"""What each suffix stands for, as DHIS2 maps them."""


class NotAcceptable(Exception):
    """The client accepts none of the forms that an endpoint has."""


def negotiated(
    path: str, forms: Mapping[str, Endpoint], *, missing: Collection[str] = (), methods: Collection[str] = ("GET",)
) -> list[Route]:
    """Return the routes of *path*: one without a suffix, which goes by Accept, and one for each suffix.

    Args:
        path: Without a suffix; its last part may be a `{parameter}`.
        forms: The endpoint for each suffix of `MEDIA_TYPES`; the first is the one of who accepts anything.
        missing: Suffixes that the real server has here and the sandbox does not: 501, by name.
        methods: The HTTP methods.
    """

    def by_accept(request: Request) -> Response:
        suffix = accepted(request.headers.get("accept", ""), [*forms, *missing])
        if suffix not in forms:
            raise Refusal(501, f"The sandbox does not imitate {request.url.path}.{suffix}")
        return forms[suffix](request)

    def not_imitated(request: Request) -> Response:
        raise Refusal(501, f"The sandbox does not imitate {request.url.path}")

    allowed = list(methods)
    return [
        *(Route(f"{path}.{suffix}", endpoint, methods=allowed) for suffix, endpoint in forms.items()),
        *(Route(f"{path}.{suffix}", not_imitated, methods=allowed) for suffix in missing),
        Route(path, by_accept, methods=allowed),
    ]


def accepted(accept: str, suffixes: Collection[str]) -> str:
    """Return which of *suffixes* a client with this Accept header gets: the one it likes best, the earlier of equals.

    Raises:
        NotAcceptable: None of them.

    >>> accepted("text/csv, application/json;q=0.5", ["json", "csv"]), accepted("*/*", ["json", "csv"])
    ('csv', 'json')
    """
    best, weight = "", 0.0
    for suffix in suffixes:
        liked = max((_liking(accept, kind) for kind in MEDIA_TYPES[suffix]), default=0.0)
        if liked > weight:
            best, weight = suffix, liked
    if not best:
        raise NotAcceptable
    return best


def _liking(accept: str, kind: str) -> float:
    """Return the weight that *accept* gives to the media type *kind* (RFC 9110, 12.5.1); the closest range counts."""
    if not accept.strip():
        return 1.0
    found = (-1, 0.0)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        closeness = {kind: 2, kind.partition("/")[0] + "/*": 1, "*/*": 0}.get(name)
        if closeness is not None:
            found = max(found, (closeness, _weight(parameters)))
    return found[1]


def _weight(parameters: list[str]) -> float:
    text = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    try:
        return float(text)
    except ValueError:
        return 0.0
