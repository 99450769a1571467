"""Metadata lists: all pages in a stable order, of a size that suits what is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from prefect_patterns.dhis2.chunks import split_filters
from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.pages import Page, Rows, read_pages
from prefect_patterns.errors import UnexpectedAnswer, UsageError

__all__ = ["iter_pages"]

_FIRST_PAGE = 500  # objects
_PAGE_BYTES = 1_000_000
_LARGEST_PAGE = 10_000


def iter_pages(
    connection: Connection,
    endpoint: str,
    *,
    fields: str,
    filters: Sequence[str],
    order: str | None,
    page_size: int | None,
    max_workers: int,
    load: Callable[[bytes], Any] | None = None,
) -> Iterator[Rows]:
    """Yield every object of a list once; see `read_pages` for how, and `split_filters` for long filters.

    Args:
        page_size: Objects on a page; None for as many as make about a megabyte.
        load: Reads the body of a page otherwise than as objects, where it gives something else than None.

    Raises:
        UnexpectedAnswer: The answer is no list, or its pages contradict each other.
        RemoteUnavailable: The list changes each time it is read.
    """
    if page_size is not None and page_size < 1:
        raise UsageError(f"a page holds at least 1 object, not {page_size}")
    seen: set[str] = set()
    for each in split_filters([filters] if isinstance(filters, str) else filters):
        asked = {"fields": fields, "filter": each, "order": order, "paging": True}
        yield from read_pages(
            _Fetch(connection, endpoint, asked, page_size, max_workers, load),
            what=str(connection.server),
            url=_url(connection, endpoint),
            max_workers=max_workers,
            seen=seen,
        )


class _Fetch:
    """Gives the pages of one list; the first one, which comes before the others, tells how large they may be."""

    def __init__(
        self,
        connection: Connection,
        endpoint: str,
        asked: Mapping[str, Any],
        page_size: int | None,
        max_workers: int,
        load: Callable[[bytes], Any] | None,
    ) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._asked = asked
        self._size = page_size
        self._workers = max_workers
        self._load = load

    def __call__(self, number: int) -> Page:
        if self._size is None:
            first = self._page(1, _FIRST_PAGE)
            self._size = self._fitting(first)
            if (number, self._size) == (1, _FIRST_PAGE):
                return first
        return self._page(number, self._size)

    def _page(self, number: int, size: int) -> Page:
        return _page(self._connection, self._endpoint, {**self._asked, "pageSize": size, "page": number}, self._load)

    def _fitting(self, first: Page) -> int:
        """Return the size of pages of about a megabyte that are enough to keep all threads busy twice."""
        if len(first.rows) != _FIRST_PAGE or first.total is None:
            return _FIRST_PAGE
        rows = first.rows
        whole = rows.estimated_size() if isinstance(rows, pl.DataFrame) else len(orjson.dumps(rows))
        bytes_each = int(whole) // _FIRST_PAGE + 1
        most = min(_PAGE_BYTES // bytes_each, -(-first.total // (2 * self._workers)), _LARGEST_PAGE)
        return max(_FIRST_PAGE, most)


def _page(connection: Connection, endpoint: str, asked: Mapping[str, Any], load: Callable[[bytes], Any] | None) -> Page:
    body = connection.get(endpoint, asked, load=load)
    if isinstance(body, dict):
        name = endpoint.strip("/").rpartition("/")[2].partition(".")[0]
        lists = [value for key, value in body.items() if isinstance(value, list | pl.DataFrame) and key != "pager"]
        named = body.get(name)
        rows = named if isinstance(named, list | pl.DataFrame) else lists[0] if len(lists) == 1 else None
        if isinstance(rows, pl.DataFrame) or (rows is not None and set(map(type, rows)) <= {dict}):
            pager = body.get("pager")
            says = pager if isinstance(pager, dict) else {}
            count, page, total, size = (_number(says.get(key)) for key in ("pageCount", "page", "total", "pageSize"))
            is_full = count is None and total is None and size is not None and 0 < size <= len(rows)
            return Page(rows, page, count, total, has_next=bool(says.get("nextPage")) or is_full)
    raise UnexpectedAnswer(
        f"{connection.server} did not answer /api/{endpoint.strip('/')} with a list of objects",
        hint="check that the path is one of its lists, and that no proxy changes its answers",
        method="GET",
        url=_url(connection, endpoint),
        status=200,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _url(connection: Connection, endpoint: str) -> str:
    return f"{connection.server.base_url}/api/{endpoint.strip('/')}"
