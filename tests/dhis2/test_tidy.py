"""Metadata objects become the same frame from Python objects and from the bytes of a page."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.dhis2 import tidy
from prefect_patterns.dhis2.page_frames import join_pages, read_page

ROWS = [
    {"id": "a", "name": "A", "level": 1, "parent": {"id": "p", "name": "P"}, "groups": [{"id": "g"}, {"id": "h"}]},
    {"id": "b", "leaf": True, "geometry": {"type": "Point", "coordinates": [1, 2.5]}, "level": 2, "groups": []},
    {"id": "c", "factor": 1, "tags": ["x"], "items": [{"id": "i", "n": 1}], "parent": None, "mixed": 1},
    {"id": "d", "factor": 1.5, "mixed": "one"},
]


def test_a_frame_is_flat_and_typed(served):
    frame = tidy(ROWS)
    assert dict(frame.schema) == {
        "id": pl.String(),
        "name": pl.String(),
        "level": pl.Int64(),
        "parent.id": pl.String(),
        "parent.name": pl.String(),
        "groups": pl.List(pl.String),
        "leaf": pl.Boolean(),
        "geometry": pl.String(),
        "factor": pl.Float64(),
        "tags": pl.List(pl.String),
        "items": pl.String(),
        "mixed": pl.String(),
    }
    assert frame["groups"].to_list() == [["g", "h"], [], None, None]
    assert frame["geometry"][1] == '{"type":"Point","coordinates":[1,2.5]}'
    assert frame["items"][2] == '[{"id":"i","n":1}]'
    assert frame["mixed"].to_list() == [None, None, "1", "one"]


names = st.sampled_from(["id", "a", "b", "type", "coordinates"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", "x"])
objects = st.dictionaries(names, scalars, max_size=2)
anything = scalars | objects | st.lists(scalars | objects, max_size=2) | st.dictionaries(names, objects, max_size=2)


@given(st.lists(st.dictionaries(names, anything, max_size=3), max_size=3))
def test_any_json_makes_a_frame_with_one_row_each(rows):
    assert tidy(rows).height == len(rows)


def naive(row, prefix=""):
    """One row, step by step: what `tidy` does by column."""
    flat = {}
    for name, value in row.items():
        if isinstance(value, dict) and not {"type", "coordinates"} <= value.keys():
            flat |= naive(value, f"{prefix}{name}.")
        elif value is not None:
            flat[prefix + name] = value
    return flat


@given(st.lists(st.dictionaries(names, anything, max_size=3), max_size=3))
def test_each_value_is_where_its_path_says(rows):
    frame = tidy(rows)
    for row, found in zip(rows, frame.to_dicts(), strict=True):
        assert {name for name, value in found.items() if value is not None} == set(naive(row))
        for name, value in naive(row).items():
            if isinstance(value, bool | int | float | str):
                assert found[name] in (value, json.dumps(value)) or found[name] == float(value)


def test_half_a_surrogate_pair_is_a_question_mark_in_a_frame():
    assert tidy([{"id": "a", "name": "\ud800x"}])["name"].to_list() == ["?x"]


# In a page of DHIS2 a field has one type.
of_one_type = st.fixed_dictionaries(
    {"id": st.text(max_size=3)},
    optional={
        "name": st.none() | st.text(max_size=3),
        "level": st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
        "factor": st.none() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False),
        "leaf": st.none() | st.booleans(),
        "parent": st.none() | st.fixed_dictionaries({"id": st.text(max_size=2)}, optional={"level": st.integers(0, 9)}),
        "groups": st.none() | st.lists(st.fixed_dictionaries({"id": st.sampled_from(["g", "h"])}), max_size=2),
        "tags": st.none() | st.lists(st.text(max_size=2), max_size=2),
    },
)


@given(st.lists(st.lists(of_one_type, min_size=1, max_size=3), min_size=1, max_size=3), st.booleans())
def test_pages_make_the_same_frame_from_bytes_as_from_objects(pages, escaped):
    frames = [
        read_page(json.dumps({"pager": {"page": 1}, "units": page}, ensure_ascii=escaped).encode()) for page in pages
    ]
    if None not in frames:
        joined = join_pages([frame["units"] for frame in frames], "id,parent[id],code")
        whole = tidy([row for page in pages for row in page], "id,parent[id],code")
        assert joined is not None
        assert sorted(joined.columns) == sorted(whole.columns)
        assert joined.select(whole.columns).equals(whole)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"<html>",
        b"{}",
        b'{"units": []}',
        b'{"units": [{}]}',
        b'{"units": [{"id": "a"}',
        b'[{"units": [{"id": "a"}]}]',
        b'{"units": [{"id": "a"}], "more": [{"id": "a"}]}',
        b'{"units": [{"id": "a"}, null]}',
        b'{"units": ["a"]}',
        b'{"units": [{"id": "\\ud800"}]}',
        b'{"units": [{"id": "a", "n": NaN}]}',
        b'{"units": [{"id": "a", "items": [{"id": "b", "n": 1}]}]}',
        b'{"units": [{"id": "a", "geometry": {"type": "Point", "coordinates": [1, 2]}}]}',
        b'{"units": [{"id": "a", "x": {"y": [[1]]}}]}',
        b'{"units": [{"id": "a", "x": 1}, {"id": "b", "x": {"y": 1}}]}',
    ],
)
def test_of_what_is_no_simple_list_nothing_is_said(body):
    assert read_page(body) is None


def test_pages_whose_types_differ_are_left_to_their_objects():
    pages = [read_page(json.dumps({"units": [{"id": "a", "n": n}]}).encode())["units"] for n in (1, "one")]
    assert join_pages(pages, "id,n") is None
