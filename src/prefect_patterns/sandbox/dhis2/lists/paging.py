"""Paging: the rows of a page, and the pager with its trap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar
from urllib.parse import urlencode

from prefect_patterns.sandbox.dhis2.lists.parsing import last, parse_integer
from prefect_patterns.sandbox.dhis2.metadata import Object

__all__ = ["Paging", "page"]

T = TypeVar("T")
_ROWS = 50
_OFF = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for.

    Args:
        on: Whether a part at all.
        number: The page, from 1; less means the first.
        size: Rows a page; less than 1 means 50.
    """

    on: bool = True
    number: int = 1
    size: int = _ROWS

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> "Paging":
        """Return what the parameters `paging`, `page` and `pageSize` ask for.

        Raises:
            Refusal: One of them is no number (400).
        """
        size = parse_integer(last(query, "pageSize") or "50")
        number = parse_integer(last(query, "page") or "1")
        on = last(query, "paging", "true").lower() not in _OFF
        return cls(on, max(number, 1), size if size > 0 else _ROWS)

    def rows(self, found: Sequence[T]) -> Sequence[T]:
        """Return the rows of the page: none beyond the end."""
        start = (self.number - 1) * self.size
        return found[start : start + self.size] if self.on else found


def page(total: int, paging: Paging, *, address: str, query: Sequence[tuple[str, str]]) -> Object:
    """Return the pager of a page.

    Its page is held within the last one while the rows are cut where they were asked for: beyond the end the server
    says "page 27 of 27" over an empty list.

    Args:
        total: Rows in all.
        address: The list's absolute address, for the links.
        query: The request's parameters, which the links keep.
    """
    count = max(ceil(total / paging.size), 1)
    here = min(paging.number, count)
    rest = [(name, value) for name, value in query if name != "page"]
    pager: Object = {"page": here, "total": total, "pageSize": paging.size}
    if here < count:
        pager["nextPage"] = f"{address}?{urlencode([('page', str(here + 1)), *rest])}"
    pager["pageCount"] = count
    if here > 1:
        pager["prevPage"] = f"{address}?{urlencode([('page', str(here - 1)), *rest])}"
    return pager
