"""Makes the packaged table of where countries are: the circle that each lies in.

`make places` runs it, after `make_places`. Borders are Natural Earth's (public domain), as the
npm package world-atlas carries them; the letters of its countries are those of i18n-iso-countries.
"""

from __future__ import annotations

import json
import math
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from npm import Package, fetched, member

FOLDER = Path(__file__).parents[1] / "auditor" / "data" / "networks"
BORDERS = Package(
    "world-atlas", "2.0.2", "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97"
)
LETTERS = Package(
    "i18n-iso-countries",
    "7.14.0",
    "bb418ebfb965789fcfbcce7dee59888d901ef64b03601da78b2e224cd6f5825c",
)
EARTH = 6371
MARGIN = 20
"""Kilometres that the borders, drawn at 1:50 million, may be off."""
HOMES = {"FR": (41, 52, -6, 10), "NL": (50, 54, 3, 8), "NO": (57, 72, 4, 32)}
"""South, north, west, east: what lies outside is drawn with them, and has letters of its own."""
STEPS = 400
HEAD = f"""\
# Where countries are: latitude and longitude of the middle of a circle that holds the whole
# territory, and its radius in kilometres. An address "in" a country may be anywhere in its circle.
# From Natural Earth (naturalearthdata.com, public domain, 4.1.0, 1:50 million), by way of the npm
# packages {BORDERS} (ISC) and {LETTERS} (MIT); `make places`
"""

Point: TypeAlias = tuple[float, float]
Vector: TypeAlias = tuple[float, ...]


def main(given: str = "") -> None:
    """Write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given or scratch)
        topology = loaded(BORDERS, "countries-50m.json", folder)
        letters = {number: two for two, _, number, _ in loaded(LETTERS, "codes.json", folder)}
    shapes: dict[str, list[Point]] = {}
    for code, points in drawn(topology, letters):
        shapes.setdefault(code, []).extend(points)
    lines = [",".join((code, *map(str, circle(shapes[code])))) for code in sorted(shapes)]
    (FOLDER / "territories.csv").write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
    print(f"territories.csv: {len(lines)} countries")


def loaded(package: Package, name: str, folder: Path) -> Any:
    """Return a JSON file of a package."""
    with tarfile.open(fetched(package, folder)) as packed:
        return json.load(member(packed, name))


def drawn(
    topology: Mapping[str, Any], letters: Mapping[str, str]
) -> Iterator[tuple[str, list[Point]]]:
    """Yield the two letters of countries with longitudes and latitudes of their borders."""
    arcs = [list(_arc(topology["transform"], arc)) for arc in topology["arcs"]]
    for shape in topology["objects"]["countries"]["geometries"]:
        if code := letters.get(shape.get("id", "")):
            points = [point for n in _flat(shape["arcs"]) for point in arcs[n if n >= 0 else ~n]]
            yield code, [point for point in points if _at_home(code, point)]


def circle(points: Sequence[Point]) -> tuple[float, float, int]:
    """Return the middle (latitude, longitude) and radius of a circle that holds all points.

    A middle that steps towards the farthest point, by less each time, comes close to the smallest
    (Badoiu and Clarkson 2003).
    """
    vectors = [_vector(*point) for point in points]
    middle = _unit([sum(axis) for axis in zip(*vectors, strict=True)])
    best = middle, math.inf
    for step in range(2, STEPS):
        farthest = min(vectors, key=lambda vector: _cosine(vector, middle))
        radius = math.acos(_cosine(farthest, middle))
        best = min(best, (middle, radius), key=lambda one: one[1])
        middle = _unit([a + (b - a) / step for a, b in zip(middle, farthest, strict=True)])
    x, y, z = best[0]
    latitude, longitude = (round(math.degrees(a), 1) for a in (math.asin(z), math.atan2(y, x)))
    told = _vector(longitude, latitude)
    radius = max(math.acos(_cosine(vector, told)) for vector in vectors)
    return latitude, longitude, math.ceil(radius * EARTH / 10) * 10 + MARGIN


def _arc(transform: Mapping[str, Any], arc: Sequence[Sequence[int]]) -> Iterator[Point]:
    """Yield the points of an arc, which are told as steps on a grid."""
    (wide, high), (west, south) = transform["scale"], transform["translate"]
    x = y = 0
    for dx, dy in arc:
        x, y = x + dx, y + dy
        yield x * wide + west, y * high + south


def _flat(arcs: Any) -> Iterator[int]:
    if isinstance(arcs, int):
        yield arcs
    else:
        for one in arcs:
            yield from _flat(one)


def _at_home(code: str, point: Point) -> bool:
    south, north, west, east = HOMES.get(code, (-90, 90, -180, 180))
    return south <= point[1] <= north and west <= point[0] <= east


def _vector(longitude: float, latitude: float) -> Vector:
    east, north = math.radians(longitude), math.radians(latitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)


def _unit(vector: Sequence[float]) -> Vector:
    length = math.hypot(*vector)
    return tuple(axis / length for axis in vector)


def _cosine(one: Vector, other: Vector) -> float:
    return max(-1.0, min(1.0, sum(a * b for a, b in zip(one, other, strict=True))))


if __name__ == "__main__":
    main(*sys.argv[1:2])
