"""Which coverage indicators a server has, where coverage is worst, and the likely reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

__all__ = ["Indicator", "Rates", "not_found", "pick_indicators", "reporting", "worst_places"]

_FEW_REPORTS = 0.75
_FELL, _ROSE = 0.8, 1.25
_END = 3  # months at either end of a trend


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator that a report shows.

    Args:
        factor: What the quotient is multiplied by, such as 100 for a percentage.
        wanted: Whether it is what was asked for.

    >>> Indicator("a", "Deaths", factor=1000).unit, Indicator("b", "Penta 3 coverage", factor=100).is_coverage
    ('per 1,000', True)
    """

    id: str
    name: str
    factor: float | None = None
    wanted: bool = True

    @property
    def unit(self) -> str:
        """The unit of its values: a percent sign, `per 1,000` and the like, or nothing."""
        if self.factor == 100:
            return "%"
        return f"per {self.factor:,.0f}" if self.factor and self.factor > 1 else ""

    @property
    def is_coverage(self) -> bool:
        """Whether it is a percentage with `coverage` in its name."""
        return self.factor == 100 and "coverage" in self.name.lower()


@dataclass(frozen=True, slots=True)
class Rates:
    """What a server's analytics say of some indicators; frames have the columns dx, ou, pe and value.

    Args:
        indicators: The first is the one that is mapped.
        shapes: GeoJSON features of the areas.
        series: All indicators, month by month, for the whole country.
        areas: The first indicator over all months, by unit of the second level.
        places: The same by unit of the third level.
        places_by_month: The first indicator month by month, by unit of the third level.
    """

    indicators: Sequence[Indicator]
    shapes: Sequence[Mapping[str, object]]
    series: pl.DataFrame
    areas: pl.DataFrame
    places: pl.DataFrame
    places_by_month: pl.DataFrame


def pick_indicators(indicators: pl.DataFrame, wanted: str, *, most: int = 4) -> list[Indicator]:
    """Return the coverage indicators of a server, the one that is *wanted* first.

    A coverage indicator is a percentage (factor 100) with `coverage` in its name; *wanted* need not be one.

    Args:
        indicators: As `frames.indicators` gives it.
        wanted: An id, or a part of a name in any case.
        most: How many to return at the most.

    >>> frame = pl.DataFrame({"id": ["a", "b"], "name": ["BCG coverage", "Penta 3 coverage"], "factor": [100.0, 100.0]})
    >>> [each.name for each in pick_indicators(frame, "penta 3")]
    ['Penta 3 coverage', 'BCG coverage']
    """
    name = pl.col("name").fill_null("").str.to_lowercase()
    hit = ((pl.col("id") == wanted) | name.str.contains(wanted.lower(), literal=True)).fill_null(value=False)
    hit &= pl.lit(bool(wanted))
    covers = (pl.col("factor") == 100) & name.str.contains("coverage", literal=True)
    # Of several names that contain the wanted text the shortest is the closest.
    rows = (
        indicators.filter(pl.col("id").is_not_null() & (hit | covers))
        .sort(~hit, pl.col("id") != wanted, pl.when(hit).then(name.str.len_chars()).otherwise(0), name, "id")
        .select("id", pl.coalesce("name", "id"), "factor", hit.alias("wanted"))
    )
    chosen = [Indicator(*row) for row in rows.iter_rows()]
    first_hits = sum(each.wanted for each in chosen)
    # Further hits are neighbours of the wanted one, not what the reader asked to compare it with.
    return (chosen[:1] + chosen[max(first_hits, 1) :])[:most]


def not_found(indicators: Sequence[Indicator], wanted: object) -> str:
    """Return in words that the first of *indicators* is not what was *wanted*; nothing when it is, or there are none.

    >>> not_found([Indicator("b", "BCG coverage", wanted=False)], "Pneumo 3")
    "there is no indicator called 'Pneumo 3'; mapped is BCG coverage"
    """
    if not indicators or indicators[0].wanted:
        return ""
    return f"there is no indicator called {str(wanted)!r}; mapped is {indicators[0].name}"


