"""The figures of a run: headline numbers, severity by status, what to rotate first, who is late.

All of them are literal numbers as of the run, so that every output shows the same ones, mail
previews and phones included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from auditor.models import Closure, Coverage, Point, Rotate, Severity, Unknown
from auditor.report.rows import gaps, hunts, words
from auditor.report.rows.join import Joined, SecretRow
from auditor.report.rows.people import Status, status_of
from auditor.report.rows.secrets import FIELDS
from auditor.report.rows.stages import Stage, stage_of
from auditor.report.tables import Table

TITLE = "CI secrets: rotation tracker"
OTHER = "Other"
STATUSES = (*(status.value for status in Status), OTHER)
FIRST = 10
HELPS = 3
OWNERS = 8
RUNS = 11
"""Runs that the trend goes back."""
SAYS_SO = (" read", " listed")
"""Endings of a listing's name that say already how far it was read."""
NOBODY = "(no owner)"


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline number. `alarm` is true where it should be zero and is not."""

    label: str
    value: int
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """How much of one listing was read, in words, and whether that is all of it."""

    text: str
    complete: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class First:
    """One of the entries to rotate first, as the table Secrets shows it."""

    id: str
    severity: Severity
    rotate: str
    name: str
    where: str
    scope: str
    """Name of the place alone."""
    identity: str
    can_do: str
    worst: str
    """The worst of what it can do, alone."""
    owner: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Load:
    """What one owner has open."""

    owner: str
    open: int
    critical: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run."""

    title: str
    organizations: tuple[str, ...]
    scope: str
    incident: str
    run_id: str
    when: datetime
    """When the run began, UTC."""
    tool_version: str
    coverage: tuple[Listing, ...]
    gaps: int
    helps: tuple[str, ...]
    """What would close most of the gaps first, a line each."""
    tiles: tuple[Tile, ...]
    matrix: Mapping[Severity, Mapping[str, int]]
    """Entries by severity and status, every severity and each of `STATUSES` present."""
    overdue: Mapping[Severity, int]
    rotate: Mapping[Rotate, int]
    """Open entries by what to do now."""
    closures: Mapping[Closure, int]
    """Secrets by how far their rotation has come, each of `Closure` present."""
    progress: Mapping[Severity, Mapping[Stage, int]]
    """Entries found by severity and stage, every severity and each of `Stage` present."""
    trend: tuple[Point, ...]
    """How far the work had come at the last runs, this one last."""
    first: tuple[First, ...]
    owners: tuple[Load, ...]
    stories: tuple[str, ...]
    """What the logs show, a line each, the worst first; empty where nobody hunted."""
    notes: tuple[str, ...]
    """What the tables leave out or keep, in sentences."""


def summary(joined: Joined, tables: Iterable[Table]) -> Summary:
    """Return the figures of the joined results; `tables` give their notes."""
    counts = _count(joined)
    run = joined.results.run
    missing = gaps.every(joined.results)
    return Summary(
        title=TITLE,
        organizations=_organizations(joined),
        scope=run.scope,
        incident=run.incident.title if run.incident else "",
        run_id=run.id,
        when=words.utc(run.started),
        tool_version=run.tool_version,
        coverage=tuple(_coverage(listing) for listing in joined.results.coverage),
        gaps=len(missing),
        helps=gaps.helps(missing)[:HELPS],
        tiles=_tiles(counts),
        matrix={
            severity: {status: counts.matrix[severity, status] for status in STATUSES}
            for severity in Severity
        },
        overdue={severity: counts.overdue[severity] for severity in Severity},
        rotate={word: counts.rotate[word] for word in Rotate},
        closures=_closures(joined),
        progress={
            severity: {stage: counts.stages[severity, stage] for stage in Stage}
            for severity in Severity
        },
        trend=joined.results.trend[-RUNS:],
        first=tuple(counts.first),
        owners=_owners(counts),
        stories=tuple(hunts.lines(joined)),
        notes=(*filter(None, (table.note for table in tables)), *_left_out(joined)),
    )


@dataclass(slots=True)
class _Counts:
    """Counters filled in one pass over the entries."""

    entries: int = 0
    identities: set[str] = field(default_factory=set)
    matrix: Counter[tuple[Severity, str]] = field(default_factory=Counter)
    stages: Counter[tuple[Severity, Stage]] = field(default_factory=Counter)
    overdue: Counter[Severity] = field(default_factory=Counter)
    open: Counter[Severity] = field(default_factory=Counter)
    rotate: Counter[Rotate] = field(default_factory=Counter)
    owned: Counter[str] = field(default_factory=Counter)
    critical: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    first: list[First] = field(default_factory=list)


