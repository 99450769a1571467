"""The items of the dimension `dx`: data elements, operands, indicators and reporting rates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prefect_patterns.analytics.expressions import Operand, ReportingRate
from prefect_patterns.sandbox.dhis2.metadata import Metadata

__all__ = ["METRICS", "DataItems", "read_data_items"]

METRICS: Mapping[str, str] = {
    "REPORTING_RATE": "Reporting rate",
    "REPORTING_RATE_ON_TIME": "Reporting rate on time",
    "ACTUAL_REPORTS": "Actual reports",
    "ACTUAL_REPORTS_ON_TIME": "Actual reports on time",
    "EXPECTED_REPORTS": "Expected reports",
}
"""What can be asked of a data set's reports, and how the server names it."""

_NUMBERS = frozenset(
    [
        "NUMBER",
        "INTEGER",
        "INTEGER_POSITIVE",
        "INTEGER_NEGATIVE",
        "INTEGER_ZERO_OR_POSITIVE",
        "PERCENTAGE",
        "UNIT_INTERVAL",
        "BOOLEAN",
        "TRUE_ONLY",
    ]
)


@dataclass(frozen=True, slots=True)
class DataItems:
    """The items by kind, each by the id that the answer shows.

    Args:
        ids: Of all items, in the order of the request.
        elements: Data elements, in all their option combos.
        operands: Data elements in one option combo.
        indicators: Their uids.
        rates: Reporting rates and counts.
    """

    ids: tuple[str, ...]
    elements: Mapping[str, Operand]
    operands: Mapping[str, Operand]
    indicators: tuple[str, ...]
    rates: Mapping[str, ReportingRate]

    def not_aggregatable(self, metadata: Metadata) -> list[str]:
        """Return the uids of the data elements whose values cannot be added up, counted or averaged."""
        uids = dict.fromkeys(each.data_element for each in (*self.elements.values(), *self.operands.values()))
        return [uid for uid in uids if not _aggregatable(metadata, uid)]

    def without_total(self, metadata: Metadata) -> list[str]:
        """Return the data elements whose category combo says that its option combos have no total."""
        found = []
        for uid in self.elements:
            element = metadata.collections["dataElements"][uid]
            combo = metadata.resolve("categoryCombo", element.get("categoryCombo"))
            if combo is not None and combo.get("skipTotal"):
                found.append(uid)
        return found


def _aggregatable(metadata: Metadata, uid: str) -> bool:
    element = metadata.collections["dataElements"][uid]
    return element.get("valueType", "NUMBER") in _NUMBERS and element.get("aggregationType", "SUM") != "NONE"


def read_data_items(metadata: Metadata, items: Iterable[str]) -> DataItems:
    """Sort the items by what they are; what the server does not know it drops without a word.

    Args:
        metadata: The server's objects.
        items: Uids of data elements and indicators, `element.combo`, `element.combo.attributeCombo`,
            `dataSet.METRIC`, and `DE_GROUP-` or `IN_GROUP-` with the uid of a group.
    """
    wanted = list(dict.fromkeys(uid for item in items for uid in _members(metadata, item)))
    elements: dict[str, Operand] = {}
    operands: dict[str, Operand] = {}
    indicators: list[str] = []
    rates: dict[str, ReportingRate] = {}
    for item in wanted:
        uid, *rest = item.split(".")
        if item in metadata.collections["indicators"]:
            indicators.append(item)
        elif uid in metadata.collections["dataElements"]:
            if not rest:
                elements[item] = Operand(uid)
            elif len(rest) <= 2 and all(part == "*" or _is_combo(metadata, part) for part in rest):
                combos = [None if part == "*" else part for part in rest]
                operands[item] = Operand(uid, *combos)
        elif uid in metadata.collections["dataSets"] and len(rest) == 1 and rest[0] in METRICS:
            rates[item] = ReportingRate(uid, rest[0])
    known = {*elements, *operands, *indicators, *rates}
    return DataItems(tuple(item for item in wanted if item in known), elements, operands, tuple(indicators), rates)


def _is_combo(metadata: Metadata, uid: str) -> bool:
    return uid in metadata.collections["categoryOptionCombos"]


def _members(metadata: Metadata, item: str) -> list[str]:
    for prefix, collection, listed in (
        ("DE_GROUP-", "dataElementGroups", "dataElements"),
        ("IN_GROUP-", "indicatorGroups", "indicators"),
    ):
        if item.startswith(prefix):
            group = metadata.collections.get(collection, {}).get(item.removeprefix(prefix), {})
            return [str(each["id"]) for each in group.get(listed, [])]
    return [item]
