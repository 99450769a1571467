"""The light: a word and a shape beside the colour."""

import re

import pytest

from prefect_patterns.errors import UsageError
from prefect_patterns.report import light


@pytest.mark.parametrize(
    ("colour", "word"),
    [("green", "Green: fit for use"), ("amber", "Amber: use with care"), ("red", "Red: not fit for use")],
)
def test_each_colour_says_its_word(colour, word):
    assert word in light(0.8, colour)


def test_each_colour_has_a_shape_of_its_own():
    shapes = {
        re.sub(r"<title>.*</desc>|aria-label=\"[^\"]*\"", "", light(0.8, colour))
        for colour in ("green", "amber", "red")
    }
    outlines = {re.search(r"<svg.*</svg>", shape, re.DOTALL)[0] for shape in shapes}
    assert len(outlines) == 3


@pytest.mark.parametrize(("score", "share"), [(0.73, "73.0%"), (1.7, "100.0%"), (-1.0, "0.0%")])
def test_the_scale_shows_the_score_within_its_ends(score, share):
    assert f"width:{share}" in light(score, "amber")


@pytest.mark.parametrize("score", [None, float("nan")])
def test_a_score_that_nobody_measured_has_no_scale(score):
    html = light(score, "red")
    assert "scale" not in html
    assert "\N{EN DASH}" in html


def test_an_unknown_colour_is_refused():
    with pytest.raises(UsageError, match="blue"):
        light(0.5, "blue")
