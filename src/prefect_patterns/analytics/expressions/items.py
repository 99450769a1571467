"""The items that an expression takes its data from, in DHIS2's notation and in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_patterns.analytics.expressions.model import Expression

__all__ = [
    "PLAIN",
    "DataElementGroup",
    "DataItem",
    "Indicator",
    "Item",
    "Modifiers",
    "Name",
    "Operand",
    "ProgramAttribute",
    "ProgramDataElement",
    "ProgramIndicator",
    "ReportingRate",
    "Sample",
    "SubExpression",
]

Name = Callable[[str], str]
"""Gives the name of an object, by its uid."""


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What `.periodOffset()` and its like ask of an item: other periods, another aggregation.

    Args:
        aggregation_type: Replaces the data element's own.
        min_date: Only values of periods that start on this day or later.
        max_date: Only values of periods that end on this day or earlier.
        period_offset: Number of periods to shift by; -1 is the period before.
        year_to_date: The sum from the start of the year up to and with the period.

    >>> str(Modifiers(period_offset=-1, aggregation_type="MAX"))
    '.aggregationType(MAX).periodOffset(-1)'
    """

    aggregation_type: str | None = None
    min_date: date | None = None
    max_date: date | None = None
    period_offset: int = 0
    year_to_date: bool = False

    def over(self, inner: "Modifiers") -> "Modifiers":
        """Return what holds for an item with *inner* inside brackets with these: offsets add up, else inner wins."""
        return Modifiers(
            inner.aggregation_type or self.aggregation_type,
            inner.min_date or self.min_date,
            inner.max_date or self.max_date,
            inner.period_offset + self.period_offset,
            inner.year_to_date or self.year_to_date,
        )

    def __str__(self) -> str:
        written = {
            "aggregationType": self.aggregation_type,
            "minDate": self.min_date,
            "maxDate": self.max_date,
            "periodOffset": self.period_offset or None,
            "yearToDate": "" if self.year_to_date else None,
        }
        return "".join(f".{name}({value})" for name, value in written.items() if value is not None)


