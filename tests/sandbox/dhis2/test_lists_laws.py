"""`filter` and `fields` equal naive evaluators that share nothing with the sandbox's; no text breaks the server."""

import operator
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_patterns.sandbox.dhis2.fields import parse_fields, select
from prefect_patterns.sandbox.dhis2.lists import matching, ordered, split_filters
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.release import release_of

UNITS = "organisationUnits"
FIELDS = ("id", "name", "code", "level", "parent", "children")
PRESETS = {
    ":all": FIELDS,
    "*": FIELDS,
    ":simple": ("id", "name", "code", "level"),
    ":identifiable": ("id", "name", "code"),
}
REFERENCES = ("parent", "children")


@st.composite
def trees(draw):
    """Return a few units, each below one of those before it."""
    units = {}
    for number in range(draw(st.integers(1, 6))):
        uid = f"Unit{number:07}"
        unit = {"id": uid, "name": draw(st.sampled_from(["Bo", "bo", "Bonthe", "Kono CHC"])), "children": []}
        if draw(st.booleans()):
            unit["code"] = draw(st.sampled_from(["A", "a1", ""]))
        above = draw(st.sampled_from(sorted(units))) if units else None
        unit["level"] = units[above]["level"] + 1 if above else 1
        if above:
            unit["parent"] = {"id": above}
            units[above]["children"].append({"id": uid})
        units[uid] = unit
    return units


def without_repeats(items):
    """Keep the first of each name: what two of the same with other transformers mean, the server does not say."""
    found = {}
    for item in items:
        nested = len(item) == 3 and item[1] is not None
        kept = (item[0], without_repeats(item[1]), item[2]) if nested else item
        found.setdefault(item[:2] if len(item) == 2 else item[0], kept)
    return list(found.values())


# A selection is a list of (name, what is inside or None, transformers), ("!", path) and (":", preset).
NAMES = st.sampled_from([*FIELDS, "nothing"])
TRANSFORMERS = st.lists(st.sampled_from(["size", "isEmpty", "isNotEmpty", "rename(other)", "pluck(name)"]), max_size=2)
LEAVES = st.one_of(
    st.tuples(NAMES, st.none(), TRANSFORMERS),
    st.tuples(st.just("!"), st.lists(NAMES, min_size=1, max_size=2).map(".".join)),
    st.tuples(st.just(":"), st.sampled_from(sorted(PRESETS))),
)
SELECTIONS = st.recursive(
    st.lists(LEAVES, max_size=4),
    lambda inner: st.lists(st.one_of(LEAVES, st.tuples(NAMES, inner, TRANSFORMERS)), max_size=4),
    max_leaves=10,
).map(without_repeats)


def written(items):
    """Return the selection as a client writes it."""
    parts = []
    for item in items:
        if len(item) == 2:
            parts.append(("!" if item[0] == "!" else "") + item[1])
        else:
            name, inside, transformers = item
            parts.append(name + "".join(f"~{each}" for each in transformers))
            parts[-1] += "" if inside is None else f"[{written(inside)}]"
    return ",".join(parts)


def paths_of(items, prefix=""):
    """Return what is wanted, as paths, and how it is transformed: the way in which the server goes about it."""
    wanted, presets, unwanted = _collected(items, prefix)
    wanted = {path: how for path, how in wanted.items() if all(name in FIELDS for name in path.split("."))
              and all(name in REFERENCES for name in path.split(".")[:-1])}  # fmt: skip
    for where, preset in presets:
        if all(name in REFERENCES for name in where.split(".")[:-1] if name):
            for name in PRESETS[preset]:
                wanted.setdefault(where + name, [])
    for path in list(wanted):
        last = path.split(".")[-1]
        if last in REFERENCES and not any(other.startswith(f"{path}.") for other in wanted):
            wanted[f"{path}.id"] = []
    gone = {path for path in wanted for none in unwanted if path == none or path.startswith(f"{none}.")}
    return {path: how for path, how in wanted.items() if path not in gone}


