"""`GET /api/dataValueSets`: what a request asks for, checked as the server does."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from prefect_patterns.analytics.periods import Period
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.data_value_schemes import Finder
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.release import NEWEST, Release, release_of
from prefect_patterns.sandbox.dhis2.users import ADMIN, User
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Values

__all__ = ["Export", "export"]

_WHAT = "At least one data element, data set or data element group must be specified"
_WHEN = "At least one period, start/end dates, last updated or last updated duration must be specified"
_WHERE = "At least one organisation unit or organisation unit group must be specified"
_DURATION = re.compile(r"([0-9]{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a request asks for, checked.

    Args:
        envelope: The keys beside the values.
        hoisted: Which of them the rows leave out, as 2.43 does.
        periods: Whose values, oldest first.
        units: Indexes into `Values.units`.
        cells: Indexes into `Values.cells`.
        limit: The most rows, None for all.
        since: Only values that were changed then or later.
        deleted: Whether deleted values are among them.
        names: How the rows write data elements, organisation units and option combos, by uid.
        complete: Whether rows have the keys that are empty, as before 2.43.
    """

    envelope: Mapping[str, str]
    hoisted: frozenset[str]
    periods: tuple[Period, ...]
    units: tuple[int, ...]
    cells: tuple[int, ...]
    limit: int | None = None
    since: datetime | None = None
    deleted: bool = False
    names: Mapping[str, str]
    complete: bool = False


def export(
    metadata: Metadata,
    values: Values,
    query: Mapping[str, Sequence[str]],
    *,
    release: Release | None = None,
    user: User = ADMIN,
    now: datetime | None = None,
) -> Export:
    """Check a request's parameters.

    Args:
        metadata: The server's objects.
        values: Its values.
        query: The parameters, each with all its values.
        release: What the server is; the newest without it.
        user: Who asks.
        now: What `lastUpdatedDuration` counts back from; without it the start of the values' last day.

    Raises:
        Refusal: A required filter is missing (E2001, E2002, E2006), two exclude each other, or a value is wrong.
    """
    release = release or release_of(NEWEST)
    now = now.replace(tzinfo=None) if now else datetime.combine(values.today, datetime.min.time())
    sets, elements, element_groups = (_many(query, name) for name in ("dataSet", "dataElement", "dataElementGroup"))
    units, groups, isos = (_many(query, name) for name in ("orgUnit", "orgUnitGroup", "period"))
    start, end = _one(query, "startDate"), _one(query, "endDate")
    children = _flag(query, "children")
    updated, duration = _one(query, "lastUpdated"), _one(query, "lastUpdatedDuration")
    _check_filters(
        what=bool(sets or elements or element_groups),
        when=bool(isos or (start and end) or updated or duration),
        both=bool(isos and (start or end)),
        where=bool(units or groups),
        descendants=(children, bool(units), bool(groups)),
    )
    finder = Finder(metadata, query)
    sets, elements = finder.uids("dataSets", sets), finder.uids("dataElements", elements)
    element_groups = finder.uids("dataElementGroups", element_groups)
    groups = finder.uids("organisationUnitGroups", groups)
    units = finder.units(units)
    periods = _periods(values, isos, start, end)
    _check_rights(values, metadata, units, user)
    combos = finder.uids("categoryOptionCombos", _many(query, "attributeOptionCombo"))
    asked = {"dataSet": sets, "period": isos, "orgUnit": [] if children or groups else units}
    if release.hoists_common_keys:
        envelope = _alone({**asked, "attributeOptionCombo": combos})
        hoisted = frozenset(envelope)
    else:
        envelope = _alone(asked) if len(_alone(asked)) == len(asked) else {}
        hoisted = frozenset()
    wanted_elements = {*elements, *finder.members("dataElementGroups", "dataElements", element_groups)}
    wanted_units = {*units, *finder.members("organisationUnitGroups", "organisationUnits", groups)}
    names = finder.names(values)
    return Export(
        envelope={key: names.get(uid, uid) for key, uid in envelope.items()},
        hoisted=hoisted,
        periods=periods,
        units=_within(values, wanted_units, children=children),
        cells=tuple(
            index
            for index, cell in enumerate(values.cells)
            if (cell.data_set in sets or cell.data_element in wanted_elements)
            and (not combos or DEFAULT_COMBO in combos)
        ),
        limit=_limit(_one(query, "limit")),
        since=_since(updated, duration, now),
        deleted=_flag(query, "includeDeleted"),
        names=names,
        complete=not release.hoists_common_keys,
    )


