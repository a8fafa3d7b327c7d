"""The event an audit is run for: a packaged profile, or a day that a person names.

A profile is a file of `auditor/data/incidents/`, named as the incident.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.resources import files
from importlib.resources.abc import Traversable

from auditor.errors import ConfigError
from auditor.models import Incident

_ENDING = ".toml"


def load(name: str) -> Incident:
    """Return the packaged incident of that name; ConfigError lists the known ones."""
    profiles = _profiles()
    if name not in profiles:
        known = ", ".join(sorted(profiles))
        raise ConfigError(f"no incident is called {name!r}", f"known: {known}; or give a date")
    profile = tomllib.loads(profiles[name].read_text("utf-8"))
    return Incident(
        name=name,
        title=profile["title"],
        window_start=profile["window_start"],
        exposed_before=profile["exposed_before"],
        advice=profile["advice"],
    )


@dataclass(frozen=True, slots=True)
class Indicators:
    """What the report of an incident says its thief came from."""

    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    """Names of autonomous systems."""


def indicators(name: str) -> Indicators:
    """Return the indicators of a packaged incident; none for another name, such as a date's."""
    profiles = _profiles()
    told = tomllib.loads(profiles[name].read_text("utf-8")) if name in profiles else {}
    listed = told.get("indicators", {})
    return Indicators(tuple(listed.get("addresses", ())), tuple(listed.get("networks", ())))


def since(day: date) -> Incident:
    """Return the incident of which no more is known than the day: it begins and ends then, UTC."""
    start = datetime.combine(day, time(), UTC)
    title = f"whatever was not rewritten since {day.isoformat()}"
    return Incident(f"since-{day.isoformat()}", title, start, start)


def _profiles() -> Mapping[str, Traversable]:
    folder = files("auditor").joinpath("data", "incidents")
    return {
        file.name.removesuffix(_ENDING): file
        for file in folder.iterdir()
        if file.name.endswith(_ENDING)
    }
