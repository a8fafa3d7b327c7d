"""What a run concluded, and what people wrote beside it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from auditor.models.access import Identity, Match, NoMatch, Resolution, Weakness
from auditor.models.changes import Change, Point
from auditor.models.closure import Baseline, Closure, Verdict
from auditor.models.findings import Finding, Hunting
from auditor.models.inventory import Coverage, JobRun, Place, Secret, Use
from auditor.models.known import Gap
from auditor.models.logs import LogCoverage
from auditor.models.names import Classification, Credential
from auditor.models.score import Assessment


@dataclass(frozen=True, slots=True)
class HumanEdit:
    """What people wrote about one secret in the workbook.

    Every field is theirs; the tool only carries it.
    """

    status: str = ""
    owner: str = ""
    due: date | None = None
    ticket: str = ""
    notes: str = ""
    exception_until: date | None = None
    other: Mapping[str, str] = field(default_factory=dict)
    """Further text by column header.

    Columns people added, and cells whose text is not of the column's type.
    """


@dataclass(frozen=True, slots=True)
class Incident:
    """The event the audit is run for.

    Entries last written before `exposed_before` were in reach of the thief.
    """

    name: str
    title: str
    window_start: datetime
    exposed_before: datetime
    advice: str = ""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Which run this is. Times are UTC."""

    id: str
    started: datetime
    tool_version: str
    scope: str
    """What was audited, in words: organisations and accounts."""
    incident: Incident | None = None


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """When an entry was first and last seen by a run in this output folder."""

    secret_id: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """What the latest earlier run of this output folder knew, by Secret ID."""

    seen: Mapping[str, FirstSeen] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    closures: Mapping[str, Closure] = field(default_factory=dict)
    edits: Mapping[str, HumanEdit] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    trend: tuple[Point, ...] = ()
    overwritten: tuple[Change, ...] = ()
    """Cells of the tool that people changed, where an earlier report of the same run told of it."""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything an audit concluded; what reports/…/results.json holds and every report shows."""

    run: RunInfo
    places: tuple[Place, ...]
    secrets: tuple[Secret, ...]
    classifications: tuple[Classification, ...]
    credentials: tuple[Credential, ...]
    identities: tuple[Identity, ...]
    matches: tuple[Match, ...]
    unmatched: tuple[NoMatch, ...]
    resolutions: tuple[Resolution, ...]
    assessments: tuple[Assessment, ...]
    coverage: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    uses: tuple[Use, ...] = ()
    job_runs: tuple[JobRun, ...] = ()
    weaknesses: tuple[Weakness, ...] = ()
    logs: tuple[LogCoverage, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What hunts found in logs, the worst first. Empty proves something only where `hunting` says
    that the logs were read whole."""
    hunting: Hunting | None = None
    """How far the hunts could see; None where nobody hunted."""
    history: tuple[FirstSeen, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    changes: tuple[Change, ...] = ()
    """What changed from run to run, the newest last."""
    trend: tuple[Point, ...] = ()
    """How far the work had come at each run, this one last."""
    edits: Mapping[str, HumanEdit] = field(default_factory=dict)

    def answers_of(self, credential_ids: Container[str]) -> Iterator[Match | NoMatch]:
        """Yield what was said of the credentials: whose they are, then why that is not known."""
        answers: tuple[Match | NoMatch, ...] = (*self.matches, *self.unmatched)
        yield from (one for one in answers if one.credential_id in credential_ids)
