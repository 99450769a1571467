"""DHIS2's aggregation types: how the values of one item over units and periods become one number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import polars as pl

from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.analytics.spans import Span

__all__ = ["BY_TIME", "LATEST", "PER_PERIOD", "TYPES", "Latest", "statistics"]

_TEN_YEARS = timedelta(days=3652)
_N, _SUM = pl.col("count").sum(), pl.col("sum").sum()
_VARIANCE = (pl.col("squares").sum() - _SUM * _SUM / _N) / pl.when(_N > 1).then(_N - 1)


def statistics() -> tuple[pl.Expr, ...]:
    """Return what the aggregations below need to know of the values of one period."""
    value = pl.col("value")
    return (
        value.sum().alias("sum"),
        value.count().alias("count"),
        value.min().alias("min"),
        value.max().alias("max"),
        (value * value).sum().alias("squares"),
    )


PER_PERIOD: Mapping[str, pl.Expr] = MappingProxyType(
    {
        "SUM": _SUM,
        "AVERAGE_SUM_ORG_UNIT": (pl.col("sum") * pl.col("weight")).sum(),
        "AVERAGE": _SUM / _N,
        "COUNT": _N.cast(pl.Float64),
        "STDDEV": _VARIANCE.sqrt(),
        "VARIANCE": _VARIANCE,
        "MIN": pl.col("min").min(),
        "MAX": pl.col("max").max(),
        "MIN_SUM_ORG_UNIT": pl.col("sum").min(),
        "MAX_SUM_ORG_UNIT": pl.col("sum").max(),
    }
)
"""From the statistics of each period to the number."""

BY_TIME = frozenset({"AVERAGE", "AVERAGE_SUM_ORG_UNIT"})
"""Those that know a value for periods finer than the data's."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The aggregations that take one value of each organisation unit: its last or its first.

    Args:
        last: Whether the last one counts.
        within: Whether it must lie in the period; else the last one by the end of the period does.
        over_units: How the units' values become one number: `sum`, `mean`, or `one` for that of a single unit.
    """

    last: bool
    within: bool
    over_units: str

    def reached(self, span: Span, base: Sequence[Period]) -> list[Period]:
        """Return the periods of the data that a value may come from: as the server, none over ten years old."""
        if self.within:
            return span.inside(base)
        return [each for each in base if each.end <= span.last and each.start + _TEN_YEARS >= span.first]

    def aggregate(self, facts: pl.DataFrame, groups: Sequence[str]) -> pl.DataFrame:
        """Return the number of each group.

        Args:
            facts: With the columns `base`, which grows with time, `unit`, `cell` and `value`.
            groups: The columns of the result.
        """
        ordered = facts.sort("base", "unit", "cell", descending=[not self.last, False, False])
        each = ordered.group_by(*groups, "unit", "cell", maintain_order=True).agg(pl.col("base", "value").last())
        if self.over_units == "one":
            newest = pl.col("base").max() if self.last else pl.col("base").min()
            return each.group_by(groups).agg(value=pl.col("value").filter(pl.col("base") == newest).max())
        return each.group_by(groups).agg(
            value=pl.col("value").sum() if self.over_units == "sum" else pl.col("value").mean()
        )


LATEST: Mapping[str, Latest] = MappingProxyType(
    {
        "LAST": Latest(last=True, within=False, over_units="sum"),
        "LAST_AVERAGE_ORG_UNIT": Latest(last=True, within=False, over_units="mean"),
        "LAST_LAST_ORG_UNIT": Latest(last=True, within=False, over_units="one"),
        "LAST_IN_PERIOD": Latest(last=True, within=True, over_units="sum"),
        "LAST_IN_PERIOD_AVERAGE_ORG_UNIT": Latest(last=True, within=True, over_units="mean"),
        "FIRST": Latest(last=False, within=True, over_units="sum"),
        "FIRST_AVERAGE_ORG_UNIT": Latest(last=False, within=True, over_units="mean"),
        "FIRST_FIRST_ORG_UNIT": Latest(last=False, within=True, over_units="one"),
    }
)

TYPES = frozenset([*PER_PERIOD, *LATEST])
"""Every aggregation type whose numbers the sandbox computes."""
