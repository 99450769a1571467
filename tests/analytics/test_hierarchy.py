"""Trees kept as (id, parent) rows: what is resolved, what is wrong, and the closure table."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.analytics.hierarchy import ancestors, resolve
from prefect_patterns.errors import UsageError


def tree(parents: dict[str, str | None], **columns: list[object]) -> pl.DataFrame:
    schema = {"id": pl.String, "parent": pl.String}
    return pl.DataFrame({"id": list(parents), "parent": list(parents.values())}, schema=schema).with_columns(
        **{name: pl.Series(values) for name, values in columns.items()}
    )


def by_hand(parents: dict[str, str | None]) -> list[tuple[int | None, str | None, str | None, str | None]]:
    """Walk up from each node."""
    rows: list[tuple[int | None, str | None, str | None, str | None]] = []
    for node, parent in parents.items():
        way = [node]
        while (above := parents[way[-1]]) is not None and above in parents and above not in way:
            way.append(above)
        above = parents[way[-1]]
        if above is None:
            rows.append((len(way), way[-1], "/" + "/".join(reversed(way)), None))
        elif parent is not None and parent not in parents:
            rows.append((None, None, None, "unknown parent"))
        else:
            rows.append((None, None, None, "cycle" if above == node else "below a problem"))
    return rows


IDS = [f"n{number}" for number in range(12)]
TREES = st.lists(st.sampled_from([*IDS, "elsewhere", None, None]), max_size=12).map(
    lambda parents: dict(zip(IDS, parents, strict=False))
)


@given(TREES)
def test_each_node_is_resolved_as_by_walking_up_from_it(parents):
    assert resolve(tree(parents)).select("depth", "root", "path", "problem").rows() == by_hand(parents)


@given(TREES)
def test_the_closure_table_holds_every_ancestor_once(parents):
    pairs = ancestors(resolve(tree(parents))).rows()
    expected = [
        (ancestor, node, distance)
        for node, (_, _, path, _) in zip(parents, by_hand(parents), strict=True)
        for distance, ancestor in enumerate(reversed((path or "").split("/")[1:]))
    ]
    assert sorted(pairs) == sorted(expected)


@pytest.mark.parametrize(
    ("parents", "problems"),
    [
        ({"a": "a"}, ["cycle"]),
        ({"a": "b", "b": "a"}, ["cycle", "cycle"]),
        ({"a": "b", "b": "c", "c": "a", "d": "c", "e": "d"}, ["cycle"] * 3 + ["below a problem"] * 2),
        ({"a": "x", "b": "a"}, ["unknown parent", "below a problem"]),
        ({"a": None, "b": None, "c": "b"}, [None, None, None]),
        ({}, []),
    ],
    ids=["its own parent", "two", "three and a tail", "unknown", "forest", "nothing"],
)
def test_what_hangs_from_no_root_is_named(parents, problems):
    assert resolve(tree(parents))["problem"].to_list() == problems


def test_a_level_tells_a_lost_node_from_a_root():
    nodes = tree({"a": None, "b": None, "c": "b", "d": None}, level=[1, 3, 4, None])
    resolved = resolve(nodes, level="level")
    assert resolved["problem"].to_list() == [None, "no parent", "below a problem", None]
    assert resolved["depth"].to_list() == [1, None, None, 1]


@given(TREES, st.lists(st.sampled_from([1, 2, 3, None]), min_size=12, max_size=12))
def test_levels_only_turn_roots_into_lost_nodes(parents, levels):
    level = dict(zip(IDS, levels, strict=True))
    resolved = resolve(tree(parents, level=pl.Series([level[node] for node in parents], dtype=pl.Int32)), level="level")
    for node, (depth, root, _, problem), found in zip(
        parents, by_hand(parents), resolved.iter_rows(named=True), strict=True
    ):
        lost = root is not None and (level[root] or 1) > 1
        assert found["depth"] == (None if lost else depth)
        assert found["problem"] == (("no parent" if node == root else "below a problem") if lost else problem)


def test_other_column_names_and_whole_numbers_as_ids_work():
    nodes = pl.DataFrame({"unit": [30, 10, 20], "above": [20, None, 10], "name": ["x", "y", "z"]})
    resolved = resolve(nodes, id="unit", parent="above")
    assert resolved.columns == ["unit", "above", "name", "depth", "root", "path", "problem"]
    assert resolved.select("unit", "depth", "root", "path").rows() == [
        (30, 3, 10, "/10/20/30"), (10, 1, 10, "/10"), (20, 2, 10, "/10/20"),
    ]  # fmt: skip
    assert ancestors(resolved, id="unit", parent="above").filter(distance=2).rows() == [(10, 30, 2)]


def test_parents_that_are_all_null_are_roots():
    assert resolve(pl.DataFrame({"id": ["a", "b"], "parent": [None, None]}))["root"].to_list() == ["a", "b"]


def test_resolving_again_changes_nothing():
    once = resolve(tree({"a": None, "b": "a", "c": "x"}))
    assert resolve(once).equals(once)


def test_a_chain_of_ten_thousand_and_a_cycle_of_ten_thousand_end():
    size = 10_000
    chain: list[int | None] = [None, *range(size - 1)]
    cycle = [size * 2 - 1, *range(size, size * 2 - 1)]
    nodes = pl.DataFrame({"id": range(size * 2), "parent": [*chain[:2_000], *([0] * (size - 2_000)), *cycle]})
    resolved = resolve(nodes)
    assert resolved["depth"].max() == 2_000
    assert (resolved["problem"] == "cycle").sum() == size
    assert resolved["path"][1_999] == "/" + "/".join(map(str, range(2_000)))


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (pl.DataFrame({"id": ["a"]}), ["no column 'parent'"]),
        (pl.DataFrame({"name": ["a"]}), ["no column 'id'", "no column 'parent'"]),
        (tree({"a": None}).vstack(tree({"a": None, "b": "a"})), ["ids that occur more than once: 1, such as 'a'"]),
        (pl.DataFrame({"id": ["a", None, "a"], "parent": ["a", "a", "a"]}), ["rows without 'id': 1", "more than once"]),
        (pl.DataFrame({"id": ["1"], "parent": [1]}), ["'parent' is Int64 but 'id' is String"]),
    ],
    ids=["no parent", "no column", "twice", "null", "types"],
)
def test_nodes_that_cannot_be_a_tree_are_refused_with_every_reason(nodes, said):
    with pytest.raises(UsageError) as caught:
        resolve(nodes)
    assert all(part in caught.value.what for part in said)


def test_a_level_must_be_a_column_of_integers():
    with pytest.raises(UsageError, match="'level' is String"):
        resolve(tree({"a": None}, level=["1"]), level="level")


def test_a_closure_needs_a_resolved_frame():
    with pytest.raises(UsageError, match="not resolved"):
        ancestors(tree({"a": None}))