def _collected(items, prefix):
    wanted, presets, unwanted = {}, [], []
    for item in items:
        if item[0] == "!" and len(item) == 2:
            unwanted.append(prefix + item[1])
        elif item[0] == ":":
            presets.append((prefix, item[1]))
        else:
            name, inside, transformers = item
            wanted[prefix + name] = transformers
            if inside is not None:
                below = _collected(inside, f"{prefix}{name}.")
                wanted |= below[0]
                presets += below[1]
                unwanted += below[2]
    return wanted, presets, unwanted


def shown(units, unit, paths, prefix=""):
    result = {}
    plain = [name for name in FIELDS if prefix + name in paths and name in unit]
    for name in plain:
        value = unit[name]
        if name == "parent":
            value = shown(units, units[value["id"]], paths, f"{prefix}{name}.")
        elif name == "children":
            value = [shown(units, units[each["id"]], paths, f"{prefix}{name}.") for each in value]
        label = name
        for how in sorted(paths[prefix + name], key=lambda each: each.startswith("rename")):
            label, value = transformed(label, value, how)
        result.setdefault(label, []).append(value)
    return result


def transformed(label, value, how):
    if how == "size" and isinstance(value, (list, str)):
        return label, len(value)
    if how in ("isEmpty", "isNotEmpty") and isinstance(value, list):
        return label, (value == []) is (how == "isEmpty")
    if how == "pluck(name)" and isinstance(value, list):
        return label, [each.get("name", each) for each in value if isinstance(each, dict)]
    return ("other", value) if how == "rename(other)" else (label, value)


def agree(found, naive):
    """Say whether an answer is one that the naive result allows."""
    if isinstance(naive, dict):
        return set(found) == set(naive) and all(
            any(agree(found[name], value) for value in values) for name, values in naive.items()
        )
    if isinstance(naive, list):
        return len(found) == len(naive) and all(map(agree, found, naive))
    return found == naive and type(found) is type(naive)


@settings(max_examples=100)
@given(units=trees(), items=SELECTIONS)
def test_fields_equal_a_naive_evaluator(units, items):
    metadata = Metadata.of({UNITS: units})
    paths = paths_of(items)
    for unit in units.values():
        found = select(metadata, UNITS, unit, parse_fields(written(items)))
        found = {name: value for name, value in found.items() if name in (*FIELDS, "other")}
        assert agree(found, shown(units, unit, paths)), written(items)


PATHS = ("name", "code", "level", "children", "parent.name", "parent.parent.level", "children.name", "parent.children")
ORDERINGS = {"eq": "eq", "gt": "gt", "ge": "ge", "gte": "ge", "lt": "lt", "le": "le", "lte": "le"} | dict.fromkeys(
    ("!eq", "ne", "neq"), "ne"
)
PATTERNS = {"like": ".*{}.*", "$like": "{}.*", "like$": ".*{}", "ieq": "{}"}
LIKES = ("like", "$like", "like$", "ilike", "$ilike", "ilike$", "startsWith", "endsWith", "ieq")


@st.composite
def filters(draw):
    path = draw(st.sampled_from(PATHS))
    number = path.split(".")[-1] in ("level", "children")
    value = draw(st.sampled_from(["0", "1", "2", "3"] if number else ["Bo", "bo", "B", "CHC", "A", "a1", "z"]))
    text = () if number else (*LIKES, *(f"!{each}" for each in LIKES[:6]))
    name = draw(st.sampled_from([*ORDERINGS, *text, "null", "!null", "in", "!in"]))
    if name in ("in", "!in") and path.endswith("children"):
        name = "eq"
    if name in ("in", "!in"):
        value = f"[{value},{draw(st.sampled_from(['1', '2'] if number else ['Bo', 'Kono CHC']))}]"
    return path, name, value


def values_at(units, unit, path):
    name, _, rest = path.partition(".")
    value = unit.get(name)
    if value is None:
        return []
    if not rest:
        return [len(value) if name == "children" else value]
    below = value if isinstance(value, list) else [value]
    return [found for each in below for found in values_at(units, units[each["id"]], rest)]