def _count(joined: Joined) -> _Counts:
    counts = _Counts()
    for row in joined.rows():
        severity = row.assessment.severity
        status = status_of(row.edit)
        counts.entries += 1
        counts.identities.update(identity.id for identity in row.identities)
        counts.matrix[severity, _column(row, status)] += 1
        if row.verdict:
            counts.stages[severity, stage_of(row.verdict.closure)] += 1
        counts.overdue[severity] += row.days_over is not None
        if row.open:
            _count_open(counts, row, joined)
    return counts


def _column(row: SecretRow, status: Status | None) -> str:
    """Return where the matrix counts a row. Without a status it is open, unless it is no secret."""
    if status is None and row.edit.status.strip():
        return OTHER
    no_secret = row.assessment.severity is Severity.NONE
    return (status or (Status.NOT_APPLICABLE if no_secret else Status.OPEN)).value


def _count_open(counts: _Counts, row: SecretRow, joined: Joined) -> None:
    owner = row.edit.owner.strip() or NOBODY
    severity = row.assessment.severity
    counts.open[severity] += 1
    counts.rotate[row.assessment.rotate] += 1
    counts.owned[owner] += 1
    counts.critical[owner] += severity is Severity.CRITICAL
    counts.late[owner] += row.days_over is not None
    if len(counts.first) < FIRST and row.assessment.rotate is not Rotate.NOTHING:
        counts.first.extend([_first(row, joined)] if _speaks_for_credential(row) else [])


def _speaks_for_credential(row: SecretRow) -> bool:
    """Return whether a row is the secret of its credential, whose id would only repeat it."""
    return row.credential is None or row.credential.part("secret") in (None, row.secret.id)


_READ = {
    name: next(field.read for field in FIELDS if field.column.header == header)
    for name, header in (("identity", "Identity"), ("can_do", "What it can do"))
}


def _first(row: SecretRow, joined: Joined) -> First:
    can_do = str(_READ["can_do"](row, joined))
    return First(
        id=row.secret.id,
        severity=row.assessment.severity,
        rotate=row.assessment.rotate.value,
        name=row.secret.name,
        where=words.where(row.secret.scope),
        scope=row.secret.scope.name,
        identity=str(_READ["identity"](row, joined)),
        can_do=can_do,
        worst=can_do.partition(",")[0].partition(" (")[0],
        owner=row.edit.owner,
        due=row.edit.due,
    )


def _tiles(counts: _Counts) -> tuple[Tile, ...]:
    now = counts.rotate[Rotate.NOW]
    critical = counts.open[Severity.CRITICAL]
    overdue = sum(counts.overdue.values())
    unknown = counts.open[Severity.UNKNOWN]
    return (
        Tile("entries listed", counts.entries),
        Tile("rotate now", now, now > 0),
        Tile("critical open", critical, critical > 0),
        Tile("overdue", overdue, overdue > 0),
        Tile("severity unknown", unknown),
        Tile("identities behind them", len(counts.identities)),
    )


def _closures(joined: Joined) -> dict[Closure, int]:
    found = Counter(verdict.closure for verdict in joined.results.verdicts)
    return {closure: found[closure] for closure in Closure}


def _owners(counts: _Counts) -> tuple[Load, ...]:
    loads = (
        Load(owner, number, counts.critical[owner], counts.late[owner])
        for owner, number in counts.owned.items()
    )
    ranked = sorted(loads, key=lambda load: (-load.overdue, -load.critical, -load.open, load.owner))
    return tuple(islice(ranked, OWNERS))


def _organizations(joined: Joined) -> tuple[str, ...]:
    scopes = (
        *(place.scope for place in joined.results.places),
        *(secret.scope for secret in joined.results.secrets),
    )
    return tuple(sorted({scope.organization for scope in scopes if scope.organization}))


def _coverage(listing: Coverage) -> Listing:
    """Return "circleci: 31 of 34 contexts read"."""
    of = f"{listing.known:,}" if listing.known is not None else "an unknown number of"
    read = "" if listing.what.endswith(SAYS_SO) else " read"
    text = f"{listing.source}: {listing.read:,} of {of} {listing.what}{read}"
    complete = listing.known is not None and listing.read >= listing.known
    return Listing(text, complete, listing.note)


def _left_out(joined: Joined) -> Iterator[str]:
    """Yield what is missing from the tables or stands there from an earlier run."""
    refused = sum(isinstance(place.readable, Unknown) for place in joined.results.places)
    if refused:
        yield f"{words.many(refused, 'place')} could not be read: what is kept there is missing."
    if gone := len(joined.vanished):
        yield f"{words.many(gone, 'row')} kept for entries that this run did not find."
