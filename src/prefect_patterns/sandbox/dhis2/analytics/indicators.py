"""Indicators: what their expressions need, computed for all combinations of a request at once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from prefect_patterns.analytics.expressions import (
    Expression,
    Fact,
    Item,
    OrgUnitFact,
    OrgUnitGroup,
    PeriodFact,
    ReportingRate,
    parse,
)
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.analytics.axes import Axis
from prefect_patterns.sandbox.dhis2.analytics.cube import Cube
from prefect_patterns.sandbox.dhis2.analytics.facts import known_fact
from prefect_patterns.sandbox.dhis2.analytics.rates import reporting_rates
from prefect_patterns.sandbox.dhis2.analytics.refusals import refused
from prefect_patterns.sandbox.dhis2.analytics.selections import select
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO

__all__ = ["Formula", "indicator_values", "read_formula"]

_NESTED = re.compile(r"N\{\s*([A-Za-z][A-Za-z0-9]{10})\s*\}")
_MOST_COMBINATIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class Formula:
    """An indicator, ready to be computed.

    Args:
        uid: The indicator's.
        numerator: Its expression, nested indicators written out.
        denominator: Likewise.
        factor: What the ratio is multiplied by.
        annualized: Whether it is scaled up to a year.
        decimals: To which it is rounded; None for the server's default.
    """

    uid: str
    numerator: Expression
    denominator: Expression
    factor: float
    annualized: bool
    decimals: int | None

    @property
    def items(self) -> tuple[Item, ...]:
        """What both expressions need."""
        return tuple(dict.fromkeys((*self.numerator.items, *self.denominator.items)))

    def needs_no_data(self, constants: Mapping[str, float]) -> bool:
        """Say whether there may be a value where all data are missing."""
        facts: dict[Item, float | None] = {item: 1.0 for item in self.items if isinstance(item, Fact)}
        return all(part.evaluate(facts, constants) is not None for part in (self.numerator, self.denominator))


def read_formula(metadata: Metadata, uid: str) -> Formula:
    """Return the formula of an indicator.

    Raises:
        Refusal: An expression cannot be read, or an indicator contains itself (E7116).
    """
    indicator = metadata.collections["indicators"][uid]
    decimals = indicator.get("decimals")
    try:
        above, below = (parse(_written_out(metadata, uid, side, ())) for side in ("numerator", "denominator"))
    except UsageError as error:
        raise Refusal(409, f"Invalid indicator expression: {error.what}") from None
    return Formula(
        uid,
        above,
        below,
        _factor(metadata, uid),
        bool(indicator.get("annualized")),
        decimals if isinstance(decimals, int) and not isinstance(decimals, bool) else None,
    )


def indicator_values(
    cube: Cube, axes: Sequence[Axis], formulas: Sequence[Formula], aggregation: str | None
) -> pl.DataFrame:
    """Return a row for each indicator and combination of keys that has a value.

    The columns are `item`, the keys, `value`, `numerator`, `denominator`, `factor`, `multiplier` and `divisor`.

    Args:
        cube: The values under the request's dimensions.
        axes: The request's.
        formulas: The indicators.
        aggregation: Replaces the data elements' own aggregation types.

    Raises:
        Refusal: A period offset where the period is a filter (E7152), or an expression that cannot be computed.
    """
    items = tuple(dict.fromkeys(item for each in formulas for item in each.items))
    data = [item for item in items if hasattr(item, "modifiers")]
    offsets = [item for item in items if isinstance(item, PeriodFact) and item.period_offset]
    if not cube.by_period and (offsets or any(item.modifiers.period_offset for item in data)):
        raise refused("E7152")
    selections = [each for item in data for each in select(cube.tables, item, aggregation)]
    rates = [item for item in data if isinstance(item, ReportingRate)]
    long = pl.concat([cube.values(selections), reporting_rates(cube, rates).select("item", *cube.keys, "value")])
    names = {item: f"#{place}" for place, item in enumerate(items)}
    wide = _wide(long, cube.keys, {str(item): names[item] for item in data})
    constants = cube.tables.constants
    try:
        if any(each.needs_no_data(constants) for each in formulas):
            wide = _every_combination(cube, axes).join(wide, on=list(cube.keys), how="left") if cube.keys else wide
        column = partial(_column, cube, axes, names)
        parts = [_computed(cube, each, wide, column, constants) for each in formulas]
    except UsageError as error:
        raise Refusal(409, f"Invalid indicator expression: {error.what}") from None
    return pl.concat(parts)


def _computed(
    cube: Cube, each: Formula, wide: pl.DataFrame, column: Callable[[Item], pl.Expr], constants: Mapping[str, float]
) -> pl.DataFrame:
    above, below = (part.compile(column, constants) for part in (each.numerator, each.denominator))
    days = known_fact(cube, (), PeriodFact("days")) if each.annualized else pl.lit(1.0)
    multiplier = each.factor * 365 if each.annualized else each.factor
    return (
        wide.select(*cube.keys, numerator=above, denominator=below, divisor=days.cast(pl.Float64))
        .filter(pl.col("numerator").is_not_null() & (pl.col("denominator") != 0) & pl.col("divisor").is_not_null())
        .with_columns(multiplier=pl.lit(multiplier), item=pl.lit(each.uid))
        .with_columns(factor=pl.col("multiplier") / pl.col("divisor"))
        .with_columns(value=pl.col("numerator") / pl.col("denominator") * each.factor * _scale(each))
        .select("item", *cube.keys, "value", "numerator", "denominator", "factor", "multiplier", "divisor")
    )


def _scale(each: Formula) -> pl.Expr:
    return pl.lit(365.0) / pl.col("divisor") if each.annualized else pl.lit(1.0)


def _column(cube: Cube, axes: Sequence[Axis], names: Mapping[Item, str], item: Item) -> pl.Expr:
    if isinstance(item, PeriodFact | OrgUnitGroup | OrgUnitFact):
        return known_fact(cube, axes, item)
    return pl.col(names[item])


def _wide(long: pl.DataFrame, keys: Sequence[str], names: Mapping[str, str]) -> pl.DataFrame:
    columns = [
        pl.when((pl.col("item") == item).any()).then(pl.col("value").filter(pl.col("item") == item).sum()).alias(name)
        for item, name in names.items()
    ]
    return long.group_by(keys).agg(columns) if keys else long.select(pl.lit(0).alias("#"), *columns)


def _every_combination(cube: Cube, axes: Iterable[Axis]) -> pl.DataFrame:
    frame = pl.DataFrame({"": [0]})
    for axis in axes:
        if axis.name in cube.keys:
            combos = {"co": [cell.combo for cell in cube.tables.values.cells], "ao": [DEFAULT_COMBO]}
            items = combos.get(axis.name, list(axis.items))
            frame = frame.join(pl.DataFrame({axis.name: items}, schema={axis.name: pl.String}).unique(), how="cross")
            if frame.height > _MOST_COMBINATIONS:
                raise refused("E7128", _MOST_COMBINATIONS)
    return frame.select(cube.keys)


def _factor(metadata: Metadata, uid: str) -> float:
    indicator = metadata.collections["indicators"][uid]
    kind = metadata.resolve("indicatorType", indicator.get("indicatorType")) or {}
    factor = kind.get("factor", 1)
    return float(factor) if isinstance(factor, int | float) else 1.0


def _written_out(metadata: Metadata, uid: str, side: str, outer: tuple[str, ...]) -> str:
    """Return an indicator's expression with the nested indicators in place of their `N{}`."""
    if uid in outer:
        raise refused("E7116", f"[{', '.join((*outer, uid))}]")
    indicator = metadata.collections["indicators"].get(uid)
    if indicator is None:
        raise Refusal(409, f"Invalid indicator expression: it names the indicator {uid}, which does not exist")

    def inside(match: re.Match[str]) -> str:
        inner = match[1]
        above, below = (_written_out(metadata, inner, part, (*outer, uid)) for part in ("numerator", "denominator"))
        return f"(({above})*{_factor(metadata, inner):.12g}/({below}))"

    text = _NESTED.sub(inside, str(indicator.get(side, "")))
    if len(text) > 100_000:
        raise Refusal(409, "Invalid indicator expression: with its nested indicators it is too long")
    return text
