"""What data from DHIS2 must fulfil before it goes into a warehouse: eleven rules over units, indicators and values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from prefect_patterns.analytics import resolve
from prefect_patterns.dhis2.frames import operands
from prefect_patterns.dhis2.snapshot import Snapshot
from prefect_patterns.quality import Checked, ForeignKey, NotNull, Range, Unique, check, light, score

__all__ = ["CELL", "Verdict", "check_snapshot", "check_values"]

CELL = ("data_element", "period", "org_unit", "category_option_combo", "attribute_option_combo")
"""The columns that make one data value: DHIS2 stores at most one value for each combination."""


def check_snapshot(known: Snapshot) -> "Verdict":
    """Check that units hang below a root, and that indicators and data sets name data elements that exist.

    The units that pass carry depth, root and path; those that fail also the problem that their place in the tree has.
    """
    distinct = check(known.org_units, [Unique("id", name="org unit id unique")])
    tree_rules = [NotNull("name", name="org unit has a name"), NotNull("depth", name="org unit reaches the root")]
    elements = known.data_elements
    operand = ForeignKey("data_element", elements, "id", name="indicator operand known")
    member = ForeignKey("data_element", elements, "id", name="data set member known")
    return Verdict(
        {
            "org unit ids": distinct,
            "org units": check(resolve(distinct.valid, level="level"), tree_rules),
            "indicators": check(operands(known.indicators)[0], [operand]),
            "data sets": check(known.data_set_elements, [member]),
        }
    )


def check_values(values: pl.DataFrame, known: Snapshot, *, highest: float) -> Checked[pl.DataFrame]:
    """Check that values are numbers in range, at most one a cell, and belong to things that exist.

    Args:
        values: Columns of `CELL` and value, a number; what was no number in DHIS2 is null.
        highest: The highest value that one facility can report for one month.
    """
    rules = [
        NotNull("value", name="value is a number"),
        Range("value", low=0, high=highest, name=f"value in 0 to {highest:,.0f}"),
        Unique(CELL, name="one value per cell"),
        ForeignKey("org_unit", known.org_units, "id", name="org unit known"),
        ForeignKey("data_element", known.data_elements, "id", name="data element known"),
        ForeignKey("category_option_combo", known.category_option_combos, "id", name="option combo known"),
    ]
    return check(values, rules)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Several checks as one: their results below each other, and the score over all of them."""

    checks: Mapping[str, Checked[pl.DataFrame]]

    def also(self, name: str, checked: Checked[pl.DataFrame]) -> "Verdict":
        """Return the verdict over one check more."""
        return Verdict({**self.checks, name: checked})

    @property
    def results(self) -> pl.DataFrame:
        """One row for each rule, with the name of what it checked in `data`."""
        return pl.concat([each.results.with_columns(pl.lit(name).alias("data")) for name, each in self.checks.items()])

    @property
    def score(self) -> float:
        """Summed weight of the rules that hold, of all."""
        return score(self.results)

    @property
    def light(self) -> Literal["green", "amber", "red"]:
        """Green, amber or red."""
        return light(self.score)

    @property
    def set_aside(self) -> pl.DataFrame:
        """Every row that failed: which data, its reasons, and the row itself as JSON."""
        columns: dict[str, pl.DataType] = {"data": pl.String(), "reasons": pl.List(pl.String), "row": pl.String()}
        parts = [
            each.failures.select(
                pl.lit(name).alias("data"),
                pl.col("_reasons").alias("reasons"),
                pl.struct(pl.exclude("_reasons")).struct.json_encode().alias("row"),
            )
            for name, each in self.checks.items()
        ]
        return pl.concat([pl.DataFrame(schema=columns), *parts])

    @property
    def failed_rules(self) -> int:
        """How many rules do not hold."""
        return int((~self.results["holds"]).sum())

    @property
    def sentence(self) -> str:
        """The verdict for people: `0.73: 8 of 11 rules hold; 412 rows set aside (3 reasons)`."""
        aside = self.set_aside
        rules = self.results.height
        held = f"{self.score:.2f}: {rules - self.failed_rules} of {rules} rules hold"
        if aside.is_empty():
            return f"{held}; no row set aside"
        reasons = aside["reasons"].explode().n_unique()
        return f"{held}; {aside.height:,} rows set aside ({reasons} {'reason' if reasons == 1 else 'reasons'})"

    @property
    def markdown(self) -> str:
        """The verdict as a heading and a table of rules; no data is in it, so nothing needs escaping."""
        rows = [
            f"| {row['rule']} | {row['data']} | {row['failing']:,} | {'yes' if row['holds'] else 'no'} |"
            for row in self.results.iter_rows(named=True)
        ]
        return "\n".join(
            [
                f"# {self.light} {self.sentence}",
                "",
                "| rule | data | failing | holds |",
                "|---|---|---:|---|",
                *rows,
                "",
            ]
        )
