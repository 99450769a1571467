"""An analytics query: what is asked, as values that were checked before any request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TypedDict

from prefect_patterns.analytics.periods import Period, is_relative, relative_periods
from prefect_patterns.errors import UsageError

__all__ = ["AnalyticsQuery", "Axis", "QueryOptions"]

_DOCS = "docs/dhis2.md#analytics"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_ITEM = re.compile(r"[^;,:\s]+")
_KEYWORD = re.compile(r"USER_ORGUNIT\w*|[A-Z]+(_[A-Z]+)*-.+")
_RELATIVE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|TODAY|YESTERDAY")  # newer servers may know more than we do
_TREE_KEYWORD = re.compile(r"(LEVEL|OU_GROUP)-.+")
_WHOLE = frozenset({"co", "ao"})  # the server reads no items of these: each part would be the whole
_SOME_DAY = date(2001, 7, 1)
_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


class QueryOptions(TypedDict, total=False):
    """The fields of `AnalyticsQuery`, as the client's methods take them."""

    dx: Sequence[str]
    ou: Sequence[str]
    pe: Sequence[str]
    filters: Sequence[str]
    dimensions: Mapping[str, Sequence[str]]
    start: date | None
    end: date | None
    aggregation_type: str | None
    skip_rounding: bool
    include_num_den: bool
    output_id_scheme: str | None
    relative_period_date: date | None


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension that is a column, with its distinct items.

    >>> Axis.of("pe", ["202401", "202401", "LAST_3_MONTHS"]).size
    4
    """

    name: str
    items: tuple[str, ...]

    @classmethod
    def of(cls, name: str, items: Iterable[str]) -> "Axis":
        """Return the axis without what is named twice, also where a period is written in two ways."""
        distinct: dict[str, str] = {}
        for item in items:
            distinct.setdefault(_canonical(name, item), item)
        return cls(name, tuple(distinct.values()))

    @property
    def is_open(self) -> bool:
        """Whether only the server can say which items it has: keywords, or all that there are."""
        return self.name not in _WHOLE and (not self.items or any(self.is_keyword(item) for item in self.items))

    @property
    def can_split(self) -> bool:
        """Whether its items can be asked for in parts: each row belongs to one item, and no item depends on another."""
        return len(self.items) > 1 and self.name not in _WHOLE and not self.is_open

    @property
    def has_boundaries(self) -> bool:
        """Whether its units are boundaries of a level or a group, not results.

        With none of the boundaries known the server takes the whole tree: they cannot be parted like results.
        """
        return self.name == "ou" and len(self.boundaries) < len(self.items)

    @property
    def boundaries(self) -> tuple[str, ...]:
        """The items of `ou` that are not levels or groups."""
        return tuple(item for item in self.items if not _TREE_KEYWORD.fullmatch(item))

    @property
    def size(self) -> int:
        """How many items it has; one for a keyword that only the server can resolve."""
        return max(1, sum(map(self._count, self.items)) if self.name == "pe" else len(self.items))

    def is_keyword(self, item: str) -> bool:
        """Return whether *item* stands for others, as `LEVEL-2` and `LAST_12_MONTHS` do."""
        return bool((_RELATIVE if self.name == "pe" else _KEYWORD).fullmatch(item))

    def canonical(self, item: str) -> str:
        """Return *item* as the server writes it: a period can be written in several ways."""
        return _canonical(self.name, item)

    def _count(self, item: str) -> int:
        return len(relative_periods(item, _SOME_DAY)) if is_relative(item) else 1

    def __str__(self) -> str:
        return f"{self.name}:{';'.join(self.items)}" if self.items else self.name


@dataclass(frozen=True, slots=True)
class AnalyticsQuery:
    """What is asked of analytics.

    Args:
        dx: Data elements, operands (`de.coc`), indicators, `dataset.REPORTING_RATE` and so on.
        ou: Ids, or keywords as `LEVEL-2`, `OU_GROUP-id`, `USER_ORGUNIT`; beside a level or a group, ids are boundaries.
        pe: Periods, or keywords as `LAST_12_MONTHS`; instead of them *start* and *end*.
        filters: Dimensions to aggregate over, each as `pe:2024;2025`; leave the argument of that name empty.
        dimensions: Further columns: categories, group sets, `co`; without items, all that they have.
        start: The first day, together with *end*, both inclusive.
        aggregation_type: Instead of each data element's own, as `AVERAGE`.
        skip_rounding: Ten decimals instead of two.
        include_num_den: Also the columns numerator, denominator, factor, multiplier and divisor.
        output_id_scheme: What stands in the columns instead of ids, as `CODE`.
        relative_period_date: The day that `LAST_12_MONTHS` and its like count from, otherwise the server's today.

    Raises:
        UsageError: It asks for nothing, or for what no server understands; all problems are named.

    >>> AnalyticsQuery(dx=["fbfJHSPpUQD"], pe=["2024"], filters=["ou:ImspTQPwCqd"]).params["filter"]
    ['ou:ImspTQPwCqd']
    """

    dx: Sequence[str] = ()
    ou: Sequence[str] = ()
    pe: Sequence[str] = ()
    filters: Sequence[str] = ()
    dimensions: Mapping[str, Sequence[str]] = field(default_factory=lambda: _NOTHING)
    start: date | None = None
    end: date | None = None
    aggregation_type: str | None = None
    skip_rounding: bool = False
    include_num_den: bool = False
    output_id_scheme: str | None = None
    relative_period_date: date | None = None

    def __post_init__(self) -> None:
        # Each once, whatever gives them: a column of a frame has no truth value, and a generator is read only once.
        for name in ("dx", "ou", "pe", "filters"):
            object.__setattr__(self, name, _listed(getattr(self, name)))
        named = {name: _listed(items) for name, items in dict(self.dimensions).items()}
        object.__setattr__(self, "dimensions", MappingProxyType(named))
        if problems := list(self._problems()):
            raise UsageError(
                f"these analytics cannot be asked for: {'; '.join(problems)}",
                hint="give ids as lists, and what to aggregate over as `filters`",
                docs=_DOCS,
            )

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The columns."""
        named = {"dx": self.dx, "ou": self.ou, "pe": self.pe}
        return (
            *(Axis.of(name, items) for name, items in named.items() if items),
            *(Axis.of(name, items) for name, items in self.dimensions.items()),
        )

    @property
    def params(self) -> dict[str, str | bool | list[str] | None]:
        """The request's parameters without the columns."""
        return {
            "filter": list(self.filters),
            "startDate": _day(self.start),
            "endDate": _day(self.end),
            "aggregationType": self.aggregation_type,
            "skipRounding": self.skip_rounding or None,
            "includeNumDen": self.include_num_den or None,
            "outputIdScheme": self.output_id_scheme,
            "relativePeriodDate": _day(self.relative_period_date),
            "displayProperty": "NAME",
        }

    def _problems(self) -> Iterable[str]:
        if not (self.dx or self.ou or self.pe or self.dimensions):
            yield "they need at least one of dx, ou, pe and dimensions"
        for name, items in {"dx": self.dx, "ou": self.ou, "pe": self.pe, **self.dimensions}.items():
            if wrong := [item for item in items if not isinstance(item, str) or not _ITEM.fullmatch(item)]:
                yield f"{name} has items that are no ids: {', '.join(map(repr, wrong[:5]))}"
        if wrong := [name for name in self.dimensions if name in {"dx", "ou", "pe"} or not _NAME.fullmatch(name)]:
            yield f"dimensions has names that are none, or arguments of their own: {', '.join(map(repr, wrong))}"
        if wrong := [each for each in self.filters if not isinstance(each, str) or not each.strip()]:
            yield f"filters has some that are none: {wrong}"
        if days := [day for day in (self.start, self.end) if day is not None and type(day) is not date]:
            yield f"start and end are dates, not {', '.join(map(repr, days))}"
        elif (self.start is None) != (self.end is None):
            yield "start and end are only given together"
        elif self.start is not None and self.end is not None and self.start > self.end:
            yield f"they start ({self.start}) after they end ({self.end})"


def _listed(items: Iterable[str]) -> tuple[str, ...]:
    return (items,) if isinstance(items, str) else tuple(items)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _canonical(name: str, item: str) -> str:
    if name != "pe":
        return item
    try:
        return Period.parse(item).iso
    except UsageError:
        return item
