"""The endpoints that give data: data value sets, analytics, and the job that makes the analytics tables."""

import re
from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.analytics import (
    AnalyticsRefusal,
    Grid,
    Tables,
    aggregate_grid,
    data_value_set,
    data_value_set_grid,
    describe,
    parse_query,
    raw_grid,
    refused,
    to_csv,
    to_html,
    to_xml,
    with_layout,
)
from prefect_patterns.sandbox.dhis2.answers import HEADERS, JSON, PRIVATE, Refusal, answer
from prefect_patterns.sandbox.dhis2.data_value_sets import export
from prefect_patterns.sandbox.dhis2.data_value_text import compressed, stream, stream_csv
from prefect_patterns.sandbox.dhis2.formats import negotiated
from prefect_patterns.sandbox.dhis2.jobs import ANALYTICS_TABLE
from prefect_patterns.sandbox.dhis2.single_value import single_value
from prefect_patterns.sandbox.dhis2.site import Site, flag, parameters, user_of

__all__ = ["analytics_routes"]

CSV, XML, HTML = "application/csv;charset=UTF-8", "application/xml;charset=UTF-8", "text/html;charset=UTF-8"

_FORMS: dict[str, tuple[str, Callable[[Grid], str]]] = {
    "csv": (CSV, to_csv),
    "xml": (XML, to_xml),
    "html": (HTML, to_html),
}
_SPREADSHEETS = ("xls", "xlsx")
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def analytics_routes(site: Site) -> list[Route]:
    """Return the routes of `/api/dataValueSets`, `/api/dataValues`, `/api/analytics` and the analytics job."""
    values, api, jobs = _DataValueSets(site), _Analytics(site), _JobsApi(site)
    forms = {suffix: partial(api.download, suffix) for suffix in _FORMS}
    return [
        *negotiated("/api/dataValueSets", {"json": values.json, "csv": values.csv}, missing=("xml", "adx")),
        *negotiated("/api/dataValues", {"json": values.single}),
        *negotiated("/api/analytics", {"json": api.json, **forms}, missing=_SPREADSHEETS),
        Route("/api/analytics.html+css", forms["html"], methods=["GET"]),
        # These have no form without a suffix.
        Route("/api/analytics/rawData.json", api.raw_json, methods=["GET"]),
        Route("/api/analytics/rawData.csv", api.raw_csv, methods=["GET"]),
        Route("/api/analytics/dataValueSet.json", api.set_json, methods=["GET"]),
        Route("/api/analytics/dataValueSet.csv", api.set_csv, methods=["GET"]),
        Route("/api/resourceTables/analytics", jobs.start, methods=["POST", "PUT"]),
        Route("/api/system/tasks", jobs.all_tasks, methods=["GET"]),
        Route("/api/system/tasks/{type}", jobs.tasks_of_type, methods=["GET"]),
        Route("/api/system/tasks/{type}/{uid}", jobs.tasks, methods=["GET"]),
        Route("/api/system/taskSummaries/{type}/{uid}", jobs.summary, methods=["GET"]),
    ]


class _DataValueSets:
    def __init__(self, site: Site) -> None:
        self._site = site

    def json(self, request: Request) -> Response:
        return self._streamed(request, JSON, "json")

    def csv(self, request: Request) -> Response:
        return self._streamed(request, CSV, "csv")

    def single(self, request: Request) -> Response:
        site = self._site
        return answer(single_value(site.metadata, site.values, parameters(request), user=user_of(request)))

    def _streamed(self, request: Request, kind: str, suffix: str) -> Response:
        site, query = self._site, parameters(request)
        wanted = export(site.metadata, site.values, query, release=site.release, user=user_of(request), now=site.now())
        pieces = (stream_csv if suffix == "csv" else stream)(site.values, wanted)
        headers = {**HEADERS, "content-type": kind, "cache-control": PRIVATE}
        attachment, form = query.get("attachment", [""])[-1], query.get("compression", [""])[-1].lower()
        name = attachment if _FILE_NAME.fullmatch(attachment) else f"dataValues.{suffix}"
        if attachment:
            headers["content-disposition"] = f'attachment; filename="{name}"'
        if form not in ("gzip", "zip"):
            return StreamingResponse(pieces, headers=headers)
        headers["content-type"] = f"application/{form}"
        headers["content-disposition"] = f'attachment; filename="{name}.{"gz" if form == "gzip" else form}"'
        headers["content-transfer-encoding"] = "binary"
        return Response(compressed(pieces, form, name), headers=headers)


