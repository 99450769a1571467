"""The page as a whole: escaped, self-contained, readable by a machine that reads aloud."""

import re
import xml.etree.ElementTree as ET
from functools import cache
from html.parser import HTMLParser

import polars as pl
import pytest

from prefect_patterns.errors import StorageError
from prefect_patterns.report import (
    Column,
    Page,
    Section,
    bar,
    beside,
    choropleth,
    code,
    details,
    light,
    line,
    spark,
    table,
)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'Bo & Kono\'s "district"',
    "a\x00b\x08c\x1b[31m",
    "\ud800 lone surrogate",
    "$\\frac{1}{2}$ {{ 7 * 7 }} {% raw %}",
    "مركز صحي",
    "\u202eevil",
    "日本語",
    "very long " * 200,
    "]]></style></svg><script>alert(2)</script>",
]
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]}


class Outline(HTMLParser):
    """What a browser would see of a page: each element with its attributes, and which elements are open."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.unbalanced = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def full_page(text="Bo"):
    kept = text.encode(errors="ignore").decode()  # Polars refuses a lone surrogate itself
    frame = pl.DataFrame({"place": [kept], "rate": [1.5], "trend": [[1.0, None, 2.0]], "reasons": [[kept, "late"]]})
    columns = {"place": text, "rate": Column("Rate", unit=text), "trend": Column("Trend", show=spark), "reasons": "Why"}
    return Page(
        title=text,
        subtitle=text,
        facts=[(text, text), ("Rows", 1234)],
        sections=[
            Section(text, [text, light(0.5, "red", why=[text])], intro=text),
            Section("Map", [choropleth([{"id": text, "geometry": SQUARE}], {text: 5, "b": 1}, title=text, unit=text)]),
            Section("Lines", [line({text: {text: 1.0, "b": 2.0}}, title=text, y_label=text, unit=text, note=text)]),
            Section(
                "Bars", [beside(bar({text: 3}, title=text, unit=text), table(frame, caption=text, columns=columns))]
            ),
            Section("More", [details(text, text, unfolded=True), code(text, label=text)]),
        ],
        footer=text,
    ).html()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_from_outside_never_becomes_markup(text):
    page, plain = Outline(full_page(text)), Outline(full_page())
    assert page.unbalanced == []
    assert page.open == []
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in plain.elements}
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_drawing_stays_well_formed_xml_and_the_page_can_be_encoded(text):
    html = full_page(text)
    assert html.encode()
    drawings = re.findall(r"<svg xmlns.*?</svg>", html, re.DOTALL)
    assert len(drawings) == 6
    for drawing in drawings:
        ET.fromstring(drawing)


def test_a_name_appears_as_it_is_in_the_page_and_in_the_drawing():
    html = full_page("Bo & <Kono>")
    drawing = re.search(r'<svg[^>]*class="map".*?</svg>', html, re.DOTALL)[0]
    assert "<h1>Bo &amp; &lt;Kono&gt;</h1>" in html
    assert ">Bo &amp; &lt;Kono&gt;</text>" in drawing


def test_the_page_asks_nobody_for_anything():
    page = Outline(full_page())
    loading = [attributes.get(name) for _, attributes in page.elements for name in ("src", "href", "action", "data")]
    assert all(address.startswith("#") for address in loading if address)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert "@import" not in full_page()
    assert re.findall(r"url\((?!#)", full_page()) == []
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_has_the_landmarks_of_a_document():
    page = Outline(full_page())
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert len(page.all("h2")) == len(page.all("section")) == 5
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert {each["name"] for each in page.all("meta") if "name" in each} >= {"viewport"}


def test_every_drawing_has_a_role_a_name_and_a_description():
    for drawing in re.findall(r"<svg.*?</svg>", full_page(), re.DOTALL):
        root = ET.fromstring(drawing)
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert [child.tag.split("}")[-1] for child in root][:2] == ["title", "desc"]
        assert all(child.text for child in list(root)[:2])


def test_ids_are_unique_and_every_reference_meets_one():
    html = full_page()
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    references = re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', html)
    assert set(references) <= set(ids)
    assert set(ids) <= set(references)


def test_what_scrolls_can_be_reached_by_keyboard():
    page = Outline(full_page())
    boxes = [each for _, each in page.elements if each.get("class") == "table"] + page.all("pre")
    assert len(boxes) == 4
    assert all(each["tabindex"] == "0" and each["role"] == "region" and each["aria-label"] for each in boxes)


def test_two_runs_give_the_same_bytes():
    assert full_page.__wrapped__() == full_page()


def test_a_page_needs_nothing_but_a_title():
    page = Outline(Page(title="Nothing yet").html())
    assert page.unbalanced == []
    assert page.all("nav") == page.all("footer") == page.all("dl") == []


def test_a_page_is_written_as_one_step(tmp_path):
    Page(title="Old").write(tmp_path / "a" / "report.html")
    Page(title="New").write(tmp_path / "a" / "report.html")
    assert "<h1>New</h1>" in (tmp_path / "a" / "report.html").read_text()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["report.html"]


def test_a_page_that_cannot_be_written_names_the_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        Page(title="x").write(tmp_path / "file" / "report.html")


def test_a_fact_is_shown_as_people_read_it():
    html = Page(title="x", facts=[("Values", 781204), ("Source", None)]).html()
    assert "<dt>Values</dt><dd>781,204</dd>" in html