def holds(values, path, name, value):
    number = path.split(".")[-1] in ("level", "children")
    read = int if number else str
    if name in ("null", "!null"):
        present = any(values) if path.endswith("children") else bool(values)
        return present is (name == "!null")
    if name in ORDERINGS:
        return any(getattr(operator, ORDERINGS[name])(each, read(value)) for each in values)
    if name in ("in", "!in"):
        members = [read(part) for part in value.strip("[]").split(",")]
        return any((each in members) is (name == "in") for each in values)
    plain = {"startsWith": "$ilike", "endsWith": "ilike$"}.get(name, name).removeprefix("!")
    pattern = PATTERNS[plain.replace("ilike", "like")].format(re.escape(value))
    flags = re.DOTALL | (re.IGNORECASE if plain != plain.replace("ilike", "like") or plain == "ieq" else 0)
    return any(bool(re.fullmatch(pattern, each, flags)) is not name.startswith("!") for each in values)


@settings(max_examples=120)
@given(units=trees(), parts=st.lists(filters(), min_size=1, max_size=3), any_of=st.booleans())
def test_filter_equals_a_naive_evaluator(units, parts, any_of):
    texts = [path + ":" + name + ("" if name.endswith("null") else f":{value}") for path, name, value in parts]
    metadata = Metadata.of({UNITS: units})
    repeated = matching(metadata, UNITS, split_filters(texts), release_of("43"), any_of=any_of)
    joined = matching(metadata, UNITS, split_filters([",".join(texts)]), release_of("43"), any_of=any_of)
    decide = any if any_of else all
    for unit in units.values():
        expected = decide(holds(values_at(units, unit, path), path, name, value) for path, name, value in parts)
        assert repeated(unit) == joined(unit) == expected, (texts, unit)


@settings(max_examples=50)
@given(units=trees(), orders=st.lists(st.sampled_from(["name:asc", "code:idesc", "level", "level:desc", "gone:asc"])))
def test_an_order_permutes_and_is_that_of_its_first_property(units, orders):
    rows = ordered(Metadata.of({UNITS: units}), UNITS, units.values(), orders)
    assert sorted(each["id"] for each in rows) == sorted(units)
    if orders[:1] == ["level:desc"]:
        assert [each["level"] for each in rows] == sorted((each["level"] for each in rows), reverse=True)
    assert ordered(Metadata.of({UNITS: units}), UNITS, reversed(rows), orders) == rows


GRAMMAR = st.text(alphabet="aid,nmeprt.[](){}:!~|*$&%; \t\n<>'\"\\0é😀\x00", max_size=30)
KNOWN = st.sampled_from(
    [
        "name:eq:",
        "level:gt:",
        "filter",
        "parent.name:",
        "lastUpdated:ge:",
        "children:",
        ":in:[",
        "id,parent[",
        "~size",
        ":all",
    ]
)
QUERIES = st.lists(st.one_of(GRAMMAR, KNOWN, st.text(max_size=10)), max_size=4).map("".join)


@pytest.fixture(params=["40", "43"])
def server(client_of, request):
    return client_of(request.param)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    collection=st.sampled_from(
        ["organisationUnits", "dataSets", "categoryCombos", "metadata", "organisationUnits.csv"]
    ),
    names=st.lists(
        st.sampled_from(
            ["fields", "filter", "order", "page", "pageSize", "level", "query", "rootJunction", "separator"]
        ),
        min_size=1,
        max_size=3,
    ),
    data=st.data(),
)
def test_no_text_makes_a_server_error(server, collection, names, data):
    query = {"pageSize": "3", "constants": "true"} | {name: data.draw(QUERIES) for name in names}
    answer = server.get(f"/api/{collection}", params=query)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    if answer.status_code != 200:
        assert answer.json()["httpStatusCode"] == answer.status_code


@pytest.mark.parametrize(
    "query",
    [
        {"fields": "parent" + ".parent" * 5_000},
        {"fields": "parent[" * 3_000 + "id" + "]" * 3_000},
        {"fields": "parent.parent.parent[" * 20 + "id" + "]" * 20},
        {"fields": "id~size" * 3_000},
        {"filter": "children.parent." * 2_000 + "id:eq:x"},
        {"filter": "a" * 50_000 + ","},
        {"filter": "name:in:[" + "x," * 5_000 + "x]"},
        {"order": "name:asc," * 5_000},
    ],
)
@pytest.mark.parametrize("path", ["organisationUnits", "organisationUnits.csv"])
def test_a_huge_query_is_answered_or_refused(client, path, query):
    assert client.get(f"/api/{path}", params={"pageSize": "2"} | query).status_code in (200, 400)
