"""Adds up the values of the analytics tables along the dimensions of a request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from prefect_patterns.analytics.expressions import Expression, Modifiers, Operand
from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.analytics.aggregation import BY_TIME, LATEST, PER_PERIOD, statistics
from prefect_patterns.sandbox.dhis2.analytics.axes import Axis
from prefect_patterns.sandbox.dhis2.analytics.criteria import Criterion, holds
from prefect_patterns.sandbox.dhis2.analytics.spans import Span, union
from prefect_patterns.sandbox.dhis2.analytics.tables import Tables
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Cell

__all__ = ["Cube", "Selection"]

_PLAIN = Modifiers()
_OF_CELLS = ("CATEGORY_OPTION_COMBO", "ATTRIBUTE_OPTION_COMBO", "CATEGORY", "DATA_ELEMENT_GROUP_SET")


@dataclass(frozen=True, slots=True)
class Selection:
    """The values behind one item of a result.

    Args:
        item: Under which name the result has them.
        cells: Indexes into `Values.cells`.
        aggregation: How they are put together, as `SUM`.
        modifiers: What an expression asks of them besides.
        expression: Computed for each unit and period before they are put together, None for the values themselves.
        operands: The cells of each operand of *expression*.
    """

    item: str
    cells: tuple[int, ...]
    aggregation: str
    modifiers: Modifiers = _PLAIN
    expression: Expression | None = None
    operands: tuple[tuple[Operand, tuple[int, ...]], ...] = ()


class Cube:
    """The tables under the dimensions and filters of one request.

    Args:
        tables: The values.
        axes: The request's, without `dx`.
        spans: Its periods.
        by_period: Whether they are a dimension; else they are one filter.
        criteria: What a value must fulfil to count at all.
    """

    def __init__(
        self,
        tables: Tables,
        axes: Sequence[Axis],
        spans: Sequence[Span],
        *,
        by_period: bool,
        criteria: Sequence[Criterion] = (),
    ) -> None:
        self.tables = tables
        self.by_period = by_period
        self.spans = tuple(spans) if by_period else union(spans)
        self.keys = tuple(each.name for each in axes if not each.is_filter and each.name != "dx")
        self._criteria = tuple(criteria)
        self._axes = tuple(axes)
        self.units = self._units()
        self._placed = self.units.drop_nulls("unit").select("unit", *self.unit_keys).unique()
        self._cells = self._cell_keys()

    @property
    def unit_keys(self) -> tuple[str, ...]:
        """The columns that an organisation unit decides."""
        return tuple(
            each.name
            for each in self._axes
            if not each.is_filter and (each.name == "ou" or each.type == "ORGANISATION_UNIT_GROUP_SET")
        )

    def values(self, selections: Iterable[Selection]) -> pl.DataFrame:
        """Return a row for each item and combination of keys that has values: `item`, the keys, `value`."""
        ordered = sorted(selections, key=lambda each: (str(each.modifiers), each.aggregation))
        parts = [pl.DataFrame(schema={"item": pl.String, **dict.fromkeys(self.keys, pl.String), "value": pl.Float64})]
        for (modifiers, aggregation), group in groupby(ordered, key=lambda each: (each.modifiers, each.aggregation)):
            parts.append(self._aggregated(list(group), modifiers, aggregation))
        return pl.concat([part.select("item", *self.keys, "value") for part in parts])

    def raw(self, period: Period, wanted: pl.DataFrame) -> pl.DataFrame:
        """Return the single values of a period: those of the cells in *wanted*, with its columns and all keys."""
        return self._frame(period).join(wanted.join(self._cells, on="cell"), on="cell").join(self._placed, on="unit")

    def shifted(self, modifiers: Modifiers) -> Iterator[tuple[str, Span]]:
        """Yield each period of the result with the days that *modifiers* make of it."""
        for span in self.spans:
            other = span.shifted(modifiers.period_offset)
            if other is not None:
                yield span.id, other.year_to_date() if modifiers.year_to_date else other

    def _frame(self, period: Period) -> pl.DataFrame:
        frame = self.tables.values.frame(period).with_columns(pl.col("value").cast(pl.Float64))
        return frame.filter(holds(pl.col("value"), self._criteria)) if self._criteria else frame

    def _aggregated(self, selections: list[Selection], modifiers: Modifiers, aggregation: str) -> pl.DataFrame:
        own = [key for key in self.keys if key != "pe"]
        spans = self._base_periods(selections, modifiers, aggregation)
        wanted = pl.DataFrame(
            [(each.item, cell) for each in selections if each.expression is None for cell in each.cells],
            schema={"item": pl.String, "cell": pl.Int32},
            orient="row",
        ).join(self._cells, on="cell")
        computed = [each for each in selections if each.expression is not None]
        facts = [
            self._facts(wanted, computed, number).with_columns(base=pl.lit(number, pl.Int32))
            for number in spans["base"].unique().sort()
        ]
        if not facts:
            return pl.DataFrame(schema={"item": pl.String, **dict.fromkeys(self.keys, pl.String), "value": pl.Float64})
        groups = ["item", *([*own, "pe"] if self.by_period else own)]
        if aggregation in LATEST:
            return LATEST[aggregation].aggregate(pl.concat(facts).join(spans, on="base"), groups)
        partial = [each.group_by("item", *own, "base").agg(*statistics()) for each in facts]
        return pl.concat(partial).join(spans, on="base").group_by(groups).agg(value=PER_PERIOD[aggregation])

    def _base_periods(self, selections: list[Selection], modifiers: Modifiers, aggregation: str) -> pl.DataFrame:
        """Return which periods of the data lie in which of the result, with their weights in an average over time."""
        tables = self.tables
        numbers = {period: number for number, period in enumerate(tables.periods)}
        types = {tables.values.cells[cell].type for each in selections for cell in each.cells}
        days = sum(span.days for span in self.spans)
        rows: list[tuple[int, str, float]] = []
        for type_ in sorted(types):
            base = [
                period
                for period in tables.of_type(type_)
                if (modifiers.min_date is None or period.start >= modifiers.min_date)
                and (modifiers.max_date is None or period.end <= modifiers.max_date)
            ]
            for name, span in self.shifted(modifiers):
                share = 1.0 if self.by_period else span.days / days
                if aggregation in BY_TIME:
                    found = [(period, weight * share) for period, weight in span.weighted(base)]
                elif aggregation in LATEST:
                    found = [(period, 1.0) for period in LATEST[aggregation].reached(span, base)]
                else:
                    found = [(period, 1.0) for period in span.inside(base)]
                rows += [(numbers[period], name if self.by_period else "", weight) for period, weight in found]
        frame = pl.DataFrame(rows, schema={"base": pl.Int32, "pe": pl.String, "weight": pl.Float64}, orient="row")
        return frame if self.by_period else frame.group_by("base", "pe").agg(pl.col("weight").sum())

    def _facts(self, wanted: pl.DataFrame, computed: Sequence[Selection], number: int) -> pl.DataFrame:
        """Return the values of a period of the data: `item`, the keys, `unit`, `cell`, `value`."""
        frame = self._frame(self.tables.periods[number])
        found = [frame.join(wanted, on="cell")]
        found += [self._computed(frame, each).select(found[0].columns) for each in computed]
        return pl.concat(found).join(self._placed, on="unit")

    def _computed(self, frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
        """Return what an expression makes of the values of each unit."""
        assert selection.expression is not None  # noqa: S101
        own = [name for name in self._cells.columns if name != "cell"]
        names = {operand: f"#{place}" for place, (operand, _) in enumerate(selection.operands)}
        wide = (
            frame.join(self._cells, on="cell")
            .group_by("unit", *own)
            .agg(
                pl.when(pl.col("cell").is_in(cells).any())
                .then(pl.col("value").filter(pl.col("cell").is_in(cells)).sum())
                .alias(names[operand])
                for operand, cells in selection.operands
            )
        )
        value = selection.expression.compile(lambda item: pl.col(names[item]), self.tables.constants)
        return wide.select(
            "unit", *own, item=pl.lit(selection.item), cell=pl.lit(-1, pl.Int32), value=value
        ).drop_nulls("value")

    def _units(self) -> pl.DataFrame:
        """Return which unit counts under which keys of the result."""
        tree = self.tables.tree
        ou = next((axis for axis in self._axes if axis.name == "ou"), None)
        frame = self.tables.units
        if ou is not None:
            items = pl.DataFrame({"ou": ou.items}, schema={"ou": pl.String})
            inside = tree.select("uid", ou="place").join(items, on="ou")
            frame = frame.join(inside.select("uid").unique() if ou.is_filter else inside, on="uid")
        for axis in self._axes:
            if axis.type == "ORGANISATION_UNIT_GROUP_SET":
                group_set = self.tables.metadata.collections["organisationUnitGroupSets"][axis.name]
                below = bool(group_set.get("includeSubhierarchyInAnalytics"))
                members = self.tables.members(axis.items, below=below).rename({"group": axis.name})
                frame = frame.join(members.select("uid").unique() if axis.is_filter else members, on="uid")
        return frame

    def _cell_keys(self) -> pl.DataFrame:
        """Return which cell counts under which keys of the result."""
        axes = [axis for axis in self._axes if axis.type in _OF_CELLS]
        columns = [axis.name for axis in axes if not axis.is_filter]
        rows: list[tuple[int | str, ...]] = []
        for number, cell in enumerate(self.tables.values.cells):
            found: list[tuple[int | str, ...]] = [(number,)]
            for axis in axes:
                items = self._items(axis, cell)
                if axis.is_filter:
                    found = found if items else []
                else:
                    found = [(*row, item) for row in found for item in items]
            rows += found
        return pl.DataFrame(rows, schema={"cell": pl.Int32, **dict.fromkeys(columns, pl.String)}, orient="row")

    def _items(self, axis: Axis, cell: Cell) -> list[str]:
        if axis.name == "co":
            return [cell.combo]
        if axis.name == "ao":
            return [DEFAULT_COMBO]
        collections: Mapping[str, Mapping[str, Mapping[str, object]]] = self.tables.metadata.collections
        if axis.type == "CATEGORY":
            options = collections["categoryOptionCombos"].get(cell.combo, {}).get("categoryOptions", [])
            uids = {str(option["id"]) for option in options} if isinstance(options, list) else set()
            return [item for item in axis.items if item in uids]
        groups = collections["dataElementGroups"]
        return [item for item in axis.items if {"id": cell.data_element} in _references(groups[item])]


def _references(group: Mapping[str, object]) -> list[dict[str, str]]:
    listed = group.get("dataElements", [])
    return [{"id": str(each["id"])} for each in listed] if isinstance(listed, list) else []
