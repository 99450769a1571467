"""`GET /api/analytics/rawData`: the single values behind an aggregated answer."""

from dataclasses import replace

import polars as pl

from prefect_patterns.sandbox.dhis2.analytics.cube import Cube
from prefect_patterns.sandbox.dhis2.analytics.grid import Grid, header
from prefect_patterns.sandbox.dhis2.analytics.numbers import UNROUNDED, as_double
from prefect_patterns.sandbox.dhis2.analytics.refusals import refused
from prefect_patterns.sandbox.dhis2.analytics.request import Query
from prefect_patterns.sandbox.dhis2.analytics.selections import cells_of
from prefect_patterns.sandbox.dhis2.analytics.spans import Span
from prefect_patterns.sandbox.dhis2.analytics.tables import Tables

__all__ = ["raw_grid"]


def raw_grid(tables: Tables, query: Query, *, limit: int) -> Grid:
    """Return a row for each value of the data elements, with its own unit and period, from the first day to the last.

    Args:
        tables: What analytics reads.
        query: The request.
        limit: The most rows; 0 for any number.

    Raises:
        Refusal: There are more rows (E7128).
    """
    if query.skip_data:
        return Grid([], pl.DataFrame())
    axes = [axis for axis in query.axes if not axis.is_filter]
    levels = sorted(tables.metadata.collections["organisationUnitLevels"].values(), key=lambda level: level["level"])
    levels = levels if query.show_hierarchy else []
    headers = [header(axis.name, axis.title) for axis in axes]
    headers += [header(f"oulevel{level['level']}", str(level["displayName"])) for level in levels]
    headers.append(header("pestartdate", "Period start date", "DATETIME", meta=False))
    headers.append(header("peenddate", "Period end date", "DATETIME", meta=False))
    headers.append(header("value", "Value", "NUMBER", meta=False))
    rows = _rows(tables, query)
    if rows.height > limit > 0 and not query.ignore_limit:
        raise refused("E7128", limit)
    places = _places(tables, len(levels))
    shown = rows.join(places, on="unit", how="left").with_columns(
        as_double(rows["value"], UNROUNDED).alias("value"), ou=pl.col("uid")
    )
    columns = [*query.columns, *places.columns[2:], "start", "end", "value"]
    return Grid(headers, shown.select(columns).sort(columns))


def _rows(tables: Tables, query: Query) -> pl.DataFrame:
    first, last = min(span.first for span in query.spans), max(span.last for span in query.spans)
    # The units asked for are bounds: each value has its own.
    others = [replace(axis, is_filter=axis.is_filter or axis.name == "ou") for axis in query.axes if axis.name != "pe"]
    cube = Cube(tables, others, [Span.between(first, last)], by_period=False, criteria=query.value_criteria)
    dx = query.axis("dx")
    elements = {**dx.data.elements, **dx.data.operands} if dx is not None and dx.data is not None else {}
    parts = [(name, cell) for name, operand in elements.items() for cell in cells_of(tables, operand)] or [
        ("", cell) for cell in range(len(tables.values.cells)) if dx is None
    ]
    wanted = pl.DataFrame(parts, schema={"dx": pl.String, "cell": pl.Int32}, orient="row")
    found = [
        cube.raw(period, wanted).with_columns(
            pe=pl.lit(period.iso),
            start=pl.lit(f"{period.start} 00:00:00.0"),
            end=pl.lit(f"{period.end} 00:00:00.0"),
        )
        for period in tables.periods
        if first <= period.start and period.end <= last
    ]
    return (
        pl.concat(found)
        if found
        else cube.raw(tables.values.months[0], wanted.clear()).with_columns(
            pl.lit("").alias(name) for name in ("pe", "start", "end")
        )
    )


def _places(tables: Tables, levels: int) -> pl.DataFrame:
    """Return the uid of each unit and those above it: `unit`, `uid`, `oulevel1` and so on."""
    units = tables.metadata.collections["organisationUnits"]
    rows = []
    for number, uid in enumerate(tables.values.units):
        path = str(units.get(uid, {}).get("path", "")).strip("/").split("/")
        rows.append((number, uid, *(path[level] if level < len(path) else "" for level in range(levels))))
    schema = {"unit": pl.Int32, "uid": pl.String, **{f"oulevel{n}": pl.String for n in range(1, levels + 1)}}
    return pl.DataFrame(rows, schema=schema, orient="row")
