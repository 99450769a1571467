"""Data values: what to ask for, typed frames in bounded batches, Parquet."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from prefect_patterns.dhis2 import answers
from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.value_stream import ValueStream
from prefect_patterns.errors import UsageError
from prefect_patterns.files import atomic_path, storage

__all__ = ["DATA_VALUE_SCHEMA", "ValueQuery", "iter_batches", "write_parquet"]

DATA_VALUE_SCHEMA: dict[str, pl.DataType] = {
    "data_element": pl.String(),
    "period": pl.String(),
    "org_unit": pl.String(),
    "category_option_combo": pl.String(),
    "attribute_option_combo": pl.String(),
    "value": pl.String(),
    "data_set": pl.String(),
    "stored_by": pl.String(),
    "created": pl.Datetime("us", "UTC"),
    "last_updated": pl.Datetime("us", "UTC"),
    "comment": pl.String(),
    "followup": pl.Boolean(),
    "deleted": pl.Boolean(),
}
"""The columns of data values, in order. `data_set` is null when the answer does not say it."""

_KEYS = ("period", "org_unit", "attribute_option_combo")


@dataclass(frozen=True, slots=True)
class ValueQuery:
    """Which data values: data sets or data elements, organisation units, and periods, dates or a last change."""

    data_sets: Sequence[str] = ()
    data_elements: Sequence[str] = ()
    periods: Sequence[str] = ()
    start: date | None = None
    end: date | None = None
    org_units: Sequence[str] = ()
    children: bool = True
    include_deleted: bool = False
    last_updated: datetime | str | None = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of the request.

        Raises:
            UsageError: The query is incomplete or contradicts itself; every reason is named.
        """
        dates = (self.start, self.end)
        problems = [
            text
            for text, holds in (
                ("name at least one data set or data element", not (self.data_sets or self.data_elements)),
                ("name at least one organisation unit", not self.org_units),
                (
                    "give periods, or a start and an end, or a last change",
                    not self.periods and None in dates and (self.last_updated is None or dates != (None, None)),
                ),
                ("give periods or dates, not both", bool(self.periods) and dates != (None, None)),
                ("the start lies after the end", self.start and self.end and self.start > self.end),
            )
            if holds
        ]
        if problems:
            raise UsageError(f"these data values cannot be asked for: {'; '.join(problems)}")
        return {
            "dataSet": _listed(self.data_sets),
            "dataElement": _listed(self.data_elements),
            "period": _listed(self.periods),
            "startDate": self.start.isoformat() if self.start else None,
            "endDate": self.end.isoformat() if self.end else None,
            "orgUnit": _listed(self.org_units),
            "children": self.children,
            "includeDeleted": True if self.include_deleted else None,
            "lastUpdated": _sent(self.last_updated),
        }

    def common(self) -> dict[str, str]:
        """Return what every value of the answer must share, because one only was asked for.

        Servers from 2.43 on take these keys out of the rows, older ones leave the data set out altogether.
        """
        sets, periods, units = _listed(self.data_sets), _listed(self.periods), _listed(self.org_units)
        shared: dict[str, str] = {}
        if len(sets) == 1 and not self.data_elements:
            shared["dataSet"] = sets[0]
        if len(periods) == 1:
            shared["period"] = periods[0]
        if len(units) == 1 and not self.children:
            shared["orgUnit"] = units[0]
        return shared


def iter_batches(connection: Connection, queries: Iterable[ValueQuery], *, batch_rows: int) -> Iterator[pl.DataFrame]:
    """Yield the values of all *queries* as frames of `DATA_VALUE_SCHEMA`, at most *batch_rows* rows each."""
    if batch_rows < 1:
        raise UsageError(f"a batch holds at least 1 row, not {batch_rows}")
    for query in queries:
        yield from _batches(connection, query, batch_rows)


