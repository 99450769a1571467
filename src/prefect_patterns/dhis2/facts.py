"""Data values on their way into a warehouse: parts on disk, then one typed frame with one value a cell."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from prefect_patterns.dhis2.analytics import ANALYTICS_SCHEMA
from prefect_patterns.dhis2.checks import CELL
from prefect_patterns.dhis2.data_values import DATA_VALUE_SCHEMA, write_parquet

__all__ = ["NUMERIC", "concat_rates", "load_values", "write_values"]

NUMERIC = frozenset(
    {
        "NUMBER",
        "UNIT_INTERVAL",
        "PERCENTAGE",
        "INTEGER",
        "INTEGER_POSITIVE",
        "INTEGER_NEGATIVE",
        "INTEGER_ZERO_OR_POSITIVE",
    }
)
"""DHIS2's value types that are numbers."""


def write_values(batches: Iterable[pl.DataFrame], path: Path) -> Path:
    """Write *batches* of data values to one Parquet file, in bounded memory, and return its path."""
    write_parquet(batches, path, DATA_VALUE_SCHEMA)
    return path


def concat_rates(grids: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return frames of analytics as one, which has the right columns even when there are none."""
    return pl.concat([pl.DataFrame(schema=ANALYTICS_SCHEMA), *grids], how="diagonal")


def load_values(parts: Sequence[Path], elements: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the numeric values of all data sets, each cell once.

    A value of a data element that belongs to several data sets is in several parts; it stays with the first data set
    by id. Values of elements that are known not to be numeric (text, dates, files) are left out.

    Args:
        parts: Parquet files, one for each data set, as `write_values` makes them.
        elements: Columns id and value_type.
        members: Columns data_set and data_element.

    Returns:
        The columns of `CELL`, data_set, value as a number (null for what is none), and text: what stood there
        instead of a finite number, else null.
    """
    if not parts:
        return pl.DataFrame(
            schema={**dict.fromkeys([*CELL, "data_set"], pl.String), "value": pl.Float64, "text": pl.String}
        )
    other = elements.filter(~pl.col("value_type").is_in(NUMERIC))["id"]
    shared = members.group_by("data_element").len().filter(pl.col("len") > 1)["data_element"]
    is_shared = pl.col("data_element").is_in(shared.implode())
    number = pl.col("value").cast(pl.Float64, strict=False)
    text = pl.when(number.is_finite()).then(None).otherwise("value")
    values = (
        pl.scan_parquet(list(parts))
        .filter(~pl.col("data_element").is_in(other.implode()))
        .select(*CELL, "data_set", value=number, text=text)
    )
    if shared.is_empty():
        return values.collect()
    first = values.filter(is_shared).filter(pl.col("data_set") == pl.col("data_set").min().over(CELL))
    return pl.concat([values.filter(~is_shared), first]).collect()