PLAIN = Modifiers()
"""No modifier at all."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that the caller gives a value for; its text is DHIS2's notation."""

    def label(self, name: Name) -> str:
        """Return the item for people to read, with *name* in place of each uid."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class DataItem(Item):
    """An item whose value may be missing; then it counts as 0, unless all are."""

    modifiers: Modifiers = field(default=PLAIN, kw_only=True)


@dataclass(frozen=True, slots=True)
class Operand(DataItem):
    """The values of one data element: of one option combo, or in all (None).

    Args:
        category_options: Only of option combos that have each of these options.
        category_option_groups: Only of option combos that are in each of these groups.

    >>> str(Operand("fbfJHSPpUQD", attribute_option_combo="HllvX50cXC0"))
    '#{fbfJHSPpUQD.*.HllvX50cXC0}'
    """

    data_element: str
    category_option_combo: str | None = None
    attribute_option_combo: str | None = None
    category_options: tuple[str, ...] = field(default=(), kw_only=True)
    category_option_groups: tuple[str, ...] = field(default=(), kw_only=True)

    def label(self, name: Name) -> str:
        """Return the name of the data element, and in brackets those of what narrows it."""
        return _label(self, name(self.data_element), name)

    def __str__(self) -> str:
        return _notation(self, self.data_element)


@dataclass(frozen=True, slots=True)
class DataElementGroup(DataItem):
    """The values of all data elements of a group; the rest is as for `Operand`.

    >>> str(DataElementGroup("oDkJh5Ddh7d", category_options=("FbLZS3ueWbQ",)))
    '#{deGroup:oDkJh5Ddh7d.co:FbLZS3ueWbQ}'
    """

    group: str
    category_option_combo: str | None = None
    attribute_option_combo: str | None = None
    category_options: tuple[str, ...] = field(default=(), kw_only=True)
    category_option_groups: tuple[str, ...] = field(default=(), kw_only=True)

    def label(self, name: Name) -> str:
        """Return the name of the group, and in brackets those of what narrows it."""
        return _label(self, name(self.group), name)

    def __str__(self) -> str:
        return _notation(self, f"deGroup:{self.group}")


@dataclass(frozen=True, slots=True)
class ProgramDataElement(DataItem):
    """The values of a data element in a program."""

    program: str
    data_element: str

    def label(self, name: Name) -> str:
        """Return the name of the data element and, in brackets, that of the program."""
        return f"{name(self.data_element)} ({name(self.program)}){self.modifiers}"

    def __str__(self) -> str:
        return f"D{{{self.program}.{self.data_element}}}{self.modifiers}"


@dataclass(frozen=True, slots=True)
class ProgramAttribute(DataItem):
    """The values of a tracked entity attribute in a program."""

    program: str
    attribute: str

    def label(self, name: Name) -> str:
        """Return the name of the attribute and, in brackets, that of the program."""
        return f"{name(self.attribute)} ({name(self.program)}){self.modifiers}"

    def __str__(self) -> str:
        return f"A{{{self.program}.{self.attribute}}}{self.modifiers}"


@dataclass(frozen=True, slots=True)
class ProgramIndicator(DataItem):
    """The value of a program indicator."""

    uid: str

    def label(self, name: Name) -> str:
        """Return the name of the program indicator."""
        return f"{name(self.uid)}{self.modifiers}"

    def __str__(self) -> str:
        return f"I{{{self.uid}}}{self.modifiers}"


@dataclass(frozen=True, slots=True)
class Indicator(DataItem):
    """The value of another indicator."""

    uid: str

    def label(self, name: Name) -> str:
        """Return the name of the indicator."""
        return f"{name(self.uid)}{self.modifiers}"

    def __str__(self) -> str:
        return f"N{{{self.uid}}}{self.modifiers}"


@dataclass(frozen=True, slots=True)
class ReportingRate(DataItem):
    """A metric of how completely a data set was reported."""

    data_set: str
    metric: str

    def label(self, name: Name) -> str:
        """Return the name of the data set and, in brackets, the metric in words."""
        return f"{name(self.data_set)} ({self.metric.replace('_', ' ').lower()}){self.modifiers}"

    def __str__(self) -> str:
        return f"R{{{self.data_set}.{self.metric}}}{self.modifiers}"


@dataclass(frozen=True, slots=True)
class SubExpression(DataItem):
    """A part that the server computes for each value, before it aggregates."""

    expression: "Expression"

    def label(self, name: Name) -> str:
        """Return the part with names in it."""
        return f"subExpression({self.expression.written(lambda item: item.label(name))}){self.modifiers}"

    def __str__(self) -> str:
        return f"subExpression({self.expression}){self.modifiers}"


@dataclass(frozen=True, slots=True)
class Sample(DataItem):
    """A part that a predictor computes over its past periods: `avg`, `percentileCont` and so on."""

    function: str
    arguments: tuple["Expression", ...]

    def label(self, name: Name) -> str:
        """Return the part with names in it."""
        written = (each.written(lambda item: item.label(name)) for each in self.arguments)
        return f"{self.function}({', '.join(written)}){self.modifiers}"

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))}){self.modifiers}"


def _notation(item: Operand | DataElementGroup, subject: str) -> str:
    category = item.category_option_combo or "*"
    if item.category_options:
        category = f"co:{'&'.join(item.category_options)}"
    elif item.category_option_groups:
        category = f"coGroup:{'&'.join(item.category_option_groups)}"
    parts = [subject, category, item.attribute_option_combo or "*"]
    while parts[-1] == "*":
        parts.pop()
    return f"#{{{'.'.join(parts)}}}{item.modifiers}"


def _label(item: Operand | DataElementGroup, subject: str, name: Name) -> str:
    categories = (*item.category_options, *item.category_option_groups)
    if item.category_option_combo:
        categories = (item.category_option_combo,)
    details = [" and ".join(map(name, categories))] if categories else []
    if item.attribute_option_combo:
        details.append(name(item.attribute_option_combo))
    return subject + (f" ({'; '.join(details)})" if details else "") + str(item.modifiers)
