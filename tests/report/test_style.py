"""The style sheet: readable in the light and in the dark, by the Web Content Accessibility Guidelines' own formula."""

import re
from importlib.resources import files

import pytest

from prefect_patterns.report import svg

CSS = (files("prefect_patterns.report") / "templates" / "page.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\n *\}", CSS, re.DOTALL)
)
TEXT = ["ink", "soft", "link", *(f"series-{i}" for i in range(1, 7))]
GRAPHIC = ["green", "amber", "red", "no-data"]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, {**LIGHT, **DARK}], ids=["light", "dark"])
def test_text_stands_out_from_what_it_stands_on(theme):
    pairs = [(name, "paper") for name in TEXT] + [(f"on-class-{i}", f"class-{i}") for i in range(1, 6)]
    weak = {pair: contrast(theme[pair[0]], theme[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", [LIGHT, {**LIGHT, **DARK}], ids=["light", "dark"])
def test_shapes_that_mean_something_stand_out_from_the_page(theme):
    assert [name for name in GRAPHIC if contrast(theme[name], theme["paper"]) < 3] == []


def test_map_shades_get_darker_in_the_light_and_brighter_in_the_dark():
    light, dark = ([luminance(theme[f"class-{i}"]) for i in range(1, 6)] for theme in (LIGHT, DARK))
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)


def test_a_drawing_outside_a_page_has_the_colours_of_a_light_page():
    names = ["ink", "soft", "grid", "paper", "no-data"]
    names += [f"series-{i}" for i in range(1, 7)] + [f"class-{i}" for i in range(1, 6)]
    shown = [svg.INK, svg.SOFT, svg.GRID, svg.PAPER, svg.NO_DATA, *svg.SERIES, *svg.CLASSES]
    assert shown == [LIGHT[name] for name in names]


def test_print_unfolds_what_a_click_would():
    printed = CSS[CSS.index("@media print") :]
    assert "details::details-content { content-visibility: visible" in printed


def test_every_colour_of_a_drawing_has_one_meaning():
    colours = [svg.INK, svg.SOFT, svg.GRID, svg.PAPER, svg.NO_DATA, *svg.SERIES, *svg.CLASSES, *svg.ON_CLASSES]
    assert len(colours) == len(set(colours))
