"""What data from DHIS2 must fulfil before it goes into a warehouse: eleven rules over units, indicators and values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from prefect_patterns.analytics import resolve
from prefect_patterns.dhis2.frames import operands
from prefect_patterns.dhis2.snapshot import Snapshot
from prefect_patterns.quality import Checked, ForeignKey, NotNull, Range, Unique, check, light, score
from prefect_patterns.report.text import Format, counted

__all__ = ["CELL", "MOST_LOST", "Verdict", "check_snapshot", "check_values"]

CELL = ("data_element", "period", "org_unit", "category_option_combo", "attribute_option_combo")
"""The columns that make one data value: DHIS2 stores at most one value for each combination."""

MOST_LOST = 0.1
"""The largest share of the units or of the values that may be set aside before the light is red."""

_MODELLED = ("org units", "values")  # what the star schema is made of


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
        Range("value", low=0, high=highest, name=f"value in 0 to {highest:,.10g}"),
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
        """The light of the score; red at once when too much is set aside, whatever the score."""
        return "red" if self.lost else light(self.score)

    @property
    def lost(self) -> list[str]:
        """What is red whatever the score: no units or values at all, or more than `MOST_LOST` of them set aside."""
        counts = [
            (name, self.checks[name].failures.height, self.rows(name)) for name in _MODELLED if name in self.checks
        ]
        return [
            f"{Format(0, '%')(100 * aside / rows)} of the {name} set aside" if rows else f"there are no {name}"
            for name, aside, rows in counts
            if aside > MOST_LOST * rows or not rows
        ]

    def rows(self, name: str) -> int:
        """Return how many rows the check *name* has seen."""
        return self.checks[name].valid.height + self.checks[name].failures.height

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
        reasons = counted(aside["reasons"].explode().n_unique(), "reason")
        said = f"{counted(aside.height, 'row')} set aside ({reasons})" if aside.height else "no row set aside"
        return "; ".join([held, said, *self.lost])

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
