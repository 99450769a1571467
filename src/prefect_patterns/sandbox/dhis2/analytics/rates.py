"""Reporting rates: how many of the expected forms of a data set came in."""

from collections.abc import Iterable
from datetime import date

import polars as pl

from prefect_patterns.analytics.expressions import ReportingRate
from prefect_patterns.analytics.periods import Period, PeriodType, periods_between
from prefect_patterns.sandbox.dhis2.analytics.cube import Cube
from prefect_patterns.sandbox.dhis2.analytics.spans import Span
from prefect_patterns.sandbox.dhis2.values import days_late

__all__ = ["reporting_rates"]


def reporting_rates(cube: Cube, wanted: Iterable[ReportingRate]) -> pl.DataFrame:
    """Return a row for each item and combination of keys: `item`, the keys, `value`, `actual`, `target`.

    A form is expected of each unit that the data set is assigned to, while it is open, once for each of its periods;
    it came in if the unit has any value of the data set in that period.
    """
    parts = [_rates(cube, each) for each in dict.fromkeys(wanted)]
    columns = {"value": pl.Float64, "actual": pl.Float64, "target": pl.Float64}
    empty = pl.DataFrame(schema={"item": pl.String, **dict.fromkeys(cube.keys, pl.String), **columns})
    return pl.concat([empty, *(part.select(empty.columns) for part in parts)])


def _rates(cube: Cube, rate: ReportingRate) -> pl.DataFrame:
    if set(cube.keys) - {"pe", *cube.unit_keys}:
        return pl.DataFrame(
            schema={
                "item": pl.String,
                **dict.fromkeys(cube.keys, pl.String),
                **dict.fromkeys(("value", "actual", "target"), pl.Float64),
            }
        )
    data_set = cube.tables.metadata.collections["dataSets"].get(rate.data_set, {})
    assigned = pl.DataFrame(
        {"uid": [str(unit["id"]) for unit in data_set.get("organisationUnits", [])]}, schema={"uid": pl.String}
    )
    units = cube.units.join(assigned.unique(), on="uid")
    type_: PeriodType = data_set.get("periodType", "Monthly")
    timely = int(data_set.get("timelyDays") or 0) if rate.metric.endswith("ON_TIME") else None
    expected, came = [], []
    for name, span in cube.shifted(rate.modifiers):
        label = pl.lit(name).alias("pe")
        count = float(len(_periods(span, type_)))
        expected.append(_open(units, span.first, span.last).select("uid", *cube.unit_keys, label, n=pl.lit(count)))
        for period in span.inside(cube.tables.of_type(type_)):
            reported = _reported(cube, rate.data_set, period, timely)
            came.append(units.join(reported, on="unit").select("uid", *cube.unit_keys, label, n=pl.lit(1.0)))
    target = _total(cube, expected).rename({"n": "target"})
    actual = _total(cube, came).rename({"n": "actual"})
    both = target.join(actual, on=cube.keys, how="left") if cube.keys else target.join(actual, how="cross")
    both = both.with_columns(pl.col("actual").fill_null(0.0)).filter(pl.col("target").is_not_null())
    return both.with_columns(item=pl.lit(str(rate)), value=_value(rate.metric))


def _value(metric: str) -> pl.Expr:
    if metric == "EXPECTED_REPORTS":
        return pl.col("target")
    if metric.startswith("ACTUAL_REPORTS"):
        return pl.col("actual")
    rate = pl.min_horizontal(pl.col("actual") * 100.0 / pl.col("target"), pl.lit(100.0))
    return pl.when(pl.col("target") == 0).then(0.0).otherwise(rate)


def _total(cube: Cube, parts: list[pl.DataFrame]) -> pl.DataFrame:
    schema = {"uid": pl.String, **dict.fromkeys([*cube.unit_keys, "pe"], pl.String), "n": pl.Float64}
    rows = pl.concat([pl.DataFrame(schema=schema), *(part.select(list(schema)) for part in parts)])
    if not cube.keys:
        return rows.select(pl.col("n").sum())
    return rows.group_by(cube.keys).agg(pl.col("n").sum())


def _open(units: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    return units.filter(
        (pl.col("opened").is_null() | (pl.col("opened") <= last.isoformat()))
        & (pl.col("closed").is_null() | (pl.col("closed") >= first.isoformat()))
    )


def _periods(span: Span, type_: PeriodType) -> tuple[Period, ...]:
    """Return the periods of a data set that a form is expected for; one where the data set's are longer."""
    found = span.period.to(type_) if span.period else periods_between(type_, span.first, span.last)
    inside = tuple(each for each in found if span.first <= each.start)
    return inside or found[:1]


def _reported(cube: Cube, data_set: str, period: Period, timely: int | None) -> pl.DataFrame:
    values = cube.tables.values
    cells = [number for number, cell in enumerate(values.cells) if cell.data_set == data_set]
    found = values.frame(period).filter(pl.col("cell").is_in(cells)).select("unit").unique()
    return found if timely is None else found.filter(days_late(pl.col("unit")) <= timely)
