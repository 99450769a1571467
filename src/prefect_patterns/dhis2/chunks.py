"""Long lists in short requests: an address that is too long is refused on the way (414)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from prefect_patterns.errors import UsageError

__all__ = ["LONGEST_QUERY", "in_chunks", "split_filters"]

LONGEST_QUERY = 4_000
"""Characters, as they are sent: proxies and Tomcat take 8 kB for the address together with the headers."""

_LIST_FILTER = re.compile(r"([^:]+:in:)\[(.*)\]", re.DOTALL)


def in_chunks(items: Iterable[str], *, longest: int = LONGEST_QUERY, extra: int = 0) -> Iterator[list[str]]:
    """Yield the distinct *items* in order, in lists that fit a request's address.

    Args:
        longest: Characters that the items of one list take together, percent-encoded.
        extra: Characters that come with each item: the separator, or the name of a parameter.

    Raises:
        UsageError: *longest* is less than 1.

    >>> list(in_chunks(["aa", "bb", "aa", "cc"], longest=6, extra=1))
    [['aa', 'bb'], ['cc']]
    """
    if longest < 1:
        raise UsageError(f"a chunk holds at least 1 character, not {longest}")
    chunk: list[str] = []
    length = 0
    for item in dict.fromkeys(items):
        more = len(quote(item, safe="")) + extra
        if chunk and length + more > longest:
            yield chunk
            chunk, length = [], 0
        chunk.append(item)
        length += more
    if chunk:
        yield chunk


def split_filters(filters: Sequence[str], *, longest: int = LONGEST_QUERY) -> list[list[str]]:
    """Return lists of filters that together find what *filters* find: the longest `in` is cut until each one fits.

    An object may be found by more than one of them when the list is of a collection, as `organisationUnits.id:in:[…]`.

    >>> split_filters(["level:eq:4", "id:in:[aa,bb,cc]"], longest=40)
    [['level:eq:4', 'id:in:[aa,bb]'], ['level:eq:4', 'id:in:[cc]']]
    """
    rest = sum(len(quote(each, safe="")) for each in filters)
    lists = [(len(each), number) for number, each in enumerate(filters) if _LIST_FILTER.fullmatch(each)]
    if rest <= longest or not lists:
        return [list(filters)]
    _, position = max(lists)
    found = _LIST_FILTER.fullmatch(filters[position])
    head, items = (found[1], found[2].split(",")) if found else ("", [])
    room = longest - rest + len(quote(filters[position], safe="")) - len(quote(f"{head}[]", safe=""))
    return [
        [*filters[:position], f"{head}[{','.join(chunk)}]", *filters[position + 1 :]]
        for chunk in in_chunks((item.strip() for item in items), longest=max(room, 1), extra=len("%2C"))
    ]
