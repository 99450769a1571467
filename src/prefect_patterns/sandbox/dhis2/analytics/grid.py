"""The grid of an analytics answer: its headers and its rows, as the server writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from prefect_patterns.sandbox.dhis2.analytics.criteria import holds
from prefect_patterns.sandbox.dhis2.analytics.cube import Cube, Selection
from prefect_patterns.sandbox.dhis2.analytics.indicators import Formula, indicator_values, read_formula
from prefect_patterns.sandbox.dhis2.analytics.numbers import DEFAULT_DECIMALS, UNROUNDED, as_double, as_whole
from prefect_patterns.sandbox.dhis2.analytics.rates import reporting_rates
from prefect_patterns.sandbox.dhis2.analytics.refusals import refused
from prefect_patterns.sandbox.dhis2.analytics.request import Query
from prefect_patterns.sandbox.dhis2.analytics.selections import select
from prefect_patterns.sandbox.dhis2.analytics.tables import Tables
from prefect_patterns.sandbox.dhis2.metadata import Object

__all__ = ["Grid", "aggregate_grid", "header"]

_JAVA = {"TEXT": "java.lang.String", "NUMBER": "java.lang.Double", "DATETIME": "java.time.LocalDateTime"}
_NUM_DEN = ("numerator", "denominator", "factor", "multiplier", "divisor")
_TEXTS = ("value", *_NUM_DEN)


@dataclass(frozen=True, slots=True)
class Grid:
    """An answer.

    Args:
        headers: Of the columns; none when the data are left out.
        rows: Text, in the order of the headers; empty text where there is nothing.
        meta: Names and the like, if they are asked for.
    """

    headers: Sequence[Object]
    rows: pl.DataFrame
    meta: Object = field(default_factory=dict)

    def body(self) -> Object:
        """Return the answer's JSON object."""
        rows = self.rows.rows()
        return {
            "headers": list(self.headers),
            "metaData": self.meta,
            "rows": rows,
            "width": len(self.headers) if rows else 0,
            "height": len(rows),
            "headerWidth": len(self.headers),
        }


def header(name: str, column: str, value_type: str = "TEXT", *, meta: bool = True) -> Object:
    """Return the header of a column."""
    return {
        "name": name,
        "column": column,
        "valueType": value_type,
        "type": _JAVA[value_type],
        "hidden": False,
        "meta": meta,
    }


def aggregate_grid(tables: Tables, query: Query, *, limit: int) -> Grid:
    """Return the aggregated numbers that a request asks for, without metadata.

    Args:
        tables: What analytics reads.
        query: The request.
        limit: The most rows; 0 for any number.

    Raises:
        Refusal: There are more rows (E7128), or an indicator that cannot be computed.
    """
    if query.skip_data:
        return Grid([], pl.DataFrame())
    headers = [header(axis.name, axis.title) for axis in query.axes if not axis.is_filter]
    headers.append(header("value", "Value", "NUMBER", meta=False))
    if query.include_num_den:
        headers += [header(name, name.capitalize(), "NUMBER", meta=False) for name in _NUM_DEN]
    rows = _rows(tables, query)
    if rows.height > limit > 0 and not query.ignore_limit:
        raise refused("E7128", limit)
    if query.order:
        rows = rows.sort("number", *query.columns, descending=[query.order == "DESC", *[False] * len(query.columns)])
    else:
        rows = rows.sort(query.columns)
    names = query.schemes.names(tables.metadata, [item for axis in query.axes for item in axis.items])
    shown = rows.select(
        *(pl.col(name).replace(dict(names)) for name in query.columns),
        *(pl.col(name).fill_null("") for name in _TEXTS[: 6 if query.include_num_den else 1]),
    )
    return Grid(headers, shown)


def _rows(tables: Tables, query: Query) -> pl.DataFrame:
    """Return the rows: the dimensions, the number, and the texts of all that may be shown of it."""
    cube = Cube(tables, query.axes, query.spans, by_period="pe" in query.columns, criteria=query.value_criteria)
    parts = [_elements(cube, query)]
    dx = query.axis("dx")
    if dx is not None and dx.data is not None:
        if dx.data.rates:
            names = {str(rate): item for item, rate in dx.data.rates.items()}
            found = reporting_rates(cube, dx.data.rates.values())
            parts.append(_of_rates(found.with_columns(pl.col("item").replace(names)), query))
        formulas = [read_formula(tables.metadata, uid) for uid in dx.data.indicators]
        if formulas:
            found = indicator_values(cube, query.axes, formulas, query.aggregation)
            parts += [_of_indicator(found.filter(pl.col("item") == each.uid), each, query) for each in formulas]
    columns = ["item", *cube.keys, "number", *_TEXTS]
    return pl.concat([part.select(columns) for part in parts]).rename({"item": "dx"})


def _elements(cube: Cube, query: Query) -> pl.DataFrame:
    """Return the rows of data elements and operands; as a filter they are added up."""
    dx = query.axis("dx")
    tables = cube.tables
    selections: list[Selection] = []
    if dx is None or dx.data is None:
        cells = tuple(range(len(tables.values.cells)))
        selections.append(Selection("", cells, query.aggregation or "SUM"))
    else:
        for name, operand in {**dx.data.elements, **dx.data.operands}.items():
            selections += select(tables, operand, query.aggregation, name="" if dx.is_filter else name)
    found = cube.values(selections).group_by("item", *cube.keys).agg(pl.col("value").sum())
    found = found.filter(holds(pl.col("value"), query.criteria), pl.col("value").is_not_null())
    decimals = UNROUNDED if query.skip_rounding else DEFAULT_DECIMALS
    text = as_double(found["value"], decimals) if query.skip_rounding else as_whole(found["value"], decimals)
    return _completed(found.rename({"value": "number"}).with_columns(text.alias("value")))


def _of_rates(found: pl.DataFrame, query: Query) -> pl.DataFrame:
    found = found.filter(holds(pl.col("value"), query.criteria))
    text = as_double(found["value"], UNROUNDED) if query.skip_rounding else as_whole(found["value"], DEFAULT_DECIMALS)
    return _completed(
        found.rename({"value": "number"}).with_columns(
            text.alias("value"),
            as_double(found["actual"], UNROUNDED).alias("numerator"),
            as_double(found["target"], UNROUNDED).alias("denominator"),
            factor=pl.lit("100"),
        )
    )


def _of_indicator(found: pl.DataFrame, formula: Formula, query: Query) -> pl.DataFrame:
    decimals = DEFAULT_DECIMALS if formula.decimals is None else formula.decimals
    if query.skip_rounding:
        decimals = UNROUNDED
    names = ("value", "numerator", "denominator", "factor") if query.include_num_den else ("value",)
    texts = [as_double(found[name], decimals).alias(name) for name in names]
    if query.include_num_den:
        texts += [as_whole(found[name], 0).alias(name) for name in ("multiplier", "divisor")]
    shown = found.with_columns(pl.col("value").alias("number"), *texts)
    shown = shown.filter(holds(pl.col("value").cast(pl.Float64), query.criteria))
    return _completed(shown.with_columns(pl.col(name).cast(pl.String) for name in _TEXTS))


def _completed(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in _TEXTS if name not in frame.columns]
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
