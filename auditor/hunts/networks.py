"""What is known of an address without asking anybody: networks, origin, place, lists.

Everything comes from files with a date: the tables of `auditor/data/networks`, and databases
(see `places`) and lists that people bring. An address of which nothing is known stays unknown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError
from auditor.hunts import places
from auditor.hunts.places import Databases, Dated, packaged_tables
from auditor.hunts.ranges import IP, Ranges
from auditor.hunts.rules.backend import packed
from auditor.hunts.seen import Address
from auditor.models import Gap

CIRCLECI, RUNNER, PLAUSIBLE, ELSEWHERE = "circleci", "runner", "plausible", "other"
# By the names of their autonomous systems, but for who brings homes to the internet: Google Fiber,
# and namesakes in Brazil.
_CLOUD_NAMES = re.compile(r"\b(amazon|google|microsoft)\b(?!\+|[- ](fiber|telecom))", re.IGNORECASE)
_LARGEST_LIST = 50 * 2**20


@dataclass(frozen=True, slots=True)
class Brought:
    """What people bring and an incident names, on top of the packaged tables."""

    runners: Sequence[str] = ()
    """Ranges of the company's own runners."""
    databases: Sequence[Path] = ()
    """MaxMind databases of countries, places or autonomous systems."""
    lists: Sequence[Path] = ()
    """Files of addresses and ranges, one a line; the file's name is the list's."""
    incident: str = ""
    bad_addresses: Sequence[str] = ()
    bad_networks: Sequence[str] = ()
    """Names of autonomous systems, as the incident's report has them."""


@dataclass(slots=True)
class Intelligence:
    """Looks addresses up; `tables` names what it goes by."""

    brought: Brought = field(default_factory=Brought)
    tables: list[Dated] = field(init=False)
    _stood_in: set[str] = field(init=False, default_factory=set)
    """Facts that packaged tables told, since no database that was brought did."""
    _own: Ranges = field(init=False)
    _lists: list[tuple[str, Ranges]] = field(init=False, default_factory=list)
    _databases: Databases = field(init=False)

    def __post_init__(self) -> None:
        """Open what was brought; ConfigError where a file cannot be used."""
        self._own = Ranges((RUNNER, text) for text in self.brought.runners)
        self.tables = [
            *packaged_tables().values(),
            Dated("CircleCI's addresses", circleci()["day"]),
            Dated(*_clouds()[1]),
        ]
        if self.brought.bad_addresses:
            name = f"incident {self.brought.incident}"
            self._lists.append((name, Ranges((name, text) for text in self.brought.bad_addresses)))
        for path in self.brought.lists:
            self._lists.append((path.stem, _listed(path)))
            self.tables.append(Dated(path.name, _day_of(path)))
        self._databases = Databases(self.brought.databases)
        self.tables += self._databases.tables

    def look_up(self, addresses: Iterable[str]) -> list[Address]:
        """Return what is known of each address."""
        return [self._known(ip_address(text), text) for text in addresses]

    def gaps(self, since: datetime | None, until: datetime) -> Iterator[Gap]:
        """Yield what could not be looked up, or only in tables of quite another time."""
        yield from self._databases.damage()
        used = (table for fact, table in packaged_tables().items() if fact in self._stood_in)
        yield from places.ages((*self._databases.tables, *used), since, until)

    def _known(self, address: IP, text: str) -> Address:
        address = getattr(address, "ipv4_mapped", None) or address
        network = _clouds()[0].name_of(address)
        brought, packaged = self._databases.place_of(address), places.packaged(address, network)
        place = packaged | brought
        self._stood_in |= packaged.keys() - brought.keys()
        as_name = place.get("as_name")
        return Address(
            src_ip=text,
            ip_packed=packed(address),
            network=network,
            origin=self._origin(address, network, as_name),
            # A cloud and its region tell more than the cloud's name.
            as_name=brought.get("as_name") or network or as_name,
            ip_list=self._on_lists(address, as_name),
            ip_country=place.get("country"),
            latitude=place.get("latitude"),
            longitude=place.get("longitude"),
        )

    def _origin(self, address: IP, network: str | None, as_name: str | None) -> str | None:
        """Return where it stands, of the four answers; None where nothing decides.

        A private address says nothing. One that a database gives to a cloud, and the cloud's own
        list of today does not, may have been in a region of CI when the event happened.
        """
        if self._own.name_of(address):
            return RUNNER
        if _of_circleci().name_of(address):
            return CIRCLECI
        if network in circleci()["plausible"]:
            return PLAUSIBLE
        if not address.is_global or (network is None and as_name and _CLOUD_NAMES.search(as_name)):
            return None
        return ELSEWHERE

    def _on_lists(self, address: IP, as_name: str | None) -> str | None:
        names = [name for name, ranges in self._lists if ranges.name_of(address)]
        known = (as_name or "").casefold()
        if known and any(bad.casefold() in known for bad in self.brought.bad_networks):
            names.insert(0, f"incident {self.brought.incident} network")
        return ", ".join(names) or None


@cache
def circleci() -> Mapping[str, Any]:
    """Return CircleCI's own addresses, the cloud regions its jobs run in, and the table's day."""
    told = tomllib.loads(_data("circleci.toml"))
    return {**told, "day": str(told["updated"]), "plausible": frozenset(told["plausible_regions"])}


@cache
def _of_circleci() -> Ranges:
    return Ranges((CIRCLECI, text) for text in (*circleci()["jobs"], *circleci()["core"]))


@cache
def _clouds() -> tuple[Ranges, tuple[str, str]]:
    """Return the ranges of the clouds, by provider and region, and the table's name and day."""
    lines = _data("clouds.csv").splitlines()
    day = next(line.rpartition(" ")[2] for line in lines if line.startswith("# of "))
    rows = (line.split(",") for line in lines if not line.startswith("#"))
    return Ranges((name, text) for name, text in rows), ("cloud providers' ranges", day)


def _data(name: str) -> str:
    return files("auditor").joinpath("data", "networks", name).read_text("utf-8")


def _listed(path: Path) -> Ranges:
    try:
        if path.stat().st_size > _LARGEST_LIST:
            raise ConfigError(f"{path} is larger than {_LARGEST_LIST >> 20} MB", "give a list")
        lines = path.read_text("utf-8").splitlines()
        texts = (line.partition("#")[0].strip() for line in lines)
        return Ranges((path.stem, text) for text in texts if text)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} is no list of addresses: {error}", "one address or range a line, # for remarks"
        ) from error


def _day_of(path: Path) -> str:
    """Return the day a list says it is of, else that of the file."""
    with path.open("r", encoding="utf-8", errors="replace") as file:
        head = file.read(2000)
    found = re.search(r"\d{4}-\d{2}-\d{2}", head)
    return found[0] if found else f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}"
