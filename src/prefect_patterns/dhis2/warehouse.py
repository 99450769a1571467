"""DHIS2 data as a star schema: one fact, a reported value, and its five dimensions."""

from collections.abc import Sequence

import polars as pl

from prefect_patterns.analytics import Dimension, Fact, Period, Reference, StarSchema, build, check_foreign_keys
from prefect_patterns.dhis2.checks import Verdict
from prefect_patterns.dhis2.snapshot import Snapshot
from prefect_patterns.dhis2.tree import with_levels

__all__ = ["describe", "star_schema"]


def star_schema(known: Snapshot, verdict: Verdict, months: Sequence[Period]) -> StarSchema:
    """Return the star schema of the values that passed their check.

    A value whose unit was set aside, or whose period is none of *months*, points at the unknown member: it is not lost.

    Args:
        known: The metadata.
        verdict: With the checks `org units` and `values`.
    """
    values = verdict.checks["values"].valid
    dimensions = [
        Dimension("org_unit", _with_levels(verdict.checks["org units"].valid), key="id"),
        Dimension("data_element", _members(known.data_elements), key="id"),
        Dimension("period", _periods(months), key="iso"),
        Dimension("category_option_combo", _members(known.category_option_combos), key="id"),
        Dimension("data_set", _members(known.data_sets), key="id"),
    ]
    references = [Reference(dimension.name, dimension.name) for dimension in dimensions]
    references.append(
        Reference("category_option_combo", "attribute_option_combo", role="attribute_option_combo"),
    )
    return build([Fact("value", values, references, {"value": pl.Float64})], dimensions)


def describe(star: StarSchema) -> str:
    """Return what a star schema consists of, in words: `1 fact, 5 dimensions, foreign keys hold`.

    >>> describe(StarSchema({}, {}, ()))
    '0 facts, 0 dimensions, foreign keys hold'
    """
    holds = "foreign keys hold" if check_foreign_keys(star)["holds"].all() else "foreign keys do not hold"
    counts = [
        f"{len(tables)} {name}{'' if len(tables) == 1 else 's'}"
        for name, tables in (("fact", star.facts), ("dimension", star.dimensions))
    ]
    return ", ".join([*counts, holds])


def _with_levels(tree: pl.DataFrame) -> pl.DataFrame:
    """Return units with the id and the name of the unit above them on each level, themselves included."""
    units = with_levels(tree)
    levels = [name for name in units.columns if name.startswith("level_")]
    return units.select("id", "code", "name", "level", "parent", "opening_date", "closed_date", *levels)


def _members(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.unique("id", keep="first", maintain_order=True)


def _periods(months: Sequence[Period]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "iso": [month.iso for month in months],
            "name": [month.name for month in months],
            "year": [month.start.year for month in months],
            "month": [month.start.month for month in months],
            "first_day": [month.start for month in months],
            "last_day": [month.end for month in months],
        },
        schema_overrides={"year": pl.Int32, "month": pl.Int32},
    )
