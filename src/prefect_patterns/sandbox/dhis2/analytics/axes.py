"""The dimensions of an analytics request: which items each has, and what the answer calls it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from prefect_patterns.sandbox.dhis2.analytics.data_items import DataItems, read_data_items
from prefect_patterns.sandbox.dhis2.analytics.refusals import refused
from prefect_patterns.sandbox.dhis2.analytics.schemes import UID, identifier
from prefect_patterns.sandbox.dhis2.analytics.spans import Span, read_spans
from prefect_patterns.sandbox.dhis2.analytics.units import read_units
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["Axis", "Reader"]

_TITLES = {
    "dx": "Data",
    "pe": "Period",
    "ou": "Organisation unit",
    "co": "Category option combo",
    "ao": "Attribute option combo",
}
_TYPES = {
    "dx": "DATA_X",
    "pe": "PERIOD",
    "ou": "ORGANISATION_UNIT",
    "co": "CATEGORY_OPTION_COMBO",
    "ao": "ATTRIBUTE_OPTION_COMBO",
}
# Objects that can be a dimension: their collection, that of their items, the property that lists these, the type.
_DYNAMIC = (
    ("categories", "categoryOptions", "categoryOptions", "CATEGORY"),
    (
        "organisationUnitGroupSets",
        "organisationUnitGroups",
        "organisationUnitGroups",
        "ORGANISATION_UNIT_GROUP_SET",
    ),
    ("dataElementGroupSets", "dataElementGroups", "dataElementGroups", "DATA_ELEMENT_GROUP_SET"),
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension: its items, and whether it is a column or a filter.

    Args:
        name: `dx`, `pe`, `ou`, `co`, `ao`, or the uid of a category or a group set.
        type: As DHIS2 calls it, `CATEGORY` or the like.
        title: What the answer's header says.
        items: What the results are for, as uids, data items or ISO periods; none of `co` and `ao`, which have all.
        keywords: What the request wrote where it did not write items, with what the answer says of it.
        spans: Of the items of `pe`.
        data: Of the items of `dx`.
    """

    name: str
    type: str
    title: str
    items: tuple[str, ...]
    is_filter: bool
    keywords: Mapping[str, Object] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    data: DataItems | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the dimensions of one request.

    Args:
        metadata: The server's objects.
        today: What relative periods are relative to.
        roots: The uids of the units that the user, or `userOrgUnit`, is at.
        scheme: What the request's items are, as `read_scheme` gives it.
        short: Whether names are the short ones.
        financial: The value of the system setting `analyticsFinancialYearStart`.
    """

    metadata: Metadata
    today: date
    roots: tuple[str, ...]
    scheme: str = UID
    short: bool = False
    financial: str = "FinancialOct"

    def read(self, text: str, *, is_filter: bool) -> Axis:
        """Return the dimension that *text* asks for, as `ou:LEVEL-2;O6uvpzGd5pu`.

        Raises:
            Refusal: There is no such dimension (E7125), or it has no valid items (E7124, E7143, E7611).
        """
        name, _, rest = text.partition(":")
        items = [item for item in rest.split(";") if item]
        if name == "dx":
            data = read_data_items(self.metadata, map(self._data_uid, items))
            if not data.ids:
                raise refused("E7124", "dx")
            return self._fixed(name, data.ids, is_filter, data=data)
        if name == "pe":
            spans, keywords = read_spans(items, self.today, financial=self.financial)
            if not spans:
                raise refused("E7124", "pe")
            return self._fixed(name, tuple(each.id for each in spans), is_filter, keywords=dict(keywords), spans=spans)
        if name == "ou":
            units, described = read_units(self.metadata, map(self._unit, items), self.roots, self.property)
            if not units:
                raise refused("E7143")
            return self._fixed(name, units, is_filter, keywords=described)
        if name in ("co", "ao"):
            return self._fixed(name, (), is_filter)
        return self._dynamic(name, items, is_filter)

    @property
    def property(self) -> str:
        """The property that objects are shown by."""
        return "displayShortName" if self.short else "displayName"

    def _fixed(
        self,
        name: str,
        items: tuple[str, ...],
        is_filter: bool,
        *,
        keywords: Mapping[str, Object] | None = None,
        spans: tuple[Span, ...] = (),
        data: DataItems | None = None,
    ) -> Axis:
        return Axis(name, _TYPES[name], _TITLES[name], items, is_filter, keywords or {}, spans, data)

    def _dynamic(self, name: str, wanted: Sequence[str], is_filter: bool) -> Axis:
        for collection, of_items, listed, type_ in _DYNAMIC:
            found = self._find(collection, name)
            if found is None or not found.get("dataDimension", True):
                continue
            every = [str(each["id"]) for each in found.get(listed, [])]
            if not wanted or "ALL_ITEMS" in wanted:
                items = every
            else:
                chosen = (self._find(of_items, item) for item in wanted)
                items = [str(each["id"]) for each in chosen if each is not None and each["id"] in every]
            if not items:
                raise refused("E7124", name)
            title = str(found.get(self.property, found["displayName"]))
            return Axis(str(found["id"]), type_, title, tuple(dict.fromkeys(items)), is_filter)
        raise refused("E7125", name)

    def _find(self, collection: str, text: str) -> Object | None:
        objects = self.metadata.collections.get(collection, {})
        if self.scheme == UID:
            return objects.get(text)
        return next((each for each in objects.values() if identifier(each, self.scheme) == text), None)

    def _uid(self, collections: Iterable[str], text: str) -> str:
        found = filter(None, (self._find(each, text) for each in collections))
        return next((str(each["id"]) for each in found), text)

    def _data_uid(self, item: str) -> str:
        if self.scheme == UID:
            return item
        head, dot, rest = item.partition(".")
        whole = self._uid(("indicators", "dataElements"), item)
        return whole if whole != item or not dot else f"{self._uid(('dataElements', 'dataSets'), head)}.{rest}"

    def _unit(self, item: str) -> str:
        if self.scheme == UID or item.startswith(("LEVEL-", "USER_ORGUNIT")):
            return item
        prefix = "OU_GROUP-"
        if item.startswith(prefix):
            return prefix + self._uid(("organisationUnitGroups",), item.removeprefix(prefix))
        return self._uid(("organisationUnits",), item)
