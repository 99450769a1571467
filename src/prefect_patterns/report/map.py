"""A map whose units are shaded by a value, from GeoJSON features."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from prefect_patterns.report.classes import Classes, classify
from prefect_patterns.report.geometry import Ring, Shape, anchor, area, holds, project, shape
from prefect_patterns.report.rendering import empty, figure
from prefect_patterns.report.svg import CLASSES, INK, NO_DATA, ON_CLASSES, PAPER, Canvas, canvas
from prefect_patterns.report.table import Column, table
from prefect_patterns.report.text import Format, clipped, finite, width

__all__ = ["choropleth"]

_ACROSS, _TALLEST = 460, 560  # CSS pixels
_SIZE = 12
_MOST_LABELS = 40
_MOST_BESIDE, _MOST_NUMBERS = 25, 200


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    value: float | None
    shape: Shape | None


def choropleth(
    features: Iterable[Mapping[str, object]],
    values: Mapping[str, float | None],
    *,
    title: str,
    unit: str = "",
    labels: Mapping[str, str] | None = None,
    legend: str = "",
    digits: int = 1,
    borders: Sequence[float] | None = None,
    unit_name: str = "Unit",
    note: str = "",
) -> Markup:
    """Return a figure with a map of *features* shaded by *values* in five classes at most, and the numbers.

    A feature without a value is hatched. A unit without a shape cannot be drawn: a line under the map counts them.

    Args:
        features: GeoJSON features with an `id`; polygons are shaded, points are dots. None may cross longitude 180.
        values: By feature id.
        unit: Of the values, such as `%`.
        labels: Names by feature id; else the feature's property `name`, else its id.
        legend: What the shades mean.
        digits: Digits after the point.
        borders: Between the classes, rising, four at most; else round ones between classes of about equal size.
        unit_name: What one feature is, such as `District`.
        note: Said after the title.

    Raises:
        UsageError: *borders* do not rise, or are more than four.

    >>> square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    >>> figure = choropleth([{"id": "a", "geometry": square}], {"a": 84, "b": 3}, title="Coverage", unit="%")
    >>> "1 without a shape on the map: b" in figure
    True
    """
    how = Format(digits, unit)
    units = _units(features, values, labels or {})
    drawn = {key: one for key, one in units.items() if one.shape is not None}
    notes = _notes([one.name for one in units.values() if one.shape is None])
    numbers = _numbers(units, legend or title, unit_name, how) if units else ""
    if not drawn:
        return figure("map", title, empty("No shapes" if units else "No data"), note=note, notes=notes, numbers=numbers)
    known = [one.value for one in drawn.values() if one.value is not None]
    classes = classify(known, borders)
    return figure(
        "map",
        title,
        _draw(drawn, classes, how).svg(title, _said(drawn, how), css="map"),
        note=note,
        legend=_legend(classes, [one.value for one in drawn.values()], legend, unit),
        notes=notes,
        numbers=numbers,
        aside=len(units) <= _MOST_BESIDE,
    )


def _units(
    features: Iterable[Mapping[str, object]], values: Mapping[str, float | None], labels: Mapping[str, str]
) -> dict[str, _Unit]:
    """Return every unit that has a feature or a value: the highest value first, those without one last."""
    by_id = {str(feature.get("id")): feature for feature in features}
    units = {}
    for key in {**by_id, **values}:
        feature = by_id.get(key, {})
        properties = feature.get("properties")
        name = properties.get("name") if isinstance(properties, Mapping) else None
        units[key] = _Unit(
            clipped(labels.get(key) or str(name or key), 60),
            finite(values.get(key)),
            shape(feature.get("geometry")),
        )
    return dict(sorted(units.items(), key=lambda item: (item[1].value is None, -(item[1].value or 0.0), item[1].name)))


def _notes(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [
        f"{len(names):,} without a shape on the map: {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}"
    ]


def _numbers(units: Mapping[str, _Unit], caption: str, unit_name: str, how: Format) -> Markup:
    columns = {"name": [one.name for one in units.values()], "value": [one.value for one in units.values()]}
    frame = pl.DataFrame(columns, schema={"name": pl.String, "value": pl.Float64})
    shown: dict[str, str | Column] = {"name": unit_name, "value": Column("Value", digits=how.digits, unit=how.unit)}
    return table(frame, caption=caption, columns=shown, rows=_MOST_NUMBERS)


def _said(units: Mapping[str, _Unit], how: Format) -> str:
    known = [one for one in units.values() if one.value is not None]
    said = f"A map of {len(units)}, {len(known)} of them with a value."
    if not known:
        return said
    return f"{said} Highest: {known[0].name}, {how(known[0].value)}. Lowest: {known[-1].name}, {how(known[-1].value)}."


def _legend(classes: Classes, values: Sequence[float | None], legend: str, unit: str) -> list[tuple[str, str]]:
    counts = [0] * len(classes)
    for value in values:
        if value is not None:
            counts[classes.of(value)] += 1
    entries = [("", legend)] if legend else []
    if any(counts):
        shown = zip(classes.shades(), classes.labels(unit), counts, strict=True)
        entries += [(f"class-{shade + 1}", f"{label} ({count})") for shade, label, count in shown]
    if without := sum(value is None for value in values):
        entries.append(("no-data", f"no data ({without})"))
    return entries


def _draw(units: Mapping[str, _Unit], classes: Classes, how: Format) -> Canvas:
    placed, high = project({key: one.shape for key, one in units.items() if one.shape}, _ACROSS, _TALLEST, 6)
    # Large ones first: an enclave is drawn over what surrounds it, and the largest labels find room.
    order = sorted(placed, key=lambda key: -sum(area(rings[0]) for rings in placed[key].polygons))
    with canvas(_ACROSS, high) as sheet:
        for key in order:
            one = units[key]
            colour = None if one.value is None else CLASSES[classes.shade(one.value)]
            _fill(sheet, placed[key], colour, f"{one.name}: {how(one.value)}")
        if len(placed) <= _MOST_LABELS:
            taken: list[_Box] = []
            for key in order:
                if polygons := placed[key].polygons:
                    one = units[key]
                    ink = INK if one.value is None else ON_CLASSES[classes.shade(one.value)]
                    largest = max(polygons, key=lambda rings: area(rings[0]))
                    _label(sheet, largest, (clipped(one.name, 18), Format(0, how.unit)(one.value)), ink, taken)
        return sheet


def _fill(sheet: Canvas, one: Shape, colour: str | None, tip: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    page = sheet.page
    if one.polygons:
        path = Path.make_compound_path(*(Path(ring, closed=True) for ring in one.rings()))
        if colour is None:
            patch = PathPatch(path, linewidth=1.2, facecolor=PAPER, edgecolor=NO_DATA, hatch="////")
        else:
            patch = PathPatch(path, linewidth=1.2, facecolor=colour, edgecolor=PAPER)
        sheet.tooltip(page.add_artist(patch), tip)
    for x, y in one.points:
        (dot,) = page.plot(x, y, "o", color=colour or PAPER, markeredgecolor=INK, markersize=8)
        sheet.tooltip(dot, tip)


_Box = tuple[float, float, float, float]


def _label(sheet: Canvas, polygon: list[Ring], words: tuple[str, str], ink: str, taken: list[_Box]) -> None:
    """Write name and value on *polygon* unless another label stands there: then they are in the table only."""
    x, y = anchor(polygon)
    half = max(width(text, _SIZE) for text in words) / 2
    x = min(max(x, half), sheet.width - half)
    box = (x - half, y - _SIZE - 2, x + half, y + _SIZE + 2)
    if any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken):
        return
    taken.append(box)
    fits = ink != INK and holds(polygon, box)
    halo = "" if fits else "halo "
    page, style = sheet.page, {"ha": "center", "size": _SIZE, "color": ink if fits else INK}
    sheet.text(page, x, y - 7, words[0], va="center_baseline", css=f"{halo}strong", **style)
    sheet.text(page, x, y + 8, words[1], va="center_baseline", css=halo.strip(), **style)
