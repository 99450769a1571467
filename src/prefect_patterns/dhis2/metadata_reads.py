"""The part of the client that reads metadata: lists, objects, models, frames, features, changes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar, cast

import polars as pl
from pydantic import ValidationError

from prefect_patterns.dhis2 import geometry, metadata
from prefect_patterns.dhis2.changes import Change, Changes, ServerTime, object_changes
from prefect_patterns.dhis2.models import MetadataObject, fields_of
from prefect_patterns.dhis2.page_frames import join_pages, read_page
from prefect_patterns.dhis2.pages import Objects, Rows
from prefect_patterns.dhis2.reader import Reader
from prefect_patterns.dhis2.tidy import tidy
from prefect_patterns.errors import UnexpectedAnswer, UsageError

__all__ = ["MetadataReads"]

M = TypeVar("M", bound=MetadataObject)


class MetadataReads(Reader):
    """What `Dhis2Client` reads of the metadata."""

    def fetch_metadata(
        self,
        endpoint: str,
        fields: str = ":owner",
        *,
        filters: Sequence[str] = (),
        order: str | None = "id:asc",
        page_size: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return all objects of a list, each once, from all its pages.

        An `in` filter may be as long as you like: it is asked for in parts.

        Args:
            endpoint: The list, as `organisationUnits`.
            fields: In DHIS2's grammar, as `id,name,parent[id]`.
            filters: Each as `level:eq:2`; an object must meet all of them.
            order: What keeps the pages apart; None leaves it to the server.
            page_size: Objects on a page, otherwise the client's.
        """
        pages = self._pages(endpoint, fields, filters=filters, order=order, page_size=page_size)
        return list(chain.from_iterable(cast("Iterator[Objects]", pages)))

    def iter_metadata(
        self,
        endpoint: str,
        fields: str = ":owner",
        *,
        filters: Sequence[str] = (),
        order: str | None = "id:asc",
        page_size: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield all objects of a list, few pages in memory at a time; the arguments are those of `fetch_metadata`.

        Pages are fetched by threads ahead of the reader; closing the generator stops them.
        """
        pages = self._pages(endpoint, fields, filters=filters, order=order, page_size=page_size)
        return (row for page in pages for row in cast("Objects", page))

    def get_object(self, endpoint: str, uid: str, fields: str = ":owner") -> dict[str, Any]:
        """Return one object of a list.

        Raises:
            NotFound: The server has none with this id.
            UsageError: *uid* holds what no id does.
        """
        if not re.fullmatch(r"\w[\w.~:-]*", uid, re.ASCII):
            raise UsageError(f"{uid!r} is not an id", hint="give the 11 letters and digits that DHIS2 shows")
        return self._object(f"{endpoint.strip('/')}/{uid}", {"fields": fields})

    def iter_models(self, model: type[M], *, filters: Sequence[str] = ()) -> Iterator[M]:
        """Yield all objects of *model*'s list as instances of it, as `iter_models(OrganisationUnit)`.

        Raises:
            UnexpectedAnswer: An object does not fit the model; its id and its fields are named.
        """
        for row in self.iter_metadata(model.endpoint, fields_of(model), filters=filters):
            try:
                yield model.model_validate(row)
            except ValidationError as error:
                wrong = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
                raise UnexpectedAnswer(
                    f"{self._connection.server} has {model.endpoint} {row.get('id')!r} with unexpected {wrong}",
                    hint="read it with `fetch_metadata`, which does not judge",
                    method="GET",
                    url=f"{self.base_url}/api/{model.endpoint}",
                ) from None

    def frame(self, endpoint: str, fields: str = ":owner", *, filters: Sequence[str] = ()) -> pl.DataFrame:
        """Return all objects of a list as a frame: nested objects as `parent.id`, lists of references as lists of ids.

        Columns that *fields* names are there even when no object has them; see `tidy` for the whole rule.
        """
        pages = list(self._pages(endpoint, fields, filters=filters, order="id:asc", page_size=None, load=read_page))
        frames = [page for page in pages if isinstance(page, pl.DataFrame)]
        joined = join_pages(frames, fields) if frames and len(frames) == len(pages) else None
        if joined is not None:
            return joined
        return tidy([row for page in pages for row in (page if isinstance(page, list) else page.to_dicts())], fields)

    def iter_features(self, level: int | Sequence[int], *, parent: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the organisation units of a level as GeoJSON features; units without a geometry are not among them.

        Args:
            level: 1 is the root; several may be given.
            parent: Id of a unit; only those below it.
        """
        return geometry.fetch_features(self._connection, level=level, parent=parent)

    def changes(
        self,
        endpoint: str,
        since: datetime | str,
        fields: str = ":owner",
        *,
        known: Iterable[str] | None = None,
        filters: Sequence[str] = (),
        margin: float = 300.0,
    ) -> Changes[Change]:
        """Return an iterator over what changed in a list: objects made or changed since, then the ids of those gone.

        Its `watermark` is the next call's *since*. DHIS2 keeps no record of metadata that was deleted: so *known* ids
        are compared with those that the list has now, and one that this user may no longer see counts as gone.

        Args:
            since: By the server's clock, in its local time when it has no zone; a change at this very moment is among
                those given.
            known: Ids that you have; without them no deletions are looked for.
            filters: As in `fetch_metadata`; an object that no longer meets them counts as gone.
            margin: Seconds that the watermark lies before the server's time now, for what is still being written;
                a transaction that takes longer could be missed.

        Raises:
            UsageError: *since* is no moment, or *margin* no number of seconds.
            UnexpectedAnswer: With the iteration: an object has no id.
        """
        clock = ServerTime.of(self.get_server_info())
        start = clock.text(since)
        filters = [filters] if isinstance(filters, str) else filters
        upserts = self._with_ids(endpoint, f"id,{fields}", [f"lastUpdated:ge:{start}", *filters])
        items = object_changes(upserts, known, lambda: (key for key, _ in self._with_ids(endpoint, "id", filters)))
        return Changes(items, clock.watermark(margin, otherwise=start))

    def _with_ids(self, endpoint: str, fields: str, filters: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in self.iter_metadata(endpoint, fields, filters=filters):
            key = row.get("id")
            if not isinstance(key, str):
                raise UnexpectedAnswer(
                    f"{self._connection.server} has {endpoint} without an id, whose changes cannot be told",
                    hint="read the whole list with `fetch_metadata`",
                    method="GET",
                    url=f"{self.base_url}/api/{endpoint.strip('/')}",
                )
            yield key, row

    def _pages(
        self,
        endpoint: str,
        fields: str,
        *,
        filters: Sequence[str],
        order: str | None,
        page_size: int | None,
        load: Callable[[bytes], Any] | None = None,
    ) -> Iterator[Rows]:
        return metadata.iter_pages(
            self._connection,
            endpoint,
            fields=fields,
            filters=filters,
            order=order,
            page_size=self._page_size if page_size is None else page_size,
            max_workers=self._max_workers,
            load=load,
        )
