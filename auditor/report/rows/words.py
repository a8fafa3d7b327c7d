"""How facts are put into words, the same in every table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from auditor.models import (
    AccessKey,
    Capability,
    CapabilityName,
    Exposure,
    Fact,
    Known,
    Resolution,
    Scope,
    Unknown,
    Verdict,
)

UNKNOWN = "unknown"
CLAIMED = "Claimed, not verified"
ARROW = " → "
PATHS = (CapabilityName.ADMIN, CapabilityName.ESCALATE, CapabilityName.IMPERSONATE)
"""Capabilities whose path is worth telling: they lead further than they say."""


def where(scope: Scope) -> str:
    """Return the place of an entry: "context deploy-prod"."""
    return f"{scope.kind.value} {scope.name}"


def number(fact: Fact[int]) -> int | str:
    """Return the number, or the word for not knowing it."""
    return fact.value if isinstance(fact, Known) else UNKNOWN


def day(moment: datetime | None) -> date | None:
    """Return the day of a moment in UTC."""
    return utc(moment).date() if moment else None


def utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one that names no zone is taken for UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def last_used(fact: Fact[datetime | None]) -> date | str | None:
    """Return the day, the word for never, or the word for not knowing."""
    return UNKNOWN if isinstance(fact, Unknown) else day(fact.value) or "never"


def exposure(facts: Exposure) -> str:
    """Return who can make use of the entries of a scope, in words."""
    said = (
        _said(facts.unrestricted, "any member or project", "unknown who may use it"),
        _said(facts.fork_builds, "builds of forks", "unknown whether builds of forks get it"),
        _said(
            facts.unversioned_config,
            "unversioned pipelines",
            "unknown whether unversioned ones get it",
        ),
        _said(facts.ssh_reruns, "reruns with SSH", "unknown whether reruns with SSH show it"),
        *facts.restrictions,
    )
    return "; ".join(filter(None, said))


def ordered(resolution: Resolution | None) -> tuple[Capability, ...]:
    """Return what an identity can do, worst first."""
    rank = {name: position for position, name in enumerate(CapabilityName)}
    found = resolution.capabilities if resolution else ()
    return tuple(sorted(found, key=lambda capability: rank[capability.name]))


def abilities(resolution: Resolution | None) -> str:
    """Return what an identity can do in a few words, worst first, and whether that is all."""
    if resolution is None:
        return UNKNOWN
    said = dict.fromkeys(_ability(capability) for capability in ordered(resolution))
    rest = "not fully known" if resolution.gaps else "" if said else "nothing that is rated"
    return "; ".join(filter(None, (", ".join(said), rest)))


def path(resolution: Resolution | None) -> str:
    """Return the way to the worst an identity can reach, step by step."""
    steps = (found.path for found in ordered(resolution) if found.name in PATHS and found.path)
    return ARROW.join(next(steps, ()))


def limits(capability: Capability) -> str:
    """Return what narrows a capability, in words."""
    return ", ".join(
        word
        for word, applies in (
            ("named resources only", capability.limited),
            ("under conditions", capability.conditional),
        )
        if applies
    )


def key(access_key: AccessKey) -> str:
    """Return a key in words: "AKIAIOSFODNN7EXA**** (active)"."""
    return f"{access_key.label} ({access_key.status})" if access_key.status else access_key.label


def verdict(found: Verdict | None, *, contradicted: bool) -> str:
    """Return a verdict, marked where a person claims what it denies."""
    if found is None:
        return ""
    return f"{CLAIMED}: {found.closure.value.lower()}" if contradicted else found.closure.value


def proof(found: Verdict | None) -> str:
    """Return what a verdict means and every fact that it rests on, a line each."""
    return lines((found.why, *(one.fact for one in found.evidence))) if found else ""


def some(items: Sequence[str], most: int, between: str = "\n") -> str:
    """Return the first items, on a line each, and how many more there are."""
    shown = list(items[:most])
    if len(items) > most:
        shown.append(f"… and {len(items) - most:,} more")
    return between.join(shown)


def many(number: int, noun: str) -> str:
    """Return "1 row", "1,200 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def one_line(text: str, most: int) -> str:
    """Return the text on one line, and cut with an ellipsis when it is longer than `most`."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def lines(items: Iterable[str]) -> str:
    """Return the items that say something on a line each."""
    return "\n".join(filter(None, items))


def _ability(capability: Capability) -> str:
    narrowed = limits(capability)
    return f"{capability.name.value} ({narrowed})" if narrowed else capability.name.value


def _said(fact: Fact[bool], if_true: str, if_unknown: str) -> str:
    if isinstance(fact, Unknown):
        return if_unknown
    return if_true if fact.value else ""
