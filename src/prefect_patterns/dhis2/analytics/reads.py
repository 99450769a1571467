"""The part of the client that reads analytics: as a frame, with names and dates on request, and what was dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Unpack

import polars as pl

from prefect_patterns.dhis2.analytics.fetch import Fetch
from prefect_patterns.dhis2.analytics.freshness import Freshness
from prefect_patterns.dhis2.analytics.grid import Answer
from prefect_patterns.dhis2.analytics.plan import Limits
from prefect_patterns.dhis2.analytics.query import AnalyticsQuery, QueryOptions
from prefect_patterns.dhis2.reader import Reader
from prefect_patterns.errors import UsageError

__all__ = ["AnalyticsReads", "Grid"]

_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Grid:
    """All that a query gave.

    Args:
        frame: As `Dhis2Client.analytics` gives it.
        names: What the server calls the items of columns and filters, by id.
        dropped: Ids that were asked for as columns and that the server left out: it does not know them, or the user may
            not see them. Nothing is said of keywords, nor with another *output_id_scheme* than ids.
        unnamed: Ids in the frame that the server has no name for, by column.
        requests: How many answers it is made of.
    """

    frame: pl.DataFrame
    names: Mapping[str, str]
    dropped: Mapping[str, tuple[str, ...]]
    unnamed: Mapping[str, tuple[str, ...]]
    requests: int


class AnalyticsReads(Reader):
    """What `Dhis2Client` reads of the analytics."""

    def analytics(
        self,
        *,
        names: bool = False,
        dates: bool = False,
        strict: bool = False,
        limits: Limits = _LIMITS,
        **query: Unpack[QueryOptions],
    ) -> pl.DataFrame:
        """Return aggregated values as one frame: `dx`, `ou`, `pe`, `value`, and the further columns asked for.

        A query that is too large for one request is asked for in parts, which together are what one request would have
        given; the rows are sorted by all columns, so that the parts do not show. The server leaves out ids that it does
        not know, without a word: *strict* tells, and so does `analytics_grid`.

        Args:
            names: Also the columns `dx_name`, `ou_name`, `pe_name` and so on; null where the server has no name.
            dates: Also the columns `pe_start` and `pe_end`, both inclusive.
            strict: Whether an id that the server leaves out is an error.
            limits: What the server takes in one request.
            **query: What is asked: the fields of `AnalyticsQuery`, at least one of *dx*, *ou*, *pe* and *dimensions*.

        Raises:
            UsageError: The query asks for nothing; or *strict*, and the server left out ids, all of which are named.
            QueryRefused: The server refuses, and also refuses parts of the query; `code` says why.
        """
        if not (names or strict):
            return _sorted(list(self.iter_analytics(dates=dates, limits=limits, **query)))
        grid = self._grid(AnalyticsQuery(**query), names=names, dates=dates, limits=limits)
        if strict:
            self._refuse_dropped(AnalyticsQuery(**query), grid)
        return grid.frame

    def iter_analytics(
        self, *, names: bool = False, dates: bool = False, limits: Limits = _LIMITS, **query: Unpack[QueryOptions]
    ) -> Iterator[pl.DataFrame]:
        """Yield aggregated values as frames, one for each request that it takes, in the order of the query.

        The arguments are those of `analytics`. A few answers are in memory at a time; closing the generator stops the
        fetching.
        """
        asked = AnalyticsQuery(**query)
        fetch = Fetch(self._connection, asked, limits, with_meta=names)
        return (_dressed(answer, names=names, dates=dates) for answer in fetch.answers())

    def analytics_grid(self, *, dates: bool = False, limits: Limits = _LIMITS, **query: Unpack[QueryOptions]) -> Grid:
        """Return aggregated values with names, and what the server left out; the arguments are those of `analytics`."""
        return self._grid(AnalyticsQuery(**query), names=True, dates=dates, limits=limits)

    def analytics_freshness(self) -> Freshness:
        """Return when the analytics tables were made: what was reported since is in no answer."""
        return Freshness.of(self.get_server_info())

    def _grid(self, query: AnalyticsQuery, *, names: bool, dates: bool, limits: Limits) -> Grid:
        frames: list[pl.DataFrame] = []
        known: dict[str, str] = {}
        seen: dict[str, set[str]] = {}
        fetch = Fetch(self._connection, query, limits, with_meta=True)
        for answer in fetch.answers():
            frames.append(_dressed(answer, names=names, dates=dates))
            known |= answer.names
            for name, items in answer.items.items():
                seen.setdefault(name, set()).update(items)
        known |= fetch.names
        frame = _sorted(frames)
        unnamed = {
            name: tuple(frame.filter(pl.col(f"{name}_name").is_null())[name].drop_nulls().unique().sort())
            for name in (column.removesuffix("_name") for column in frame.columns if column.endswith("_name"))
        }
        return Grid(
            frame=frame,
            names=known,
            dropped={} if query.output_id_scheme else _dropped(query, seen, known),
            unnamed={name: ids for name, ids in unnamed.items() if ids},
            requests=len(frames),
        )

    def _refuse_dropped(self, query: AnalyticsQuery, grid: Grid) -> None:
        if query.output_id_scheme:
            raise UsageError(
                f"with output_id_scheme={query.output_id_scheme!r} nobody can tell which ids were left out",
                hint="leave out output_id_scheme or strict",
            )
        if grid.dropped:
            named = "; ".join(f"{name} {', '.join(ids[:10])}" for name, ids in grid.dropped.items())
            raise UsageError(
                f"{self._connection.server} left out {sum(map(len, grid.dropped.values())):,} ids: {named}",
                hint="check them, and what the user may see",
                docs="docs/dhis2.md#analytics",
            )


def _dressed(answer: Answer, *, names: bool, dates: bool) -> pl.DataFrame:
    if names:
        answer = answer.with_names()
    return (answer.with_dates() if dates else answer).frame


def _sorted(frames: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat(frames, how="diagonal")
    return whole.sort(whole.columns, nulls_last=True)


def _dropped(
    query: AnalyticsQuery, seen: Mapping[str, set[str]], names: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    dropped = {}
    for axis in query.axes:
        if axis.name in seen:
            known = {axis.canonical(item) for item in seen[axis.name]}
            if axis.has_boundaries:  # no results themselves, but the server describes those that it knows
                known |= names.keys()
            dropped[axis.name] = tuple(
                item for item in axis.items if not axis.is_keyword(item) and axis.canonical(item) not in known
            )
    return {name: ids for name, ids in dropped.items() if ids}
