"""What an expression asks of the server and of the period and the organisation unit at hand; it is always known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from prefect_patterns.analytics.expressions.items import Item, Modifiers, Name

__all__ = ["Constant", "Context", "Fact", "OrgUnitFact", "OrgUnitGroup", "PeriodFact"]


@dataclass(frozen=True, slots=True)
class Constant(Item):
    """A constant of the server, by its uid."""

    uid: str

    def label(self, name: Name) -> str:
        """Return the name of the constant."""
        return name(self.uid)

    def __str__(self) -> str:
        return f"C{{{self.uid}}}"


@dataclass(frozen=True, slots=True)
class Fact(Item):
    """An item of the period or the organisation unit at hand: `Context` knows it, or the caller's values."""


@dataclass(frozen=True, slots=True)
class PeriodFact(Fact):
    """A number of the period: its days, its place in the year, or how many of its type the year has.

    Args:
        period_offset: Number of periods to shift by; -1 is the period before.
    """

    name: Literal["days", "periodInYear", "yearlyPeriodCount"]
    period_offset: int = 0

    def label(self, name: Name) -> str:  # noqa: ARG002  # there is no uid in it
        """Return DHIS2's notation."""
        return str(self)

    def __str__(self) -> str:
        return f"[{self.name}]{Modifiers(period_offset=self.period_offset)}"


@dataclass(frozen=True, slots=True)
class OrgUnitGroup(Fact):
    """How many organisation units of a group are at hand."""

    uid: str

    def label(self, name: Name) -> str:
        """Return the name of the group."""
        return f"organisation units in {name(self.uid)}"

    def __str__(self) -> str:
        return f"OUG{{{self.uid}}}"


@dataclass(frozen=True, slots=True)
class OrgUnitFact(Fact):
    """Whether the organisation unit is below, is in, or reports for any of the objects with these uids."""

    relation: Literal["ancestor", "dataSet", "group", "program"]
    uids: tuple[str, ...]

    def label(self, name: Name) -> str:
        """Return the relation with the names of its objects."""
        return f"orgUnit.{self.relation}({', '.join(map(name, self.uids))})"

    def __str__(self) -> str:
        return f"orgUnit.{self.relation}({', '.join(self.uids)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of the period and the organisation unit at hand; None where it is not.

    Args:
        days: Length of the period in days, for `[days]`.
        period_in_year: 1 for the first period of its year, for `[periodInYear]`.
        yearly_period_count: How many periods of its type the year has, for `[yearlyPeriodCount]`.
        group_counts: Number of organisation units by uid of the group, for `OUG{}`.
        ancestors: Uids of the organisation units above and of the one itself, for `orgUnit.ancestor()`.
        data_sets: Uids of the data sets that the organisation unit reports.
        groups: Uids of the groups that it is in.
        programs: Uids of the programs that it takes part in.

    >>> Context(days=31).value(PeriodFact("days"))
    31.0
    """

    days: float | None = None
    period_in_year: float | None = None
    yearly_period_count: float | None = None
    group_counts: Mapping[str, float] | None = None
    ancestors: Collection[str] | None = None
    data_sets: Collection[str] | None = None
    groups: Collection[str] | None = None
    programs: Collection[str] | None = None

    def value(self, fact: Fact) -> float | bool | None:
        """Return the value of *fact*, None where it is not known here."""
        if isinstance(fact, OrgUnitFact):
            known = {
                "ancestor": self.ancestors,
                "dataSet": self.data_sets,
                "group": self.groups,
                "program": self.programs,
            }[fact.relation]
            return None if known is None else any(uid in known for uid in fact.uids)
        number: float | None = None
        if isinstance(fact, OrgUnitGroup):
            number = (self.group_counts or {}).get(fact.uid)
        elif isinstance(fact, PeriodFact) and not fact.period_offset:
            number = {
                "days": self.days,
                "periodInYear": self.period_in_year,
                "yearlyPeriodCount": self.yearly_period_count,
            }[fact.name]
        return None if number is None else float(number)
