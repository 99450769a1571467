"""The sandbox's application: the paths of the DHIS2 API that it imitates, and what stands before them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from prefect_patterns.sandbox.dhis2.analytics_routes import analytics_routes
from prefect_patterns.sandbox.dhis2.answers import Refusal, envelope, not_found_page
from prefect_patterns.sandbox.dhis2.formats import NotAcceptable
from prefect_patterns.sandbox.dhis2.guards import Authentication, VersionPrefix, without_version
from prefect_patterns.sandbox.dhis2.metadata import Patch
from prefect_patterns.sandbox.dhis2.metadata_routes import metadata_routes
from prefect_patterns.sandbox.dhis2.release import NEWEST, Release, release_of
from prefect_patterns.sandbox.dhis2.site import Site
from prefect_patterns.sandbox.dhis2.system_routes import system_routes
from prefect_patterns.sandbox.dhis2.transport import Dated, Transport
from prefect_patterns.sandbox.dhis2.values import SEED
from prefect_patterns.sandbox.proxy import Faults, HostCheck

__all__ = ["Application", "build_app", "serve_app"]

# Where a real server takes what clients write; the sandbox only reads.
_WRITABLE = re.compile(
    r"/api/(dataValueSets|dataValues|dataEntry|completeDataSetRegistrations|metadata|tracker|events|fileResources|apiToken"
    r"|systemSettings/\w+|me|me/password|me/settings/\w+|dataStore/.+|maintenance|resourceTables"
    r"|(?!analytics|system|me\b|staticContent|ping|schemas)\w+(/\w+){0,3})"
)
_PATCHES = ("application/json-patch+json",)
_BODIES = (
    "application/json",
    "application/xml",
    "application/adx+xml",
    "application/csv",
    "text/csv",
    "application/json+geojson",
    "application/geo+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
)


@dataclass(frozen=True, slots=True)
class Application:
    """A server's application.

    Args:
        asgi: What answers requests.
        faults: What stands before it and may go wrong.
        site: What it answers from.
    """

    asgi: ASGIApp
    faults: Faults
    site: Site


def build_app(
    *,
    today: date,
    seed: int = SEED,
    patch: Patch | None = None,
    version: str | int = NEWEST,
    scale: int = 1,
    settings: Mapping[str, object] | None = None,
    analytics: str = "fresh",
    now: Callable[[], datetime] | None = None,
) -> Application:
    """Return the whole application; `serve_app` gives what a server should serve of it.

    Args:
        today: The server's day; the values end with the last whole month before it.
        seed: Of the data values.
        patch: Changes of the metadata, as `Metadata` takes them.
        version: The release to imitate.
        scale: How many of each facility there are.
        settings: Changes of the system settings.
        analytics: The state of the analytics tables, as `Site` takes it.
        now: The server's clock, in UTC; without it, noon of *today* for ever.

    Raises:
        UsageError: It is not imitated.
    """
    release = release_of(version)
    site = Site(release, today, seed=seed, patch=patch, scale=scale, settings=settings, analytics=analytics, now=now)
    app = Starlette(
        routes=[*system_routes(site), *analytics_routes(site), *metadata_routes(site)],
        exception_handlers={
            404: _not_found,
            405: lambda request, error: _not_allowed(release, request, error),
            NotAcceptable: lambda _request, _error: envelope(Refusal(406, release.type_refusal)),
            Refusal: _refused,
        },
    )
    app.router.redirect_slashes = False
    guarded = Authentication(app, login_path=release.login_path)
    faults = Faults(
        VersionPrefix(Transport(guarded, release=release), newest=release.number), canonical=without_version
    )
    return Application(HostCheck(Dated(faults, now=site.now)), faults, site)


def serve_app(app: Application) -> ASGIApp:
    """Return what a server should serve: the Host check first, then everything else."""
    return app.asgi


def _not_found(_request: Request, _error: Exception) -> Response:
    return not_found_page()


def _not_allowed(release: Release, request: Request, error: Exception) -> Response:
    path = request.url.path
    if request.method in ("POST", "PUT", "PATCH", "DELETE") and _WRITABLE.fullmatch(path):
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and kind not in (_PATCHES if request.method == "PATCH" else _BODIES):
            return envelope(Refusal(415, release.content_refusal.format(kind)))
        return envelope(Refusal(501, f"The sandbox does not imitate {request.method} {path}: it only reads"))
    response = envelope(Refusal(405, release.method_refusal.format(request.method)))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101
    return envelope(error)
