"""The endpoints that give metadata: lists, single objects, geometry."""

import re
from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.answers import Refusal, answer, imitated, not_found_page
from prefect_patterns.sandbox.dhis2.fields import parse_fields, select
from prefect_patterns.sandbox.dhis2.geojson import feature_collection
from prefect_patterns.sandbox.dhis2.lists import KIN, filtered, kin_of, ordered, page
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, Object
from prefect_patterns.sandbox.dhis2.site import Site, flag, integer, parameters

__all__ = ["metadata_routes"]

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


def metadata_routes(site: Site) -> list[Route]:
    """Return the routes of the collections; they come last, because they take any name."""
    api = _MetadataApi(site)
    return [
        Route("/api/organisationUnits.geojson", api.geojson, methods=["GET"]),
        Route("/api/{collection}", api.listing, methods=["GET"]),
        Route("/api/{collection}/{uid}", api.single, methods=["GET"]),
        Route("/api/{collection}/{uid}/{property}", api.single, methods=["GET"]),
    ]


class _MetadataApi:
    def __init__(self, site: Site) -> None:
        self._metadata = site.metadata
        self._release = site.release

    def geojson(self, request: Request) -> Response:
        response = answer(feature_collection(self._metadata, parameters(request)))
        response.headers["content-type"] = "application/json"
        return response

    def listing(self, request: Request) -> Response:
        name = request.path_params["collection"].removesuffix(".json")
        if name not in COLLECTIONS:
            return not_found_page()
        if name == "organisationUnits" and "geo+json" in request.headers.get("accept", "").replace(
            "json+geojson", "geo+json"
        ):
            return self.geojson(request)
        imitated(parameters(request), _LIST_PARAMETERS)
        return self._list(request, name, self._metadata.collections[name].values())

    def _list(self, request: Request, name: str, objects: Iterable[Object], orders: Sequence[str] = ()) -> Response:
        query = parameters(request)
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
                number=integer(query, "page", 1),
                size=integer(query, "pageSize", 50),
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
        each = self._metadata.collections[name].get(uid)
        if not _UID.fullmatch(uid) and self._release.uid_mismatch == 405:
            raise Refusal(405, "Request method 'GET' is not supported")
        if each is None:
            kind = _CLASSES.get(name, name[:-1])
            raise Refusal(404, f"{kind[0].upper()}{kind[1:]} with id {uid} could not be found.", "E1005")
        wanted = request.query_params.getlist("fields")
        only = request.path_params.get("property")
        if name == "organisationUnits":
            imitated(parameters(request), _LIST_PARAMETERS)
            asked = only or next((kin for kin in KIN if flag(request, f"include{kin.capitalize()}")), "")
            if asked in KIN:
                orders = ["level:asc"] if asked in ("ancestors", "parents") else []
                return self._list(request, name, kin_of(each, asked, self._metadata.collections[name].values()), orders)
        text = f"{only}[{','.join(wanted)}]" if only and wanted else only or ",".join(wanted) or "*"
        return answer(select(self._metadata, name, each, parse_fields(text)))