def reporting(values: pl.DataFrame, tree: pl.DataFrame, *, level: int, months: Sequence[str]) -> pl.DataFrame:
    """Return for each unit of *level* the share of facility months with at least one value.

    A facility counts when it reported in at least one of the months.

    Args:
        values: Columns org_unit and period; those of other periods than *months* do not count.
        tree: Units with id and path, as `check_snapshot` gives them.
        months: The ISO months that were asked for.

    Returns:
        Columns ou and reported, from 0 to 1.
    """
    place = tree.select(org_unit="id", ou=pl.col("path").str.split("/").list.get(level, null_on_oob=True))
    asked = values.lazy().filter(pl.col("period").is_in(list(months)))
    seen = asked.select("org_unit", "period").unique().group_by("org_unit").agg(months=pl.len())
    return (
        seen.join(place.lazy(), on="org_unit")
        .drop_nulls("ou")
        .group_by("ou")
        .agg(reported=pl.col("months").sum() / (pl.len() * len(months)))
        .sort("ou")
        .collect()
    )


def worst_places(
    yearly: pl.DataFrame,
    monthly: pl.DataFrame,
    reported: pl.DataFrame,
    units: pl.DataFrame,
    *,
    months: Sequence[str],
    count: int = 10,
) -> pl.DataFrame:
    """Return the *count* units with the lowest value, worst first, each with its trend and the likely reason.

    Args:
        yearly: Columns ou and value: the indicator over the whole time.
        monthly: Columns ou, pe and value: the indicator month by month.
        reported: As `reporting` gives it.
        units: Columns id, name and parent.
        months: ISO months in order; a month without a value is a null in the trend.

    Returns:
        Columns place, within (the unit above), value, trend (one value a month), reported (percent) and reason.
    """
    worst = yearly.drop_nulls("value").sort("value", "ou").head(count)
    grid = worst.select("ou").join(pl.DataFrame({"pe": list(months)}, schema={"pe": pl.String}), how="cross")
    trend = (
        grid.join(monthly.select("ou", "pe", month="value"), on=["ou", "pe"], how="left", maintain_order="left")
        .group_by("ou", maintain_order=True)
        .agg(trend="month")
    )
    names = units.select("id", "name", "parent").unique("id", keep="first")
    return (
        worst.join(trend, on="ou", how="left", maintain_order="left")
        .join(reported, on="ou", how="left", maintain_order="left")
        .join(names, left_on="ou", right_on="id", how="left", maintain_order="left")
        .join(
            names.select("id", within=pl.coalesce("name", "id")),
            left_on="parent",
            right_on="id",
            how="left",
            maintain_order="left",
        )
        .select(
            place=pl.coalesce("name", "ou"),
            within="within",
            value="value",
            trend="trend",
            reported=pl.col("reported") * 100,
            reason=_reason(has_trend=len(months) >= 2 * _END),
        )
    )


def _reason(*, has_trend: bool) -> pl.Expr:
    early, late = (end.list.mean() for end in (pl.col("trend").list.head(_END), pl.col("trend").list.tail(_END)))
    compared = pl.lit(has_trend) & (early >= 0)  # a share of a negative number says nothing
    change = pl.format("from {} to {}", early.round(1), late.round(1))
    percent = (pl.col("reported") * 100).round(0).cast(pl.Int64)
    return (
        pl.when(pl.col("reported").is_null())
        .then(pl.lit("no usable values"))
        .when(pl.col("reported") < _FEW_REPORTS)
        .then(pl.format("only {}\N{NO-BREAK SPACE}% of facility months were reported", percent))
        .when(compared & (late < early * _FELL))
        .then(pl.format("fell {} between the first and the last three months", change))
        .when(compared & (late > early * _ROSE))
        .then(pl.format("low at first, rising {}", change))
        .otherwise(pl.lit("well reported, steadily low" if has_trend else "well reported, yet low"))
    )
