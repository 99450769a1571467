"""How a query is cut into requests that a server answers.

What may be cut, and why the parts together are the whole:

- only columns: every row of the answer belongs to exactly one item of each of them. A filter is summed over, so it
  stays whole, and so do `start` and `end`;
- only lists of plain ids, each once: the server computes the rows of one item without looking at the others, so parts
  neither miss a row nor share one. Indicators that reach into other periods (`.periodOffset`) read the data, not the
  query's list;
- keywords (`LEVEL-3` and its boundaries, `LAST_12_MONTHS`, a group set without items) only after the server has said
  which items they are: two parts could share one of them, and without a boundary that it knows `LEVEL-3` is the whole
  country;
- never `co` and `ao`, whose items the server does not read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from prefect_patterns.dhis2.analytics.query import Axis
from prefect_patterns.dhis2.chunks import LONGEST_QUERY
from prefect_patterns.errors import UsageError

__all__ = ["Chunk", "Limits", "halve", "plan"]

_SAFE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~"  # RFC 3986: never percent-encoded


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes in one request.

    Args:
        cells: The items of all columns multiplied: `keyAnalyticsMaxLimit`, beyond which it answers E7128.
        url: Characters of the address; proxies answer 414.
        workers: Requests at the same time.

    Raises:
        UsageError: One of them is less than 1.
    """

    cells: int = 100_000
    url: int = LONGEST_QUERY
    workers: int = 4

    def __post_init__(self) -> None:
        if wrong := [f"{name} {value}" for name, value in self._all() if value < 1]:
            raise UsageError(f"limits of analytics are at least 1, not {', '.join(wrong)}")

    def _all(self) -> list[tuple[str, int]]:
        return [("cells", self.cells), ("url", self.url), ("workers", self.workers)]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One request's columns.

    Args:
        extra: Characters of the address beside them.

    >>> Chunk((Axis("dx", ("a", "b")), Axis("pe", ("LAST_12_MONTHS",)))).cells
    24
    """

    axes: tuple[Axis, ...]
    extra: int = 0

    @property
    def cells(self) -> int:
        """The most rows that the answer can have, as far as its keywords can be counted here."""
        return math.prod(axis.size for axis in self.axes)

    @property
    def length(self) -> int:
        """Characters of the address."""
        return self.extra + sum(_length(axis) for axis in self.axes)

    @property
    def is_open(self) -> bool:
        """Whether some columns have keywords."""
        return any(axis.is_open for axis in self.axes)

    def having(self, *axes: Axis) -> "Chunk":
        """Return the chunk with these columns in place of those of their names."""
        new = {axis.name: axis for axis in axes}
        return replace(self, axes=tuple(new.get(axis.name, axis) for axis in self.axes))


def plan(chunk: Chunk, limits: Limits) -> list[Chunk]:
    """Return *chunk* cut into pieces within *limits*, in a stable order; where nothing can be cut, as it is.

    >>> months = Axis("pe", tuple(str(202401 + n) for n in range(12)))
    >>> [piece.cells for piece in plan(Chunk((Axis("dx", ("a", "b")), months)), Limits(cells=10))]
    [8, 8, 8]
    """
    axes = [axis for axis in chunk.axes if axis.can_split]
    if axes and chunk.length > limits.url:
        longest = max(axes, key=_length)
        room = limits.url - (chunk.length - _length(longest))
        # Where others take the room too, they are to be cut as well: halves come down to pieces that are about even.
        pieces = math.ceil(_length(longest) / room) if room * len(axes) >= limits.url - chunk.extra else 2
        return [small for part in _split(chunk, longest, max(2, pieces)) for small in plan(part, limits)]
    if axes and chunk.cells > limits.cells:
        largest = max(axes, key=lambda axis: axis.size)
        pieces = math.ceil(chunk.cells / limits.cells)
        return [small for part in _split(chunk, largest, pieces) for small in plan(part, limits)]
    return [chunk]


def halve(chunk: Chunk) -> list[Chunk]:
    """Return the two halves of *chunk*, cut where it has most items; nothing when there is nothing to cut.

    >>> [str(axis) for half in halve(Chunk((Axis("dx", ("a", "b", "c")),))) for axis in half.axes]
    ['dx:a;b', 'dx:c']
    """
    axes = [axis for axis in chunk.axes if axis.can_split]
    return _split(chunk, max(axes, key=lambda axis: axis.size), 2) if axes else []


def _split(chunk: Chunk, axis: Axis, pieces: int) -> list[Chunk]:
    return [chunk.having(Axis(axis.name, part)) for part in _evenly(axis.items, min(pieces, len(axis.items)))]


def _evenly(items: Sequence[str], pieces: int) -> list[tuple[str, ...]]:
    small, more = divmod(len(items), pieces)
    starts = [n * small + min(n, more) for n in range(pieces + 1)]
    return [tuple(items[start:end]) for start, end in pairwise(starts)]


def _length(axis: Axis) -> int:
    text = str(axis).encode()
    return len("&dimension=") + len(text) + 2 * len(text.translate(None, _SAFE))  # %3B is three characters
