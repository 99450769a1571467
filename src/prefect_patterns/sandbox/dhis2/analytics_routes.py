"""The endpoints that give data: data value sets and analytics."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.analytics import analyse
from prefect_patterns.sandbox.dhis2.analytics_query import parse_query
from prefect_patterns.sandbox.dhis2.answers import HEADERS, JSON, PRIVATE, answer
from prefect_patterns.sandbox.dhis2.data_value_sets import export, stream
from prefect_patterns.sandbox.dhis2.site import Site, parameters

__all__ = ["analytics_routes"]


def analytics_routes(site: Site) -> list[Route]:
    """Return the routes of `/api/dataValueSets` and `/api/analytics`."""

    def data_value_sets(request: Request) -> Response:
        wanted = export(site.metadata, site.values, parameters(request))
        headers = {**HEADERS, "content-type": JSON, "cache-control": PRIVATE}
        return StreamingResponse(stream(site.values, wanted), headers=headers)

    def analytics(request: Request) -> Response:
        query = parse_query(site.metadata, parameters(request), today=site.today)
        return answer(analyse(site.metadata, site.values, query))

    return [
        Route("/api/dataValueSets", data_value_sets, methods=["GET"]),
        Route("/api/dataValueSets.json", data_value_sets, methods=["GET"]),
        Route("/api/analytics", analytics, methods=["GET"]),
        Route("/api/analytics.json", analytics, methods=["GET"]),
    ]
