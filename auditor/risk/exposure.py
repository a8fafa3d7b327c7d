"""Says who can make use of an entry, as percentages that raise its score.

A fact that could not be read counts as its bad case, so knowing less never makes an entry look
better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from auditor.models import Fact, Incident, Known, Secret, Severity
from auditor.risk.table import Exposed, Steps, table

_YEAR = 365


@dataclass(frozen=True, slots=True)
class Raise:
    """A percentage added to the points, why, and whether the fact behind it was read.

    `floor` is the points it lifts to at least.
    """

    percent: int
    text: str
    read: bool = True
    floor: int = 0

    def points(self, base: int) -> int:
        """Return what it adds to a score of this many points."""
        return max(base * self.percent // 100, self.floor - base)


class Reach(Enum):
    """Whether an entry was in reach of the thief of an incident."""

    YES = auto()
    UNKNOWN = auto()
    NO = auto()


def reach(secret: Secret, incident: Incident | None) -> Reach:
    """Return whether an entry was last written before what the incident exposed."""
    if incident is None:
        return Reach.NO
    if secret.last_written is None:
        return Reach.UNKNOWN
    before = _utc(secret.last_written) < _utc(incident.exposed_before)
    return Reach.YES if before else Reach.NO


def raises(
    secret: Secret, published: bool, incident: Incident | None, now: datetime
) -> tuple[Raise, ...]:
    """Return everything that raises the score of an entry."""
    return tuple(_raises(secret, published, incident, now))


def _raises(
    secret: Secret, published: bool, incident: Incident | None, now: datetime
) -> Iterator[Raise]:
    rows = table().exposures
    # First, because its floor is of the points alone.
    if published:
        row = rows.published
        yield Raise(
            row.percent, row.reason, floor=table().levels[Severity[row.floor.upper()]].points
        )
    match reach(secret, incident):
        case Reach.YES:
            yield Raise(rows.incident.percent, rows.incident.reason)
        case Reach.UNKNOWN:
            yield Raise(rows.incident.percent, rows.incident.unknown, read=False)
    yield from _flag(secret.exposure.fork_builds, rows.forks)
    yield from _flag(secret.exposure.unrestricted, rows.unrestricted)
    yield from _flag(secret.exposure.unversioned_config, rows.config)
    yield from _flag(secret.exposure.ssh_reruns, rows.ssh)
    yield from _projects(secret.exposure.project_count, rows.projects)
    yield from _age(secret.last_written, now, rows.age)


def _flag(fact: Fact[bool], row: Exposed) -> Iterator[Raise]:
    if not isinstance(fact, Known):
        yield Raise(row.percent, row.unknown, read=False)
    elif fact.value:
        yield Raise(row.percent, row.reason)


def _projects(fact: Fact[int], rows: Steps) -> Iterator[Raise]:
    if not isinstance(fact, Known):
        yield Raise(rows.steps[-1].percent, rows.unknown, read=False)
    elif step := rows.reached(fact.value):
        yield Raise(step.percent, rows.reason.format(count=fact.value))


def _age(written: datetime | None, now: datetime, rows: Steps) -> Iterator[Raise]:
    if written is None:
        yield Raise(rows.steps[-1].percent, rows.unknown, read=False)
    elif step := rows.reached((_utc(now) - _utc(written)).days):
        yield Raise(step.percent, rows.reason.format(years=step.start // _YEAR))


def _utc(moment: datetime) -> datetime:
    """Return a moment that can be compared; one that names no zone is taken for UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
