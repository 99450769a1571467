"""The pages of a list, several at a time, in order, whole although others write while we read."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from prefect_patterns.errors import RemoteError, RemoteUnavailable, UnexpectedAnswer

__all__ = ["Page", "read_list"]

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
        has_next: Whether the server names a next page.
    """

    rows: list[dict[str, Any]]
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
    """Yield each object of a list once, page by page.

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
        with closing(_pages(fetch, max_workers)) as pages:
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

    def rows(self, pages: Iterator[Page]) -> Iterator[dict[str, Any]]:
        idle = 0
        for asked, page in enumerate(pages, start=1):
            before = len(self.ids) + self.without_ids
            if page.rows and page.number is not None and page.number < asked:
                raise self._contradicts(f"gave page {page.number} instead of page {asked}")
            if page.size not in self.sizes:
                self.sizes.append(page.size)
            yield from self._new(page.rows)
            idle = idle + 1 if len(self.ids) + self.without_ids == before else 0
            if idle > _IDLE_PAGES:
                raise self._contradicts(f"announces pages without end: page {asked} has nothing new, nor those before")
            if page.count is None and asked >= _PAGES_WITHOUT_COUNT:
                raise self._contradicts(f"announces a next page on page {asked} too, and never how many there are")

    def _new(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            self.read += 1
            key = row.get("id")
            if not isinstance(key, str):
                self.without_ids += 1
                yield row
            else:
                self.ids.add(key)
                if key not in self.seen:
                    self.seen.add(key)
                    self.fresh += 1
                    yield row

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


def _pages(fetch: Callable[[int], Page], max_workers: int) -> Generator[Page, None, None]:
    first = fetch(1)
    yield first
    if first.count is None:
        number, page = 1, first
        while page.rows and page.has_next:
            number += 1
            page = fetch(number)  # the number, never the address of `nextPage`: that may be another host's
            yield page
    elif max_workers == 1 or first.count == 2:
        yield from map(fetch, range(2, first.count + 1))
    elif first.count > 2:
        yield from _ahead(fetch, iter(range(2, first.count + 1)), max_workers)


def _ahead(fetch: Callable[[int], Page], numbers: Iterator[int], max_workers: int) -> Iterator[Page]:
    stopped = threading.Event()

    def guarded(number: int) -> Page | None:
        return None if stopped.is_set() else fetch(number)

    waiting: deque[Future[Page | None]] = deque()
    pool = ThreadPoolExecutor(max_workers, thread_name_prefix="dhis2-page")
    try:
        for number in numbers:
            waiting.append(pool.submit(guarded, number))
            if len(waiting) > max_workers:
                page = waiting.popleft().result()
                if page is not None:
                    yield page
        while waiting:
            page = waiting.popleft().result()
            if page is not None:
                yield page
    finally:
        stopped.set()
        # Requests under way end by themselves: nobody waits for an answer that nobody reads.
        pool.shutdown(wait=False, cancel_futures=True)
