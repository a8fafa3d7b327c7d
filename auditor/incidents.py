"""The event an audit is run for: a profile, packaged or a person's own, or a day that one names.

A profile is a file of `auditor/data/incidents/`, named as the incident, or any other of that form.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from auditor import nesting
from auditor.errors import ConfigError
from auditor.models import Incident, Json

_ENDING = ".toml"
_FORM = "it takes the form of auditor/data/incidents/circleci-2023-01.toml"


def load(name: str) -> Incident:
    """Return the packaged incident of that name, or the one of a `.toml` file at that path.

    The path stays the incident's name, by which `indicators` finds it again. ConfigError for a name
    that is unknown, which lists the known ones, and for a file that says too little.
    """
    profile = _profile(name)
    if profile is None:
        known = ", ".join(sorted(_packaged()))
        raise ConfigError(
            f"no incident is called {name!r}, and no profile file is there",
            f"known: {known}; or give a date, or the path of a .toml file",
        )
    indicators(name)  # a mistake in them is told now, not after hours of reading
    return Incident(
        name=name,
        title=_text(profile, "title", name),
        window_start=_time(profile, "window_start", name),
        exposed_before=_time(profile, "exposed_before", name),
        advice=_text(profile, "advice", name, default=""),
    )


@dataclass(frozen=True, slots=True)
class Indicators:
    """What the report of an incident says its thief came from."""

    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    """Names of autonomous systems."""


def indicators(name: str) -> Indicators:
    """Return the indicators of an incident; none for a name without a profile, such as a date's.

    ConfigError for one that is no address or no text.
    """
    listed = (_profile(name) or {}).get("indicators", {})
    if not isinstance(listed, dict):
        raise _wrong(name, "indicators", "a table")
    addresses = _texts(listed, "addresses", name)
    try:
        for address in addresses:
            ipaddress.ip_network(address, strict=False)
    except ValueError as error:
        raise _wrong(name, "indicators.addresses", "addresses or ranges") from error
    return Indicators(addresses, _texts(listed, "networks", name))


def since(day: date) -> Incident:
    """Return the incident of which no more is known than the day: it begins and ends then, UTC."""
    start = datetime.combine(day, time(), UTC)
    title = f"whatever was not rewritten since {day.isoformat()}"
    return Incident(f"since-{day.isoformat()}", title, start, start)


def _profile(name: str) -> Json | None:
    """Return what a profile says; None where there is none of that name and no such file."""
    packaged = _packaged()
    if name in packaged:
        return tomllib.loads(packaged[name].read_text("utf-8"))
    path = Path(name)
    if path.suffix != _ENDING or not path.is_file():
        return None
    try:
        return nesting.checked(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        # What is wrong could repeat a value of the file.
        raise ConfigError(f"the incident profile {name} cannot be read as TOML", _FORM) from error


def _packaged() -> Mapping[str, Traversable]:
    folder = files("auditor").joinpath("data", "incidents")
    return {
        file.name.removesuffix(_ENDING): file
        for file in folder.iterdir()
        if file.name.endswith(_ENDING)
    }


def _text(profile: Json, key: str, name: str, default: str | None = None) -> str:
    value = profile.get(key, default)
    if not isinstance(value, str):
        raise _wrong(name, key, "text")
    return value


def _texts(table: Json, key: str, name: str) -> tuple[str, ...]:
    value: Any = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(name, f"indicators.{key}", "a list of texts")
    return tuple(value)


def _time(profile: Json, key: str, name: str) -> datetime:
    """Return a time, which is UTC unless it says otherwise; a date is its first moment."""
    value = profile.get(key)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise _wrong(name, key, "a date or a time")


def _wrong(name: str, key: str, wanted: str) -> ConfigError:
    return ConfigError(f"the incident profile {name}: {key} must be {wanted}", _FORM)
