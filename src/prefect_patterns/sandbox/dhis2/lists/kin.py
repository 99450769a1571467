"""Organisation units by their place in the tree, and by whose they are (source: OrganisationUnitController)."""

from collections.abc import Callable, Mapping, Sequence

from prefect_patterns.sandbox.dhis2.lists.parsing import last, parse_integer
from prefect_patterns.sandbox.dhis2.metadata import Object
from prefect_patterns.sandbox.dhis2.users import User

__all__ = ["KIN", "kin_of", "within"]

KIN = ("children", "descendants", "ancestors", "parents")
"""What can be asked below an organisation unit; the answer is a list of units."""

Test = Callable[[Object], bool]


def kin_of(unit: Object, kin: str) -> Test:
    """Return what says whether a unit is *kin* of *unit*; the unit itself is, but no parent of its own."""
    own, line = str(unit["id"]), str(unit.get("path", "")).split("/")
    if kin == "parents":
        return lambda each: each["id"] in line and each["id"] != own
    if kin == "ancestors":
        return lambda each: each["id"] in line
    if kin == "descendants":
        return lambda each: own in str(each.get("path", ""))
    levels = (_level(unit), _level(unit) + 1)
    return lambda each: own in str(each.get("path", "")) and _level(each) in levels


def within(query: Mapping[str, Sequence[str]], user: User, *, above: Object | None = None) -> list[Test]:
    """Return what the level and the user's place ask of a unit.

    Args:
        query: The request's parameters.
        above: The unit below which is looked: its level is where `level` counts from.

    Raises:
        Refusal: A level is no number (400).
    """
    tests: list[Test] = []
    if level := last(query, "level"):
        start = _level(above) if above is not None else 0
        number = start + max(parse_integer(level), 0) if above is not None else parse_integer(level)
        tests.append(lambda each: _level(each) == number)
    if most := last(query, "maxLevel"):
        lowest = parse_integer(most)
        tests.append(lambda each: _level(each) <= lowest)
    scopes = ("withinUserHierarchy", "withinDataViewUserHierarchy", "withinUserSearchHierarchy")
    if any(_flag(query, name) for name in scopes) and user.units:
        tests.append(lambda each: any(uid in str(each.get("path", "")) for uid in user.units))
    if _flag(query, "userDataViewFallback") and not user.units:
        tests.append(lambda each: _level(each) == 1)
    elif any(_flag(query, name) for name in ("userOnly", "userDataViewOnly", "userDataViewFallback")):
        tests.append(lambda each: each["id"] in user.units)
    return tests


def _level(unit: Object) -> int:
    level = unit.get("level")
    return level if isinstance(level, int) else 0


def _flag(query: Mapping[str, Sequence[str]], name: str) -> bool:
    return last(query, name).lower() == "true"
