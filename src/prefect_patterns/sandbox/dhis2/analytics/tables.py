"""The analytics tables: the values that the last analytics job put into them, and the tree over which they add up."""

from collections.abc import Iterable
from datetime import date
from functools import cached_property

import polars as pl

from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.values import Values

__all__ = ["Tables"]


class Tables:
    """What analytics reads.

    Args:
        metadata: The server's objects.
        values: The data values.
        until: The first day whose month or year is not in the tables yet; None when all are.
    """

    def __init__(self, metadata: Metadata, values: Values, *, until: date | None = None) -> None:
        self.metadata = metadata
        self.values = values
        self.months = self._in_tables(values.months, until)
        self.years = self._in_tables(values.years, until)
        self.periods = (*self.months, *self.years)

    @cached_property
    def tree(self) -> pl.DataFrame:
        """One row for each organisation unit and each above it, itself included, with its number among the values'.

        A unit that the metadata do not have is not there: it is newer than the tables.
        """
        units = self.metadata.collections["organisationUnits"]
        numbers = pl.DataFrame(
            {"uid": self.values.units, "unit": range(len(self.values.units))},
            schema={"uid": pl.String, "unit": pl.Int32},
        )
        frame = pl.DataFrame(
            {
                "uid": list(units),
                "place": [str(unit.get("path", "")).strip("/").split("/") for unit in units.values()],
                "opened": [str(unit.get("openingDate", ""))[:10] or None for unit in units.values()],
                "closed": [str(unit.get("closedDate", ""))[:10] or None for unit in units.values()],
            },
            schema={"uid": pl.String, "place": pl.List(pl.String), "opened": pl.String, "closed": pl.String},
        )
        return frame.join(numbers, on="uid", how="left").explode("place", empty_as_null=False).unique()

    @cached_property
    def units(self) -> pl.DataFrame:
        """One row for each organisation unit: `uid`, `unit`, and the days `opened` and `closed`."""
        return self.tree.drop("place").unique()

    @cached_property
    def constants(self) -> dict[str, float]:
        """The value of each constant, by uid."""
        found = self.metadata.collections.get("constants", {})
        return {uid: float(each["value"]) for uid, each in found.items()}

    def members(self, groups: Iterable[str], *, below: bool = False) -> pl.DataFrame:
        """Return the units of organisation unit groups, and on request those below them: `uid`, `group`."""
        found = self.metadata.collections["organisationUnitGroups"]
        pairs = [
            (str(unit["id"]), group)
            for group in groups
            if group in found
            for unit in found[group].get("organisationUnits", [])
        ]
        members = pl.DataFrame(pairs, schema={"uid": pl.String, "group": pl.String}, orient="row").unique()
        if not below:
            return members
        return (
            self.tree.select("uid", "place").join(members.rename({"uid": "place"}), on="place").drop("place").unique()
        )

    def of_type(self, type_: str) -> tuple[Period, ...]:
        """Return the periods of the data with this type."""
        return {"Monthly": self.months, "Yearly": self.years}.get(type_, ())

    @staticmethod
    def _in_tables(periods: tuple[Period, ...], until: date | None) -> tuple[Period, ...]:
        return tuple(each for each in periods if until is None or each.start < until)
