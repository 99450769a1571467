"""What an analytics request asks for, read and checked as the server does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from prefect_patterns.sandbox.dhis2.analytics.aggregation import TYPES
from prefect_patterns.sandbox.dhis2.analytics.axes import Axis, Reader
from prefect_patterns.sandbox.dhis2.analytics.criteria import Criterion, read_criteria
from prefect_patterns.sandbox.dhis2.analytics.data_items import DataItems
from prefect_patterns.sandbox.dhis2.analytics.refusals import AnalyticsRefusal, refused
from prefect_patterns.sandbox.dhis2.analytics.schemes import Schemes, read_scheme
from prefect_patterns.sandbox.dhis2.analytics.spans import Span
from prefect_patterns.sandbox.dhis2.analytics.units import within
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.users import ADMIN, User

__all__ = ["Query", "parse_query"]

_RATE_AXES = "[DATA_X, PERIOD, ORGANISATION_UNIT, ORGANISATION_UNIT_GROUP_SET, CATEGORY_OPTION_GROUP_SET, CATEGORY]"
_WITH_RATES = frozenset({"DATA_X", "PERIOD", "ORGANISATION_UNIT", "ORGANISATION_UNIT_GROUP_SET", "CATEGORY"})
_MOST_COMBINATIONS = 20_000
"""The server's `keyAnalyticsDownloadCombinationLimit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A checked request.

    Args:
        axes: The dimensions in the order of the answer, `dx` first; then the filters.
        between: The days of `startDate` and `endDate`, for a request without periods.
        roots: The uids of the units that the answer's hierarchy starts from.
        aggregation: Replaces the data elements' own aggregation types.
        order: Of the values: `ASC`, `DESC`, or as it comes.
        criteria: What a number must fulfil to be in the answer.
        value_criteria: What a value must fulfil to count.
        schemes: How the answer writes its items.
        table: The dimensions of the columns and of the rows of a table; None for the plain answer.
        short: Whether names are the short ones.
    """

    axes: tuple[Axis, ...]
    between: Span | None = None
    roots: tuple[str, ...] = ()
    aggregation: str | None = None
    order: str | None = None
    criteria: tuple[Criterion, ...] = ()
    value_criteria: tuple[Criterion, ...] = ()
    schemes: Schemes = field(default_factory=Schemes)
    table: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    short: bool = False
    skip_meta: bool = False
    skip_data: bool = False
    skip_rounding: bool = False
    ignore_limit: bool = False
    hierarchy_meta: bool = False
    show_hierarchy: bool = False
    include_num_den: bool = False
    include_details: bool = False
    hide_empty_rows: bool = False
    hide_empty_columns: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The dimensions that are columns, in the order of the answer: `dx` is always the first."""
        return tuple(axis.name for axis in self.axes if not axis.is_filter)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The periods."""
        axis = self.axis("pe")
        if axis is not None:
            return axis.spans
        return (self.between,) if self.between else ()

    def axis(self, name: str) -> Axis | None:
        """Return the dimension or filter with this name."""
        return next((axis for axis in self.axes if axis.name == name), None)


def parse_query(
    metadata: Metadata,
    query: Mapping[str, Sequence[str]],
    *,
    today: date,
    user: User = ADMIN,
    financial: str = "FinancialOct",
    data_value_set: bool = False,
    raw: bool = False,
) -> Query:
    """Check a request's parameters.

    Args:
        metadata: The server's objects.
        query: The parameters, each with all its values.
        today: What relative periods are relative to, unless the request says so.
        user: Who asks.
        financial: The value of the system setting `analyticsFinancialYearStart`.
        data_value_set: Whether the answer is a data value set, which needs `dx`, `pe` and `ou` as dimensions.
        raw: Whether the answer is of single values.

    Raises:
        Refusal: The server would refuse it: 409 and its code, or 400 for what is not a value of the parameter.
    """
    short = _one(query, "displayProperty").upper() == "SHORTNAME"
    chosen_roots = tuple(filter(None, _one(query, "userOrgUnit").split(";")))
    reader = Reader(
        metadata,
        _date(query, "relativePeriodDate") or today,
        tuple(uid for uid in chosen_roots if uid in metadata.collections["organisationUnits"]) or user.units,
        scheme=read_scheme(_one(query, "inputIdScheme")),
        short=short,
        financial=financial,
    )
    wanted, filters = _parts(query.get("dimension", ())), _parts(query.get("filter", ()))
    if not wanted:
        raise refused("E7101")
    axes = [reader.read(text, is_filter=False) for text in wanted]
    axes.sort(key=lambda axis: axis.name != "dx")
    axes += [reader.read(text, is_filter=True) for text in filters]
    between = _between(query)
    violation = _violation(metadata, axes, between, raw=raw)
    if violation is None and data_value_set:
        names = {axis.name for axis in axes if not axis.is_filter}
        missing = [code for name, code in (("dx", "E7117"), ("pe", "E7118"), ("ou", "E7119")) if name not in names]
        violation = refused(missing[0]) if missing else None
    if violation is not None:
        raise violation
    _check_rights(metadata, axes, user)
    if level := _one(query, "approvalLevel"):  # the sandbox has none
        raise refused("E7122", level)
    aggregation = _one(query, "aggregationType").upper() or None
    if aggregation is not None and aggregation not in {*TYPES, "DEFAULT", "NONE", "CUSTOM"}:
        raise Refusal(400, f"Value '{aggregation}' is not valid for parameter aggregationType", "E1003")
    order = _one(query, "order").upper() or None
    if order not in (None, "ASC", "DESC"):
        raise Refusal(400, f"Value '{order}' is not valid for parameter order", "E1003")
    return Query(
        axes=tuple(axes),
        between=between,
        roots=reader.roots,
        aggregation=aggregation if aggregation in TYPES else None,
        order=order,
        criteria=read_criteria(_one(query, "measureCriteria")),
        value_criteria=read_criteria(_one(query, "preAggregationMeasureCriteria")),
        schemes=_schemes(query),
        table=_table(query, axes),
        short=short,
        skip_meta=_flag(query, "skipMeta"),
        skip_data=_flag(query, "skipData"),
        skip_rounding=_flag(query, "skipRounding"),
        ignore_limit=_flag(query, "ignoreLimit"),
        hierarchy_meta=_flag(query, "hierarchyMeta"),
        show_hierarchy=_flag(query, "showHierarchy"),
        include_num_den=_flag(query, "includeNumDen"),
        include_details=_flag(query, "includeMetadataDetails"),
        hide_empty_rows=_flag(query, "hideEmptyRows"),
        hide_empty_columns=_flag(query, "hideEmptyColumns"),
    )


def _violation(metadata: Metadata, axes: Sequence[Axis], between: Span | None, *, raw: bool) -> AnalyticsRefusal | None:
    """Return the first rule of the server's that the request breaks, in its order (`DefaultQueryValidator`)."""
    columns = [axis.name for axis in axes if not axis.is_filter]
    filters = [axis.name for axis in axes if axis.is_filter]
    names = {*columns, *filters}
    both = [name for name in dict.fromkeys(columns) if name in filters]
    twice = [name for name in dict.fromkeys([*columns, *filters]) if max(columns.count(name), filters.count(name)) > 1]
    dx = next((axis for axis in axes if axis.name == "dx"), None)
    data = dx.data if dx is not None and dx.data is not None else DataItems((), {}, {}, (), {})
    alone = dx is None or not dx.is_filter or len(data.ids) == 1
    rules: list[tuple[bool, str, tuple[object, ...]]] = [
        (not (names & {"dx"} or any(axis.type == "DATA_ELEMENT_GROUP_SET" for axis in axes)), "E7102", ()),
        (bool(both), "E7103", (_listed(both),)),
        ("pe" not in names and between is None, "E7104", ()),
        ("pe" in names and between is not None, "E7105", ()),
        (between is not None and between.first > between.last, "E7106", ()),
        (between is not None and bool(data.rates), "E7107", ()),
        (bool(data.indicators) and not alone, "E7108", ()),
        (bool(data.rates) and not alone, "E7109", ()),
        ("co" in filters, "E7110", ()),
        (bool(twice), "E7111", (_listed(twice),)),
        (bool(data.rates) and any(axis.type not in _WITH_RATES for axis in axes), "E7112", (_RATE_AXES,)),
        ("co" in names and not data.elements, "E7113", ()),
        ("co" in names and len(data.elements) != len(data.ids), "E7114", ()),
    ]
    for broken, code, arguments in rules:
        if broken:
            return refused(code, *arguments)
    if wrong := data.not_aggregatable(metadata):
        return refused("E7115", _listed(wrong))
    by_combo = "co" in names or any(axis.type == "CATEGORY" for axis in axes)
    if not raw and not by_combo and data.without_total(metadata):
        return refused("E7134")
    return None


