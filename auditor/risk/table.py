"""The table of severities, `auditor/data/severity.toml`, as typed rows. Its form is told there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from auditor.models import CapabilityName, Json, Role, Severity

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Worth:
    """Points for one thing, how many of them weakening leaves, and why."""

    points: int
    reason: str
    least: int = 0


@dataclass(frozen=True, slots=True)
class Weaker:
    """What leaves only a percentage of the points, and why."""

    percent: int
    reason: str


@dataclass(frozen=True, slots=True)
class Several:
    """Points for every capability beside the worst."""

    points: int
    most: int
    reason: str


@dataclass(frozen=True, slots=True)
class Contained:
    """Statuses of a credential that is switched off, and what is left of its points."""

    percent: int
    least: int
    statuses: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Compromised:
    """Statuses of a credential that its provider knows to be leaked, and the points it then has."""

    points: int
    statuses: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Ignorance:
    """The points where nobody knows what a thief could do, and the words for each cause."""

    points: int
    no_provider: str
    unmatched: str
    nowhere: str
    unresolved: str
    gaps: str
    unlisted: str
    lost: str
    unclassified: str


@dataclass(frozen=True, slots=True)
class Exposed:
    """A fact that raises the score by a percentage; at least to `floor` where there is one."""

    percent: int
    reason: str
    unknown: str = ""
    floor: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What a number brings from this one on."""

    start: int
    percent: int


@dataclass(frozen=True, slots=True)
class Steps:
    """A number that raises the score by the step it reaches; unknown counts as the last."""

    reason: str
    unknown: str
    steps: tuple[Step, ...]

    def reached(self, number: int) -> Step | None:
        """Return the highest step that the number reaches, None below the first."""
        return next((step for step in reversed(self.steps) if number >= step.start), None)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Every fact about who can make use of an entry."""

    published: Exposed
    incident: Exposed
    forks: Exposed
    unrestricted: Exposed
    config: Exposed
    ssh: Exposed
    projects: Steps
    age: Steps


@dataclass(frozen=True, slots=True)
class SeverityTable:
    """The whole file."""

    levels: Mapping[Severity, Worth]
    """Points from which on a severity holds, worst first."""
    roles: Mapping[Role, str]
    keyless: str
    """Reason of what names a login for which nothing is stored."""
    capabilities: Mapping[CapabilityName, Worth]
    impacts: Mapping[str, Worth]
    harmless: Worth
    several: Several
    limited: Weaker
    conditional: Weaker
    contained: Contained
    compromised: Compromised
    unknown: Ignorance
    exposures: Exposures

    def level(self, score: int) -> Severity:
        """Return the severity of a score; whatever has one is at least Low."""
        reached = (one for one, worth in self.levels.items() if score >= worth.points)
        return next(reached, Severity.LOW)


@cache
def table() -> SeverityTable:
    """Return the packaged table, read once."""
    return parse(files("auditor").joinpath("data", "severity.toml").read_text("utf-8"))


def parse(text: str) -> SeverityTable:
    """Return the table of a TOML text. A row that is missing or has an unknown key is an error."""
    data = tomllib.loads(text)
    ordered = ((Severity[name.upper()], row) for name, row in data["severity"].items())
    return SeverityTable(
        levels={level: Worth(**row) for level, row in ordered},
        roles={Role(name): reason for name, reason in data["role"].items()},
        keyless=data["keyless"]["reason"],
        capabilities={CapabilityName(name): Worth(**r) for name, r in data["capability"].items()},
        impacts={name: Worth(**row) for name, row in data["impact"].items()},
        harmless=Worth(**data["harmless"]),
        several=Several(**data["several"]),
        limited=Weaker(**data["weaker"]["limited"]),
        conditional=Weaker(**data["weaker"]["conditional"]),
        contained=_with_statuses(Contained, data["contained"]),
        compromised=_with_statuses(Compromised, data["compromised"]),
        unknown=Ignorance(**data["unknown"]),
        exposures=_exposures(data["exposure"]),
    )


def _with_statuses(shape: type[R], row: Mapping[str, Any]) -> R:
    return shape(**{**row, "statuses": tuple(row["statuses"])})


def _exposures(rows: Json) -> Exposures:
    return Exposures(
        published=Exposed(**rows["published"]),
        incident=Exposed(**rows["incident"]),
        forks=Exposed(**rows["forks"]),
        unrestricted=Exposed(**rows["unrestricted"]),
        config=Exposed(**rows["config"]),
        ssh=Exposed(**rows["ssh"]),
        projects=_steps(rows["projects"]),
        age=_steps(rows["age"]),
    )


def _steps(row: Json) -> Steps:
    steps = tuple(Step(step["from"], step["percent"]) for step in row["steps"])
    return Steps(row["reason"], row["unknown"], steps)
