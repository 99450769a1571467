"""The DHIS2 client: metadata, data values, analytics and geometry of one server."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import polars as pl
from pydantic import SecretStr, ValidationError

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.dhis2 import analytics, data_values, geometry, metadata
from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.models import MetadataObject, fields_of
from prefect_patterns.errors import UnexpectedAnswer
from prefect_patterns.http import Retries

__all__ = ["Dhis2Client", "parse_version"]

M = TypeVar("M", bound=MetadataObject)
_PATIENCE = Retries()


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers that *text* starts with, so that versions compare; what follows them is ignored.

    >>> parse_version("2.43-SNAPSHOT"), parse_version("2.41.8.1") > parse_version("2.41.8")
    ((2, 43), True)
    """
    found = re.match(r"\s*v?(\d+(?:\.\d+)*)", text)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


class Dhis2Client:
    """A DHIS2 server, read as one user.

    The connection opens with the first request, is shared by threads, and is closed by `close()` or a `with` block.
    The client pickles (with the password, without the connection) and never shows the password.

    Every method raises a `RemoteError`: `AuthenticationFailed` for credentials, permissions and login pages,
    `QueryRefused` with the server's `code`, `NotFound`, `UnexpectedAnswer` for what is not DHIS2, and
    `RemoteUnavailable` when the server is down, late, or breaks off, after the retries.

    Args:
        base_url: As in the browser, with its context path if it has one: `https://play.im.dhis2.org/dev`.
        timeout: Seconds between two pieces of an answer; long analytics need long ones. The server's version and the
            user, which a server has at hand, are not waited for longer than 20.
        connect_timeout: Seconds to reach the server.
        retries: Patience with a server that is overloaded or away.
        page_size: Objects on a page of metadata.
        transport: Replaces the network in tests.

    Raises:
        ConfigError: *base_url* is not an http(s) address, or carries credentials.

    >>> Dhis2Client("https://play.im.dhis2.org/dev/api/", "admin", "district")
    Dhis2Client('https://play.im.dhis2.org/dev', username='admin')
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str | SecretStr,
        *,
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
        retries: Retries = _PATIENCE,
        page_size: int = 500,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._connection = Connection(
            base_url,
            username,
            password if isinstance(password, SecretStr) else SecretStr(password),
            timeout=timeout,
            connect_timeout=connect_timeout,
            retries=retries,
            transport=transport,
            clock=clock,
        )
        self._page_size = page_size
        self._version: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        return f"Dhis2Client({self.base_url!r}, username={self.username!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at its end and without `/api`."""
        return self._connection.server.base_url

    @property
    def username(self) -> str:
        """The user it is read as."""
        return self._connection.server.username

    @property
    def version(self) -> tuple[int, ...]:
        """The server's version, as `(2, 43, 1)`; asked once."""
        if self._version is None:
            self._version = parse_version(str(self.get_server_info().get("version", "")))
        return self._version

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        self._connection.close()

    def get_server_info(self) -> dict[str, Any]:
        """Return what the server says of itself: `version`, `systemName`, `serverDate` and more."""
        return self._object("system/info")

    def me(self) -> dict[str, Any]:
        """Return the user it is read as: `username`, `authorities`, `organisationUnits` and more."""
        return self._object("me")

    def fetch_metadata(
        self,
        endpoint: str,
        fields: str = ":owner",
        *,
        filters: Sequence[str] = (),
        order: str | None = "id:asc",
        page_size: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return all objects of a list, from all its pages.

        Args:
            endpoint: The list, as `organisationUnits`.
            fields: In DHIS2's grammar, as `id,name,parent[id]`.
            filters: Each as `level:eq:2`; an object must meet all of them.
            order: What keeps the pages apart; None leaves it to the server.
            page_size: Objects on a page, otherwise the client's.
        """
        return list(self.iter_metadata(endpoint, fields, filters=filters, order=order, page_size=page_size))

    def iter_metadata(
        self,
        endpoint: str,
        fields: str = ":owner",
        *,
        filters: Sequence[str] = (),
        order: str | None = "id:asc",
        page_size: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield all objects of a list, one page in memory at a time; the arguments are those of `fetch_metadata`."""
        return metadata.iter_objects(
            self._connection,
            endpoint,
            fields=fields,
            filters=filters,
            order=order,
            page_size=self._page_size if page_size is None else page_size,
        )

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
        return metadata.tidy(self.fetch_metadata(endpoint, fields, filters=filters), fields)

    def iter_data_values(
        self,
        *,
        data_sets: Sequence[str] = (),
        data_elements: Sequence[str] = (),
        periods: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
        org_units: Sequence[str],
        children: bool = True,
        include_deleted: bool = False,
        batch_rows: int = 50_000,
    ) -> Iterator[pl.DataFrame]:
        """Yield data values as they arrive, as frames of `DATA_VALUE_SCHEMA` with at most *batch_rows* rows.

        What the server says once for all values (2.43: data set, period, unit, attribute option combination) is in
        every row. Values are text, as reported; moments are in UTC.

        Args:
            periods: ISO ids, as `202401`; else give *start* and *end*, both inclusive.
            org_units: Ids; with *children*, all units below them too.
            include_deleted: Also values that were deleted, marked so.

        Raises:
            UsageError: The query is incomplete; every reason is named.
        """
        query = data_values.ValueQuery(
            data_sets, data_elements, periods, start, end, org_units, children, include_deleted
        )
        return data_values.iter_batches(self._connection, query, batch_rows=batch_rows)

    def write_data_values(
        self,
        path: str | PathLike[str],
        *,
        data_sets: Sequence[str] = (),
        data_elements: Sequence[str] = (),
        periods: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
        org_units: Sequence[str],
        children: bool = True,
        include_deleted: bool = False,
        batch_rows: int = 50_000,
    ) -> int:
        """Write data values to a Parquet file in bounded memory and return how many; no file stays when it fails.

        The arguments are those of `iter_data_values`.

        Raises:
            StorageError: The disk is full or read-only.
        """
        batches = self.iter_data_values(
            data_sets=data_sets,
            data_elements=data_elements,
            periods=periods,
            start=start,
            end=end,
            org_units=org_units,
            children=children,
            include_deleted=include_deleted,
            batch_rows=batch_rows,
        )
        return data_values.write_parquet(batches, Path(path), data_values.DATA_VALUE_SCHEMA)

    def iter_analytics(
        self, *, dx: Sequence[str], ou: Sequence[str], pe: Sequence[str], filters: Sequence[str] = ()
    ) -> Iterator[pl.DataFrame]:
        """Yield aggregated values as frames of `ANALYTICS_SCHEMA`, one for each request that it takes.

        Args:
            dx: Ids of data elements, indicators and so on.
            ou: Ids, or keywords such as `LEVEL-2`; the server drops those it does not know without a word.
            pe: ISO periods, or keywords such as `LAST_12_MONTHS`.
            filters: Dimensions to aggregate over, each as `pe:2024`; leave the argument of that name empty.
        """
        yield analytics.fetch_grid(self._connection, dx=dx, ou=ou, pe=pe, filters=filters)

    def analytics(
        self, *, dx: Sequence[str], ou: Sequence[str], pe: Sequence[str], filters: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Return aggregated values as one frame: `dx`, `ou`, `pe`, `value`; the arguments are `iter_analytics`'s."""
        return pl.concat(self.iter_analytics(dx=dx, ou=ou, pe=pe, filters=filters))

    def iter_features(self, level: int | Sequence[int], *, parent: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the organisation units of a level as GeoJSON features; units without a geometry are not among them.

        Args:
            level: 1 is the root; several may be given.
            parent: Id of a unit; only those below it.
        """
        return geometry.fetch_features(self._connection, level=level, parent=parent)

    def _object(self, path: str) -> dict[str, Any]:
        value = self._connection.get(path, prompt=True)
        if not isinstance(value, dict):
            raise UnexpectedAnswer(
                f"{self._connection.server} did not answer /api/{path} with an object",
                hint="check that PATTERNS_DHIS2_URL is the address of a DHIS2 server",
                method="GET",
                url=f"{self.base_url}/api/{path}",
                status=200,
            )
        return value
