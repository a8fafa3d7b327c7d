"""What a hunt came to, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from auditor.models import Finding, Hunted, Hunting

SCHEMA_VERSION = 1
_HITS = 6
_GAPS = 12


def to_json(hunted: Hunted) -> dict[str, Any]:
    """Return findings, coverage (what was seen and what was not) and the ledger of files."""
    told: dict[str, Any] = TypeAdapter(Hunted).dump_python(hunted, mode="json")
    hunting = told["hunting"]
    return {
        "schema_version": SCHEMA_VERSION,
        "since": hunting["since"],
        "until": hunting["until"],
        "findings": told["findings"],
        "quiet": hunting["quiet"],
        "coverage": {
            "clear": hunted.hunting.clear and not hunted.gaps,
            "logs": hunting["logs"],
            "unseen": hunting["unseen"],
            "gaps": told["gaps"],
            "hunts": hunting["hunts"],
            "habits": hunting["habits"],
            "refused": hunting["refused"],
            "tables": hunting["tables"],
            "kept": hunting["kept"],
            "asked": hunting["asked"],
        },
        "ledger": hunting["files"],
    }


def text(hunted: Hunted) -> Iterator[str]:
    """Yield lines for a terminal: the stories, then what could not be seen.

    What it comes to is said before the stories, for whoever reads on paper, and after them, where
    a terminal stops.
    """
    if hunted.findings:
        yield headline(hunted.hunting, len(hunted.findings))
        yield ""
    for finding in hunted.findings:
        yield from _story(finding)
        yield ""
    yield from _summary(hunted)
    for gap in hunted.gaps[:_GAPS]:
        yield f"Not visible: {gap.what}: {gap.why}"
        yield f"  to see it: {gap.fix}"
    if len(hunted.gaps) > _GAPS:
        yield f"Not visible: {len(hunted.gaps) - _GAPS} more things"


def headline(hunting: Hunting, findings: int, *, gaps: bool = False) -> str:
    """Return what the number of stories means, which is never more than what was seen.

    `gaps` is true where what could not be seen is told below.
    """
    if findings:
        return f"{findings} {'story' if findings == 1 else 'stories'} to look at"
    if hunting.clear:
        rest = "; what they cannot show is told below" if gaps else ""
        return f"No story in the logs that were read{rest}"
    if not hunting.logs:
        return "Nothing could be seen: no event of these identities was read"
    return "No story in what could be read, which is not all: see below"


def _story(finding: Finding) -> Iterator[str]:
    yield (
        f"{finding.severity.value} severity, {finding.strength.value} signal: {finding.identity}"
        f" ({finding.platform})"
    )
    place = " ".join(filter(None, (finding.src_ip, finding.network, finding.country)))
    span = f"{_moment(finding.first)} to {_moment(finding.last)}"
    yield f"  {span}, {finding.events:,} events, {finding.denied:,} denied, from {place or '?'}"
    if finding.secret_ids:
        yield f"  secrets: {', '.join(finding.secret_ids[:_HITS])}"
    for hit in finding.hits[:_HITS]:
        note = f" ({hit.note})" if hit.note else ""
        yield f"  {hit.level:<13} {hit.count:>5} x {hit.title}{note}"
    if len(finding.hits) > _HITS:
        yield f"  and {len(finding.hits) - _HITS} weaker signals"
    if finding.samples:
        sample = finding.samples[0]
        place = f"{sample.file}:{sample.position}"
        yield f"  such as {sample.action} at {_moment(sample.time)}: {place}"
    yield f"  ask: {finding.question}"


def _summary(hunted: Hunted) -> Iterator[str]:
    hunting, files = hunted.hunting, hunted.hunting.files
    yield headline(hunting, len(hunted.findings), gaps=bool(hunted.gaps))
    if hunting.more:
        yield f"{hunting.more:,} more stories are not told"
    ran = [run for run in hunting.hunts if not run.not_run]
    yield (
        f"Read: {files.files:,} files, {files.records:,} records, {files.bad:,} of them unreadable,"
        f" {files.events:,} events kept"
    )
    for log in hunting.logs:
        span = f"{_moment(log.since)} to {_moment(log.until)}"
        yield f"  {log.log}: {log.events:,} events, {span}, {log.identities:,} identities"
    yield f"Hunts: {len(ran)} ran, {len(hunting.hunts) - len(ran)} had nothing to see"
    if hunting.tables:
        told = (f"{name.partition(':')[0]} of {day}" for name, day in hunting.tables)
        yield f"Addresses by: {', '.join(told)}"
    if hunting.quiet:
        yield f"Sessions with weak signals only: {hunting.quiet:,}"
    if hunting.unseen:
        yield f"In no log at all: {', '.join(hunting.unseen[:_HITS])}"
    for title, file, why in hunting.refused[:_GAPS]:
        yield f"Rule not run: {file}: {title}: {why}"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "?"
