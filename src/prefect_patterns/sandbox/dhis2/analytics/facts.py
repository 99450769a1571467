"""What an indicator's expression may ask of the period and the organisation unit at hand: `[days]`, `OUG{}`, …"""

from collections.abc import Mapping, Sequence

import polars as pl

from prefect_patterns.analytics.expressions import Fact, Modifiers, OrgUnitFact, OrgUnitGroup, PeriodFact
from prefect_patterns.analytics.periods import Period
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.analytics.axes import Axis
from prefect_patterns.sandbox.dhis2.analytics.cube import Cube
from prefect_patterns.sandbox.dhis2.analytics.spans import Span

__all__ = ["known_fact"]


def known_fact(cube: Cube, axes: Sequence[Axis], fact: Fact) -> pl.Expr:
    """Return *fact* as a column over the combinations of the cube's keys."""
    if isinstance(fact, PeriodFact):
        shifted = {
            name: _of_period(fact.name, span)
            for name, span in cube.shifted(Modifiers(period_offset=fact.period_offset))
        }
        return _looked_up(shifted, "pe", pl.Float64) if cube.by_period else pl.lit(sum(filter(None, shifted.values())))
    ou = next((axis for axis in axes if axis.name == "ou"), None)
    units = ou.items if ou is not None else ()
    by_unit = "ou" in cube.keys
    if isinstance(fact, OrgUnitGroup):
        counts = _counts(cube, fact.uid, units, by_unit=by_unit)
        return _looked_up(counts, "ou", pl.Float64) if by_unit else pl.lit(counts.get("", 0.0))
    assert isinstance(fact, OrgUnitFact)  # noqa: S101
    held = {uid: _holds(cube, fact, uid) for uid in units}
    return _looked_up(held, "ou", pl.Boolean) if by_unit else pl.lit(any(held.values()))


def _looked_up(values: Mapping[str, float | bool | None], key: str, dtype: type[pl.DataType]) -> pl.Expr:
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        return pl.lit(None, dtype)
    return pl.col(key).replace_strict(list(known), list(known.values()), default=None, return_dtype=dtype)


def _of_period(name: str, span: Span) -> float | None:
    if name == "days" or span.period is None:
        return float(span.days) if name == "days" else None
    before, after = _of_its_year(span.period, -1), _of_its_year(span.period, 1)
    return float(before + 1) if name == "periodInYear" else float(before + after + 1)


def _of_its_year(period: Period, step: int) -> int:
    """Return how many periods of the same type and year there are before or after *period*."""
    if period.type == "Yearly" or period.type.startswith("Financial"):
        return 0
    count, other = 0, period
    try:
        while (other := other.next(step)).iso[:4] == period.iso[:4]:
            count += 1
    except UsageError:
        pass
    return count


def _counts(cube: Cube, group: str, units: Sequence[str], *, by_unit: bool) -> dict[str, float]:
    members = cube.tables.members([group]).select("uid").unique()
    inside = cube.tables.tree.join(members, on="uid")
    if units:
        inside = inside.filter(pl.col("place").is_in(list(units)))
    if not by_unit:
        return {"": float(inside["uid"].n_unique())}
    counted = inside.group_by("place").agg(pl.col("uid").n_unique())
    return dict.fromkeys(units, 0.0) | {str(place): float(count) for place, count in counted.rows()}


def _holds(cube: Cube, fact: OrgUnitFact, uid: str) -> bool:
    unit = cube.tables.metadata.collections["organisationUnits"].get(uid, {})
    wanted = set(fact.uids)
    if fact.relation == "ancestor":
        return not wanted.isdisjoint(str(unit.get("path", "")).split("/"))
    listed = {"dataSet": "dataSets", "group": "organisationUnitGroups", "program": "programs"}[fact.relation]
    return not wanted.isdisjoint(str(each["id"]) for each in unit.get(listed, []))