def _check_rights(metadata: Metadata, axes: Iterable[Axis], user: User) -> None:
    if user.is_super:
        return
    bounds = frozenset(user.units)
    units = metadata.collections["organisationUnits"]
    for axis in axes:
        for uid in axis.items if axis.name == "ou" else ():
            if not within(units[uid], bounds):
                raise refused("E7120", user.username, uid)


def _table(query: Mapping[str, Sequence[str]], axes: Sequence[Axis]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    columns, rows = (tuple(filter(None, _one(query, name).split(";"))) for name in ("columns", "rows"))
    if not columns and not rows:
        return None
    sizes = {axis.name: max(len(axis.items), 1) for axis in axes if not axis.is_filter}
    for code, names in (("E7126", columns), ("E7127", rows)):
        if missing := [name for name in names if name not in sizes]:
            raise refused(code, missing[-1])
    for names in (columns, rows):
        combinations = 1
        for name in names:
            combinations *= sizes[name]
        if combinations > _MOST_COMBINATIONS:
            raise refused("E7151")
    return columns, rows


def _parts(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(part for text in texts for part in text.split(",") if part))


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def _one(query: Mapping[str, Sequence[str]], name: str) -> str:
    texts = query.get(name, ())
    return texts[-1].strip() if texts else ""


def _flag(query: Mapping[str, Sequence[str]], name: str) -> bool:
    text = _one(query, name).lower()
    if text not in ("", "true", "false"):
        raise Refusal(400, f"Value '{text}' is not valid for parameter {name}. It must be true or false", "E1003")
    return text == "true"


def _date(query: Mapping[str, Sequence[str]], name: str) -> date | None:
    text = _one(query, name)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise Refusal(400, f"Value '{text}' is not valid for parameter {name}. It must be a date", "E1003") from None


def _between(query: Mapping[str, Sequence[str]]) -> Span | None:
    first, last = _date(query, "startDate"), _date(query, "endDate")
    if first is None or last is None:
        return None
    return Span(f"{first}_{last}", f"{first} - {last}", first, last)


def _schemes(query: Mapping[str, Sequence[str]]) -> Schemes:
    of_all = read_scheme(_one(query, "outputIdScheme"))
    of_data = read_scheme(_one(query, "outputDataItemIdScheme") or of_all)
    of_elements = read_scheme(_one(query, "outputDataElementIdScheme") or of_data)
    of_units = read_scheme(_one(query, "outputOrgUnitIdScheme") or of_all)
    return Schemes(general=of_all, data=of_data, elements=of_elements, units=of_units)
