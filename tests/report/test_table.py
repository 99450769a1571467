"""Tables of frames."""

import re
from datetime import UTC, date, datetime

import polars as pl
import pytest
from markupsafe import Markup

from prefect_patterns.errors import UsageError
from prefect_patterns.report import Column, spark, table


def cells(html):
    return [re.sub(r"<[^>]+>", "", found) for found in re.findall(r"<t[dh] ?[^>]*>.*?</t[dh]>", html)]


def test_headings_and_rows_say_what_they_head():
    html = table(pl.DataFrame({"place": ["Bo"], "rate": [84.25]}), caption="Rates")
    assert html.count('scope="col"') == 2
    assert '<th scope="row" dir=auto>Bo</th>' in html
    assert "<caption>Rates</caption>" in html


def test_numbers_stand_to_the_right_and_text_does_not():
    html = table(pl.DataFrame({"place": ["Bo"], "rate": [84.25]}), caption="Rates")
    assert "<td class=number>84.2</td>" in html
    assert '<th scope="col" class=number>rate</th>' in html


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "\N{EN DASH}"),
        (float("nan"), "\N{EN DASH}"),
        (1234567, "1,234,567"),
        (-1.25, "\N{MINUS SIGN}1.2"),
        (True, "yes"),
        (date(2026, 7, 1), "2026-07-01"),
        (datetime(2026, 7, 1, 6, 30, tzinfo=UTC), "2026-07-01 06:30:00+00:00"),
        (["null", "late"], "null, late"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value, shown):
    assert cells(table(pl.DataFrame({"name": ["x"], "value": [value]}), caption="c"))[-1] == shown


def test_columns_choose_order_heading_digits_and_unit():
    frame = pl.DataFrame({"a": [1.0], "b": ["x"], "c": [2]})
    html = table(frame, caption="c", columns={"b": "Name", "a": Column("Rate", digits=2, unit="%")})
    assert cells(html) == ["Name", "Rate", "x", "1.00\N{NO-BREAK SPACE}%"]


def test_a_column_can_show_its_values_in_another_way():
    frame = pl.DataFrame({"name": ["x"], "trend": [[1.0, None, 3.0]]})
    html = table(frame, caption="c", columns={"name": "Name", "trend": Column("Trend", show=spark)})
    assert 'class="spark"' in html


def test_what_a_column_shows_is_escaped_unless_it_is_markup():
    frame = pl.DataFrame({"name": ["x"], "other": ["y"]})
    show = {
        "name": Column("n", show=lambda value: f"<i>{value}</i>"),
        "other": Column("o", show=lambda _: Markup("<i>")),
    }
    html = table(frame, caption="c", columns=show)
    assert "&lt;i&gt;x" in html
    assert "<td dir=auto><i></td>" in html


@pytest.mark.parametrize(
    ("height", "total", "more"), [(20, None, None), (23, None, "3"), (20, 1020, "1,000"), (25, 3, "5")]
)
def test_the_rows_that_are_not_shown_are_counted(height, total, more):
    html = table(pl.DataFrame({"n": range(height)}), caption="c", total=total)
    assert html.count('scope="row"') == 20
    assert (f"and {more} more" in html) == (more is not None)
    assert ("<tfoot>" in html) == (more is not None)


@pytest.mark.parametrize("frame", [pl.DataFrame(), pl.DataFrame({"a": [], "b": []})], ids=["no columns", "no rows"])
def test_an_empty_frame_is_a_tidy_table(frame):
    assert "No rows" in table(frame, caption="c")


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="'c' has no column 'x'") as error:
        table(pl.DataFrame({"a": [1]}), caption="c", columns={"x": "X"})
    assert "'a'" in error.value.hint
