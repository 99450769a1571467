"""Drawings by matplotlib as SVG that belongs in a page: themed by CSS, with a name, the same bytes every time."""

import hashlib
import io
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from prefect_patterns.report.text import clean

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["CLASSES", "GRID", "INK", "NO_DATA", "ON_CLASSES", "PAPER", "SERIES", "SOFT", "Canvas", "canvas", "svg"]

# What a drawing is coloured with, no two alike. The page's style sheet gives them their meaning; elsewhere these hold.
INK, SOFT, GRID, PAPER, NO_DATA = "#16202a", "#55626f", "#d9dfe5", "#ffffff", "#8a96a3"
SERIES = ("#0b62a4", "#b3470b", "#1a7a4c", "#7a3b96", "#8a6a00", "#a3224f")
CLASSES = ("#c7e9b4", "#7fcdbb", "#41b6c4", "#225ea8", "#0c2c84")  # ColorBrewer YlGnBu, its 7 without two
ON_CLASSES = ("#16202b", "#16202c", "#16202d", "#fffffd", "#fffffe")  # text on them
_THEME = {
    INK: "currentColor",
    SOFT: f"var(--soft, {SOFT})",
    GRID: f"var(--grid, {GRID})",
    PAPER: f"var(--paper, {PAPER})",
    NO_DATA: f"var(--no-data, {NO_DATA})",
    **{colour: f"var(--series-{i}, {colour})" for i, colour in enumerate(SERIES, 1)},
    **{colour: f"var(--class-{i}, {colour})" for i, colour in enumerate(CLASSES, 1)},
    **{colour: f"var(--on-class-{i}, {colour})" for i, colour in enumerate(ON_CLASSES, 1)},
}
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "prefect-patterns",
    "hatch.linewidth": 1.0,
    "path.simplify": False,
}
_REFERENCES = {
    "href": re.compile(r"(?<=^#).+"),
    **dict.fromkeys(("style", "fill", "clip-path"), re.compile(r"(?<=url\(#)[^)]+")),
}
_lock = threading.RLock()  # matplotlib's settings belong to the whole process


class Canvas:
    """A drawing in CSS pixels, the origin at the top left.

    Text goes through `text` and `tooltip` only: matplotlib sees a stand-in, so that it neither reads `$` as mathematics
    nor complains about letters that its own font lacks; the page's font shows the real text.
    """

    def __init__(self, figure: "Figure", width: float, height: float) -> None:
        self.figure = figure
        self.width = width
        self.height = height
        self._texts: dict[str, str] = {}
        self._tooltips: dict[str, str] = {}
        self._classes: dict[str, str] = {}

    def axes(self, left: float, top: float, right: float, bottom: float) -> "Axes":
        """Return axes with these margins and nothing drawn around them."""
        wide, high = 1 - (left + right) / self.width, 1 - (top + bottom) / self.height
        axes = self.figure.add_axes((left / self.width, bottom / self.height, wide, high))
        axes.set_axis_off()
        return axes

    @cached_property
    def page(self) -> "Axes":
        """Axes over the whole drawing whose unit is a pixel, the y axis pointing down."""
        axes = self.axes(0, 0, 0, 0)
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        return axes

    def text(self, axes: "Axes", x: float, y: float, text: str, *, css: str = "", **style: Any) -> "Text":
        """Draw *text*, of CSS class *css*, with matplotlib's *style*."""
        artist = axes.text(x, y, "x", parse_math=False, **{"color": INK, "size": 12, **style})
        key = f"text{len(self._texts)}"
        artist.set_gid(key)
        self._texts[key] = clean(text)
        self._classes[key] = css
        return artist

    def tooltip(self, artist: "Artist", text: str) -> None:
        """Show *text* where the mouse rests on *artist*."""
        key = f"tip{len(self._tooltips)}"
        artist.set_gid(key)
        self._tooltips[key] = clean(text)

    def svg(self, title: str, description: str, *, css: str = "") -> Markup:
        """Return the drawing as an `<svg>` element."""
        buffer = io.BytesIO()
        with _settings():
            self.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        drawn = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 - matplotlib's own, no text from outside in it
        elements = [child for child in drawn if child.tag != f"{_SVG}metadata"]
        for element in [deeper for child in elements for deeper in child.iter()]:
            element.tag = element.tag.removeprefix(_SVG)
            _tidy(element)
        for element in [deeper for child in elements for deeper in child.iter()]:
            self._label(element)
        return svg(self.width, self.height, elements, title, description, css=css)

    def _label(self, element: ElementTree.Element) -> None:
        key = element.get("id", "")
        if key in self._tooltips:
            tip = ElementTree.Element("title")
            tip.text = self._tooltips[key]
            element.insert(0, tip)
        if key in self._texts:
            for text in element.iter("text"):
                text.text = self._texts[key]
                if self._classes[key]:
                    text.set("class", self._classes[key])


@contextmanager
def canvas(width: float, height: float) -> Iterator[Canvas]:
    """Yield a canvas; draw on it inside the block."""
    with _settings():
        from matplotlib.figure import Figure

        yield Canvas(Figure(figsize=(width / 72, height / 72), dpi=72), width, height)


@contextmanager
def _settings() -> Iterator[None]:
    with _lock:
        matplotlib = _load()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()  # somebody's matplotlibrc must not reach our page
            matplotlib.rcParams.update(_SETTINGS)
            yield


def svg(
    width: float,
    height: float,
    elements: Iterable[ElementTree.Element],
    title: str,
    description: str,
    *,
    css: str = "",
) -> Markup:
    """Return *elements* as an `<svg>` element with a name and a description."""
    box = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width:g} {height:g}", "role": "img"}
    size = {"width": f"{width:g}", "height": f"{height:g}"}
    root = ElementTree.Element("svg", {**box, **size, "class": css or "drawing"})
    root.set("aria-label", clean(title))
    for tag, content in (("title", title), ("desc", description)):
        ElementTree.SubElement(root, tag).text = clean(content)
    root.extend(elements)
    _name_ids(root)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


def _tidy(element: ElementTree.Element) -> None:
    """Theme the colours, shorten the numbers, leave the font to the page."""
    if element.tag == "style":
        element.clear()  # it would style the whole page
        element.tag = "defs"
    if link := element.attrib.pop(_XLINK, None):
        element.set("href", link)
    for name, value in element.attrib.items():
        if name in ("style", "fill"):
            unfonted = re.sub(r"font-family: [^;]*(; )?", "", value)
            element.set(name, re.sub(r"#[0-9a-f]{6}\b", lambda found: _THEME.get(found[0], found[0]), unfonted))
        elif name in ("d", "x", "y", "width", "height", "transform"):
            short = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
            element.set(name, " ".join(short.split()))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    if element.text is not None and not element.text.strip():
        element.text = None
    element.tail = None


def _name_ids(root: ElementTree.Element) -> None:
    """Drop the ids that nothing refers to; make the others unique in any page, from all that is drawn."""
    drawing = "d" + hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:8]
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"{drawing}-{len(names)}")

    for element in root.iter():
        for attribute, value in element.attrib.items():
            if pattern := _REFERENCES.get(attribute):
                element.set(attribute, pattern.sub(renamed, value))
    for element in root.iter():
        if (old := element.attrib.pop("id", None)) in names:
            element.set("id", names[old])


def _load() -> Any:
    """Import matplotlib, silent about a home that cannot be written: it takes a temporary folder then."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import matplotlib
        import matplotlib.font_manager  # keeps its cache there, and says so when that takes long
    finally:
        logger.setLevel(level)
    return matplotlib
