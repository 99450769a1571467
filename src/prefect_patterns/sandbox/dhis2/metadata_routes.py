"""The endpoints that give metadata: lists, single objects, kin of organisation units, geometry, exports."""

import itertools
import random
import re

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.answers import HEADERS, NO_STORE, PRIVATE, Refusal, answer
from prefect_patterns.sandbox.dhis2.export import data_entry_metadata, exported, schemas
from prefect_patterns.sandbox.dhis2.fields import Shuffle, parse_fields, picker, select
from prefect_patterns.sandbox.dhis2.formats import negotiated
from prefect_patterns.sandbox.dhis2.geojson import feature_collection
from prefect_patterns.sandbox.dhis2.lists import KIN, Paging, Question, Rows, csv_list, kin_of, last, page, within
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, Metadata, Object
from prefect_patterns.sandbox.dhis2.schema import class_of
from prefect_patterns.sandbox.dhis2.site import Site, flag, locale_of, parameters, user_of
from prefect_patterns.sandbox.dhis2.system import system_info

__all__ = ["metadata_routes"]

_UID = re.compile(r"[a-zA-Z0-9]{11}")
_UNITS = "organisationUnits"
# What of a request for organisation units tells its answer from another's.
_PLACES = (
    *("level", "maxLevel", "userDataViewFallback", "userDataViewOnly", "userOnly", "withinDataViewUserHierarchy"),
    *("withinUserHierarchy", "withinUserSearchHierarchy"),
)


class _Collection(Convertor[str]):
    """The name of a collection in a path: no other name is one."""

    regex = "|".join(COLLECTIONS)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("collection", _Collection())


def metadata_routes(site: Site) -> list[Route]:
    """Return the routes of the collections, and of what gives many of them."""
    api = _MetadataApi(site)
    forms = {"json": api.listing, "csv": api.csv}
    missing = ("xml",)
    return [
        *negotiated("/api/metadata", {"json": api.export}, missing=missing),
        *negotiated("/api/dataEntry/metadata", {"json": api.data_entry}),
        *negotiated("/api/schemas", {"json": api.schemas}, missing=missing),
        *negotiated("/api/schemas/{name}", {"json": api.schema}, missing=missing),
        *negotiated("/api/{collection:collection}", forms | {"geojson": api.geojson}, missing=missing),
        # The server has no other form of one object than JSON: `.geojson` gives the same.
        *negotiated("/api/{collection:collection}/{uid}", {"json": api.single, "geojson": api.single}, missing=missing),
        *negotiated("/api/{collection:collection}/{uid}/{property}", {"json": api.single}, missing=missing),
    ]


