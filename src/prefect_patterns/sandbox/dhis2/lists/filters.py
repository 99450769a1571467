"""`filter`, `rootJunction` and `query`: which objects a list is about.

A filter is `path:operator:value`. A path may cross references and collections; over a collection it is enough that one
of its items passes. A value that is not there passes no comparison, not even a negated one, as in SQL; a collection at
the end of a path is compared by its size. Sources: dhis2-core, DefaultQueryParser, the operators, GetObjectListParams.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from prefect_patterns.sandbox.dhis2.lists.parsing import Value, bad_request, parse_value
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object, attribute_values
from prefect_patterns.sandbox.dhis2.release import Release
from prefect_patterns.sandbox.dhis2.schema import Kind, Property

__all__ = ["Test", "matching", "split_filters"]

Test = Callable[[Object], bool]
_Compare = Callable[[Any, Any], bool]

_ORDERINGS: Mapping[str, _Compare] = MappingProxyType(
    {
        "eq": lambda value, wanted: value == wanted,
        "ge": lambda value, wanted: value >= wanted,
        "gt": lambda value, wanted: value > wanted,
        "gte": lambda value, wanted: value >= wanted,
        "le": lambda value, wanted: value <= wanted,
        "lt": lambda value, wanted: value < wanted,
        "lte": lambda value, wanted: value <= wanted,
        "!eq": lambda value, wanted: value != wanted,
        "ne": lambda value, wanted: value != wanted,
        "neq": lambda value, wanted: value != wanted,
    }
)
_TEXTS: Mapping[str, _Compare] = MappingProxyType(
    {
        "like": lambda value, wanted: wanted in value,
        "$like": lambda value, wanted: value.startswith(wanted),
        "like$": lambda value, wanted: value.endswith(wanted),
        "ieq": lambda value, wanted: value.lower() == wanted.lower(),
        "ilike": lambda value, wanted: wanted.lower() in value.lower(),
        "$ilike": lambda value, wanted: value.lower().startswith(wanted.lower()),
        "startsWith": lambda value, wanted: value.lower().startswith(wanted.lower()),
        "ilike$": lambda value, wanted: value.lower().endswith(wanted.lower()),
        "endsWith": lambda value, wanted: value.lower().endswith(wanted.lower()),
        "token": lambda value, wanted: all(word in value.lower() for word in _words(wanted)),
    }
)
_NEGATED = frozenset({"!like", "!$like", "!like$", "!ilike", "!$ilike", "!ilike$", "!token"})
_ABSENCES = frozenset({"null", "!null", "empty", "!empty"})
_OPERATORS = frozenset(_ORDERINGS) | frozenset(_TEXTS) | _NEGATED | _ABSENCES | {"in", "!in"}

# The look-behind keeps a long text without a colon from being tried at each of its letters.
_FILTER = re.compile(r"(?<![A-Za-z0-9.])[A-Za-z0-9.]+:[!$A-Za-z]{2,10}(?::(?:\[[^\]]*\]|[^,\r\n]+))?")
_NOT_A_WORD = re.compile(r"[\W_]+")
_ATTRIBUTE = Property("value", Kind.TEXT)
_DEEPEST = 30
_IDENTIFIERS = ("id", "code", "name")


def split_filters(texts: Iterable[str]) -> list[str]:
    """Return the single filters: several may be joined by commas, which inside of `[a,b]` belong to the value.

    >>> split_filters(["level:eq:2,name:in:[Bo,Kono]", "code:null"])
    ['level:eq:2', 'name:in:[Bo,Kono]', 'code:null']
    """
    # The server looks for what has the form of a filter, and passes over what has not, once there is a comma.
    return [part for text in texts if text for part in (_FILTER.findall(text) if "," in text else [text])]


def matching(
    metadata: Metadata,
    collection: str,
    filters: Iterable[str],
    release: Release,
    *,
    any_of: bool = False,
    query: str = "",
) -> Test:
    """Return what says whether an object passes.

    Args:
        filters: As `split_filters` gives them.
        any_of: Whether one of them is enough (`rootJunction=OR`).
        query: A term that must be the object's id or code, or part of its name.

    Raises:
        Refusal: A filter cannot be understood (400).
    """
    tests = [_test(metadata, collection, text, release) for text in filters]
    if not tests and query == "":
        return lambda _: True
    found = None if query == "" else _identified_by(query)

    decide = any if any_of and tests else all
    return lambda each: (found is None or found(each)) and decide(test(each) for test in tests)


def _identified_by(term: str) -> Test:
    part = term.lower()
    return lambda each: each["id"] == term or each.get("code") == term or part in str(each.get("name", "")).lower()


def _test(metadata: Metadata, collection: str, text: str, release: Release) -> Test:
    path, operator, wanted = [*text.split(":", 2), None, None][:3]
    if not path or not operator:
        raise bad_request(f"Invalid filter => {text}")
    names = _IDENTIFIERS if path == "identifiable" and wanted is not None else (path,)
    tests = []
    for name in names:
        reach, each = _reach(metadata, collection, name, release)
        if operator not in _OPERATORS or operator in release.missing_operators:
            raise bad_request(f"`{operator}` is not a valid operator.")
        if operator in _ABSENCES:
            tests.append(_absence(operator, reach, each))
        elif wanted is None:
            raise bad_request(f"Invalid filter => {text}")
        else:
            tests.append(_comparison(operator, reach, each, wanted))
    return tests[0] if len(tests) == 1 else lambda item: any(test(item) for test in tests)


_Holds = Callable[[Any], bool]
_Reach = Callable[[_Holds], Test]


def _reach(metadata: Metadata, collection: str, path: str, release: Release) -> tuple[_Reach, Property]:
    """Return what makes a test of an object from one of the values at the end of the path; and the property there."""
    place: tuple[str, ...] = (collection,)
    steps: list[tuple[str, Mapping[str, Object]]] = []
    each = None
    names = path.split(".")
    if len(names) > _DEEPEST:
        raise bad_request(f"Unknown path property: {path}")
    for name in names:
        if each is not None and each.simple:
            raise bad_request(
                "Simple type was found before finished parsing path expression, please check your path string."
            )
        inside_nothing = each is not None and (each.name == "geometry" or _is_hidden(each, release))
        each = None if inside_nothing else metadata.schema(*place).get(name)
        if each is None:
            break
        place = (each.target,) if each.target else (*place, name)
        steps.append((name, metadata.collections.get(each.target, {})))
    if each is None:
        if path in metadata.collections["attributes"]:
            return _attribute(path), _ATTRIBUTE
        raise bad_request(f"Unknown path property: {path}")
    return _along(steps), each


def _is_hidden(each: Property, release: Release) -> bool:
    return each.name == "attributeValues" and not release.filters_attribute_values


def _attribute(uid: str) -> _Reach:
    return lambda holds: lambda each: (value := attribute_values(each).get(uid)) is not None and holds(value)


def _along(steps: list[tuple[str, Mapping[str, Object]]]) -> _Reach:
    *ways, (last, _) = steps

    def reach(holds: _Holds) -> Test:
        test: Test = lambda each: (value := each.get(last)) is not None and holds(value)  # noqa: E731
        for name, objects in reversed(ways):
            test = _one_below(name, objects, test)
        return test

    return reach


def _one_below(name: str, objects: Mapping[str, Object], test: Test) -> Test:
    """Return what says whether one of what *name* leads to passes; many objects lead to the same one."""
    known: dict[str, bool] = {}

    def passes(one: object) -> bool:
        if not isinstance(one, dict):
            return False
        uid = str(one.get("id"))
        if uid not in objects:
            return test(one)
        if uid not in known:
            known[uid] = test(objects[uid])
        return known[uid]

    return lambda each: any(map(passes, _items(each.get(name))))


def _absence(operator: str, reach: _Reach, each: Property) -> Test:
    if operator.endswith("empty") and not each.many:
        return reach((lambda value: value != "") if operator == "!empty" else (lambda value: value == ""))
    there = reach(bool) if each.many else reach(lambda _: True)
    return there if operator.startswith("!") else lambda item: not there(item)


def _comparison(operator: str, reach: _Reach, each: Property, wanted: str) -> Test:
    if operator in ("in", "!in"):
        return _membership(reach, each, wanted, positive=operator == "in")
    if operator in _ORDERINGS:
        compare, target, plain = _ORDERINGS[operator], parse_value(each, wanted), _plain(each)
        return reach(lambda found: (value := plain(found)) is not None and compare(value, target))
    if not each.many:
        parse_value(each, wanted)
    elif each.kind is not Kind.TEXT:
        raise bad_request(f"`{operator}` is not a valid operator for the collection `{each.name}`.")
    text = operator.removeprefix("!")
    like, positive = _TEXTS[text], operator == text
    return reach(lambda found: any(like(_as_text(one), wanted) is positive for one in _items(found)))


def _membership(reach: _Reach, each: Property, wanted: str, *, positive: bool) -> Test:
    if not (wanted.startswith("[") and wanted.endswith("]") and len(wanted) > 1):
        raise bad_request(f"Invalid argument `{wanted}` for in operator.")
    one_of = Property(each.name, each.kind, target=each.target)
    members = frozenset(parse_value(one_of, part) for part in wanted[1:-1].split(","))
    plain = _plain(one_of)
    return reach(lambda found: any((plain(one) in members) is positive for one in _items(found)))


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        return value
    return () if value is None else (value,)


def _plain(each: Property) -> Callable[[Any], Value | None]:
    """Return what brings a value into the form in which it is compared; None for what is not of its type."""
    if each.many:
        return lambda value: len(value) if isinstance(value, list) else None
    if each.kind in (Kind.INTEGER, Kind.NUMBER):
        return lambda value: value if isinstance(value, int | float) else None
    if each.kind is Kind.BOOLEAN:
        return lambda value: value if isinstance(value, bool) else None
    return _as_text


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _words(text: str) -> list[str]:
    return _NOT_A_WORD.sub(" ", text.lower()).split()
