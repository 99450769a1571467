"""Queries for data values that fit a request's address, and together give each value once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import httpx

from prefect_patterns.dhis2.chunks import LONGEST_QUERY
from prefect_patterns.dhis2.data_values import ValueQuery

__all__ = ["fitting", "outermost"]


def fitting(
    query: ValueQuery, paths: Callable[[Sequence[str]], Mapping[str, str]], *, longest: int = LONGEST_QUERY
) -> Iterator[ValueQuery]:
    """Yield queries of at most *longest* characters whose answers together are *query*'s.

    The longest list is halved until each query fits: organisation units, periods, or data elements where no data set
    is asked for beside them. Units below others of the list are left out first, as the server does, or their values
    would come twice.

    Args:
        paths: Gives the paths of organisation units (`/root/…/unit`) by their ids, asked only for a long list.
    """
    if _length(query) <= longest:
        yield query
        return
    units = list(dict.fromkeys(_listed(query.org_units)))
    if query.children and len(units) > 1:
        units = outermost(units, paths(units))
    yield from _halves(
        replace(
            query,
            org_units=units,
            periods=list(dict.fromkeys(_listed(query.periods))),
            data_elements=list(dict.fromkeys(_listed(query.data_elements))),
        ),
        longest,
    )


def outermost(units: Iterable[str], paths: Mapping[str, str]) -> list[str]:
    """Return the *units* that are not below another one of them; those without a path are kept.

    >>> outermost(["b", "a", "c"], {"a": "/r/a", "b": "/r/a/b"})
    ['a', 'c']
    """
    wanted = list(units)
    those = set(wanted)
    return [unit for unit in wanted if those.isdisjoint(paths.get(unit, "").split("/")[:-1])]


def _halves(query: ValueQuery, longest: int) -> Iterator[ValueQuery]:
    names = ["org_units", "periods", *(["data_elements"] if not query.data_sets else [])]
    name = max(names, key=lambda each: len(getattr(query, each)))
    items = getattr(query, name)
    if _length(query) <= longest or len(items) < 2:
        yield query
        return
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        yield from _halves(replace(query, **{name: half}), longest)


def _length(query: ValueQuery) -> int:
    params = {name: value for name, value in query.params().items() if value is not None}
    return len(str(httpx.QueryParams(params)))


def _listed(names: Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names
