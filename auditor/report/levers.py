"""Tells what would change what was concluded of one entry: its severity, and its closure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from auditor.models import (
    Closure,
    Confidence,
    Gap,
    NoMatch,
    Resolution,
    Results,
    Secret,
    Unknown,
    Verdict,
)

NEXT: Mapping[Closure, str] = {
    Closure.NOT_ROTATED: "a new value stored here, and the old credential revoked at its provider",
    Closure.CI_ONLY: "the provider's word that the old credential is dead: configure it, or read"
    " what could not be read",
    Closure.OLD_ACTIVE: "the old credential revoked at its provider",
    Closure.OLD_OFF: "the old credential deleted: what is switched off can be switched on again",
    Closure.CI_KEEPS_OLD: "the new value stored here",
    Closure.VERIFIED: "a use of the old credential in the logs, or a later incident",
    Closure.REMOVED_ALIVE: "the credential revoked at its provider",
    Closure.REMOVED_DEAD: "nothing, unless the entry comes back",
    Closure.REMOVED_UNKNOWN: "the provider's word that the credential is dead, or a person's",
    Closure.USED_AFTER: "nothing that a run can read: find out who used it, then close it by hand",
    Closure.CANNOT: "the side that could not be read, which the lines above name",
}
"""What both sides would have to show next, by what they show now."""


def severity(results: Results, secret: Secret) -> Iterator[str]:
    """Yield what is not known and could make the leak of an entry better or worse."""
    doubts = chain(_name(results, secret), _identity(results, secret), _exposure(secret))
    lines = list(dict.fromkeys(doubts))
    if lines:
        yield "What could change the severity:"
        yield from (f"  {line}" for line in lines)
    else:
        yield "Nothing that was not read could change the severity"


def closure(verdict: Verdict) -> Iterator[str]:
    """Yield what would change a verdict on the rotation."""
    yield f"  what would change that: {NEXT[verdict.closure]}"


def _name(results: Results, secret: Secret) -> Iterator[str]:
    """Yield that the kind is a guess, where it is one."""
    found = next((one for one in results.classifications if one.secret_id == secret.id), None)
    if found and found.confidence.rank < Confidence.HIGH.rank:
        yield "what its name stands for is a guess: say it by [[overrides]] role, vendor, kind"


def _identity(results: Results, secret: Secret) -> Iterator[str]:
    credentials = {
        one.id
        for one in results.credentials
        if any(part.secret_id == secret.id for part in one.parts)
    }
    resolutions = {one.identity_id: one for one in results.resolutions}
    for answer in results.answers_of(credentials):
        if isinstance(answer, NoMatch):
            yield _gap(answer.gap)
            continue
        if len(answer.candidates) > 1 or answer.best.confidence.rank < Confidence.HIGH.rank:
            yield "whose it is, is not certain: say it by [[overrides]] identity"
        for candidate in answer.candidates:
            yield from _rights(resolutions.get(candidate.identity_id))


def _rights(resolution: Resolution | None) -> Iterator[str]:
    if resolution is None:
        return
    yield from map(_gap, resolution.gaps)
    if any(one.conditional for one in resolution.capabilities):
        yield "some of what it may do hangs on conditions that nobody could evaluate"


def _exposure(secret: Secret) -> Iterator[str]:
    yield from (_gap(fact.gap) for fact in secret.exposure.facts if isinstance(fact, Unknown))


def _gap(gap: Gap) -> str:
    return "; ".join(filter(None, (f"{gap.what}: {gap.why}", gap.fix)))
