"""What changed since the run before: entries, severities, verdicts, and what people wrote; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from auditor.models import (
    BY_HAND,
    Assessment,
    Change,
    HumanEdit,
    Past,
    Point,
    RunInfo,
    Severity,
    Verdict,
    Who,
)

KEPT = 20_000
"""Changes that results.json carries on; the oldest fall out, and stand in the runs' own files."""
FITS = 300
"""Characters of a person's text that are told of."""
_NOBODY = HumanEdit()


@dataclass(frozen=True, slots=True)
class Now:
    """What this run found, by Secret ID."""

    run: RunInfo
    assessments: Mapping[str, Assessment]
    verdicts: Mapping[str, Verdict]
    edits: Mapping[str, HumanEdit]


def changes(past: Past, now: Now) -> tuple[Change, ...]:
    """Return every change of the history, the newest last. A first run changes nothing."""
    if not past.seen:
        return ()
    found = (*_entries(past, now), *_facts(past, now), *_people(past, now))
    made = (
        Change(now.run.id, now.run.started, id_, what, before, after, who)
        for id_, what, before, after, who in found
    )
    return (*past.changes, *made)[-KEPT:]


_Found = tuple[str, str, str, str, Who]


def _entries(past: Past, now: Now) -> Iterator[_Found]:
    """Yield the entries that came and went. Not being seen is not being gone: verdicts say that."""
    latest = max(seen.last for seen in past.seen.values())
    for id_ in now.assessments:
        seen = past.seen.get(id_)
        if seen is None:
            yield id_, "Entry", "", "appeared", Who.TOOL
        elif seen.last < latest:
            yield id_, "Entry", "not seen", "came back", Who.TOOL
    for id_, seen in past.seen.items():
        if seen.last == latest and id_ not in now.assessments:
            yield id_, "Entry", "seen", "not seen", Who.TOOL


def _facts(past: Past, now: Now) -> Iterator[_Found]:
    for id_, base in past.baselines.items():
        found = now.assessments.get(id_)
        if found and found.severity is not base.severity:
            yield id_, "Severity", base.severity.value, found.severity.value, Who.TOOL
    for id_, verdict in now.verdicts.items():
        before = past.closures.get(id_)
        if before and before is not verdict.closure:
            yield id_, "Rotation verdict", before.value, verdict.closure.value, Who.TOOL


def _people(past: Past, now: Now) -> Iterator[_Found]:
    for id_ in dict.fromkeys((*past.edits, *now.edits)):
        before, after = (_cells(edits.get(id_, _NOBODY)) for edits in (past.edits, now.edits))
        for header in dict.fromkeys((*before, *after)):
            old, new = before.get(header, ""), after.get(header, "")
            if old != new:
                yield id_, header, old[:FITS], new[:FITS], Who.PEOPLE


def _cells(edit: HumanEdit) -> dict[str, str]:
    """Return what people wrote about an entry, by header."""
    told = {
        "Status": edit.status,
        "Owner": edit.owner,
        "Due date": _day(edit.due),
        "Ticket": edit.ticket,
        "Notes": edit.notes,
        "Exception until": _day(edit.exception_until),
    }
    return told | {header: text for header, text in edit.other.items() if not told.get(header)}


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def put_back(
    past: Past, run: RunInfo, overwritten: Mapping[str, Mapping[str, str]]
) -> tuple[Change, ...]:
    """Return what people wrote into cells of the tool, which writes them anew.

    `overwritten` holds the texts by Secret ID and header. The column is the tool's, and what a
    person thought is worth reading.
    """
    found = (
        Change(run.id, run.started, id_, f"{header}{BY_HAND}", text[:FITS], "", Who.PEOPLE)
        for id_, cells in overwritten.items()
        for header, text in cells.items()
    )
    return tuple(dict.fromkeys((*past.overwritten, *found)))


def point(now: Now) -> Point:
    """Return how far the work has come."""
    closures = [verdict.closure for verdict in now.verdicts.values()]
    critical = sum(
        assessed.severity is Severity.CRITICAL
        and not (id_ in now.verdicts and now.verdicts[id_].closure.done)
        for id_, assessed in now.assessments.items()
    )
    return Point(
        now.run.id,
        now.run.started,
        secrets=len(closures),
        critical=critical,
        done=sum(closure.done for closure in closures),
    )
