"""GeoJSON shapes made small enough to draw: projected, simplified, with a place for the label."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Ring: TypeAlias = "NDArray[np.float64]"

__all__ = ["Ring", "Shape", "anchor", "area", "holds", "project", "shape"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn of one unit: polygons, each an outer ring and its holes, and points."""

    polygons: list[list[Ring]]
    points: list[tuple[float, float]]

    def rings(self) -> Iterator[Ring]:
        """Yield every ring."""
        for polygon in self.polygons:
            yield from polygon


def shape(geometry: object) -> Shape | None:
    """Return the polygons and points of a GeoJSON geometry; None where there is nothing that can be drawn.

    Lines, broken rings and coordinates that are no finite numbers are left out.

    >>> len(shape({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}).polygons)
    1
    >>> shape(None) is None and shape({"type": "Polygon", "coordinates": []}) is None
    True
    """
    polygons: list[list[Ring]] = []
    points: list[tuple[float, float]] = []
    for kind, coordinates in _flat(geometry):
        if kind == "Point":
            points += [(float(place[0]), float(place[1])) for place in _positions([coordinates])]
        elif rings := [ring for ring in map(_ring, _sequence(coordinates)) if ring is not None]:
            polygons.append(rings)
    return Shape(polygons, points) if polygons or points else None


def _flat(geometry: object) -> Iterator[tuple[str, object]]:
    if not isinstance(geometry, Mapping):
        return
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind in ("Point", "Polygon"):
        yield str(kind), coordinates
    elif kind in ("MultiPoint", "MultiPolygon"):
        yield from ((str(kind).removeprefix("Multi"), part) for part in _sequence(coordinates))
    elif kind == "GeometryCollection":
        for part in _sequence(geometry.get("geometries")):
            yield from _flat(part)


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _positions(value: object) -> Ring:
    import numpy as np

    places = [list(place[:2]) for place in map(_sequence, _sequence(value)) if len(place) >= 2]
    try:
        ring = np.asarray(places, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError):
        return np.empty((0, 2))
    return ring if np.isfinite(ring).all() else np.empty((0, 2))


def _ring(value: object) -> "Ring | None":
    ring = _positions(value)
    return ring if len(ring) >= 4 else None


def project(shapes: Mapping[str, Shape], width: float, tallest: float, margin: float) -> tuple[dict[str, Shape], float]:
    """Return *shapes* in pixels, simplified to what an eye can see, and the height of the drawing.

    A degree of longitude is drawn cos(latitude) as wide as one of latitude, which keeps a country's proportions.

    Args:
        width: Of the drawing; a tall country is drawn narrower, in its middle.
        tallest: The most height that it may have.
        margin: Around the shapes.
    """
    import numpy as np

    every = np.concatenate(
        [ring for one in shapes.values() for ring in one.rings()]
        + [np.asarray(one.points) for one in shapes.values() if one.points]
    )
    (west, south), (east, north) = every.min(axis=0), every.max(axis=0)
    if west == east or south == north:  # a single point
        west, south, east, north = west - 0.5, south - 0.25, east + 0.5, north + 0.25
    squeeze = max(math.cos(math.radians((south + north) / 2)), 0.05)
    wide, high = (east - west) * squeeze, north - south
    scale = min((width - 2 * margin) / wide, (tallest - 2 * margin) / high)
    left = (width - wide * scale) / 2

    def placed(places: Ring) -> Ring:
        x, y = places[:, 0], places[:, 1]
        return np.column_stack((left + (x - west) * squeeze * scale, margin + (north - y) * scale))

    drawn = {}
    for name, one in shapes.items():
        polygons = [
            [_turned(_simplified(placed(ring), 0.3), 1 if i == 0 else -1) for i, ring in enumerate(polygon)]
            for polygon in one.polygons
        ]
        large = [polygon for polygon in polygons if area(polygon[0]) >= 0.5]
        points = placed(np.asarray(one.points)) if one.points else np.empty((0, 2))
        drawn[name] = Shape(
            # Islets below a pixel go, but a unit never vanishes.
            large or sorted(polygons, key=lambda polygon: -area(polygon[0]))[:1],
            [(float(x), float(y)) for x, y in points],
        )
    return drawn, high * scale + 2 * margin


