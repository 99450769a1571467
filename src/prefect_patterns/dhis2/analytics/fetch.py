"""Get an analytics query answered: in pieces, several at a time, smaller ones where the server refuses."""

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, product
from typing import Any

import httpx

from prefect_patterns.dhis2.analytics.grid import Answer, read_answer
from prefect_patterns.dhis2.analytics.plan import Chunk, Limits, halve, plan
from prefect_patterns.dhis2.analytics.query import AnalyticsQuery, Axis
from prefect_patterns.dhis2.chunks import in_chunks
from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.threads import Threads, result_of
from prefect_patterns.errors import QueryRefused, RemoteError, RemoteRefused

__all__ = ["Fetch"]

_PATH = "analytics.json"
_TOO_MUCH = frozenset({"E7128", "E7131", "E7136", "E7151"})
_UNKNOWN = frozenset({"E7124", "E7143"})
_TOO_LONG = frozenset({413, 414, 431})
_OUT_OF_TIME = frozenset({408, 504, 524})
_LONG = 1_000  # characters; Tomcat answers a plain 400 to an address that is too long
_SEPARATOR = len("%3B")


@dataclass(slots=True)
class _Piece:
    chunk: Chunk
    answer: Future[Answer] | None = None


class Fetch:
    """One query on its way.

    Args:
        with_meta: Whether answers shall say what items are called and which of them the server knows.

    `names` are those that came with what the server said of the query's keywords.
    """

    def __init__(self, connection: Connection, query: AnalyticsQuery, limits: Limits, *, with_meta: bool) -> None:
        self._connection = connection
        self._limits = limits
        self._params: dict[str, Any] = {**query.params, "skipMeta": not with_meta}
        address = httpx.URL(f"{connection.server.base_url}/api/{_PATH}", params=_sent(self._params))
        self._whole = Chunk(query.axes, extra=len(str(address)))
        self._resolved: dict[Axis, Axis] = {}
        self.names: dict[str, str] = {}

    def answers(self) -> Iterator[Answer]:
        """Yield the answers in the order of the query; closing the generator stops the fetching.

        Raises:
            RemoteError: The server refuses even a single cell, or for a reason that has nothing to do with size.
        """
        pieces = deque(_Piece(chunk) for chunk in self._plan(self._whole))
        is_split, has_answer = len(pieces) > 1, False
        unknown: QueryRefused | None = None
        threads = Threads(self._limits.workers, "dhis2-analytics")
        try:
            while pieces:
                self._fit(pieces)
                if len(pieces) > 1:
                    for piece in islice(pieces, self._limits.workers):
                        piece.answer = piece.answer or threads.submit(partial(self._ask, piece.chunk))
                first = pieces.popleft()
                try:
                    answer = result_of(first.answer) if first.answer else self._ask(first.chunk)
                except RemoteError as error:
                    if is_split and isinstance(error, QueryRefused) and error.code in _UNKNOWN:
                        unknown = error  # the whole query would have dropped these ids without a word
                        continue
                    smaller = self._smaller(first.chunk, error)
                    if not smaller:
                        raise
                    is_split = True
                    pieces.extendleft(map(_Piece, reversed(smaller)))
                else:
                    has_answer = True
                    yield answer
            if unknown is not None and not has_answer:
                raise unknown
        finally:
            threads.stop()

    def _ask(self, chunk: Chunk) -> Answer:
        return self._get(chunk, self._params)

    def _get(self, chunk: Chunk, params: dict[str, Any]) -> Answer:
        divisible = chunk.is_open or any(axis.can_split for axis in chunk.axes)
        asked = {"dimension": [str(axis) for axis in chunk.axes], **params}
        body = self._connection.get(_PATH, asked, divisible=divisible)
        return read_answer(body, self._connection.server)

    def _plan(self, chunk: Chunk) -> list[Chunk]:
        pieces = plan(chunk, self._limits)
        # By one keyword all requests must mean the same months and units, and each of them in one request only.
        return plan(self._spelled_out(chunk), self._limits) if len(pieces) > 1 and chunk.is_open else pieces

    def _fit(self, pieces: deque[_Piece]) -> None:
        """Cut the pieces that are asked for next to what is known of the limits by now."""
        head: list[_Piece] = []
        while pieces and len(head) < self._limits.workers:
            piece = pieces.popleft()
            first, *others = [piece] if piece.answer else map(_Piece, plan(piece.chunk, self._limits))
            head.append(first)
            pieces.extendleft(reversed(others))
        pieces.extendleft(reversed(head))

    def _smaller(self, chunk: Chunk, error: RemoteError) -> list[Chunk]:
        """Return what to ask instead of a refused chunk; nothing where that does not help."""
        most = _most_rows(error)
        if _is_too_long(error, chunk):
            self._limits = replace(self._limits, url=max(1, min(self._limits.url, chunk.length - 1)))
        elif not _is_too_much(error):
            return []
        elif most:
            self._limits = replace(self._limits, cells=min(self._limits.cells, most))
        if chunk.is_open:
            chunk = self._spelled_out(chunk)
        if _is_too_much(error) and not most:  # what was too much once need not be tried again
            self._limits = replace(self._limits, cells=min(self._limits.cells, math.ceil(chunk.cells / 2)))
        pieces = plan(chunk, self._limits)
        return pieces if len(pieces) > 1 else halve(chunk)

    def _spelled_out(self, chunk: Chunk) -> Chunk:
        """Return *chunk* with the items behind its keywords, unless even that is too much for the server."""
        for axis in chunk.axes:
            if axis.is_open and axis not in self._resolved:
                try:
                    self._resolve(axis, self._items(axis, chunk))
                except RemoteError as error:
                    if not _is_too_much(error) and not _is_too_long(error, chunk):
                        raise
        return chunk.having(*(self._resolved.get(axis, axis) for axis in chunk.axes))

    def _resolve(self, axis: Axis, items: Iterable[str]) -> None:
        found = Axis.of(axis.name, items)
        # A server that does not say leaves the keyword as it is: no items at all would mean all that there are.
        self._resolved[axis] = found if found.items else axis

    def _items(self, axis: Axis, chunk: Chunk) -> list[str]:
        batches = self._batches(axis, chunk)
        if len(batches) > 1 and axis.has_boundaries:
            # Boundaries first by themselves: with none that it knows, the server would take the whole tree.
            bounds = Axis(axis.name, axis.boundaries)
            known = [unit for batch in self._batches(bounds, chunk) for unit in self._known(batch, chunk, or_none=True)]
            tree = tuple(item for item in axis.items if item not in axis.boundaries)
            parts = self._batches(Axis(axis.name, tuple(dict.fromkeys(known))), chunk)
            batches = [Axis(axis.name, (*tree, *part.items)) for part in parts]
        return [item for batch in batches for item in self._known(batch, chunk)]

    def _known(self, axis: Axis, chunk: Chunk, *, or_none: bool = False) -> tuple[str, ...]:
        """Ask the server, without any data, which items it takes the dimension for."""
        params = {**self._params, "outputIdScheme": None, "includeNumDen": None, "skipData": True, "skipMeta": False}
        others = [self._batches(other, chunk) for other in chunk.axes if other.name != axis.name]
        refusal: QueryRefused | None = None
        for witnesses in product(*others):  # of the other columns any known item will do
            try:
                answer = self._get(Chunk((axis, *witnesses)), params)
            except QueryRefused as error:
                if error.code not in _UNKNOWN:
                    raise
                refusal = error
            else:
                self.names |= answer.names
                for each in witnesses:
                    if each.is_open and each in chunk.axes:
                        self._resolve(each, answer.items.get(each.name, ()))
                return tuple(answer.items.get(axis.name, []))
        if refusal is not None and not or_none:
            raise refusal
        return ()

    def _batches(self, axis: Axis, chunk: Chunk) -> list[Axis]:
        room = max(200, (self._limits.url - chunk.extra) // len(chunk.axes))
        return [Axis(axis.name, tuple(part)) for part in in_chunks(axis.items, longest=room, extra=_SEPARATOR)] or [
            axis
        ]


def _is_too_long(error: RemoteError, chunk: Chunk) -> bool:
    plain = isinstance(error, RemoteRefused) and error.status == 400 and error.envelope is None
    return error.status in _TOO_LONG or (plain and chunk.length > _LONG)


def _is_too_much(error: RemoteError) -> bool:
    if isinstance(error, QueryRefused):
        return error.code in _TOO_MUCH
    return error.status in _OUT_OF_TIME or isinstance(error.__cause__, httpx.ReadTimeout)


def _most_rows(error: RemoteError) -> int | None:
    """Return the limit that the refusal names: ``Query result set exceeded max limit: `100000` ``."""
    if not isinstance(error, QueryRefused) or error.code != "E7128":
        return None
    found = re.search(r"limit: `?([1-9][0-9]{0,11})`?", str((error.envelope or {}).get("message")))
    return int(found[1]) if found else None


def _sent(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
