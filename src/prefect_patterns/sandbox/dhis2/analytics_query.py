"""What an analytics request asks for: its dimensions and filters, read and checked as the server does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from prefect_patterns.analytics.periods import Period, months_before
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.answers import Refusal, imitated
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["Axis", "Query", "parse_query"]

_NUMBERS = frozenset(
    [
        "NUMBER",
        "INTEGER",
        "INTEGER_POSITIVE",
        "INTEGER_NEGATIVE",
        "INTEGER_ZERO_OR_POSITIVE",
        "PERCENTAGE",
        "UNIT_INTERVAL",
        "BOOLEAN",
        "TRUE_ONLY",
    ]
)
_NOT_IMITATED = [
    "aggregationType",
    "columns",
    "endDate",
    "hierarchyMeta",
    "includeMetadataDetails",
    "includeNumDen",
    "inputIdScheme",
    "measureCriteria",
    "order",
    "outputIdScheme",
    "relativePeriodDate",
    "rows",
    "showHierarchy",
    "startDate",
    "userOrgUnit",
]
_OTHER_PERIOD = re.compile(
    r"[0-9]{4}(Q[1-4]|S[12]|([A-Z][a-z]{2})?W[0-9]{1,2}|BiW[0-9]{1,2}|[0-9]{2}B|[0-9]{4}|[A-Z][a-z]+)"
)
_RELATIVE = re.compile(
    r"TODAY|YESTERDAY|(THIS|LAST)_(WEEK|BIWEEK|MONTH|BIMONTH|QUARTER|SIX_MONTH|YEAR|FINANCIAL_YEAR)"
    r"|(LAST_[0-9]+|MONTHS|QUARTERS|WEEKS)_[A-Z_]+"
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension: its items, and whether it is a column or a filter.

    Args:
        items: What the results are for, as uids or ISO periods.
        keywords: What the request wrote where it did not write items, with what the answer says of it.
    """

    items: tuple[str, ...]
    keywords: Mapping[str, Object]
    is_filter: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A checked request; an axis that it does not have is None (only `ou` can be missing)."""

    axes: Mapping[str, Axis]
    skip_meta: bool
    skip_data: bool
    skip_rounding: bool
    ignore_limit: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The dimensions that are columns, in the order of the answer: dx is always the first."""
        return tuple(sorted((name for name, axis in self.axes.items() if not axis.is_filter), key="dx".__ne__))


def parse_query(metadata: Metadata, query: Mapping[str, Sequence[str]], *, today: date) -> Query:
    """Check a request's parameters.

    Raises:
        Refusal: The server would refuse it (409 and its E-code), or the sandbox does not imitate what it asks for.
    """
    imitated(query, _NOT_IMITATED)
    imitated(query, ("displayProperty",), harmless=("name",))
    columns, filters = _parts(query.get("dimension", ())), _parts(query.get("filter", ()))
    if not columns:
        raise Refusal(409, "At least one dimension must be specified", "E7101")
    axes: dict[str, Axis] = {}
    for is_filter, parts in ((False, columns), (True, filters)):
        for name, items in parts:
            axis = _axis(metadata, name, items, today, is_filter=is_filter)
            if name in axes and axes[name].is_filter != is_filter:
                raise Refusal(
                    409, f"Dimensions cannot be specified as dimension and filter simultaneously: `[{name}]`", "E7103"
                )
            if name in axes:
                raise Refusal(409, f"Dimensions cannot be specified more than once: `[{name}]`", "E7111")
            axes[name] = axis
    if "dx" not in axes:
        raise Refusal(
            409,
            "At least one data dimension item or data element group set dimension item must be specified",
            "E7102",
        )
    if "pe" not in axes:
        raise Refusal(409, "At least one period as dimension or filter, or start and dates, must be specified", "E7104")
    indicators = [uid for uid in axes["dx"].items if uid in metadata.collections["indicators"]]
    if axes["dx"].is_filter and len(indicators) > 1:
        raise Refusal(409, "Only a single indicator can be specified as filter", "E7108")
    if axes["dx"].is_filter and indicators and len(axes["dx"].items) > 1:
        raise Refusal(501, "The sandbox does not imitate an indicator and data elements in one filter")
    return Query(
        axes=axes,
        skip_meta=_flag(query, "skipMeta"),
        skip_data=_flag(query, "skipData"),
        skip_rounding=_flag(query, "skipRounding"),
        ignore_limit=_flag(query, "ignoreLimit"),
    )


def _flag(query: Mapping[str, Sequence[str]], name: str) -> bool:
    return any(value.lower() == "true" for value in query.get(name, ()))


