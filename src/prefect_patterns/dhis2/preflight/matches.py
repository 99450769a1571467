"""Which calls a change is about: predicates over `Call`. What the text does not tell counts as met where it may be."""

import re
from collections.abc import Callable, Mapping

from prefect_patterns.dhis2.preflight.calls import AN_ID, RESOURCES, Call

__all__ = [
    "analytics_as",
    "analytics_of_units",
    "filters_on",
    "mentions",
    "object_by_id",
    "old_field",
    "old_maintenance",
    "old_prefix_writes",
    "old_tracker_name",
    "old_tracker_parameter",
    "one_object_of",
    "operator",
    "ownership_by_ou",
    "path",
    "prefixed",
    "read_of",
    "repeated_stage",
    "tracker",
    "tracker_page_size",
    "tracker_parameter",
    "tracker_without_program",
    "user_credentials",
    "write_of",
]

Match = Callable[[Call], bool]

# What 2.41 replaced, by endpoint below /api/tracker (dhis2-releases, releases/2.41/README.md, Deprecated APIs;
# skipPaging: the developer guide of 2.41, tracker).
_REPLACED: Mapping[str, tuple[str, ...]] = {
    "trackedEntities": ("assignedUser", "orgUnit", "trackedEntity", "ouMode", "skipPaging"),
    "enrollments": ("orgUnit", "enrollment", "ouMode", "skipPaging"),
    "events": ("assignedUser", "attributeCos", "attributeCc", "event", "ouMode", "skipPaging"),
    "relationships": ("tei", "skipPaging"),
    "ownership": ("trackedEntityInstance",),
}
_OLD_NAMES = {"programInstance", "programStageInstance", "trackedEntityInstance"}
_OLD_FIELDS: Mapping[str, frozenset[str]] = {
    "dashboardItems": frozenset({"user", "favorite", "displayName"}),
    "sections": frozenset({"user", "favorite"}),
    "programs": frozenset({"favorite"}),
    "trackedEntityAttributes": frozenset({"favorite"}),
    "categoryCombos": frozenset({"favorite"}),
    "categoryOptions": frozenset({"favorite", "aggregationType", "dimensionItem", "legendSets"}),
    "indicatorGroups": frozenset({"favorite"}),
    "indicatorGroupSets": frozenset({"favorite"}),
    "legendSets": frozenset({"favorite"}),
    "optionSets": frozenset({"favorite"}),
    "dashboards": frozenset({"displayFormName", "displayShortName", "formName", "shortName"}),
    "eventCharts": frozenset({"periods"}),
    "eventReports": frozenset({"periods"}),
    "eventVisualizations": frozenset({"periods"}),
    "mapViews": frozenset({"periods"}),
}


def path(*starts: str) -> Match:
    """Return whether the path is one of *starts*, or below it."""
    wanted = [tuple(start.split("/")) for start in starts]
    return lambda call: any(call.segments[: len(start)] == start for start in wanted)


def read_of(*starts: str) -> Match:
    """Return whether it reads one of these paths."""
    is_there = path(*starts)
    return lambda call: call.reads and is_there(call)


def write_of(*starts: str) -> Match:
    """Return whether it writes to one of these paths."""
    is_there = path(*starts)
    return lambda call: not call.reads and is_there(call)


def mentions(*names: str) -> Match:
    """Return whether `fields` or `filter` name one of these properties, or the file where they are not all known."""
    return lambda call: not call.fields.isdisjoint(names) or (not call.params_known and not call.keys.isdisjoint(names))


def operator(name: str) -> Match:
    """Return whether a filter has this operator."""
    return lambda call: name in call.operators


def filters_on(property_path: str) -> Match:
    """Return whether a filter is on this property."""
    return lambda call: any(value.startswith(f"{property_path}:") for value in call.values("filter"))


def one_object_of(*resources: str) -> Match:
    """Return whether it reads one object of these resources."""
    return lambda call: call.reads and call.resource in resources and len(call.segments) > 1


def analytics_as(*suffixes: str) -> Match:
    """Return whether it asks aggregated analytics in one of these formats."""
    return lambda call: call.segments == ("analytics",) and call.suffix.partition(".")[0] in suffixes


