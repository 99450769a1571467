"""The pages of a list, several at a time, in order, whole although others write while we read."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from typing import Any, cast

import polars as pl

from prefect_patterns.dhis2.threads import Threads, result_of
from prefect_patterns.errors import RemoteError, RemoteUnavailable, UnexpectedAnswer

__all__ = ["Objects", "Page", "Rows", "read_list", "read_pages"]

Objects = list[dict[str, Any]]
Rows = Objects | pl.DataFrame
"""The objects of a page, as they are or as the rows of a frame."""

_PASSES = 4
_IDLE_PAGES = 10
_PAGES_WITHOUT_COUNT = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, with what its pager says; None where it says nothing that can be used.

    Args:
        number: From 1; the server's word.
        count: How many pages there are.
        total: How many objects there are.
        has_next: Whether the server names a next page, or says nothing of the end while this page is full.
    """

    rows: Rows
    number: int | None = None
    count: int | None = None
    total: int | None = None
    has_next: bool = False

    @property
    def size(self) -> tuple[int | None, int | None]:
        """What must stay the same while the list is read."""
        return self.count, self.total


def read_list(
    fetch: Callable[[int], Page], *, what: str, url: str, max_workers: int, seen: set[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield each object of a list once; see `read_pages`."""
    pages = read_pages(fetch, what=what, url=url, max_workers=max_workers, seen=seen)
    return (row for rows in pages for row in cast("Objects", rows))


def read_pages(
    fetch: Callable[[int], Page], *, what: str, url: str, max_workers: int, seen: set[str] | None = None
) -> Iterator[Rows]:
    """Yield the objects of a list, each once, page by page.

    The first page says how many there are; the others are fetched by *max_workers* threads, so many ahead of the
    reader and no more. Closing the generator stops the fetching.

    Pages are cut by position: an object that is added or deleted while the list is read pushes others to a page that
    was read already, or is yet to be read. Ids tell what came twice. What was missed shows in the pager's numbers, or
    as an object that came twice; then the list is read again, and what is new is given, until a reading finds nothing
    new. Objects without an id cannot be told apart: for them a list that changed is an error.

    Args:
        fetch: Gives the page with this number, counted from 1; called by several threads.
        what: Who gives it, for messages.
        url: Where it is, for messages.
        seen: Ids that are not given, those that are given are added.

    Raises:
        UnexpectedAnswer: The server gives the same page again and again, or pages without end.
        RemoteUnavailable: The list still changed when it was read for the fourth time.
    """
    seen = set() if seen is None else seen
    last: _Pass | None = None
    for _ in range(_PASSES):
        this = _Pass(what, url, seen)
        with closing(_pages(fetch, max_workers, this.lacks)) as pages:
            yield from this.rows(pages)
        if this.is_whole or (last is not None and this.confirms(last)):
            return
        if this.without_ids:
            if not this.changed:
                return  # nobody can tell more
            break
        last = this
    raise this.trouble(last)


@dataclass(slots=True)
class _Pass:
    """What one reading of the list showed."""

    what: str
    url: str
    seen: set[str]
    sizes: list[tuple[int | None, int | None]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    read: int = 0
    fresh: int = 0
    without_ids: int = 0

    def rows(self, pages: Iterator[Page]) -> Iterator[Rows]:
        idle = 0
        for asked, page in enumerate(pages, start=1):
            before = len(self.ids) + self.without_ids
            if len(page.rows) and page.number is not None and page.number < asked:
                raise self._contradicts(f"gave page {page.number} instead of page {asked}")
            if page.size not in self.sizes:
                self.sizes.append(page.size)
            yield self._new(page.rows)
            idle = idle + 1 if len(self.ids) + self.without_ids == before else 0
            if idle > _IDLE_PAGES:
                raise self._contradicts(f"announces pages without end: page {asked} has nothing new, nor those before")
            if page.size == (None, None) and asked >= _PAGES_WITHOUT_COUNT:
                raise self._contradicts(f"announces a next page on page {asked} too, and never how many there are")

    def _new(self, rows: Rows) -> Rows:
        self.read += len(rows)
        keys = _ids(rows)
        ids = set(keys) if set(map(type, keys)) <= {str} else {key for key in keys if isinstance(key, str)}
        self.ids |= ids
        if len(ids) == len(rows) and self.seen.isdisjoint(ids):  # as it should be, and quick
            self.seen |= ids
            self.fresh += len(rows)
            return rows
        new = []
        for key in keys:
            new.append(not isinstance(key, str) or key not in self.seen)
            if not isinstance(key, str):
                self.without_ids += 1
            elif new[-1]:
                self.seen.add(key)
                self.fresh += 1
        return (
            rows.filter(pl.Series(new, dtype=pl.Boolean)) if isinstance(rows, pl.DataFrame) else [*compress(rows, new)]
        )

    def lacks(self) -> bool:
        """Return whether the server announced more objects than it has given."""
        total = self.sizes[-1][1] if self.sizes else None
        return total is not None and len(self.ids) + self.without_ids < total

    @property
    def changed(self) -> bool:
        return len(self.sizes) > 1

    @property
    def is_whole(self) -> bool:
        total = self.sizes[0][1] if self.sizes else None
        once = len(self.ids) + self.without_ids == self.read
        return not self.changed and once and total in (None, self.read)

    def confirms(self, last: "_Pass") -> bool:
        """Return whether the list stood still: then it is the server's count that is wrong, or its order."""
        return not self.fresh and not self.changed and self.sizes == last.sizes

    def trouble(self, last: "_Pass | None") -> RemoteError:
        if last is not None and not self.fresh and self.sizes == last.sizes:
            return self._contradicts("announces other numbers of pages on each page")
        hint = "ask for `id` too, so that what moved can be told" if self.without_ids else "try again when fewer write"
        return RemoteUnavailable(
            f"{self.what} changed the list each time it was read",
            hint=hint,
            method="GET",
            url=self.url,
            status=200,
        )

    def _contradicts(self, how: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f"{self.what} {how}",
            hint="check that the path is one of its lists, and that no proxy changes its answers",
            method="GET",
            url=self.url,
            status=200,
        )


def _ids(rows: Rows) -> list[Any]:
    if isinstance(rows, pl.DataFrame):
        return rows["id"].to_list() if "id" in rows.columns else [None] * rows.height
    return [row.get("id") for row in rows]


def _pages(fetch: Callable[[int], Page], max_workers: int, lacks: Callable[[], bool]) -> Generator[Page, None, None]:
    last = first = fetch(1)
    yield first
    number = max(1, first.count or 1)
    if number > 2 and max_workers > 1:
        for last in _ahead(fetch, iter(range(2, number + 1)), max_workers):
            yield last
    else:
        for each in range(2, number + 1):
            yield (last := fetch(each))
    # By its number, never by the address of `nextPage`: that may be another host's. And on beyond the announced end
    # while something lacks: some proxies give smaller pages than were asked for and leave the server's count of them.
    while len(last.rows) and ((first.count is None and last.has_next) or lacks()):
        number += 1
        yield (last := fetch(number))


def _ahead(fetch: Callable[[int], Page], numbers: Iterator[int], max_workers: int) -> Iterator[Page]:
    waiting: deque[Future[Page]] = deque()
    threads = Threads(max_workers, "dhis2-page")
    try:
        for number in numbers:
            waiting.append(threads.submit(partial(fetch, number)))
            if len(waiting) > max_workers:
                yield result_of(waiting.popleft())
        while waiting:
            yield result_of(waiting.popleft())
    finally:
        threads.stop()
