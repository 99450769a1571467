import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.dhis2 import frames
from prefect_patterns.dhis2.tree import flatten, translations

COUNTRY = {"id": "a", "name": "Land", "level": 1}


def tree(*rows):
    return flatten(frames.org_units(rows))


def problems(*rows):
    return {uid: found for uid, found in tree(*rows).select("id", "problems").iter_rows() if found}


def below(uid, parent, **more):
    return {"id": uid, "name": uid.upper(), "parent": {"id": parent}, **more}


def test_each_unit_carries_those_above_it_by_level():
    units = tree(COUNTRY, below("b", "a", level=2), below("c", "b", level=3))
    assert units.select("path", "level_1_name", "level_2_id", "level_3_name").rows() == [
        ("/a", "Land", None, None),
        ("/a/b", "Land", "b", None),
        ("/a/b/c", "Land", "b", "C"),
    ]
    assert problems(COUNTRY, below("b", "a", level=2)) == {}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"id": "b", "level": 2, "parent": {"id": "a"}}, "no name"),
        (below("b", "a", level=2) | {"name": " "}, "no name"),
        (below("b", "gone", level=2), "unknown parent"),
        (below("b", "b", level=2), "cycle"),
        ({"id": "b", "name": "B", "level": 2}, "no parent"),
        (below("b", "a", level=4), "level 4 at depth 2"),
        (below("b", "a", level=2, openingDate="2020-01-02", closedDate="2020-01-01"), "closed before it opened"),
    ],
)
def test_a_problem_stands_beside_its_unit(row, problem):
    assert problems(COUNTRY, row) == {"b": [problem]}


def test_a_unit_may_have_several_problems():
    found = problems(COUNTRY, {"id": "b", "level": 3, "parent": {"id": "a"}}, {"id": "b", "name": "again"})
    assert found == {"b": ["no name", "the id came twice", "level 3 at depth 2"]}


def test_siblings_with_the_same_name_are_told_but_not_units_elsewhere():
    rows = [COUNTRY, below("b", "a"), below("c", "a") | {"name": "B"}, below("d", "b") | {"name": "B"}]
    assert problems(*rows) == {uid: ["a sibling has the same name"] for uid in "bc"}


@pytest.mark.parametrize("rows", [[], [{"name": "no id"}], [{"id": None}]])
def test_rows_without_an_id_are_left_out(rows):
    assert tree(*rows).height == 0


@given(st.lists(st.fixed_dictionaries({"id": st.sampled_from("abcde"), "up": st.sampled_from([*"abcdex", None])})))
def test_any_rows_give_each_id_once_and_a_path_or_a_problem(rows):
    given_ids = {row["id"] for row in rows}
    units = tree(*({"id": row["id"], "name": "n", "parent": row["up"] and {"id": row["up"]}} for row in rows))
    assert sorted(units["id"]) == sorted(given_ids)
    lost = units.filter(pl.col("path").is_null())
    assert lost.filter(pl.col("problems").list.len() == 0).is_empty()


def test_translations_are_columns_by_locale():
    rows = [
        {"id": "a", "translations": [named("fr", "Pays"), named("pt_BR", "País")]},
        {"id": "b", "translations": [{"locale": "fr", "property": "SHORT_NAME", "value": "P"}, named("fr", "Bô")]},
        {"id": "c"},
    ]
    frame = translations(rows)
    assert frame.columns == ["id", "name_fr", "name_pt_BR"]
    assert frame.rows() == [("a", "Pays", "País"), ("b", "Bô", None), ("c", None, None)]


def named(locale, value):
    return {"locale": locale, "property": "NAME", "value": value}


@pytest.mark.parametrize("given", [None, 7, "fr", [None], [{}], [{"property": "NAME"}], [named(None, "x")]])
def test_translations_that_are_none_are_none(given):
    assert translations([{"id": "a", "translations": given}]).rows() == [("a",)]
