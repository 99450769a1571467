"""The part of the client that reads data values: streams, files, changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Required, TypedDict, Unpack

import polars as pl

from prefect_patterns.dhis2 import data_values, value_split
from prefect_patterns.dhis2.changes import Changes, ServerTime
from prefect_patterns.dhis2.download import Download, download
from prefect_patterns.dhis2.metadata_reads import MetadataReads

__all__ = ["ValueArguments", "ValueReads"]


class ValueArguments(TypedDict, total=False):
    """Which data values; the arguments of `iter_data_values`, where they are explained."""

    data_sets: Sequence[str]
    data_elements: Sequence[str]
    periods: Sequence[str]
    start: date | None
    end: date | None
    org_units: Required[Sequence[str]]
    children: bool
    include_deleted: bool
    last_updated: datetime | str | None


class ValueReads(MetadataReads):
    """What `Dhis2Client` reads of the data values."""

    def iter_data_values(
        self,
        *,
        data_sets: Sequence[str] = (),
        data_elements: Sequence[str] = (),
        periods: Sequence[str] = (),
        start: date | None = None,
        end: date | None = None,
        org_units: Sequence[str],
        children: bool = True,
        include_deleted: bool = False,
        last_updated: datetime | str | None = None,
        batch_rows: int = 50_000,
    ) -> Iterator[pl.DataFrame]:
        """Yield data values as they arrive, as frames of `DATA_VALUE_SCHEMA` with at most *batch_rows* rows.

        What the server says once for all values (2.43: data set, period, unit, attribute option combination) is in
        every row. Values are text, as reported; moments are in UTC. Lists that are too long for one request are asked
        for in parts.

        Args:
            periods: ISO ids, as `202401`; else give *start* and *end*, both inclusive, or *last_updated*.
            org_units: Ids; with *children*, all units below them too.
            include_deleted: Also values that were deleted, marked so.
            last_updated: Only values written at this moment or later; the server's time when it has no zone.

        Raises:
            UsageError: The query is incomplete; every reason is named.
        """
        query = data_values.ValueQuery(
            data_sets, data_elements, periods, start, end, org_units, children, include_deleted, last_updated
        )
        return self._values(query, batch_rows)

    def write_data_values(
        self, path: str | PathLike[str], *, batch_rows: int = 50_000, **query: Unpack[ValueArguments]
    ) -> int:
        """Write data values to a Parquet file in bounded memory and return how many; no file stays when it fails.

        The arguments are those of `iter_data_values`.

        Raises:
            StorageError: The disk is full or read-only.
        """
        batches = self.iter_data_values(batch_rows=batch_rows, **query)
        return data_values.write_parquet(batches, Path(path), data_values.DATA_VALUE_SCHEMA)

    def download_data_values(
        self,
        folder: str | PathLike[str],
        periods: Sequence[str],
        *,
        data_sets: Sequence[str] = (),
        data_elements: Sequence[str] = (),
        org_units: Sequence[str],
        children: bool = True,
        include_deleted: bool = False,
        batch_rows: int = 50_000,
    ) -> Download:
        """Write data values to *folder*, one Parquet file a period; run again, it goes on where it was stopped.

        A period that is there whole is not asked for again, also when its values changed on the server since: remove
        its file for that, or ask for `value_changes`. `query.json` beside the files says what they are.

        Args:
            periods: ISO ids, as `202401`; more may be added later. The others are those of `iter_data_values`.

        Raises:
            UsageError: The folder holds another query's values, or another process writes into it.
            StorageError: The disk is full or read-only.
        """
        query = data_values.ValueQuery(data_sets, data_elements, (), None, None, org_units, children, include_deleted)
        return download(
            Path(folder), query, periods, server=self.base_url, fetch=lambda one: self._values(one, batch_rows)
        )

    def value_changes(
        self,
        since: datetime | str,
        *,
        data_sets: Sequence[str] = (),
        data_elements: Sequence[str] = (),
        org_units: Sequence[str],
        children: bool = True,
        margin: float = 300.0,
        batch_rows: int = 50_000,
    ) -> Changes[pl.DataFrame]:
        """Return an iterator over frames of the data values that were written or deleted since; `deleted` tells which.

        Its `watermark` is the next call's *since*; *since* and *margin* are those of `changes`, the others those of
        `iter_data_values`.
        """
        clock = ServerTime.of(self.get_server_info())
        start = clock.text(since)
        frames = self.iter_data_values(
            data_sets=data_sets,
            data_elements=data_elements,
            org_units=org_units,
            children=children,
            include_deleted=True,
            last_updated=start,
            batch_rows=batch_rows,
        )
        return Changes(frames, clock.watermark(margin, otherwise=start))

    def _values(self, query: data_values.ValueQuery, batch_rows: int) -> Iterator[pl.DataFrame]:
        return data_values.iter_batches(
            self._connection, value_split.fitting(query, self._paths), batch_rows=batch_rows
        )

    def _paths(self, units: Sequence[str]) -> Mapping[str, str]:
        rows = self.iter_metadata("organisationUnits", "id,path", filters=[f"id:in:[{','.join(units)}]"])
        return {row["id"]: str(row.get("path", "")) for row in rows if "id" in row}
