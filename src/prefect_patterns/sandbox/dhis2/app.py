"""The sandbox's application: the paths of the DHIS2 API that it imitates, and what stands before them."""

from datetime import date

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from prefect_patterns.sandbox.dhis2.analytics_routes import analytics_routes
from prefect_patterns.sandbox.dhis2.answers import Refusal, envelope, not_found_page
from prefect_patterns.sandbox.dhis2.faults import Faults
from prefect_patterns.sandbox.dhis2.guards import Authentication, HostCheck, VersionPrefix
from prefect_patterns.sandbox.dhis2.metadata import Patch
from prefect_patterns.sandbox.dhis2.metadata_routes import metadata_routes
from prefect_patterns.sandbox.dhis2.release import NEWEST, release_of
from prefect_patterns.sandbox.dhis2.site import PASSWORD, USERNAME, Site
from prefect_patterns.sandbox.dhis2.system_routes import system_routes
from prefect_patterns.sandbox.dhis2.values import SEED

__all__ = ["build_app", "serve_app"]


def build_app(*, today: date, seed: int = SEED, patch: Patch | None = None, version: str = NEWEST) -> Faults:
    """Return the whole application, with its faults in front; wrap it by `serve_app` before serving it.

    Args:
        today: The server's day; the values end with the last whole month before it.
        seed: Of the data values.
        patch: Changes of the metadata, as `Metadata` takes them.
        version: The release to imitate.

    Raises:
        UsageError: It is not imitated.
    """
    site = Site(release_of(version), today, seed=seed, patch=patch)
    app = Starlette(
        routes=[*system_routes(site), *analytics_routes(site), *metadata_routes(site)],
        exception_handlers={404: _not_found, 405: _not_allowed, Refusal: _refused},
    )
    app.router.redirect_slashes = False
    return Faults(Authentication(app, username=USERNAME, password=PASSWORD))


def serve_app(app: Faults) -> HostCheck:
    """Return what a server should serve: the Host check first, then the version prefix, then *app*."""
    return HostCheck(VersionPrefix(app))


def _not_found(_request: Request, _error: Exception) -> Response:
    return not_found_page()


def _not_allowed(request: Request, _error: Exception) -> Response:
    return envelope(Refusal(405, f"Request method '{request.method}' is not supported"))


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101
    return envelope(error)
