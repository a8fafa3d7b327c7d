"""In which country and whose network an address is: packaged tables, and databases people bring.

The packaged ones are made by `make places`. What a database that was brought tells stands above
them. None of them is right about every address, so each is named with its day.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypedDict

from auditor.errors import ConfigError
from auditor.hunts.ranges import IP, RangeFile, Ranges
from auditor.models import Gap

OLD = timedelta(days=365)
"""A table that is further from the events is warned of. In the 44 months to June 2026 one maker's
table of countries changed for 4.8 % of IPv4: 1.3 % a year."""
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LONGEST_NAME = 200
_FARTHEST = {"latitude": 90, "longitude": 180}
_BOTH = 6
_SOURCE = "hunts"


class Place(TypedDict, total=False):
    """What is known of where an address is; what is not known is left out."""

    country: str
    as_name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Dated:
    """A table of addresses and the day it is of, for the report."""

    name: str
    """What it is of, and in whose words: "title: origin"."""
    day: str

    @property
    def title(self) -> str:
        """Return the name without its origin."""
        return self.name.partition(": ")[0]


@dataclass(frozen=True, slots=True)
class Territory:
    """The circle in which a country's whole territory lies: its middle, and kilometres around."""

    code: str
    latitude: float
    longitude: float
    reach: float


def packaged(address: IP, cloud: str | None) -> Place:
    """Return what the packaged tables tell; `cloud` is the cloud and region it is known to be in.

    No country is told of an address that stands in many, or in a cloud at a place not known.
    """
    if not address.is_global:
        return {}
    if cloud:
        country = _regions().get(cloud)
    else:
        country = None if _anycast().name_of(address) else _countries().value_of(address)
    name = _as_names().value_of(address)
    return _known({"country": country, "as_name": name})


@cache
def territories() -> tuple[Territory, ...]:
    """Return the circles that countries lie in."""
    lines = (_FOLDER / "territories.csv").read_text("utf-8").splitlines()
    rows = (line.split(",") for line in lines if not line.startswith("#"))
    return tuple(Territory(row[0], float(row[1]), float(row[2]), float(row[3])) for row in rows)


def packaged_tables() -> dict[str, Dated]:
    """Return by fact what the packaged tables are made from, whose work that is, and their days."""
    heads = {"country": _countries().head, "as_name": _as_names().head}
    return {
        fact: Dated(f"{one.title}: {one.package} ({one.licence}: {one.attribution})", one.day)
        for fact, one in heads.items()
    }


class Databases:
    """The databases (.mmdb) that people bring: where two tell of a thing, the later one stands."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Open them; ConfigError where one is none."""
        self._opened = [_Database(path) for path in paths]
        self.tables = [one.dated for one in self._opened]

    def place_of(self, address: IP) -> Place:
        """Return what they tell of an address; what cannot be read is told by `damage`."""
        told = (one.facts_of(address) for one in self._opened)
        return _known({name: value for facts in told for name, value in facts.items()})

    def damage(self) -> Iterator[Gap]:
        """Yield a gap for each database that could not be read where it was asked."""
        for one in self._opened:
            if one.unread:
                yield Gap(
                    f"country and network of {one.unread:,} addresses, as {one.name} has them",
                    "the database is damaged inside",
                    "get the .mmdb file anew; until then the packaged tables stand in for it",
                    _SOURCE,
                )


class _Database:
    """One of them. Only what is asked for is looked at, so damage shows as late as that."""

    def __init__(self, path: Path) -> None:
        import maxminddb  # noqa: PLC0415 (loaded where somebody brings a database)

        self.name, self.unread = path.name, 0
        self._damage = (maxminddb.InvalidDatabaseError, ValueError, TypeError)
        try:
            self._reader = maxminddb.open_database(str(path))
            meta = self._reader.metadata()
            day = f"{datetime.fromtimestamp(meta.build_epoch, UTC):%Y-%m-%d}"
        except (*self._damage, OSError, OverflowError) as error:
            raise ConfigError(
                f"{path} is no database of addresses",
                "give a .mmdb file of countries, cities or ASNs",
            ) from error
        self._versions = (4, 6) if meta.ip_version == _BOTH else (4,)
        self.dated = Dated(f"{path.name}: {meta.database_type}", day)

    def facts_of(self, address: IP) -> Mapping[str, Any]:
        """Return the facts of an address that can be what their names say."""
        if address.version not in self._versions:
            return {}
        try:
            record = self._reader.get(str(address))
        except self._damage:
            self.unread += 1
            return {}
        return _known(_facts(record)) if isinstance(record, dict) else {}


def ages(tables: Iterable[Dated], since: datetime | None, until: datetime) -> Iterator[Gap]:
    """Yield a gap for tables of a day that is far from what happened between the two times."""
    days: dict[str, list[str]] = {}
    for table in tables:
        days.setdefault(table.day, []).append(table.title)
    for day, titles in days.items():
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
        far = max(abs(moment - edge) for edge in (since or until, until))
        if far > OLD:
            yield Gap(
                f"in which country and network addresses were, {_span(since, until)}",
                f"{' and '.join(titles)} are of {day}, up to {far.days // 30} months away, and "
                "addresses change hands",
                "give .mmdb files of that time (hunts.databases)",
                _SOURCE,
            )


def _span(since: datetime | None, until: datetime) -> str:
    return f"{since:%Y-%m-%d} to {until:%Y-%m-%d}" if since else f"until {until:%Y-%m-%d}"


def _known(facts: Mapping[str, Any]) -> Place:
    """Return the facts that are there and can be what their names say."""
    told: Place = {}
    country, name = facts.get("country"), facts.get("as_name")
    if isinstance(country, str) and _COUNTRY.fullmatch(country):
        told["country"] = country.upper()
    if isinstance(name, str) and name.strip():
        told["as_name"] = name.strip()[:_LONGEST_NAME]
    latitude, longitude = (_degrees(facts.get(axis), most) for axis, most in _FARTHEST.items())
    if latitude is not None and longitude is not None:
        told["latitude"], told["longitude"] = latitude, longitude
    return told


def _degrees(value: object, most: int) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and -most <= value <= most else None  # type: ignore[arg-type, operator]


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the records of the usual databases say, each under its own names."""
    country, place = record.get("country"), record.get("location")
    nested = country.get("iso_code") if isinstance(country, dict) else None
    place = place if isinstance(place, dict) else {}
    return {
        "country": record.get("country_code") or nested,
        "as_name": record.get("autonomous_system_organization") or record.get("as_name"),
        **{axis: place.get(axis) for axis in _FARTHEST},
    }


@cache
def _countries() -> RangeFile:
    return RangeFile(_FOLDER / "countries.xz")


@cache
def _as_names() -> RangeFile:
    return RangeFile(_FOLDER / "as-names.xz")


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads((_FOLDER / "places.toml").read_text("utf-8"))


@cache
def _regions() -> Mapping[str, str]:
    return {region: country for country, some in _table()["regions"].items() for region in some}


@cache
def _anycast() -> Ranges:
    return Ranges(("anycast", text) for text in _table()["anycast"]["ranges"])


_FOLDER = files("auditor").joinpath("data", "networks")
