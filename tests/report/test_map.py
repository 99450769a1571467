"""The map."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prefect_patterns.errors import UsageError
from prefect_patterns.report import choropleth
from prefect_patterns.report.classes import Classes, classify
from prefect_patterns.report.geometry import anchor, area, holds, project, shape


def square(x, y, size=1.0, hole=None):
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring, *([hole] if hole else [])]}


def feature(key, geometry, name=None):
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": {"name": name} if name else {}}


def circle(count, radius=1.0):
    angles = [2 * math.pi * i / count for i in range(count)]
    ring = [[radius * math.cos(angle), radius * math.sin(angle)] for angle in angles]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


FOUR = [feature(key, square(i % 2, i // 2), name) for i, (key, name) in enumerate(zip("abcd", "PQRS", strict=True))]


def fills(html):
    found = re.findall(r"<g><title>(\w+): [^<]*</title><path[^>]*?fill: ([^;\"]*)", html)
    return dict(found)


def test_each_unit_is_shaded_by_its_class_and_says_its_value():
    html = choropleth(FOUR, {"a": 10, "b": 20, "c": 30, "d": 40}, title="t", unit="%", borders=[15, 35])
    assert fills(html) == {
        "P": "var(--class-1, #c7e9b4)",
        "Q": "var(--class-3, #41b6c4)",
        "R": "var(--class-3, #41b6c4)",
        "S": "var(--class-5, #0c2c84)",
    }
    assert "<title>P: 10.0\N{NO-BREAK SPACE}%</title>" in html


def test_the_legend_names_and_counts_the_classes_and_the_units_without_data():
    html = choropleth(FOUR, {"a": 10, "b": 20, "c": 30}, title="t", unit="%", borders=[15], legend="Doses")
    entries = re.findall(r"<li>(?:<i class=\"([^\"]*)\"></i>)?([^<]*)</li>", html)
    assert entries == [
        ("", "Doses"),
        ("class-1", "under 15\N{NO-BREAK SPACE}% (1)"),
        ("class-5", "15\N{NO-BREAK SPACE}% and more (2)"),
        ("no-data", "no data (1)"),
    ]


def test_a_unit_without_a_value_is_hatched():
    html = choropleth(FOUR, {"a": 10, "b": math.nan, "c": None}, title="t")
    assert html.count("<pattern") == 1
    assert sum(fill.startswith("url(#") for fill in fills(html).values()) == 3


def test_units_without_a_shape_are_counted_and_in_the_numbers():
    features = [*FOUR, feature("e", None, "T"), feature("f", {"type": "Polygon", "coordinates": []}, "U")]
    html = choropleth(features, {"a": 1, "e": 2, "g": 3}, title="t")
    assert "3 without a shape on the map: g, T, U" in html
    assert '<th scope="row" dir=auto>T</th>' in html


def test_names_come_from_the_caller_then_the_feature_then_the_id():
    html = choropleth([*FOUR, feature("e", square(2, 2))], {"a": 1}, title="t", labels={"a": "Mine"})
    assert re.findall(r"<th scope=\"row\" dir=auto>(\w+)</th>", html) == ["Mine", "Q", "R", "S", "e"]


def test_large_units_carry_their_name_and_value():
    html = choropleth(FOUR, {"a": 10, "b": 20, "c": 30, "d": 40}, title="t", unit="%")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", html)
    assert set(texts) == {"P", "Q", "R", "S"} | {f"{n}\N{NO-BREAK SPACE}%" for n in (10, 20, 30, 40)}


@pytest.mark.parametrize(
    ("features", "values", "words"),
    [([], {}, "No data"), ([feature("a", None)], {"a": 1}, "No shapes"), ([], {"a": 1}, "No shapes")],
)
def test_a_map_of_nothing_says_so(features, values, words):
    html = choropleth(features, values, title="t")
    assert words in html
    assert "<svg" not in html


@pytest.mark.parametrize("borders", [[3, 2], [1, 1], [1, 2, 3, 4, 5]])
def test_borders_that_cannot_be_are_refused(borders):
    with pytest.raises(UsageError, match="borders"):
        choropleth(FOUR, {"a": 1}, title="t", borders=borders)


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        "Polygon",
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, None], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[["a", "b"]] * 4]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, math.nan], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": 7},
        {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
        {"type": "Point", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": [[[]]]},
    ],
    ids=str,
)
def test_a_broken_geometry_is_no_shape(geometry):
    assert shape(geometry) is None


def test_shapes_of_every_kind_are_found():
    parts = [square(0, 0), {"type": "MultiPolygon", "coordinates": [square(2, 2)["coordinates"]]}]
    points = [{"type": "Point", "coordinates": [1, 2, 300]}, {"type": "MultiPoint", "coordinates": [[3, 4]]}]
    found = shape({"type": "GeometryCollection", "geometries": [*parts, *points]})
    assert len(found.polygons) == 2
    assert found.points == [(1.0, 2.0), (3.0, 4.0)]


def test_a_point_is_drawn_as_a_dot():
    html = choropleth([feature("p", {"type": "Point", "coordinates": [3, 3]}, "Clinic")], {"p": 7}, title="t")
    assert "<title>Clinic: 7.0</title>" in html
    assert "<use" in html


@pytest.mark.parametrize("turned", [False, True])
def test_a_hole_is_cut_whichever_way_it_runs(turned):
    hole = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
    placed, _ = project({"a": shape(square(0, 0, 4, hole[::-1] if turned else hole))}, 100, 100, 0)
    outer, inner = placed["a"].polygons[0]
    signs = [sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) for ring in (outer, inner)]
    assert signs[0] * signs[1] < 0


def test_degrees_of_longitude_shrink_with_latitude():
    placed, high = project({"a": shape(square(0, 59.5))}, 100, 1000, 0)
    assert high == pytest.approx(100 / math.cos(math.radians(60)), rel=0.001)
    assert placed["a"].polygons[0][0][:, 0].max() == pytest.approx(100)


def test_a_tall_country_is_fitted_into_the_height():
    tall = {"type": "Polygon", "coordinates": [[[0, -20], [1, -20], [1, 20], [0, 20], [0, -20]]]}
    placed, high = project({"a": shape(tall)}, 500, 600, 5)
    ring = placed["a"].polygons[0][0]
    assert high == pytest.approx(600)
    assert (ring[:, 0].min() + ring[:, 0].max()) / 2 == pytest.approx(250)


def test_simplifying_keeps_the_look_and_sheds_the_weight():
    placed, _ = project({"a": shape(circle(5000))}, 400, 400, 0)
    ring = placed["a"].polygons[0][0]
    assert len(ring) < 150
    assert area(ring) == pytest.approx(math.pi * 200**2, rel=0.005)
    assert (ring[0] == ring[-1]).all()


def test_a_detailed_country_stays_small_enough_for_a_page():
    coast = [feature(str(i), square(i % 8, i // 8)) for i in range(64)] + [feature("x", circle(20_000, 3.0))]
    html = choropleth(coast, {str(i): i for i in range(64)}, title="t")
    assert len(html) < 150_000


def test_a_unit_too_small_to_see_is_still_there_to_point_at():
    html = choropleth([*FOUR, feature("e", square(0.5, 0.5, 1e-5), "Islet")], {"e": 1}, title="t")
    assert "<title>Islet: 1.0</title>" in html


def test_the_label_stands_inside_even_where_the_middle_is_outside():
    bow = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 80], [80, 80], [80, 20], [0, 20], [0, 0]]
    polygon = shape({"type": "Polygon", "coordinates": [bow]}).polygons[0]
    x, y = anchor(polygon)
    assert holds(polygon, (x - 2, y - 2, x + 2, y + 2))
    assert not holds(polygon, (45, 45, 55, 55))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
@example([0.0, 7.6e-13, -1.1e-26, -2.2e-308])
@example([0.0, 5e-324])
def test_classes_hold_every_value_between_rising_borders(values):
    classes = classify(values)
    assert len(classes) <= 5
    assert list(classes.borders) == sorted(set(classes.borders))
    assert all(0 <= classes.of(value) < len(classes) for value in values)
    assert len(classes.labels()) == len(classes.shades()) == len(classes)


def test_an_outlier_does_not_take_the_scale_from_the_others():
    values = [61.0, 62, 66, 68, 71, 74, 78, 83, 88, 2500]
    classes = classify(values)
    assert len({classes.of(value) for value in values}) == 5


@pytest.mark.parametrize(
    ("borders", "labels"),
    [
        ((), ["all values"]),
        ((70.0,), ["under 70", "70 and more"]),
        ((0.5, 1.0), ["under 0.5", "0.5 to 1.0", "1.0 and more"]),
    ],
)
def test_classes_are_named_with_as_many_digits_as_they_need(borders, labels):
    assert Classes(borders).labels() == labels


def test_names_from_outside_are_escaped_in_the_drawing():
    html = choropleth([feature("a", square(0, 0), "<script>&\x00")], {"a": 1}, title="<b>")
    drawing = ET.fromstring(re.search(r"<svg.*?</svg>", html, re.DOTALL)[0])
    assert "<script>&" in [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
