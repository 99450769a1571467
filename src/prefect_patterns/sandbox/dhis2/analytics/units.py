"""The items of the dimension `ou`: organisation units, levels, groups, and those of the user."""

from collections.abc import Iterable

from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["read_units", "within"]

_USERS = {"USER_ORGUNIT": 0, "USER_ORGUNIT_CHILDREN": 1, "USER_ORGUNIT_GRANDCHILDREN": 2}


def read_units(
    metadata: Metadata, items: Iterable[str], roots: tuple[str, ...], shown: str = "displayName"
) -> tuple[tuple[str, ...], dict[str, Object]]:
    """Return the units that the results are for, and what the answer says of the keywords.

    With a level or a group, the units that are named are the bounds of the result, not the result.

    Args:
        metadata: The server's objects.
        items: Uids, `LEVEL-2`, `LEVEL-` or `OU_GROUP-` with a uid, `USER_ORGUNIT` and its like.
        roots: The uids of the user's units.
        shown: The property that names are taken from.
    """
    units = metadata.collections["organisationUnits"]
    named: list[str] = []
    levels: dict[int, None] = {}
    groups: list[Object] = []
    keywords: dict[str, Object] = {}
    for item in items:
        if item in units:
            named.append(item)
        elif item in _USERS:
            theirs = _below(metadata, roots, _USERS[item])
            keywords[item] = {"organisationUnits": theirs}
            named += theirs
        elif item.startswith("LEVEL-"):
            level = _level(metadata, item.removeprefix("LEVEL-"))
            if level is not None:
                levels[int(level["level"])] = None
                if not item.endswith(str(level["id"])):  # recorded: a level by its uid is told by that alone
                    keywords[item] = {"name": level["name"]}
                keywords[str(level["id"])] = {"uid": level["id"], "name": level["name"]}
        else:
            group = metadata.collections["organisationUnitGroups"].get(item.removeprefix("OU_GROUP-"))
            if group is not None:
                groups.append(group)
                keywords[item] = {"name": group.get(shown, group["name"])}
                keywords[str(group["id"])] = _described(group, shown)
    if not levels and not groups:
        return tuple(dict.fromkeys(named)), keywords
    keywords |= {uid: _described(units[uid], shown) for uid in named}
    bounds = frozenset(named)
    chosen: list[str] = []
    for level_number in levels:
        chosen += _by_name(metadata, (uid for uid, unit in units.items() if unit.get("level") == level_number))
    for group in groups:
        members = (str(each["id"]) for each in group.get("organisationUnits", []))
        chosen += _by_name(metadata, (uid for uid in members if uid in units))
    return tuple(uid for uid in dict.fromkeys(chosen) if within(units[uid], bounds)), keywords


def within(unit: Object, bounds: frozenset[str]) -> bool:
    """Say whether *unit* is one of *bounds* or below one; no bounds hold everything."""
    return not bounds or not bounds.isdisjoint(str(unit.get("path", "")).split("/"))


def _by_name(metadata: Metadata, uids: Iterable[str]) -> list[str]:
    units = metadata.collections["organisationUnits"]
    return sorted(uids, key=lambda uid: (str(units[uid].get("name", "")), uid))


def _below(metadata: Metadata, roots: tuple[str, ...], depth: int) -> list[str]:
    units = metadata.collections["organisationUnits"]
    found = [uid for uid in roots if uid in units]
    for _ in range(depth):
        children = (str(child["id"]) for uid in found for child in units[uid].get("children", []))
        found = _by_name(metadata, children)
    return found


def _level(metadata: Metadata, text: str) -> Object | None:
    levels = metadata.collections["organisationUnitLevels"]
    if text in levels:
        return levels[text]
    return next((level for level in levels.values() if str(level["level"]) == text), None)


def _described(each: Object, shown: str) -> Object:
    found = {"uid": each["id"], "code": each.get("code"), "name": each.get(shown, each.get("name"))}
    return {key: value for key, value in found.items() if value is not None}