def _check_filters(*, what: bool, when: bool, both: bool, where: bool, descendants: tuple[bool, bool, bool]) -> None:
    children, units, groups = descendants
    rules = (
        (not what, "E2001", _WHAT),
        (not when, "E2002", _WHEN),
        (both, "E2003", "Both periods and start/end date cannot be specified"),
        (not where, "E2006", _WHERE),
        (
            children and groups,
            "E2007",
            "Organisation unit children cannot be included for organisation unit groups",
        ),
        (
            children and not units,
            "E2008",
            "At least one organisation unit must be specified when children are included",
        ),
    )
    for broken, code, text in rules:
        if broken:
            raise Refusal(409, text, code)


def _check_rights(values: Values, metadata: Metadata, units: Iterable[str], user: User) -> None:
    known = metadata.collections["organisationUnits"]
    for uid in units:
        path = str(known[uid].get("path", "")) if uid in known else values.paths.get(uid, "")
        if not path and not any(uid in each.split("/") for each in values.paths.values()):
            raise Refusal(409, f"Organisation unit not found or not accessible: `{uid}`", "E1102")
        if not user.is_super and set(user.units).isdisjoint(path.split("/")):
            raise Refusal(409, f"User is not allowed to view org unit: `{uid}`", "E2012")


def _many(query: Mapping[str, Sequence[str]], name: str) -> list[str]:
    return list(dict.fromkeys(part for text in query.get(name, ()) for part in text.split(",") if part))


def _one(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    texts = query.get(name, ())
    return texts[-1] if texts and texts[-1] else None


def _flag(query: Mapping[str, Sequence[str]], name: str) -> bool:
    return (_one(query, name) or "").lower() == "true"


def _alone(asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: uids[0] for name, uids in asked.items() if len(uids) == 1}


def _periods(values: Values, isos: Sequence[str], start: str | None, end: str | None) -> tuple[Period, ...]:
    if isos:
        wanted = {_period(iso) for iso in isos}
        return tuple(period for period in values.periods if period in wanted)
    if start is None or end is None:
        return values.periods
    first, last = _moment(start).date(), _moment(end).date()
    if first > last:
        raise Refusal(409, "Start date must be before end date", "E2004")
    return tuple(period for period in values.periods if first <= period.start and period.end <= last)


def _period(iso: str) -> Period:
    try:
        return Period.parse(iso)
    except UsageError:
        raise Refusal(409, f"Period is invalid: `{iso}`", "E1101") from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.removesuffix("+0000")).replace(tzinfo=None)
    except ValueError:
        raise Refusal(400, f"Invalid date: `{text}`", "E1003") from None


def _since(updated: str | None, duration: str | None, now: datetime) -> datetime | None:
    if updated is not None:
        return _moment(updated)
    if duration is None:
        return None
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise Refusal(409, f"Duration is not valid: `{duration}`", "E2005")
    try:
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        return datetime.combine(date.min, datetime.min.time())


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise Refusal(400, f"Unable to parse `{text}` as `Integer`.", "E1003")
    if int(text) < 0:
        raise Refusal(409, f"Limit cannot be less than zero: `{text}`", "E2009")
    return int(text)


def _within(values: Values, wanted: set[str], *, children: bool) -> tuple[int, ...]:
    return tuple(
        index
        for index, unit in enumerate(values.units)
        if unit in wanted or (children and not wanted.isdisjoint(values.paths[unit].split("/")))
    )
