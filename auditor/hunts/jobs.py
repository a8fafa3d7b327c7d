"""When jobs of the CI system ran, by its own log: outside of them nobody should use its secrets.

Which jobs held the secrets of a context the log tells by the events of their being handed out;
those of a project are held by every job of it. Where it does not tell, only that no job ran at all
can be judged, and the identity is named as one of which that is not known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from auditor.hunts.seen import ANYBODY, Job, Watched
from auditor.models import JobRun, Scope, ScopeKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST = timedelta(hours=5)
"""How long a job runs at most: one whose end the log lacks is over then."""
SILENCE = timedelta(days=4)
"""A log without any event for so long was not read there, rather than that nothing happened."""
_MARKS = {"workflow.job.start": True, "workflow.job.finish": False}
_REQUESTS = ("context.secrets.accessed", "workflow.job.context.request")
_SELECT = f"""
SELECT time, action, resource, details FROM events
WHERE time IS NOT NULL AND action IN ({", ".join(f"'{name}'" for name in (*_MARKS, *_REQUESTS))})
ORDER BY time, action DESC
"""
_MOMENTS = """
SELECT DISTINCT time FROM events WHERE time IS NOT NULL AND platform IN (
  SELECT DISTINCT platform FROM events WHERE action = 'workflow.job.start')
ORDER BY time
"""
_JOB = ("target.id", "payload.job_id", "payload.job.id", "payload.job.job_id")
_WORKFLOW = ("payload.workflow_id", "payload.workflow.id", "payload.workflow.workflow_id")
_PROJECT = ("payload.project_id", "payload.project.id")
_PROJECT_NAMES = ("payload.project_name", "payload.project.name", "payload.project_slug")
_CONTEXT = ("payload.context_id", "payload.context.id")
_CONTEXT_NAMES = ("payload.context_name", "payload.context.name")
Span = tuple[datetime, datetime]


class Spans(NamedTuple):
    """When jobs ran that could hold an identity's secrets, and since when that is known."""

    jobs: list[Job]
    watched: list[Watched]
    unknown: Mapping[str, str]
    """Identities whose own jobs are not known, each with why."""


class Mark(NamedTuple):
    """A job's start or end."""

    time: datetime
    starts: bool


@dataclass(slots=True)
class Log:
    """What the CI system's own log tells of jobs, in the order of time."""

    marks: list[Mark] = field(default_factory=list)
    by_key: dict[str, set[int]] = field(default_factory=dict)
    """Numbers of marks by what they name: the job, its workflow, its project."""
    anywhere: set[int] = field(default_factory=set)
    """Marks that name no project: they may be of any."""
    requests: dict[str, list[tuple[datetime, Sequence[Sequence[str]]]]] = field(
        default_factory=dict
    )
    """By a context's id or name: when a job was handed it, and what names the job, closest first"""
    first_request: datetime | None = None

    def mark(self, mark: Mark, names: Mapping[str, str]) -> None:
        """Add a start or an end."""
        number, project = len(self.marks), _project(names)
        self.marks.append(mark)
        for key in (*_values(names, _JOB), *_values(names, _WORKFLOW), *project):
            self.by_key.setdefault(key, set()).add(number)
        if not project:
            self.anywhere.add(number)

    def request(self, time: datetime, names: Mapping[str, str], resource: str | None) -> None:
        """Add that a job was handed a context."""
        self.first_request = self.first_request or time
        closest = (_values(names, _JOB), _values(names, _WORKFLOW), _project(names))
        contexts = (*_values(names, _CONTEXT), *_values(names, _CONTEXT_NAMES))
        for key in dict.fromkeys(contexts or [resource.casefold()] if resource else contexts):
            self.requests.setdefault(key, []).append((time, closest))


def read(connection: DuckDBPyConnection) -> Log:
    """Return what the view `events` tells of jobs."""
    log = Log()
    for time, action, resource, details in _rows(connection, _SELECT):
        names = msgspec.json.decode(str(details), type=dict[str, str]) if details else {}
        if action in _MARKS:
            log.mark(Mark(_utc(time), _MARKS[str(action)]), names)
        else:
            log.request(_utc(time), names, str(resource) if resource else None)
    return log


