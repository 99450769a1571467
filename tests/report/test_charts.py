"""Lines, bars and sparks."""

import math
import re
import threading
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.report import bar, line, spark
from prefect_patterns.report.charts import _apart, _merged

MONTHS = [f"2026-{month:02}" for month in range(1, 13)]


def texts(html):
    return re.findall(r"<text[^>]*>(.*?)</text>", html)


def wide(html):
    return re.search(r'<svg[^>]*class="wide".*?</svg>', html, re.DOTALL)[0]


def strokes(html):
    """Return path and style of each series, not of the grid."""
    return [
        (d, style)
        for d, style in re.findall(r'<path d="([^"]*)"[^>]*style="([^"]*)"', html)
        if "stroke-width: 2" in style
    ]


def test_each_series_is_named_at_its_end_and_described():
    html = line({"BCG": dict(zip(MONTHS, range(12), strict=True)), "ANC": {"2026-01": 5.0}}, title="t", unit="%")
    assert {"BCG", "ANC"} <= set(texts(wide(html)))
    assert "2 series from 2026-01 to 2026-12. BCG: from 0.0 to 11.0\N{NO-BREAK SPACE}%" in html


def test_a_chart_comes_for_a_wide_screen_and_for_a_phone():
    html = line({"BCG": {"a": 1, "b": 2}}, title="t")
    assert re.findall(r'<svg[^>]*class="(\w+)"', html) == ["wide", "narrow"]


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_missing_value_is_a_gap(missing):
    html = wide(line({"BCG": {"a": 1.0, "b": 2.0, "c": missing, "d": 3.0, "e": 2.0}}, title="t"))
    assert [path.count("M") for path, _ in strokes(html)] == [2]


def test_a_label_that_one_series_lacks_is_a_gap_at_its_place():
    html = line({"a": {"Jan": 1, "Mar": 3}, "b": {"Jan": 1, "Feb": 2, "Mar": 3}}, title="t")
    assert re.findall(r"<th scope=\"row\" dir=auto>(\w+)</th>", html) == ["Jan", "Feb", "Mar"]


@given(st.lists(st.sets(st.integers(0, 8)).map(sorted)))
def test_labels_keep_the_order_of_every_series(orders):
    named = [[str(label) for label in order] for order in orders]
    merged = _merged(named)
    assert len(merged) == len(set(merged))
    assert all([label for label in merged if label in order] == order for order in named)


def test_labels_that_follow_each_other_in_no_series_stay_together():
    assert _merged([["Jan", "Feb"], ["Mar", "Apr"]]) == ["Jan", "Feb", "Mar", "Apr"]


def test_labels_in_contradiction_stand_as_they_first_appear():
    assert _merged([["Jan", "Feb"], ["Feb", "Jan", "Mar"]]) == ["Jan", "Feb", "Mar"]


def test_frames_and_mappings_draw_alike():
    values = {"a": 1.0, "b": None, "c": 2.5}
    frame = pl.DataFrame({"month": list(values), "value": list(values.values())})
    assert line({"x": frame}, title="t") == line({"x": values}, title="t")


def test_series_differ_in_more_than_colour():
    html = wide(line({name: {"a": i, "b": i + 1} for i, name in enumerate("pqrs")}, title="t"))
    styles = [style for _, style in strokes(html)]
    dashes = [re.search(r"stroke-dasharray: ([^;]*)", style) for style in styles]
    assert len({dash and dash[1] for dash in dashes}) == 4
    assert len({re.sub("[0-9.-]+", "", shape) for shape in re.findall(r'<defs><path d="([^"]*)"', html)}) >= 3


@given(st.lists(st.floats(30, 300), min_size=1, max_size=12))
def test_names_at_the_line_ends_never_overlap_and_keep_their_order(wanted):
    places = _apart(wanted, 16.0, 320.0)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    steps = [places[after] - places[before] for before, after in pairwise(order)]
    assert all(step >= 16.0 - 1e-6 for step in steps)
    assert max(places) <= 320.0


@pytest.mark.parametrize(
    "series", [{}, {"a": {}}, {"a": {"x": None}}, {"a": pl.DataFrame({"l": ["x"], "v": [math.nan]})}]
)
def test_lines_without_data_say_so(series):
    html = line(series, title="t")
    assert "No data" in html
    assert "<svg" not in html


def test_a_series_without_a_value_is_named_under_the_chart():
    html = line({"a": {"x": 1}, "b": {"x": None}}, title="t")
    assert "No values: b" in html


@pytest.mark.parametrize("values", [[5], [0, 0], [7, 7, 7], [-3, -1], [1e9, 1], [1e-6, 2e-6]], ids=str)
def test_any_range_of_values_can_be_drawn(values):
    assert "<svg" in line({"a": {str(i): value for i, value in enumerate(values)}}, title="t")


def test_dollar_signs_are_not_mathematics_and_foreign_letters_draw_in_silence(caplog, recwarn, capfd):
    html = line({"日本 $\\alpha$": {"مارس": 1, "ab": 2}}, title="t")
    assert "日本 $\\alpha$" in texts(wide(html))
    assert not recwarn.list
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_text_stays_text_and_colours_follow_the_page():
    html = wide(line({"a": {"x": 1, "y": 2}}, title="t"))
    assert "font-family" not in html
    assert "currentColor" in wide(bar({"a": 1}, title="t"))
    assert "var(--series-1, #0b62a4)" in html
    assert not re.search(r'(fill|stroke)(: |=")#', html)


def test_threads_draw_the_same_as_one_after_the_other():
    def draw(i):
        return line({f"s{i}": {"a": i, "b": i + 1}}, title=str(i))

    alone, together = [draw(i) for i in range(4)], [None] * 4
    threads = [threading.Thread(target=lambda i=i: together.__setitem__(i, draw(i))) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_somebodys_settings_of_matplotlib_neither_reach_us_nor_change():
    import matplotlib

    plain = line({"a": {"x": 1, "y": 2}}, title="t")
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "lines.linewidth": 9}):
        assert line({"a": {"x": 1, "y": 2}}, title="t") == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_bars_show_their_values_and_a_missing_one_has_none():
    html = wide(bar({"Bo": 12, "Kono": None, "Kenema": -3}, title="t", digits=0))
    assert {"12", "\N{EN DASH}", "\N{MINUS SIGN}3"} <= set(texts(html))
    assert "<title>Bo: 12</title>" in html


@pytest.mark.parametrize("values", [{}, {"a": None}])
def test_bars_without_data_say_so(values):
    assert "No data" in bar(values, title="t")


def test_names_that_look_alike_when_shortened_stay_apart():
    names = ["x" * 80 + end for end in "ab"]
    assert len(texts(wide(bar(dict.fromkeys(names, 1), title="t")))) == 4
    assert "2 series" in line({name: {"a": 1} for name in names}, title="t")


def test_a_spark_has_gaps_and_marks_its_last_value():
    html = spark([1, None, 3, 4, None])
    assert html.count("M") == 2
    assert "last 4.0" in html


@pytest.mark.parametrize("values", [[], [None], [math.nan]])
def test_a_spark_of_nothing_is_a_dash(values):
    assert spark(values) == "\N{EN DASH}"
