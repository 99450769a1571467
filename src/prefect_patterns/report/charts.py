"""Line charts of plain values as SVG figures that also read without colour."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import polars as pl
from markupsafe import Markup

from prefect_patterns.report.rendering import empty, figure
from prefect_patterns.report.svg import GRID, SERIES, SOFT, Canvas, canvas
from prefect_patterns.report.table import Column, table
from prefect_patterns.report.text import Format, clean, clipped, finite, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["line"]

_WIDE, _NARROW = 960.0, 360.0  # CSS pixels: the page shows one or the other, so that text is readable on a phone
_SIZE, _SMALL = 12, 11
_TOP, _BOTTOM = 32.0, 30.0
_DASHES = ("solid", (0, (6, 2)), (0, (2, 1.6)), (0, (7, 2, 1.5, 2)))
_MARKERS = "osD^vPX"
_MOST_NUMBERS = 100

Lines = Mapping[str, Sequence[float | None]]


def line(
    series: Mapping[str, Mapping[str, float | None] | pl.DataFrame],
    *,
    title: str,
    y_label: str = "",
    unit: str = "",
    digits: int = 1,
    note: str = "",
) -> Markup:
    """Return a figure with one line a series, each named at its end; a missing value is a gap.

    Args:
        series: By name, each from label to value, or a frame whose first two columns are those. Labels are in reading
            order; one that a series lacks is a gap in it.
        y_label: What is measured.
        unit: Of the values.
        digits: Digits after the point.
        note: Said after the title.

    >>> figure = line({"Penta 3": {"May": 81.0, "Jun": None, "Jul": 84.5}}, title="Coverage", unit="%")
    >>> "Penta 3: from 81.0 to 84.5\\xa0%, last 84.5\\xa0%" in figure
    True
    """
    how = Format(digits, unit)
    given = {clean(name): _pairs(values) for name, values in series.items()}
    labels = _merged([list(values) for values in given.values()])
    every = {name: [finite(values.get(label)) for label in labels] for name, values in given.items()}
    lines = {name: values for name, values in every.items() if any(value is not None for value in values)}
    silent = [name for name in every if name not in lines]
    notes = [f"No values: {', '.join(silent)}"] if silent else []
    if not lines:
        return figure("line", title, empty(), note=note, notes=notes)
    said = f"{len(lines)} series from {labels[0]} to {labels[-1]}. "
    said += " ".join(f"{name}: {how.range(values)}." for name, values in lines.items())
    axis = f"{y_label} ({unit})" if y_label and unit else y_label or unit
    drawings = [
        _draw(labels, lines, across, axis).svg(title, said, css=css)
        for across, css in ((_WIDE, "wide"), (_NARROW, "narrow"))
    ]
    numbers = _numbers(labels, lines, title, how) if len(labels) <= _MOST_NUMBERS else ""
    return figure("line", title, Markup("").join(drawings), note=note, notes=notes, numbers=numbers)


def _pairs(values: Mapping[str, float | None] | pl.DataFrame) -> dict[str, float | None]:
    pairs = values.iter_rows() if isinstance(values, pl.DataFrame) else values.items()
    return {clean(str(label)): value for label, value, *_ in pairs}


def _merged(orders: Sequence[Sequence[str]]) -> list[str]:
    """Return all labels in an order that suits every series; where there is none, as they first appear."""
    seen = list(dict.fromkeys(chain.from_iterable(orders)))
    rank = {label: i for i, label in enumerate(seen)}
    sorter = TopologicalSorter(dict.fromkeys(seen, ()))
    for before, after in chain.from_iterable(map(pairwise, orders)):
        sorter.add(after, before)
    try:
        sorter.prepare()
    except CycleError:
        return seen
    merged: list[str] = []
    ready: list[int] = []
    while sorter.is_active():
        for label in sorter.get_ready():
            heappush(ready, rank[label])
        merged.append(seen[heappop(ready)])
        sorter.done(merged[-1])
    return merged


def _numbers(labels: Sequence[str], lines: Lines, title: str, how: Format) -> Markup:
    # Columns are named by position: a series may have any name, that of the labels' column too.
    frame = pl.DataFrame({"label": labels, **{str(i): values for i, values in enumerate(lines.values())}}, strict=False)
    columns: dict[str, str | Column] = {"label": Column("")}
    columns |= {str(i): Column(name, digits=how.digits, unit=how.unit) for i, name in enumerate(lines)}
    return table(frame, caption=title, columns=columns, rows=_MOST_NUMBERS)


def _draw(labels: Sequence[str], lines: Lines, across: float, axis: str) -> Canvas:
    names = [clipped(name, int(across * 0.36 / (_SIZE * 0.6))) for name in lines]
    high = max(340.0 if across > _NARROW else 270.0, _TOP + _BOTTOM + len(names) * (_SIZE + 5))
    with canvas(across, high) as sheet:
        ticks = _ticks([value for values in lines.values() for value in values if value is not None])
        how = Format(digits_of(ticks[1] - ticks[0]))
        left = 12 + max(width(how(tick), _SMALL) for tick in ticks)
        right = 18 + max(width(name, _SIZE) for name in names)
        axes = sheet.axes(left, _TOP, right, _BOTTOM)
        axes.set(xlim=(0, len(labels) - 1) if len(labels) > 1 else (-1, 1), ylim=(ticks[0], ticks[-1]))
        _scale(sheet, axes, {tick: how(tick) for tick in ticks}, left, axis)
        _dates(sheet, axes, labels, across - left - right)
        for i, values in enumerate(lines.values()):
            axes.plot(
                range(len(labels)),
                [float("nan") if value is None else value for value in values],
                color=SERIES[i % len(SERIES)],
                linewidth=2,
                linestyle=_DASHES[i % len(_DASHES)],
                marker=_MARKERS[i % len(_MARKERS)],
                markersize=5,
                clip_on=False,
            )
        _name_ends(sheet, axes, names, list(lines.values()), across - right)
        return sheet


def _ticks(values: Sequence[float]) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    low, high = min(values), max(values)
    if low == high or 0 <= low < 0.5 * high:  # near enough to zero to show it
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    return [float(tick) for tick in MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]


def _scale(sheet: Canvas, axes: "Axes", ticks: Mapping[float, str], left: float, axis: str) -> None:
    page = sheet.page
    for tick, words in ticks.items():
        axes.axhline(tick, color=SOFT if tick == 0 else GRID, linewidth=1, clip_on=False)
        y = sheet.height - float(axes.transData.transform((0, tick))[1])
        sheet.text(page, left - 9, y, words, color=SOFT, size=_SMALL, ha="right", va="center_baseline")
    sheet.text(page, 2, 13, axis, color=SOFT, size=_SMALL)


def digits_of(step: float) -> int:
    """Return how many digits after the point a scale with this *step* needs, at most 7.

    >>> digits_of(20.0), digits_of(2.5), digits_of(0.05)
    (0, 1, 2)
    """
    return next((digits for digits in range(7) if abs(round(step, digits) - step) < step * 1e-6), 7)


def _dates(sheet: Canvas, axes: "Axes", labels: Sequence[str], room: float) -> None:
    words = [clipped(label, 24) for label in labels]
    widest = max(width(word, _SMALL) for word in words) + 8
    every = max(1, -(-int(len(labels) * widest) // max(int(room), 1)))
    page = sheet.page
    for at in range(len(labels) - 1, -1, -every):  # the last one always has its label
        x = float(axes.transData.transform((at, 0))[0])
        sheet.text(page, x, sheet.height - 10, words[at], color=SOFT, size=_SMALL, ha="center")


def _name_ends(
    sheet: Canvas, axes: "Axes", names: Sequence[str], lines: Sequence[Sequence[float | None]], left: float
) -> None:
    page = sheet.page
    ends = [next(value for value in reversed(values) if value is not None) for values in lines]
    wanted = [sheet.height - float(axes.transData.transform((0, end))[1]) for end in ends]
    free = _apart(wanted, _SIZE + 4, sheet.height - _BOTTOM)
    for i, (name, y) in enumerate(zip(names, free, strict=True)):
        colour = SERIES[i % len(SERIES)]
        page.plot([left + 6, left + 11], [wanted[i], y], color=colour, linewidth=1)
        sheet.text(page, left + 14, y, name, color=colour, size=_SIZE, va="center_baseline", css="strong")


def _apart(wanted: Sequence[float], gap: float, bottom: float) -> list[float]:
    """Return places near *wanted*, in the same order, at least *gap* from each other and not below *bottom*."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = list(wanted)
    for upper, lower in pairwise(order):
        places[lower] = max(places[lower], places[upper] + gap)
    below = bottom + gap
    for i in reversed(order):
        below = places[i] = min(places[i], below - gap)
    return places