def spans(
    connection: DuckDBPyConnection,
    holders: Mapping[str, frozenset[Scope]],
    runs: Sequence[JobRun] = (),
) -> Spans:
    """Return when jobs ran, merged, and the times of which that is known; nothing without a log.

    `holders` are identities with the scopes whose secrets lead to them; `runs` are jobs that the
    inventory saw, which the log may lack.
    """
    log = read(connection)
    everything = list(running(log.marks))
    if not everything:
        return Spans([], [], {})
    watched = list(unbroken(_utc(time) for (time,) in _rows(connection, _MOMENTS)))
    jobs = [Job(ANYBODY, *span) for span in everything]
    known = [Watched(ANYBODY, *span) for span in watched]
    unknown: dict[str, str] = {}
    for scopes, identities in _together(holders).items():
        ran, why = held(log, scopes)
        if why:
            unknown |= dict.fromkeys(identities, why)
            continue
        ran += [_span(run) for run in runs if {scope.id for scope in scopes} & {*run.scopes}]
        begin = log.first_request if any(s.kind is ScopeKind.CONTEXT for s in scopes) else None
        mine = [(max(since, begin or since), until) for since, until in watched]
        for who in identities:
            jobs += [Job(who, *span) for span in ran]
            known += [Watched(who, since, until) for since, until in mine if since < until]
    return Spans(jobs, known, unknown)


def held(log: Log, scopes: Iterable[Scope]) -> tuple[list[Span], str]:
    """Return when jobs ran that could hold the secrets of these scopes, or why that is unknown."""
    numbers: set[int] = set()
    wanted: set[str] = set()
    alone: list[Span] = []
    for scope in scopes:
        keys = [key.casefold() for key in (scope.id, scope.name)]
        if scope.kind is ScopeKind.ORGANIZATION:
            numbers.update(range(len(log.marks)))
        elif scope.kind is ScopeKind.PROJECT:
            found = _with(log, [*keys, keys[1].rpartition("/")[2]])
            if not found:
                return [], f"no job in the log names the project {scope.name}"
            numbers |= found | log.anywhere
        else:
            requests = [one for key in keys for one in log.requests.get(key, ())]
            if not requests:
                return [], f"no event in the log shows a job taking the context {scope.name}"
            for time, closest in requests:
                known = ([key for key in keys if key in log.by_key] for keys in closest)
                named = next(filter(None, known), [])
                wanted.update(named)
                alone += [] if named else [(time, time + LONGEST)]
    numbers |= _with(log, wanted)
    return [*running(log.marks[number] for number in sorted(numbers)), *alone], ""


def running(marks: Iterable[tuple[datetime, bool]]) -> Iterator[Span]:
    """Yield the spans in which at least one job ran, from starts (true) and ends in order."""
    began: datetime | None = None
    ended = datetime.min.replace(tzinfo=UTC)
    open_: deque[datetime] = deque()
    for time, starts in marks:
        while open_ and time - open_[0] > LONGEST:
            ended = max(ended, open_.popleft() + LONGEST)
        if began and not open_ and time > ended:
            yield began, ended
            began = None
        if starts:
            open_.append(time)
            began = began or time
        elif open_:
            open_.popleft()
        ended = max(ended, time) if began else ended
    if began:
        yield began, max([ended, *(start + LONGEST for start in open_)])


def unbroken(moments: Iterable[datetime]) -> Iterator[Span]:
    """Yield the spans in which no two neighbours are further apart than `SILENCE`."""
    begin = last = None
    for moment in moments:
        if begin and last and moment - last > SILENCE:
            yield begin, last
            begin = moment
        begin, last = begin or moment, moment
    if begin and last:
        yield begin, last


def _together(holders: Mapping[str, frozenset[Scope]]) -> Mapping[frozenset[Scope], list[str]]:
    """Return the identities by their scopes: many share them, and are judged in one go."""
    found: dict[frozenset[Scope], list[str]] = {}
    for who, scopes in holders.items():
        if scopes:
            found.setdefault(scopes, []).append(who)
    return found


def _with(log: Log, keys: Iterable[str]) -> set[int]:
    return set().union(*(log.by_key.get(key, ()) for key in keys))


def _project(names: Mapping[str, str]) -> list[str]:
    """Return what names the project: ids, names, and the last part of a slug."""
    told = [*_values(names, _PROJECT), *_values(names, _PROJECT_NAMES)]
    for part in ("scope", "target"):
        if names.get(f"{part}.type") == "project":
            told += _values(names, (f"{part}.id", f"{part}.name"))
    return [*told, *(name.rpartition("/")[2] for name in told if "/" in name)]


def _values(names: Mapping[str, str], wanted: Iterable[str]) -> list[str]:
    return [names[name].casefold() for name in wanted if names.get(name)]


def _span(run: JobRun) -> Span:
    return run.started, run.stopped or run.started + LONGEST


def _rows(connection: DuckDBPyConnection, sql: str) -> Iterator[tuple[object, ...]]:
    found = connection.execute(sql)
    while batch := found.fetchmany(10_000):
        yield from batch


def _utc(moment: object) -> datetime:
    assert isinstance(moment, datetime)  # noqa: S101 (a TIMESTAMP column)
    return moment.replace(tzinfo=UTC)