def tracker(*names: str) -> Match:
    """Return whether it reads one of these lists of the tracker."""
    return lambda call: (
        call.reads and len(call.segments) == 2 and call.resource == "tracker" and call.segments[1] in names
    )


def tracker_parameter(name: str, parameter: str) -> Match:
    """Return whether it reads this list of the tracker with this parameter."""
    is_there = tracker(name)
    return lambda call: is_there(call) and call.has(parameter)


def tracker_without_program(call: Call) -> bool:
    """Return whether it reads events or enrollments and does not say of which program."""
    return tracker("events", "enrollments")(call) and not call.has("program")


def tracker_page_size(call: Call) -> bool:
    """Return whether it reads tracked entities in pages of its own size, or without pages."""
    return tracker("trackedEntities")(call) and call.has("pageSize", "paging", "skipPaging")


def old_tracker_parameter(call: Call) -> bool:
    """Return whether a call of the tracker has a parameter that 2.41 replaced."""
    if call.resource != "tracker" or len(call.segments) < 2:
        return False
    return call.has(*_REPLACED.get(call.segments[1], ()))


def old_tracker_name(call: Call) -> bool:
    """Return whether it uses the old names of enrollments, events and tracked entities."""
    if call.segments[0] in {"messages", "programNotificationInstances"}:
        return call.has(*_OLD_NAMES)
    return path("dataSummary", "system/objectCounts")(call) and not call.keys.isdisjoint(_OLD_NAMES)


def old_maintenance(call: Call) -> bool:
    """Return whether it removes deleted objects of the tracker under their old names."""
    return path("maintenance")(call) and bool(re.search(r"(Tracked|Program)\w*InstanceRemoval", call.path))


def ownership_by_ou(call: Call) -> bool:
    """Return whether it transfers an ownership to an `ou`."""
    return path("tracker/ownership/transfer")(call) and call.has("ou")


def user_credentials(call: Call) -> bool:
    """Return whether it asks for a user's credentials, or its file reads them from users."""
    asks = "userCredentials" in call.fields
    return asks or (call.resource in {"users", "me", "user"} and "userCredentials" in call.keys)


def object_by_id(call: Call) -> bool:
    """Return whether it reads one object by an id that may be none: not written out, or not one."""
    if not call.reads or len(call.segments) != 2 or call.resource not in _LISTS:
        return False
    key = call.segments[1]
    return not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{10}", key) and key != AN_ID and key not in _WORDS


def old_field(call: Call) -> bool:
    """Return whether it asks for a field that 2.43 no longer has."""
    asked = {name for value in call.values("fields") for name in re.findall(r"(?:^|,)\s*(\w+)", value)}
    return not asked.isdisjoint(_OLD_FIELDS.get(call.resource, ()))


def analytics_of_units(call: Call) -> bool:
    """Return whether it asks analytics of organisation units."""
    if not call.reads or call.resource != "analytics":
        return False
    named = any(value.startswith("ou:") for value in call.values("dimension", "filter"))
    return named or call.has("ou", "userOrgUnit") or not call.params_known or not call.params


def repeated_stage(call: Call) -> bool:
    """Return whether a query of analytics chooses among repetitions of a stage by a window."""
    texts = [value for _, value in call.params]
    return call.resource == "analytics" and any(re.search(r"\w{11}\[(\*|-?\d+~[^\]]*)\]\.", text) for text in texts)


def old_prefix_writes(call: Call) -> bool:
    """Return whether it writes under a version that answered without an envelope."""
    return not call.reads and call.prefix is not None and call.prefix < 38


def prefixed(call: Call) -> bool:
    """Return whether the path has a version."""
    return call.prefix is not None


_NO_LISTS = {
    "analytics",
    "audits",
    "configuration",
    "dataEntry",
    "dataStore",
    "dataSummary",
    "dataValueSets",
    "expressions",
}
_NO_LISTS |= {"gist", "loginConfig", "maintenance", "me", "metadata", "ping", "resourceTables", "schemas", "sharing"}
_NO_LISTS |= {"synchronization", "system", "systemSettings", "tracker", "userDataStore", "userSettings", "dataValues"}
_LISTS = RESOURCES - _NO_LISTS
_WORDS = {"gist", "schema", "metadata", "pager", "files", "query", "count", "aggregate", "maxLevel"}
