"""The tables of a star schema, before and after they have surrogate keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from prefect_patterns.analytics.star_schema.files import write_duckdb, write_parquet
from prefect_patterns.errors import UsageError

__all__ = ["UNKNOWN", "Dimension", "Fact", "Reference", "StarSchema", "check_foreign_keys", "column_names"]

UNKNOWN = -1
"""The surrogate key of the member, in every dimension, that stands for what is not known."""

_DOCS = "docs/analytics.md#star-schema"


def column_names(columns: str | Sequence[str]) -> list[str]:
    """Return one or several column names as a list."""
    return [columns] if isinstance(columns, str) else list(columns)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A table of members; it becomes `dim_<name>` with the surrogate key `<name>_key`.

    Args:
        name: Such as `org_unit`.
        rows: One row a member.
        key: The column or columns that name a member in the source: text, integers, dates or booleans, never null.
        attributes: Other columns to keep; all unless given.
    """

    name: str
    rows: pl.DataFrame
    key: str | Sequence[str]
    attributes: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a fact names members of a dimension.

    Args:
        dimension: The dimension's name.
        columns: The fact's columns that hold its natural key, in the order of `Dimension.key`.
        role: What the dimension is to the fact, when it has a dimension twice: the column is called `<role>_key`.
    """

    dimension: str
    columns: str | Sequence[str]
    role: str = ""

    @property
    def column(self) -> str:
        """The fact's column of surrogate keys."""
        return f"{self.role or self.dimension}_key"


@dataclass(frozen=True, slots=True)
class Fact:
    """A table of measures; it becomes `fact_<name>`, with as many rows and in the same order.

    Args:
        name: Such as `data_value`.
        rows: One row a fact, with natural keys.
        references: Its dimensions.
        measures: The type of each column to keep; values must fit it.
    """

    name: str
    rows: pl.DataFrame
    references: Sequence[Reference]
    measures: Mapping[str, type[pl.DataType] | pl.DataType]


@dataclass(frozen=True, slots=True)
class StarSchema:
    """Tables by name, and which column of which fact refers to which dimension: `(fact, column, dimension)`."""

    facts: Mapping[str, pl.DataFrame]
    dimensions: Mapping[str, pl.DataFrame]
    links: tuple[tuple[str, str, str], ...]

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """All tables, dimensions first, called `dim_<name>` and `fact_<name>`."""
        dimensions = {f"dim_{name}": table for name, table in self.dimensions.items()}
        return dimensions | {f"fact_{name}": table for name, table in self.facts.items()}

    def write_parquet(self, folder: Path) -> None:
        """Write one Parquet file a table, each as one step.

        Raises:
            StorageError: The disk is full or read-only.
        """
        write_parquet(self.tables, folder)

    def write_duckdb(self, path: Path) -> None:
        """Write a DuckDB database with all tables, as one step.

        Dimensions have primary keys. Foreign keys are verified and noted as comments, not declared: declared ones make
        the writing of 800,000 facts ten times as slow and the file twice as large.

        Raises:
            StorageError: The disk is full or read-only.
            UsageError: A foreign key does not hold, in a schema that `build` did not make.
        """
        broken = check_foreign_keys(self).filter(~pl.col("holds"))
        if broken.height:
            columns = ", ".join(f"{fact}.{column} (broken: {rows})" for fact, column, _, rows, *_ in broken.rows())
            raise UsageError(f"foreign keys do not hold: {columns}", hint="make the schema with `build`", docs=_DOCS)
        write_duckdb(
            self.tables,
            primary_keys={f"dim_{name}": f"{name}_key" for name in self.dimensions},
            foreign_keys={(f"fact_{fact}", column): f"dim_{dimension}" for fact, column, dimension in self.links},
            path=path,
        )


def check_foreign_keys(star: StarSchema) -> pl.DataFrame:
    """Return, for each foreign key, whether it holds: `fact`, `column`, `dimension`, `broken`, `unknown`, `holds`.

    `broken` counts rows whose key is null or no member's, `unknown` those that point at the unknown member.

    >>> unit = pl.DataFrame({"unit_key": [-1, 7]})
    >>> value = pl.DataFrame({"unit_key": [7, 7, -1, 8]})
    >>> check_foreign_keys(StarSchema({"value": value}, {"unit": unit}, (("value", "unit_key", "unit"),))).rows()
    [('value', 'unit_key', 'unit', 1, 1, False)]
    """
    found = []
    for fact, column, dimension in star.links:
        keys = star.facts[fact][column]
        known = keys.is_in(star.dimensions[dimension][f"{dimension}_key"].implode()).fill_null(False)
        found.append((fact, column, dimension, (~known).sum(), (keys == UNKNOWN).sum(), bool(known.all())))
    columns = ["fact", "column", "dimension", "broken", "unknown", "holds"]
    types = [pl.String, pl.String, pl.String, pl.Int64, pl.Int64, pl.Boolean]
    return pl.DataFrame(found, schema=list(zip(columns, types, strict=True)), orient="row")
