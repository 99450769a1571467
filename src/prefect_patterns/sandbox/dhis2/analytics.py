"""`GET /api/analytics`, really computed from the values over the organisation unit tree."""

import polars as pl

from prefect_patterns.analytics.expressions import Expression, Operand, parse
from prefect_patterns.analytics.periods import Period
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.analytics_query import Query
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Cell, Values

__all__ = ["analyse"]

_MOST_ROWS = 100_000
_COLUMNS = {"dx": "Data", "ou": "Organisation unit", "pe": "Period"}


def analyse(metadata: Metadata, values: Values, query: Query) -> Object:
    """Return the answer's JSON object.

    Raises:
        Refusal: More than 100,000 rows (E7128), or an indicator that cannot be computed.
    """
    headers: list[Object] = []
    rows: list[tuple[str, ...]] = []
    if not query.skip_data:
        headers = [_header(name, _COLUMNS[name], "TEXT", "java.lang.String", meta=True) for name in query.columns]
        headers.append(_header("value", "Value", "NUMBER", "java.lang.Double", meta=False))
        try:
            rows = _rows(metadata, values, query)
        except UsageError as error:  # an expression that cannot be read, or a constant that is not there
            raise Refusal(409, f"Invalid indicator expression: {error.what}") from None
        if len(rows) > _MOST_ROWS and not query.ignore_limit:
            raise Refusal(409, f"Query result set exceeded max limit: `{_MOST_ROWS}`", "E7128")
    return {
        "headers": headers,
        "metaData": {} if query.skip_meta else _meta(metadata, query),
        "rows": rows,
        "width": len(headers) if rows else 0,
        "height": len(rows),
        "headerWidth": len(headers),
    }


def _header(name: str, column: str, value_type: str, java_type: str, *, meta: bool) -> Object:
    return {
        "name": name,
        "column": column,
        "valueType": value_type,
        "type": java_type,
        "hidden": False,
        "meta": meta,
    }


def _meta(metadata: Metadata, query: Query) -> Object:
    items: dict[str, Object] = {}
    combos: dict[str, None] = {}
    for name, axis in query.axes.items():
        items[name] = {"name": _COLUMNS[name]}
        items |= axis.keywords
        items |= {item: {"name": _name(metadata, item)} for item in axis.items}
    for item in query.axes["dx"].items:
        element = metadata.collections["dataElements"].get(item)
        combo = metadata.resolve("categoryCombo", element.get("categoryCombo")) if element else None
        combos |= {option["id"]: None for option in combo.get("categoryOptionCombos", [])} if combo else {}
    items |= {uid: {"name": _name(metadata, uid)} for uid in combos}
    return {
        "items": items,
        "dimensions": {**{name: list(axis.items) for name, axis in query.axes.items()}, "co": list(combos)},
    }


def _name(metadata: Metadata, item: str) -> str:
    if item[:4].isdecimal():
        return Period.parse(item).name
    for part in ("indicators", "dataElements", "organisationUnits", "categoryOptionCombos"):
        if item in metadata.collections[part]:
            return str(metadata.collections[part][item]["displayName"])
    return " ".join(_name(metadata, uid) for uid in item.split(".") if uid != "*")


def _rows(metadata: Metadata, values: Values, query: Query) -> list[tuple[str, ...]]:
    wanted = query.axes["dx"].items
    expressions = {uid: _expressions(metadata, uid) for uid in wanted if uid in metadata.collections["indicators"]}
    operands = {uid: _operand(uid) for uid in wanted if uid not in expressions}
    needed = {operand for pair in expressions.values() for part in pair for operand in part.operands}
    cells = {
        operand: [index for index, cell in enumerate(values.cells) if _matches(cell, operand)]
        for operand in sorted({*needed, *operands.values()}, key=str)
    }
    facts = _facts(metadata, values, query, sorted({index for indexes in cells.values() for index in indexes}))
    wide = facts.group_by("pe", "ou").agg(
        pl.when(pl.col("cell").is_in(indexes).any())
        .then(pl.col("value").filter(pl.col("cell").is_in(indexes)).sum())
        .alias(str(operand))
        for operand, indexes in cells.items()
    )
    periods = _period_items(query)
    days = pl.col("pe").replace_strict({name: sum(each.days for each in group) for name, group in periods.items()})
    shown = [
        *(_data(operand, skip_rounding=query.skip_rounding).alias(uid) for uid, operand in operands.items()),
        *(
            _indicator(metadata, uid, *pair, days, skip_rounding=query.skip_rounding).alias(uid)
            for uid, pair in expressions.items()
        ),
    ]
    if query.axes["dx"].is_filter and len(operands) > 1:  # the sum of what is filtered by
        total = pl.sum_horizontal(pl.col(str(operand)) for operand in operands.values())
        wide = wide.with_columns(total.alias("total"))
        shown = [_text(pl.col("total"), whole=True, decimals=_decimals(None, query.skip_rounding)).alias(wanted[0])]
    long = (
        wide.select("pe", "ou", *shown)
        .unpivot(index=["pe", "ou"], variable_name="dx", value_name="text")
        .drop_nulls("text")
        .sort("dx", "ou", "pe")
    )
    return long.select(*query.columns, "text").rows()