def area(ring: Ring) -> float:
    """Return the area inside *ring*, in square units."""
    return abs(_signed_area(ring))


def _signed_area(ring: Ring) -> float:
    import numpy as np

    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _turned(ring: Ring, way: int) -> Ring:
    """Return *ring* running one *way* or the other: SVG cuts a hole only where it runs against the outer ring."""
    return ring if _signed_area(ring) * way >= 0 else ring[::-1]


def _simplified(ring: Ring, tolerance: float) -> Ring:
    """Leave out the places that are nearer than *tolerance* to the line without them (Douglas and Peucker)."""
    import numpy as np

    keep = np.zeros(len(ring), dtype=bool)
    far = int(np.argmax(((ring - ring[0]) ** 2).sum(axis=1)))  # a closed ring has no ends: split it here
    keep[[0, far, -1]] = True
    pieces = [(0, far), (far, len(ring) - 1)]
    while pieces:
        first, last = pieces.pop()
        if last - first < 2:
            continue
        start, along = ring[first], ring[last] - ring[first]
        offsets = ring[first + 1 : last] - start
        length = float(np.hypot(*along))
        if length > 0:
            distances = np.abs(offsets[:, 0] * along[1] - offsets[:, 1] * along[0]) / length
        else:
            distances = np.hypot(offsets[:, 0], offsets[:, 1])
        worst = int(np.argmax(distances))
        if distances[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            pieces += [(first, middle), (middle, last)]
    simple = ring[keep]
    return simple if len(simple) >= 4 else ring[np.linspace(0, len(ring) - 1, 4).astype(int)]


def anchor(polygon: list[Ring], steps: int = 16) -> tuple[float, float]:
    """Return about the place inside *polygon* that is farthest from its edges.

    Args:
        steps: How fine the grid of places is that are tried, each way.
    """
    import numpy as np

    (west, north), (east, south) = polygon[0].min(axis=0), polygon[0].max(axis=0)
    share = (np.arange(steps) + 0.5) / steps
    x, y = (grid.ravel() for grid in np.meshgrid(west + share * (east - west), north + share * (south - north)))
    nearest = np.full(x.size, np.inf)
    for ring in polygon:
        start, across = ring[:-1], np.diff(ring, axis=0)
        dx, dy = x[:, None] - start[:, 0], y[:, None] - start[:, 1]
        length = np.maximum((across**2).sum(axis=1), 1e-12)
        along = np.clip((dx * across[:, 0] + dy * across[:, 1]) / length, 0, 1)
        gaps = np.hypot(dx - along * across[:, 0], dy - along * across[:, 1])
        nearest = np.minimum(nearest, gaps.min(axis=1))
    best = int(np.argmax(np.where(_inside(polygon, x, y), nearest, -1.0)))
    return float(x[best]), float(y[best])


def holds(polygon: list[Ring], box: tuple[float, float, float, float]) -> bool:
    """Return whether *box* (left, top, right, bottom) lies inside *polygon*, tried at 27 places of it."""
    import numpy as np

    left, top, right, bottom = box
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(left, right, 9), np.linspace(top, bottom, 3)))
    return bool(_inside(polygon, x, y).all())


def _inside(polygon: list[Ring], x: "NDArray[np.float64]", y: "NDArray[np.float64]") -> "NDArray[np.bool_]":
    """Return which places a ray to the right leaves through an odd number of edges."""
    import numpy as np

    odd = np.zeros(x.size, dtype=bool)
    for ring in polygon:
        start, end = ring[:-1], ring[1:]
        straddles = (start[:, 1] > y[:, None]) != (end[:, 1] > y[:, None])
        rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])  # a level edge straddles nothing
        crossing = start[:, 0] + (y[:, None] - start[:, 1]) * (end[:, 0] - start[:, 0]) / rise
        odd ^= (straddles & (x[:, None] < crossing)).sum(axis=1) % 2 == 1
    return odd
