"""The sandbox's application: the paths of the DHIS2 2.43 API that it imitates."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.analytics import analyse
from prefect_patterns.sandbox.dhis2.analytics_query import parse_query
from prefect_patterns.sandbox.dhis2.answers import (
    HEADERS,
    JSON,
    NO_STORE,
    PRIVATE,
    Refusal,
    answer,
    envelope,
    imitated,
    not_found_page,
)
from prefect_patterns.sandbox.dhis2.data_value_sets import export, stream
from prefect_patterns.sandbox.dhis2.faults import Faults
from prefect_patterns.sandbox.dhis2.fields import parse_fields, select
from prefect_patterns.sandbox.dhis2.geojson import feature_collection
from prefect_patterns.sandbox.dhis2.guards import Authentication, HostCheck, VersionPrefix
from prefect_patterns.sandbox.dhis2.lists import KIN, filtered, kin_of, ordered, page
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, Metadata, Object, Patch
from prefect_patterns.sandbox.dhis2.system import me, system_info
from prefect_patterns.sandbox.dhis2.values import SEED, Values

__all__ = ["PASSWORD", "USERNAME", "build_app"]

USERNAME, PASSWORD = "admin", "district"

_UID = re.compile(r"[a-zA-Z0-9]{11}")
_CLASSES = {"categories": "Category"}
_LIST_PARAMETERS = (
    "defaults",
    "level",
    "levelSorted",
    "maxLevel",
    "query",
    "userDataViewFallback",
    "userOnly",
    "withinUserHierarchy",
)


def build_app(*, today: date, seed: int = SEED, patch: Patch | None = None) -> Faults:
    """Return the whole application, with its faults in front; wrap it in `HostCheck` before serving it.

    Args:
        today: The server's day; the values end with the last whole month before it.
        seed: Of the data values.
        patch: Changes of the metadata, as `Metadata` takes them.
    """
    api = _Api(today, seed, patch)
    get: Mapping[str, Callable[[Request], Response]] = {
        "/api/system/info": api.info,
        "/api/system/info.json": api.info,
        "/api/me": api.me,
        "/api/me.json": api.me,
        "/api/organisationUnits.geojson": api.geojson,
        "/api/dataValueSets": api.data_value_sets,
        "/api/dataValueSets.json": api.data_value_sets,
        "/api/analytics": api.analytics,
        "/api/analytics.json": api.analytics,
        "/api/{collection}": api.listing,
        "/api/{collection}/{uid}": api.single,
        "/api/{collection}/{uid}/{property}": api.single,
    }
    app = Starlette(
        routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in get.items()],
        exception_handlers={404: _not_found, 405: _not_allowed, Refusal: _refused},
    )
    app.router.redirect_slashes = False
    return Faults(Authentication(app, username=USERNAME, password=PASSWORD))


def serve_app(app: Faults) -> HostCheck:
    """Return what a server should serve: the Host check first, then the version prefix, then *app*."""
    return HostCheck(VersionPrefix(app))


class _Api:
    def __init__(self, today: date, seed: int, patch: Patch | None) -> None:
        self._today = today
        self._seed = seed
        self._metadata = Metadata(patch)

    @cached_property
    def _values(self) -> Values:
        return Values(today=self._today, seed=self._seed)

    def info(self, request: Request) -> Response:
        info = system_info(request, self._today)
        selection = parse_fields(request.query_params.get("fields", "*"))
        return answer(select(self._metadata, "", info, selection), cache=NO_STORE)

    def me(self, request: Request) -> Response:
        selection = parse_fields(request.query_params.get("fields", "*"))
        return answer(select(self._metadata, "", me(self._metadata, USERNAME), selection), cache=None)

    def geojson(self, request: Request) -> Response:
        return _plain_json(feature_collection(self._metadata, _query(request)))

    def data_value_sets(self, request: Request) -> Response:
        wanted = export(self._metadata, self._values, _query(request))
        headers = {**HEADERS, "content-type": JSON, "cache-control": PRIVATE}
        return StreamingResponse(stream(self._values, wanted), headers=headers)

    def analytics(self, request: Request) -> Response:
        query = parse_query(self._metadata, _query(request), today=self._today)
        return answer(analyse(self._metadata, self._values, query))

    def listing(self, request: Request) -> Response:
        name = request.path_params["collection"].removesuffix(".json")
        if name not in COLLECTIONS:
            return not_found_page()
        if name == "organisationUnits" and "geo+json" in request.headers.get("accept", "").replace(
            "json+geojson", "geo+json"
        ):
            return self.geojson(request)
        imitated(_query(request), _LIST_PARAMETERS)
        return self._list(request, name, self._metadata.collections[name].values())

    def _list(self, request: Request, name: str, objects: Iterable[Object], orders: Sequence[str] = ()) -> Response:
        query = _query(request)
        found = filtered(
            self._metadata,
            name,
            objects,
            query.get("filter", []),
            any_of=query.get("rootJunction", ["AND"])[-1].upper() == "OR",
        )
        rows = ordered(found, [*query.get("order", []), *orders])
        body: Object = {}
        if query.get("paging", ["true"])[-1].lower() != "false":
            body["pager"], rows = page(
                rows,
                number=_integer(query, "page", 1),
                size=_integer(query, "pageSize", 50),
                address=str(request.url.replace(query="")),
                query=request.query_params.multi_items(),
            )
        selection = parse_fields(",".join(query.get("fields", [])) or "id,displayName")
        body[name] = [select(self._metadata, name, row, selection) for row in rows]
        return answer(body)

    def single(self, request: Request) -> Response:
        name, uid = request.path_params["collection"], request.path_params["uid"].removesuffix(".json")
        if name not in COLLECTIONS:
            return not_found_page()
        if not _UID.fullmatch(uid):
            raise Refusal(405, "Request method 'GET' is not supported")
        each = self._metadata.collections[name].get(uid)
        if each is None:
            kind = _CLASSES.get(name, name[:-1])
            raise Refusal(404, f"{kind[0].upper()}{kind[1:]} with id {uid} could not be found.", "E1005")
        wanted = request.query_params.getlist("fields")
        only = request.path_params.get("property")
        if name == "organisationUnits":
            imitated(_query(request), _LIST_PARAMETERS)
            asked = only or next((kin for kin in KIN if _flag(request, f"include{kin.capitalize()}")), "")
            if asked in KIN:
                orders = ["level:asc"] if asked in ("ancestors", "parents") else []
                return self._list(request, name, kin_of(each, asked, self._metadata.collections[name].values()), orders)
        text = f"{only}[{','.join(wanted)}]" if only and wanted else only or ",".join(wanted) or "*"
        return answer(select(self._metadata, name, each, parse_fields(text)))


def _query(request: Request) -> dict[str, list[str]]:
    return {name: request.query_params.getlist(name) for name in request.query_params}


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() == "true"


def _integer(query: Mapping[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [str(default)])[-1]
    try:
        number = int(text)
    except ValueError:
        raise Refusal(400, f"Unable to parse `{text}` as `Integer`.", "E1003") from None
    return number if number > 0 else default


def _plain_json(body: object) -> Response:
    response = answer(body)
    response.headers["content-type"] = "application/json"
    return response


def _not_found(_request: Request, _error: Exception) -> Response:
    return not_found_page()


def _not_allowed(request: Request, _error: Exception) -> Response:
    return envelope(Refusal(405, f"Request method '{request.method}' is not supported"))


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101
    return envelope(error)