def _expressions(metadata: Metadata, uid: str) -> tuple[Expression, Expression]:
    indicator = metadata.collections["indicators"][uid]
    return parse(str(indicator.get("numerator", ""))), parse(str(indicator.get("denominator", "")))


def _operand(item: str) -> Operand:
    parts = [part if part != "*" else None for part in item.split(".")]
    return Operand(item.split(".", maxsplit=1)[0], *parts[1:3])


def _matches(cell: Cell, operand: Operand) -> bool:
    return (
        cell.data_element == operand.data_element
        and operand.category_option_combo in (None, cell.combo)
        and operand.attribute_option_combo in (None, DEFAULT_COMBO)
    )


def _period_items(query: Query) -> dict[str, tuple[Period, ...]]:
    """Return the periods behind each value of the period column; a filter has one value for all of them."""
    axis = query.axes["pe"]
    periods = [Period.parse(iso) for iso in axis.items]
    if not axis.is_filter:
        return {period.iso: (period,) for period in periods}
    # Whatever filters overlap, a value counts once.
    return {"": tuple(period for period in periods if period.type == "Yearly" or period.year not in periods)}


def _facts(metadata: Metadata, values: Values, query: Query, cells: list[int]) -> pl.DataFrame:
    """Return one row for each period, organisation unit of the result and cell."""
    places = _places(metadata, values, query)
    sums: dict[Period, pl.DataFrame] = {}

    def summed(period: Period) -> pl.DataFrame:
        if period not in sums:
            frame = values.frame(period).filter(pl.col("cell").is_in(cells))
            sums[period] = (
                frame.join(places, on="unit").group_by("ou", "cell").agg(pl.col("value").cast(pl.Float64).sum())
            )
        return sums[period]

    parts = []
    for name, group in _period_items(query).items():
        days = sum(period.days for period in group)
        for period in group:
            parts += [summed(month).with_columns(pe=pl.lit(name)) for month in period.months if month in values.months]
            # Populations are averages over time: days x value / days.
            share = period.days / days
            if period.year in values.years:
                parts.append(summed(period.year).with_columns(pl.col("value") * share, pe=pl.lit(name)))
    empty = pl.DataFrame(schema={"ou": pl.String, "cell": pl.Int32, "value": pl.Float64, "pe": pl.String})
    return pl.concat([empty, *parts]).group_by("pe", "ou", "cell").agg(pl.col("value").sum())


def _places(metadata: Metadata, values: Values, query: Query) -> pl.DataFrame:
    """Return which facility counts towards which organisation unit of the result."""
    axis = query.axes.get("ou")
    wanted = set(axis.items) if axis else {""}
    units = metadata.collections["organisationUnits"]
    pairs = [
        (index, place)
        for index, uid in enumerate(values.units)
        if uid in units  # a unit newer than the analytics tables is not in them
        for place in dict.fromkeys(str(units[uid].get("path", "")).split("/"))
        if place in wanted
    ]
    frame = pl.DataFrame(pairs, schema={"unit": pl.Int32, "ou": pl.String}, orient="row")
    if axis is None or axis.is_filter:
        return frame.select("unit", ou=pl.lit("")).unique()
    return frame


def _data(operand: Operand, *, skip_rounding: bool) -> pl.Expr:
    return _text(pl.col(str(operand)), whole=True, decimals=_decimals(None, skip_rounding))


def _indicator(
    metadata: Metadata,
    uid: str,
    numerator: Expression,
    denominator: Expression,
    days: pl.Expr,
    *,
    skip_rounding: bool,
) -> pl.Expr:
    indicator = metadata.collections["indicators"][uid]
    kind = metadata.resolve("indicatorType", indicator.get("indicatorType")) or {}
    factor = kind.get("factor", 1)
    above, below = (part.compile(lambda operand: pl.col(str(operand))) for part in (numerator, denominator))
    value = above / pl.when(below != 0).then(below) * (factor if isinstance(factor, int | float) else 1)
    if indicator.get("annualized"):
        value = value * 365 / days
    wanted = indicator.get("decimals")
    return _text(value, whole=wanted == 0, decimals=_decimals(wanted, skip_rounding))


def _decimals(wanted: object, skip_rounding: bool) -> int:
    if skip_rounding:
        return 10
    return wanted if isinstance(wanted, int) else 2


def _text(value: pl.Expr, *, whole: bool, decimals: int) -> pl.Expr:
    """Round half up, as of the decimal number one reads, and write as the server does.

    Args:
        whole: Whether a whole number is written without a point.
    """
    units = (value.abs() * 10**decimals).round(max(9 - decimals, 0))
    digits = (units + 0.5).floor().cast(pl.Int128).cast(pl.String).str.zfill(decimals + 1)  # no float can blur these
    before = digits.str.head(-decimals) if decimals else digits
    after = (digits.str.tail(decimals) if decimals else pl.lit("")).str.strip_chars_end("0")
    negative = (value < 0) & (digits.str.strip_chars("0") != "")
    text = pl.concat_str(pl.when(negative).then(pl.lit("-")).otherwise(pl.lit("")), before, pl.lit("."), after)
    return text.str.strip_chars_end(".") if whole else pl.when(after == "").then(text + "0").otherwise(text)
