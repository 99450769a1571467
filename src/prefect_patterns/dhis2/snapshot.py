"""The metadata that a pipeline needs, fetched once and kept as frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from prefect_patterns.dhis2 import frames
from prefect_patterns.dhis2.frames import Row

__all__ = ["ENDPOINTS", "Snapshot"]

ENDPOINTS: Mapping[str, str] = {
    "organisationUnits": "id,code,name,level,parent[id],openingDate,closedDate",
    "organisationUnitLevels": "id,level,name",
    "dataElements": "id,code,name,valueType,aggregationType,categoryCombo[id]",
    "dataSets": "id,code,name,periodType,dataSetElements[dataElement[id]]",
    "categoryOptionCombos": "id,code,name,categoryCombo[id]",
    "indicators": "id,name,numerator,denominator,annualized,indicatorType[factor]",
}
"""The lists to fetch, and the fields of each."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Metadata as frames, each as the function of its name in `dhis2.frames` gives it."""

    org_units: pl.DataFrame
    level_names: Mapping[int, str]
    data_elements: pl.DataFrame
    data_sets: pl.DataFrame
    data_set_elements: pl.DataFrame
    category_option_combos: pl.DataFrame
    indicators: pl.DataFrame

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]]) -> "Snapshot":
        """Return the snapshot of *rows*, which has the list of each of the `ENDPOINTS`."""
        return cls(
            org_units=frames.org_units(rows["organisationUnits"]),
            level_names=frames.level_names(rows["organisationUnitLevels"]),
            data_elements=frames.data_elements(rows["dataElements"]),
            data_sets=frames.data_sets(rows["dataSets"]),
            data_set_elements=frames.data_set_elements(rows["dataSets"]),
            category_option_combos=frames.category_option_combos(rows["categoryOptionCombos"]),
            indicators=frames.indicators(rows["indicators"]),
        )

    @property
    def roots(self) -> list[str]:
        """The units at the top: of level 1, or without a parent where the server gives no levels."""
        units = self.org_units
        top = units.filter(pl.col("level") == 1)
        return (top if top.height else units.filter(pl.col("parent").is_null()))["id"].to_list()

    @property
    def monthly_data_sets(self) -> list[str]:
        """The data sets that are reported by month, or that do not say how."""
        monthly = pl.col("period_type").is_null() | (pl.col("period_type") == "Monthly")
        return self.data_sets.filter(monthly).sort("id")["id"].to_list()

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of what people count."""
        return {
            "org units": self.org_units.height,
            "data elements": self.data_elements.height,
            "data sets": self.data_sets.height,
        }

    def level(self, number: int) -> str:
        """Return what a query calls a level, or nothing where no unit is on it: a server refuses that one."""
        return f"LEVEL-{number}" if (self.org_units["level"] == number).any() else ""

    def level_name(self, level: int) -> str:
        """Return what the units of *level* are called."""
        return self.level_names.get(level, f"Level {level}")

    def names(self, level: int) -> dict[str, str]:
        """Return the names of the units of *level* by their id."""
        units = self.org_units.filter(pl.col("level") == level).select("id", pl.coalesce("name", "id"))
        return dict(units.iter_rows())
