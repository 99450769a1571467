"""Data values as text: JSON as each release writes it, and CSV; streamed from columns, never row by row."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta

import polars as pl

from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.data_value_sets import Export
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Values

__all__ = ["compressed", "stream", "stream_csv"]

_ROWS = 8_192
_STORED_BY = "admin"
_COLUMNS = (
    "dataelement",
    "period",
    "orgunit",
    "categoryoptioncombo",
    "attributeoptioncombo",
    "value",
    "storedby",
    "lastupdated",
    "comment",
    "followup",
    "deleted",
)


def stream(values: Values, wanted: Export) -> Iterator[bytes]:
    """Yield the answer's JSON in pieces of a few thousand rows."""
    envelope = dict(wanted.envelope)
    if not wanted.hoisted and envelope and (done := _completed(values, wanted)):
        envelope = {"dataSet": envelope["dataSet"], "completeDate": done, **envelope}
    head = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False)[:-1]
    yield f'{head}{"," if envelope else ""}"dataValues":['.encode()
    rows, first = _JsonRows(values, wanted), True
    for period, chunk in _chunks(values, wanted):
        text = rows.text(period, chunk)
        yield (text if first else f",{text}").encode()
        first = False
    yield b"]}"


def stream_csv(values: Values, wanted: Export) -> Iterator[bytes]:
    """Yield the answer as CSV, in pieces."""
    yield (",".join(_COLUMNS) + "\n").encode()
    names = wanted.names
    elements = pl.Series([names.get(cell.data_element, cell.data_element) for cell in values.cells], dtype=pl.String)
    combos = pl.Series([names.get(cell.combo, cell.combo) for cell in values.cells], dtype=pl.String)
    units = pl.Series([names.get(uid, uid) for uid in values.units], dtype=pl.String)
    for period, chunk in _chunks(values, wanted):
        moments = pl.Series([f"{moment:%Y-%m-%dT%H:%M:%S.000+0000}" for moment in _moments(values, period)])
        frame = chunk.select(
            dataelement=pl.lit(elements).gather(pl.col("cell")),
            period=pl.lit(period.iso),
            orgunit=pl.lit(units).gather(pl.col("unit")),
            categoryoptioncombo=pl.lit(combos).gather(pl.col("cell")),
            attributeoptioncombo=pl.lit(names.get(DEFAULT_COMBO, DEFAULT_COMBO)),
            value=pl.col("value"),
            storedby=pl.lit(_STORED_BY),
            lastupdated=pl.lit(moments).gather(pl.col("unit") % moments.len()),
            comment=pl.lit(None, pl.String),
            followup=pl.lit("false"),
            deleted=pl.when("deleted").then(pl.lit("true")).otherwise(None),
        )
        yield frame.write_csv(include_header=False).encode()


def compressed(pieces: Iterable[bytes], form: str, filename: str) -> bytes:
    """Return the whole text compressed.

    Args:
        pieces: Of the text.
        form: `gzip` or `zip`.
        filename: Of the text inside a zip archive.
    """
    buffer = io.BytesIO()
    if form == "gzip":
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0) as packed:
            packed.writelines(pieces)
        return buffer.getvalue()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo(filename, date_time=(1980, 1, 1, 0, 0, 0))
        with archive.open(entry, "w") as packed_entry:
            packed_entry.writelines(pieces)
    return buffer.getvalue()


def _chunks(values: Values, wanted: Export) -> Iterator[tuple[Period, pl.DataFrame]]:
    left = wanted.limit
    for period in wanted.periods:
        frame = values.frame(period).with_columns(deleted=pl.lit(value=False))
        if wanted.deleted:
            gone = values.deleted(period).with_columns(deleted=pl.lit(value=True))
            frame = pl.concat([frame, gone]).sort("unit", "cell")
        if len(wanted.units) < len(values.units):
            frame = frame.filter(pl.col("unit").is_in(wanted.units))
        if len(wanted.cells) < len(values.cells):
            frame = frame.filter(pl.col("cell").is_in(wanted.cells))
        if wanted.since is not None:
            moments = _moments(values, period)
            late = [number for number, moment in enumerate(moments) if moment >= wanted.since]
            frame = frame.filter((pl.col("unit") % len(moments)).is_in(late))
        if left is not None:
            frame = frame.head(left)
            left -= frame.height
        for chunk in frame.iter_slices(_ROWS):
            yield period, chunk


class _JsonRows:
    """Writes frames as JSON rows; what repeats is put together once."""

    def __init__(self, values: Values, wanted: Export) -> None:
        self._values, self._wanted = values, wanted
        attribute = (
            "" if "attributeOptionCombo" in wanted.hoisted else self._pair("attributeOptionCombo", DEFAULT_COMBO)
        )
        self._elements = pl.Series(["{" + self._pair("dataElement", cell.data_element) for cell in values.cells])
        self._combos = pl.Series(
            [f'{self._pair("categoryOptionCombo", cell.combo)}{attribute}"value":"' for cell in values.cells]
        )
        in_row = "orgUnit" not in wanted.hoisted
        self._units = pl.Series([self._pair("orgUnit", uid) if in_row else "" for uid in values.units])

    def text(self, period: Period, chunk: pl.DataFrame) -> str:
        in_row = "" if "period" in self._wanted.hoisted else f'"period":"{period.iso}",'
        comment = '"comment":"",' if self._wanted.complete else ""
        moments = [f"{moment:%Y-%m-%dT%H:%M:%S.000+0000}" for moment in _moments(self._values, period)]
        ends = pl.Series(
            [
                f'","storedBy":"{_STORED_BY}","created":"{text}","lastUpdated":"{text}",{comment}"followup":false'
                for text in moments
            ]
        )
        row = pl.concat_str(
            pl.lit(self._elements).gather(pl.col("cell")),
            pl.lit(in_row),
            pl.lit(self._units).gather(pl.col("unit")),
            pl.lit(self._combos).gather(pl.col("cell")),
            pl.col("value"),
            pl.lit(ends).gather(pl.col("unit") % len(moments)),
            pl.when("deleted").then(pl.lit(',"deleted":true}')).otherwise(pl.lit("}")),
        )
        text: str = chunk.select(row.str.join(",")).item()
        return text

    def _pair(self, key: str, uid: str) -> str:
        return f'"{key}":{json.dumps(self._wanted.names.get(uid, uid), ensure_ascii=False)},'


def _moments(values: Values, period: Period) -> Sequence[datetime]:
    """Return when forms come in: over the ten days after the period, but not later than the server's day."""
    latest = datetime.combine(values.today, time())
    first = datetime.combine(period.end + timedelta(days=1), time(8))
    return [min(first + timedelta(days=late), latest) for late in range(10)]


def _completed(values: Values, wanted: Export) -> str | None:
    """Return the day on which the one form was marked complete: when its values came in, None if it has none."""
    if len(wanted.periods) != 1 or len(wanted.units) != 1:
        return None
    (period,), (unit,) = wanted.periods, wanted.units
    found = values.frame(period).filter(pl.col("unit") == unit, pl.col("cell").is_in(wanted.cells))
    return str(_moments(values, period)[unit % 10].date()) if found.height else None