class _MetadataApi:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._metadata = site.metadata
        self._rows: dict[Metadata, Rows] = {}  # by locale
        self._requests = itertools.count()

    def listing(self, request: Request) -> Response:
        name = request.path_params["collection"]
        return self._list(request, self._question(request, name))

    def csv(self, request: Request) -> Response:
        name, query = request.path_params["collection"], parameters(request)
        metadata, found = self._in_locale(request)
        rows = Paging.of(query).rows(found.of(self._question(request, name)))
        text = csv_list(metadata, name, rows, query)
        return Response(text, headers={**HEADERS, "content-type": "text/csv;charset=UTF-8", "cache-control": PRIVATE})

    def geojson(self, request: Request) -> Response:
        if request.path_params["collection"] != _UNITS:
            raise Refusal(406, self._site.release.type_refusal)
        response = answer(feature_collection(self._metadata, parameters(request), roots=user_of(request).units))
        response.headers["content-type"] = "application/json"
        return response

    def single(self, request: Request) -> Response:
        name, uid = request.path_params["collection"], request.path_params["uid"]
        only = request.path_params.get("property")
        release = self._site.release
        if not _UID.fullmatch(uid) and release.uid_mismatch == 405:
            raise Refusal(405, release.method_refusal.format(request.method))
        metadata, _ = self._in_locale(request)
        each = metadata.collections[name].get(uid)
        if each is None:
            raise Refusal(404, f"{class_of(name)} with id {uid} could not be found.", "E1005")
        if name == _UNITS and (asked := self._kin(request, only)) is not None:
            return self._list(request, self._kin_question(request, each, asked))
        wanted = ",".join(request.query_params.getlist("fields"))
        if only and only not in metadata.schema(name):
            raise Refusal(404, f"Property {only} does not exist on {class_of(name)}", "E1005")
        text = f"{only}[{wanted}]" if only and wanted else only or wanted or "*"
        shows = picker(
            metadata,
            name,
            parse_fields(text),
            exclude_defaults=self._excludes_defaults(request),
            shuffle=self._shuffle(),
        )
        return answer(shows.pick(each))

    def export(self, request: Request) -> Response:
        info = system_info(request, self._site, user_of(request))
        system = {
            "id": info["systemId"],
            "rev": info["revision"],
            "version": info["version"],
            "date": self._site.now().replace(tzinfo=None).isoformat(timespec="milliseconds"),
        }
        found = exported(*self._in_locale(request), parameters(request), shuffle=self._shuffle())
        response = answer({"system": system, **found})
        if flag(request, "download"):
            response.headers["content-disposition"] = "attachment; filename=metadata.json"
        return response

    def data_entry(self, request: Request) -> Response:
        return answer(data_entry_metadata(self._in_locale(request)[0]))

    def schemas(self, request: Request) -> Response:
        wanted = parse_fields(",".join(request.query_params.getlist("fields")) or "*")
        found = schemas(self._metadata, self._address(request))
        return answer({"schemas": [select(self._metadata, "", each, wanted) for each in found]}, cache=NO_STORE)

    def schema(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = schemas(self._metadata, self._address(request), name=name)
        if not found:
            raise Refusal(404, f"Type {name} does not exist.", "E1005")
        wanted = parse_fields(",".join(request.query_params.getlist("fields")) or "*")
        return answer(select(self._metadata, "", found[0], wanted), cache=NO_STORE)

    def _list(self, request: Request, question: Question) -> Response:
        query, name = parameters(request), question.collection
        paging = Paging.of(query)
        metadata, found = self._in_locale(request)
        shows = picker(
            metadata,
            name,
            parse_fields(",".join(query.get("fields", [])) or "id,displayName"),
            exclude_defaults=question.exclude_defaults,
            shuffle=self._shuffle(),
        )
        rows = found.of(question)
        body: Object = {}
        if paging.on:
            address = str(request.url.replace(query=""))
            body["pager"] = page(len(rows), paging, address=address, query=request.query_params.multi_items())
        body[name] = [shows.pick(each) for each in paging.rows(rows)]
        return answer(body)

    def _in_locale(self, request: Request) -> tuple[Metadata, Rows]:
        """Return the metadata with the names that the request gets, and what finds objects by them."""
        metadata = self._metadata.in_locale(locale_of(request, self._site))
        return metadata, self._rows.setdefault(metadata, Rows(metadata, self._site.release))

    def _question(self, request: Request, name: str) -> Question:
        query = parameters(request)
        if name != _UNITS:
            return Question.of(name, query)
        user = user_of(request)
        orders = ["level:asc"] if flag(request, "levelSorted") else []
        where = [user.username, *(f"{place}={query.get(place)}" for place in _PLACES if place in query)]
        return Question.of(name, query, orders=orders, where=where, tests=within(query, user))

    def _kin(self, request: Request, only: str | None) -> str | None:
        """Return which kin of a unit is asked for: by the path, by a flag, or by a level below it."""
        if only is not None:
            return only if only in KIN else None
        if request.query_params.get("level"):
            return "children"
        return next((kin for kin in KIN if flag(request, f"include{kin.capitalize()}")), None)

    def _kin_question(self, request: Request, unit: Object, asked: str) -> Question:
        query, user = parameters(request), user_of(request)
        by_level = asked == "children" and last(query, "level") != ""
        kin = kin_of(unit, "descendants" if by_level else asked)
        tests = [kin, *within(query, user, above=unit if by_level else None)]
        orders = ["level:asc"] if asked in ("ancestors", "parents") or flag(request, "levelSorted") else []
        where = [user.username, str(unit["id"]), asked, *(f"{name}={query.get(name)}" for name in _PLACES)]
        return Question.of(_UNITS, query, orders=orders, where=where, tests=tests)

    def _shuffle(self) -> Shuffle:
        """Return a way to put a nested collection into an order of its own for this request: another each time."""
        chance = random.Random(next(self._requests))  # noqa: S311
        return lambda items: chance.sample(items, len(items))

    @staticmethod
    def _excludes_defaults(request: Request) -> bool:
        return request.query_params.get("defaults", "").upper() == "EXCLUDE"

    @staticmethod
    def _address(request: Request) -> str:
        return str(request.url.replace(path="/api", query=""))
