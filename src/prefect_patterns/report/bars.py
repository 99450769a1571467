"""Bars and sparks: one value a row, one small line a cell."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from markupsafe import Markup, escape

from prefect_patterns.report.rendering import empty, figure
from prefect_patterns.report.svg import INK, SERIES, SOFT, Canvas, canvas, svg
from prefect_patterns.report.text import MISSING, Format, clean, clipped, finite, width

__all__ = ["bar", "spark"]

_WIDE, _NARROW = 520.0, 340.0  # CSS pixels: half of the page, and a phone
_SIZE = 12
_ROW = 27.0


def bar(
    values: Mapping[str, float | None],
    *,
    title: str,
    unit: str = "",
    digits: int = 1,
    note: str = "",
) -> Markup:
    """Return a figure with one horizontal bar a value, in the order given, the value at its end.

    Args:
        values: By label; a missing one has no bar and an en dash.
        unit: Of the values.
        digits: Digits after the point.
        note: Said after the title.

    >>> "Bo: 12" in bar({"Bo": 12, "Kono": None}, title="Late reports", digits=0)
    True
    """
    how = Format(digits, unit)
    known = {clean(name): finite(value) for name, value in values.items()}
    if all(value is None for value in known.values()):
        return figure("bar", title, empty(), note=note)
    said = ", ".join(f"{name}: {how(value)}" for name, value in known.items())
    drawings = [
        _draw(known, across, how).svg(title, said, css=css) for across, css in ((_WIDE, "wide"), (_NARROW, "narrow"))
    ]
    return figure("bar", title, Markup("").join(drawings), note=note)


def _draw(values: Mapping[str, float | None], across: float, how: Format) -> Canvas:
    names = [clipped(name, int(across * 0.42 / (_SIZE * 0.6))) for name in values]
    left = 10 + max(width(name, _SIZE) for name in names)
    right = 8 + max(width(how(value), _SIZE) for value in values.values())
    known = [value or 0.0 for value in values.values()]
    low, high = min(0.0, *known), max(0.0, *known)
    scale = (across - left - right) / ((high - low) or 1.0)
    zero = left - low * scale
    with canvas(across, _ROW * len(names) + 6) as sheet:
        page = sheet.page
        centres = [3 + _ROW * (i + 0.5) for i in range(len(names))]
        drawn = page.barh(centres, [value * scale for value in known], height=_ROW * 0.64, left=zero, color=SERIES[0])
        for name, (full, value), y, rectangle in zip(names, values.items(), centres, drawn, strict=True):
            sheet.tooltip(rectangle, f"{full}: {how(value)}")
            sheet.text(page, left - 9, y, name, color=INK, size=_SIZE, ha="right", va="center_baseline")
            end = zero + max(value or 0.0, 0.0) * scale + 6
            sheet.text(page, end, y, how(value), color=SOFT, size=_SIZE, va="center_baseline")
        page.plot([zero, zero], [0, sheet.height], color=SOFT, linewidth=1)
        return sheet


def spark(values: Sequence[float | None], *, title: str = "Trend", digits: int = 1, unit: str = "") -> Markup:
    """Return a small line without axes for a table's cell or a sentence, its last value marked.

    Args:
        values: In order; a missing one is a gap.
        title: What a screen reader says before the range.
        digits: Digits after the point.
        unit: Of the values.

    >>> "from 2.0 to 4.0, last 2.0" in spark([3, 4, None, 2])
    True
    """
    across, high, edge = 96.0, 22.0, 3.0
    known = [finite(value) for value in values]
    real = [value for value in known if value is not None]
    if not real:
        return escape(MISSING)
    low, span = min(real), (max(real) - min(real)) or 1.0
    step = (across - 2 * edge) / max(len(known) - 1, 1)
    places = [
        "" if value is None else f"{edge + i * step:.1f} {high - edge - (value - low) / span * (high - 2 * edge):.1f}"
        for i, value in enumerate(known)
    ]
    runs = [list(run) for there, run in groupby(places, key=bool) if there]
    path = " ".join("M" + " L".join(run if len(run) > 1 else run * 2) for run in runs)  # a lone value is a dot
    x, y = runs[-1][-1].split()
    shapes = [Element("path", {"d": path}), Element("circle", {"cx": x, "cy": y, "r": "2.4"})]
    return svg(across, high, shapes, title, f"{title}: {Format(digits, unit).range(known)}", css="spark")