def _batches(connection: Connection, query: ValueQuery, batch_rows: int) -> Iterator[pl.DataFrame]:
    params = query.params()

    def once() -> Iterator[pl.DataFrame]:
        with connection.stream("dataValueSets.json", params) as response:
            stream = ValueStream(response.iter_bytes())
            yield from _rebatched(_typed_frames(stream, query.common()), batch_rows)
            answers.check_envelope(stream.envelope, response, connection.server)

    yield from connection.patient(once)


def write_parquet(batches: Iterable[pl.DataFrame], path: Path, schema: Mapping[str, pl.DataType]) -> int:
    """Write *batches* to *path* as one Parquet file, in one step and bounded memory; return the number of rows.

    Raises:
        StorageError: The disk is full or read-only.

    >>> folder = Path(tempfile.mkdtemp())
    >>> write_parquet([pl.DataFrame({"n": [1, 2]}), pl.DataFrame({"n": [3]})], folder / "n.parquet", {"n": pl.Int64()})
    3
    """
    rows = 0
    # Polars writes a Parquet file whole or from a query: so each batch becomes a part, and the parts one query.
    with (
        atomic_path(path) as draft,
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".parts-") as parts,
        storage(path),  # before the parts go: then the disk is full no more
    ):
        files: list[Path] = []
        for number, batch in enumerate(batches):
            files.append(Path(parts, f"{number:06}.parquet"))
            batch.write_parquet(files[-1], compression="lz4", statistics=False)
            rows += batch.height
        if files:
            pl.scan_parquet(files).sink_parquet(draft)
        else:
            pl.DataFrame(schema=schema).write_parquet(draft)
    return rows


def _typed_frames(stream: ValueStream, common: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    held: list[pl.DataFrame] = []
    for raw in stream:
        frame = _typed(raw, {**common, **stream.envelope})
        if stream.ended or not any(frame[key].null_count() for key in _KEYS):
            yield frame
        else:
            held.append(raw)  # no server does it, but JSON may name a common key after the array
    for raw in held:
        yield _typed(raw, {**common, **stream.envelope})


def _typed(raw: pl.DataFrame, common: Mapping[str, object]) -> pl.DataFrame:
    def text(name: str) -> pl.Expr:
        value = common.get(name)
        return pl.col(name) if value is None else pl.col(name).fill_null(pl.lit(str(value)))

    def unless_empty(name: str) -> pl.Expr:
        return pl.when(pl.col(name) != "").then(pl.col(name))  # 2.42 writes "" where 2.43 writes nothing

    return raw.select(
        data_element="dataElement",
        period=text("period"),
        org_unit=text("orgUnit"),
        category_option_combo="categoryOptionCombo",
        attribute_option_combo=text("attributeOptionCombo"),
        value="value",
        data_set=text("dataSet"),
        stored_by=unless_empty("storedBy"),
        created=_moment("created"),
        last_updated=_moment("lastUpdated"),
        comment=unless_empty("comment"),
        followup=pl.col("followup").fill_null(value=False),
        deleted=pl.col("deleted").fill_null(value=False),
    )


def _moment(name: str) -> pl.Expr:
    with_zone = pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", strict=False)
    without = pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    return pl.coalesce(with_zone, without.dt.replace_time_zone("UTC"))


def _rebatched(frames: Iterable[pl.DataFrame], batch_rows: int) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    rows = 0
    for frame in frames:
        waiting.append(frame)
        rows += frame.height
        if rows >= batch_rows:
            whole = pl.concat(waiting)
            full = rows - rows % batch_rows
            yield from whole.head(full).iter_slices(batch_rows)
            waiting, rows = [whole.tail(rows - full)], rows - full
    if rows:
        yield pl.concat(waiting)


def _listed(names: Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else [str(name) for name in names]


def _sent(moment: datetime | str | None) -> str | None:
    if moment is None:
        return None
    try:
        when = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment.strip())
    except ValueError:
        raise UsageError(f"{moment!r} is no moment", hint="write it as 2026-07-15T08:00:00") from None
    # The zone as DHIS2 writes it: `+0000`; without one it is the server's time.
    text = when.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text if when.tzinfo is None else f"{text}{when:%z}"