def _parts(texts: Sequence[str]) -> list[tuple[str, list[str]]]:
    parts = [part.partition(":") for text in texts for part in text.split(",") if part]
    return [(name, list(dict.fromkeys(item for item in items.split(";") if item))) for name, _, items in parts]


def _axis(metadata: Metadata, name: str, items: list[str], today: date, *, is_filter: bool) -> Axis:
    keywords: dict[str, Object] = {}
    if name == "dx":
        found = [item for item in items if _is_data(metadata, item)]
    elif name == "pe":
        found = [period.iso for item in items for period in _periods(item, today, keywords)]
    elif name == "ou":
        found = _units(metadata, items, keywords)
        if not found:
            raise Refusal(409, "Organisation unit or organisation unit level is not valid", "E7143")
    elif name == "co" or any(name in objects for objects in metadata.collections.values()):
        raise Refusal(501, f"The sandbox does not imitate the dimension {name}")
    else:
        raise Refusal(409, f"Dimension identifier does not reference any dimension: `{name}`", "E7125")
    if not found:
        raise Refusal(409, f"Dimension is present in query without any valid dimension options: `{name}`", "E7124")
    return Axis(tuple(dict.fromkeys(found)), keywords, is_filter)


def _is_data(metadata: Metadata, item: str) -> bool:
    """Say whether *item* is an indicator, a data element or one of its operands; others are dropped silently."""
    uid, _, rest = item.partition(".")
    if uid in metadata.collections["dataSets"] and rest:
        raise Refusal(501, f"The sandbox does not imitate reporting rates: {item}")
    if item in metadata.collections["indicators"]:
        return True
    element = metadata.collections["dataElements"].get(uid)
    if element is None:
        return False
    if element.get("valueType", "NUMBER") not in _NUMBERS:
        raise Refusal(
            409, f"Data elements must be of a value and aggregation type that allow aggregation: `[{uid}]`", "E7115"
        )
    combos = metadata.collections["categoryOptionCombos"]
    return all(part == "*" or part in combos for part in rest.split(".")) if rest else True


def _periods(item: str, today: date, keywords: dict[str, Object]) -> tuple[Period, ...]:
    if item == "LAST_12_MONTHS":
        keywords[item] = {"name": "Last 12 months"}
        return months_before(today, 12)
    try:
        return (Period.parse(item),)
    except UsageError:
        if _RELATIVE.fullmatch(item) or _OTHER_PERIOD.fullmatch(item):
            raise Refusal(501, f"The sandbox does not imitate the period {item}") from None
        raise Refusal(409, f"Period not valid: `{item}`", "E7611") from None


def _units(metadata: Metadata, items: list[str], keywords: dict[str, Object]) -> list[str]:
    """Return the units that the results are for; with a level or a group, the uids are their boundaries."""
    units = metadata.collections["organisationUnits"]
    roots = [uid for uid, unit in units.items() if unit.get("level") == 1]
    uids: list[str] = []
    levels: set[int] = set()
    members: set[str] = set()
    asked_for_group = False
    for item in items:
        if item in units:
            uids.append(item)
        elif item == "USER_ORGUNIT":
            keywords[item] = {"organisationUnits": roots}
            uids += roots
        elif item in ("USER_ORGUNIT_CHILDREN", "USER_ORGUNIT_GRANDCHILDREN"):
            depth = 2 if item.endswith("T_CHILDREN") else 3
            below = [uid for uid, unit in units.items() if unit.get("level") == depth]
            keywords[item] = {"organisationUnits": below}
            uids += below
        elif item.startswith("LEVEL-"):
            level = _level(metadata, item.removeprefix("LEVEL-"))
            if level:
                levels.add(_number(level))
                keywords[item] = {"name": level["name"]}
        elif group := metadata.collections["organisationUnitGroups"].get(item.removeprefix("OU_GROUP-")):
            asked_for_group = True
            keywords[item] = {"name": group["name"]}
            inside = group["organisationUnits"]
            members |= {str(one["id"]) for one in inside} if isinstance(inside, list) else set()
    if not levels and not asked_for_group:
        return uids
    bounds = set(uids)
    return [
        uid
        for uid, unit in units.items()
        if (unit.get("level") in levels or uid in members)
        and (not bounds or not bounds.isdisjoint(str(unit.get("path", "")).split("/")))
    ]


def _level(metadata: Metadata, text: str) -> Object | None:
    levels = metadata.collections["organisationUnitLevels"]
    if text in levels:
        return levels[text]
    return next((level for level in levels.values() if str(level["level"]) == text), None)


def _number(level: Object) -> int:
    number = level["level"]
    return number if isinstance(number, int) else 0
