"""`GET /api/dataValueSets` as 2.43 answers it: checked, hoisted, and streamed from columns."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from prefect_patterns.analytics.periods import Period
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.answers import Refusal, imitated
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Values

__all__ = ["Export", "export", "stream"]

_ROWS = 8_192
_NOT_IMITATED = (
    "compression",
    "dataElementGroup",
    "lastUpdated",
    "lastUpdatedDuration",
    *(f"{of}IdScheme" for of in ("categoryOptionCombo", "dataElement", "dataSet", "input", "orgUnit")),
    "idScheme",
)
_WHAT = "At least one data element, data set or data element group must be specified"
_WHEN = "At least one period, start/end dates, last updated or last updated duration must be specified"
_WHERE = "At least one organisation unit or organisation unit group must be specified"


@dataclass(frozen=True, slots=True)
class Export:
    """What a request asks for, checked.

    Args:
        envelope: The keys that every row would share; 2.43 takes them out of the rows.
        periods: Whose values, oldest first.
        units: Indexes into `Values.units`.
        cells: Indexes into `Values.cells`.
        limit: The most rows, None for all.
    """

    envelope: Mapping[str, str]
    periods: tuple[Period, ...]
    units: tuple[int, ...]
    cells: tuple[int, ...]
    limit: int | None


def export(metadata: Metadata, values: Values, query: Mapping[str, Sequence[str]]) -> Export:
    """Check a request's parameters.

    Raises:
        Refusal: A required filter is missing (E2001, E2002, E2006), two exclude each other, or a value is wrong.
    """
    sets, elements = _many(query, "dataSet"), _many(query, "dataElement")
    if not (sets or elements or _many(query, "dataElementGroup")):
        raise Refusal(409, _WHAT, "E2001")
    periods, start, end = _many(query, "period"), _one(query, "startDate"), _one(query, "endDate")
    if not (periods or (start and end) or _one(query, "lastUpdated") or _one(query, "lastUpdatedDuration")):
        raise Refusal(409, _WHEN, "E2002")
    if periods and (start or end):
        raise Refusal(409, "Both periods and start/end date cannot be specified", "E2003")
    units, groups = _many(query, "orgUnit"), _many(query, "orgUnitGroup")
    children = (_one(query, "children") or "").lower() == "true"
    if not (units or groups):
        raise Refusal(409, _WHERE, "E2006")
    if children and not units:
        raise Refusal(409, "At least one organisation unit must be specified when children are included", "E2008")
    imitated(query, _NOT_IMITATED, harmless=("uid",))
    _known(metadata, "dataSets", sets)
    _known(metadata, "dataElements", elements)
    _known(metadata, "organisationUnitGroups", groups)
    combos = _many(query, "attributeOptionCombo")
    return Export(
        envelope=_hoisted(
            dataSet=sets, period=periods, orgUnit=[] if children or groups else units, attributeOptionCombo=combos
        ),
        periods=_periods(values, periods, start, end),
        units=_units(metadata, values, units, groups, children=children),
        cells=tuple(
            index
            for index, cell in enumerate(values.cells)
            if (cell.data_set in sets or cell.data_element in elements) and (not combos or DEFAULT_COMBO in combos)
        ),
        limit=_limit(_one(query, "limit")),
    )


def stream(values: Values, wanted: Export) -> Iterator[bytes]:
    """Yield the answer's JSON in pieces of a few thousand rows, never row by row."""
    head = json.dumps(wanted.envelope, separators=(",", ":"))[:-1]
    yield f'{head}{"," if wanted.envelope else ""}"dataValues":['.encode()
    rows = _Rows(values, wanted.envelope)
    left, first = wanted.limit, True
    for period in wanted.periods:
        frame = values.frame(period)
        if len(wanted.units) < len(values.units):
            frame = frame.filter(pl.col("unit").is_in(wanted.units))
        if len(wanted.cells) < len(values.cells):
            frame = frame.filter(pl.col("cell").is_in(wanted.cells))
        if left is not None:
            frame = frame.head(left)
            left -= frame.height
        for chunk in frame.iter_slices(_ROWS):
            text = rows.text(period, chunk)
            yield (text if first else f",{text}").encode()
            first = False
    yield b"]}"