class _Analytics:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._tables: dict[str, Tables] = {}

    def json(self, request: Request) -> Response:
        return answer(self._aggregated(request).body())

    def download(self, suffix: str, request: Request) -> Response:
        kind, write = _FORMS[suffix]
        try:
            grid = self._aggregated(request)
        except AnalyticsRefusal as refusal:
            if not self._site.release.shows_errors_as_pages or refusal.code == "E7131":
                raise
            return _text(refusal.page, kind, 'inline; filename="error.html"')
        return _text(write(grid), kind, f'attachment; filename="data.{suffix}"' if suffix == "csv" else None)

    def raw_json(self, request: Request) -> Response:
        return answer(self._raw(request).body())

    def raw_csv(self, request: Request) -> Response:
        return _text(to_csv(self._raw(request)), CSV, 'attachment; filename="data.csv"')

    def set_json(self, request: Request) -> Response:
        return answer(data_value_set(self._site.metadata, self._for_set(request), str(self._site.now().date())))

    def set_csv(self, request: Request) -> Response:
        grid = data_value_set_grid(self._site.metadata, self._for_set(request), str(self._site.now().date()))
        return _text(to_csv(grid), CSV, 'attachment; filename="data.csv"')

    def _aggregated(self, request: Request, *, data_value_set: bool = False) -> Grid:
        site = self._site
        query = parse_query(
            site.metadata,
            parameters(request),
            today=site.today,
            user=user_of(request),
            financial=str(site.settings["analyticsFinancialYearStart"]),
            data_value_set=data_value_set,
        )
        grid = aggregate_grid(self._current(), query, limit=self._limit)
        grid = Grid(grid.headers, grid.rows, describe(site.metadata, query))
        return grid if data_value_set else with_layout(site.metadata, grid, query)

    def _for_set(self, request: Request) -> Grid:
        return self._aggregated(request, data_value_set=True)

    def _raw(self, request: Request) -> Grid:
        site = self._site
        query = parse_query(
            site.metadata,
            parameters(request),
            today=site.today,
            user=user_of(request),
            financial=str(site.settings["analyticsFinancialYearStart"]),
            raw=True,
        )
        grid = raw_grid(self._current(), query, limit=self._limit)
        return Grid(grid.headers, grid.rows, describe(site.metadata, query))

    @property
    def _limit(self) -> int:
        limit = self._site.settings["keyAnalyticsMaxLimit"]
        return limit if isinstance(limit, int) else 0

    def _current(self) -> Tables:
        """Return the tables as the last job left them."""
        site = self._site
        site.jobs.settle()
        if site.analytics == "missing":
            raise refused("E7144")
        if site.analytics not in self._tables:
            until = site.values.months[-1].start if site.analytics == "stale" else None
            self._tables[site.analytics] = Tables(site.metadata, site.values, until=until)
        return self._tables[site.analytics]


class _JobsApi:
    def __init__(self, site: Site) -> None:
        self._site = site

    def start(self, request: Request) -> Response:
        if not user_of(request).is_super:
            raise Refusal(403, "Access is denied, requires one Authority from [F_PERFORM_MAINTENANCE]", "E1006")
        query = request.query_params
        years = query.get("lastYears", "")
        if years and not years.isdecimal():
            raise Refusal(400, f"Value '{years}' is not valid for parameter lastYears", "E1003")
        skipped = ["DATA_VALUE"] if flag(request, "skipAggregate") else []
        job = self._site.jobs.start(
            {
                "lastYears": int(years) if years else None,
                "skipTables": skipped,
                "skipResourceTables": flag(request, "skipResourceTables"),
            }
        )
        newest = self._site.release.number >= 43
        name = ANALYTICS_TABLE if newest else "inMemoryAnalyticsJob"
        path = f"/api/system/tasks/{ANALYTICS_TABLE}/{job.id}"
        response = answer(
            {
                "httpStatus": "OK",
                "httpStatusCode": 200,
                "status": "OK",
                "message": f"Initiated {name}",
                "response": {
                    "name": name,
                    "id": job.id,
                    "created": job.started.strftime("%Y-%m-%dT%H:%M:%S.000"),
                    "jobType": ANALYTICS_TABLE,
                    "jobStatus": "SCHEDULED",
                    "jobParameters": {key: value for key, value in job.parameters.items() if value is not None},
                    "relativeNotifierEndpoint": path,
                    "responseType": "JobConfigurationWebMessageResponse",
                },
            },
            cache=None,
        )
        response.headers["location"] = path
        return response

    def all_tasks(self, _request: Request) -> Response:
        return answer({ANALYTICS_TABLE: self._site.jobs.all_notifications()}, cache=None)

    def tasks_of_type(self, request: Request) -> Response:
        own = request.path_params["type"] == ANALYTICS_TABLE
        return answer(self._site.jobs.all_notifications() if own else {}, cache=None)

    def tasks(self, request: Request) -> Response:
        if request.path_params["type"] != ANALYTICS_TABLE:
            return answer([], cache=None)
        return answer(self._site.jobs.notifications(request.path_params["uid"]), cache=None)

    def summary(self, _request: Request) -> Response:
        """Return what a job ended with: an analytics job has nothing to sum up, and the body stays empty."""
        return Response(b"", headers={**HEADERS, "content-type": JSON})


def _text(body: str, kind: str, disposition: str | None) -> Response:
    headers = {**HEADERS, "content-type": kind, "cache-control": PRIVATE}
    if disposition is not None:
        headers["content-disposition"] = disposition
    return Response(body.encode(), headers=headers)
