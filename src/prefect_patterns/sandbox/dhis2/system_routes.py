"""The endpoints about the server and the user."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.answers import NO_STORE, answer
from prefect_patterns.sandbox.dhis2.fields import parse_fields, select
from prefect_patterns.sandbox.dhis2.site import USERNAME, Site
from prefect_patterns.sandbox.dhis2.system import me, system_info

__all__ = ["system_routes"]


def system_routes(site: Site) -> list[Route]:
    """Return the routes below `/api/system` and `/api/me`."""

    def info(request: Request) -> Response:
        selection = parse_fields(request.query_params.get("fields", "*"))
        found = system_info(request, site.release, site.today)
        return answer(select(site.metadata, "", found, selection), cache=NO_STORE)

    def user(request: Request) -> Response:
        selection = parse_fields(request.query_params.get("fields", "*"))
        return answer(select(site.metadata, "", me(site.metadata, USERNAME), selection), cache=None)

    return [
        Route("/api/system/info", info, methods=["GET"]),
        Route("/api/system/info.json", info, methods=["GET"]),
        Route("/api/me", user, methods=["GET"]),
        Route("/api/me.json", user, methods=["GET"]),
    ]