class _Rows:
    """Writes frames as JSON rows; what repeats is put together once."""

    def __init__(self, values: Values, envelope: Mapping[str, str]) -> None:
        self._envelope = envelope
        by_combo = "" if "attributeOptionCombo" in envelope else f'"attributeOptionCombo":"{DEFAULT_COMBO}",'
        self._elements = pl.Series([f'{{"dataElement":"{cell.data_element}",' for cell in values.cells])
        self._combos = pl.Series([f'"categoryOptionCombo":"{cell.combo}",{by_combo}"value":"' for cell in values.cells])
        self._units = pl.Series(["" if "orgUnit" in envelope else f'"orgUnit":"{uid}",' for uid in values.units])

    def text(self, period: Period, chunk: pl.DataFrame) -> str:
        moment = period.end + timedelta(days=1)
        in_row = "" if "period" in self._envelope else f'"period":"{period.iso}",'
        # Forms come in over the ten days after the month.
        moments = pl.Series([f"{moment + timedelta(days=late)}T08:00:00.000+0000" for late in range(10)])
        ends = pl.Series([f'","created":"{text}","lastUpdated":"{text}","followup":false}}' for text in moments])
        row = pl.concat_str(
            pl.lit(self._elements).gather(pl.col("cell")),
            pl.lit(in_row),
            pl.lit(self._units).gather(pl.col("unit")),
            pl.lit(self._combos).gather(pl.col("cell")),
            pl.col("value"),
            pl.lit(ends).gather(pl.col("unit") % 10),
        )
        text: str = chunk.select(row.str.join(",")).item()
        return text


def _many(query: Mapping[str, Sequence[str]], name: str) -> list[str]:
    return [part for text in query.get(name, ()) for part in text.split(",") if part]


def _one(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    texts = query.get(name, ())
    return texts[-1] if texts and texts[-1] else None


def _known(metadata: Metadata, collection: str, uids: Sequence[str]) -> None:
    kind = {"dataSets": "Data set", "dataElements": "Data element"}.get(collection, "Organisation unit group")
    for uid in uids:
        if uid not in metadata.collections[collection]:
            raise Refusal(409, f"{kind} not found or not accessible: `{uid}`", _CODES.get(collection))


_CODES = {"dataElements": "E1100", "dataSets": "E1105"}


def _hoisted(**asked: Sequence[str]) -> dict[str, str]:
    return {name: uids[0] for name, uids in asked.items() if len(set(uids)) == 1}


def _periods(values: Values, isos: Sequence[str], start: str | None, end: str | None) -> tuple[Period, ...]:
    if isos:
        wanted = {_period(iso) for iso in isos}
        return tuple(period for period in values.periods if period in wanted)
    first, last = _date(str(start)), _date(str(end))
    if first > last:
        raise Refusal(409, "Start date must be before end date", "E2004")
    return tuple(period for period in values.periods if first <= period.start and period.end <= last)


def _period(iso: str) -> Period:
    try:
        return Period.parse(iso)
    except UsageError:
        raise Refusal(409, f"Period is invalid: `{iso}`", "E1101") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"Invalid date: `{text}`", "E1003") from None


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.lstrip("-").isdecimal():
        raise Refusal(400, f"Unable to parse `{text}` as `Integer`.", "E1003")
    if int(text) < 0:
        raise Refusal(409, f"Limit cannot be less than zero: `{text}`", "E2009")
    return int(text)


def _units(
    metadata: Metadata, values: Values, uids: Sequence[str], groups: Sequence[str], *, children: bool
) -> tuple[int, ...]:
    known = {uid for path in values.paths.values() for uid in path.split("/")} | set(
        metadata.collections["organisationUnits"]
    )
    for uid in uids:
        if uid not in known:
            raise Refusal(409, f"Organisation unit not found or not accessible: `{uid}`", "E1102")
    wanted = set(uids)
    for group in groups:
        members = metadata.collections["organisationUnitGroups"][group]["organisationUnits"]
        wanted |= {str(member["id"]) for member in members} if isinstance(members, list) else set()
    return tuple(
        index
        for index, unit in enumerate(values.units)
        if unit in wanted or (children and not wanted.isdisjoint(values.paths[unit].split("/")))
    )
