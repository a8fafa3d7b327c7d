"""Decides what the thief of an entry could do, as far as that is known.

Where a provider tells whose a credential is, its identities' capabilities decide, and the worst of
all candidates counts. Elsewhere it is what such a kind of credential usually opens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache

from auditor.models import (
    AccessKey,
    Candidate,
    Capability,
    CapabilityName,
    Classification,
    Confidence,
    Credential,
    Identity,
    Kind,
    Match,
    NoMatch,
    Reason,
    Resolution,
    Role,
)
from auditor.risk.reasons import MEMORY, points, reason
from auditor.risk.standing import Standing
from auditor.risk.table import Weaker, table

NAMED = 2
"""Further capabilities that a reason names: it is read in one glance."""


class State(Enum):
    """What decides how a credential is got rid of, besides its severity."""

    LIVE = auto()
    """Usable as far as anybody knows."""
    CONTAINED = auto()
    """Switched off at its provider, whichever candidate it belongs to."""
    TIED = auto()
    """It fits several credentials, and no fact tells which it is."""
    NOWHERE = auto()
    """Every listing was read and none holds it."""
    UNCLASSIFIED = auto()
    """Not even its kind is known."""


@dataclass(frozen=True, slots=True)
class Ability:
    """What a thief could do: the known points, and why not all of it is known ("" where it is)."""

    known: tuple[Reason, ...]
    unknown: str
    confidence: Confidence
    state: State


def of(
    classification: Classification,
    credential: Credential | None,
    standing: Standing,
    kind: Kind | None,
) -> Ability:
    """Return what the thief of an entry could do."""
    if classification.role is Role.UNCLASSIFIED:
        return Ability((), table().unknown.unclassified, Confidence.NONE, State.UNCLASSIFIED)
    told_by = credential or kind
    if told_by is None or told_by.provider is None:
        alone = _of_kind(kind.impact if kind else "generic", classification.confidence)
        return _worse(alone, classification, standing)
    match standing.match:
        case None:
            return Ability((), table().unknown.no_provider, Confidence.NONE, State.LIVE)
        case NoMatch() as nobody:
            return _of_nobody(nobody)
        case Match() as found:
            return _of_identities(found, standing, classification.confidence)


def _worse(alone: Ability, classification: Classification, standing: Standing) -> Ability:
    """Return what a kind opens, or what a provider that happens to list it tells, if that is worse.

    What is switched off there may still be accepted elsewhere.
    """
    if not isinstance(standing.match, Match):
        return alone
    listed = _of_identities(standing.match, standing, classification.confidence)
    worst = max(alone, listed, key=lambda ability: points(ability.known))
    return replace(worst, unknown=listed.unknown, state=State.LIVE)


@lru_cache(maxsize=MEMORY)
def _of_kind(impact: str, confidence: Confidence) -> Ability:
    """Return what such a credential usually opens: never surer than medium."""
    worth = table().impacts[impact]
    surest = Confidence.LOW if impact == "generic" else Confidence.MEDIUM
    known = (reason(worth.points, worth.reason),)
    return Ability(known, "", least_sure(confidence, surest), State.LIVE)


def least_sure(*levels: Confidence) -> Confidence:
    """Return the lowest of the confidences."""
    return min(levels, key=lambda level: level.rank)


def _of_nobody(nobody: NoMatch) -> Ability:
    words = table().unknown
    if nobody.searched:
        return Ability((), words.nowhere, Confidence.LOW, State.NOWHERE)
    return Ability((), f"{words.unmatched}: {nobody.gap.why}", Confidence.NONE, State.LIVE)


# --- identities ------------------------------------------------------------------------------


def _of_identities(match: Match, standing: Standing, confidence: Confidence) -> Ability:
    known = max((_lines(one, standing) for one in match.candidates), key=points)
    if match.runners_up:
        fits = f"it fits {len(match.candidates)} credentials: the worst of them counts"
        known = (*known, reason(0, fits))
    found = least_sure(match.best.confidence, confidence)
    return Ability(known, _not_known(match, standing), found, _state(match, standing))


def _lines(candidate: Candidate, standing: Standing) -> tuple[Reason, ...]:
    """Return what is known of one candidate, in points that never fall with what it can do."""
    lines = _of_resolution(standing.resolutions.get(candidate.identity_id))
    identity = standing.identities.get(candidate.identity_id)
    if identity and identity.status.casefold().startswith(table().compromised.statuses):
        floor = table().compromised
        return (*lines, reason(max(0, floor.points - points(lines)), floor.reason))
    if is_contained(candidate, identity):
        left = table().contained
        total = points(lines)
        lost = total - max(left.least, total * left.percent // 100)
        return (*lines, reason(-max(0, lost), left.reason))
    return lines


def is_contained(candidate: Candidate, identity: Identity | None) -> bool:
    """Return whether the provider shows the candidate as switched off; not knowing is not off."""
    if identity is None:
        return False
    # Labels hide their last characters, so two keys may share one: all must be off.
    keys = [key for key in identity.keys if key.label == candidate.key]
    return _is_off(identity) or (bool(keys) and all(map(_is_off, keys)))


def _is_off(held: Identity | AccessKey) -> bool:
    return held.status.casefold().startswith(table().contained.statuses)


def _state(match: Match, standing: Standing) -> State:
    pairs = ((one, standing.identities.get(one.identity_id)) for one in match.candidates)
    if all(is_contained(candidate, identity) for candidate, identity in pairs):
        return State.CONTAINED
    unsure = match.best.confidence.rank <= Confidence.LOW.rank
    return State.TIED if match.runners_up and unsure else State.LIVE


def _not_known(match: Match, standing: Standing) -> str:
    """Return why something a candidate can do may be missing, "" where nothing is."""
    words = table().unknown
    found = [standing.resolutions.get(one.identity_id) for one in match.candidates]
    gaps = [gap for resolution in found if resolution for gap in resolution.gaps]
    if gaps:
        more = f", and {len(gaps) - 1} more" if len(gaps) > 1 else ""
        return f"{words.gaps}: {gaps[0].what}: {gaps[0].why}{more}"
    if None in found:
        return words.unresolved
    if match.unlisted:
        return f"{words.unlisted}: {match.unlisted[0].what}: {match.unlisted[0].why}"
    return f"{words.lost}: {standing.lost}" if standing.lost else ""


# --- capabilities ----------------------------------------------------------------------------


def _of_resolution(resolution: Resolution | None) -> tuple[Reason, ...]:
    if resolution is None:
        return ()
    if resolution.capabilities:
        return _of_capabilities(frozenset(map(_form, resolution.capabilities)))
    harmless = table().harmless
    return () if resolution.gaps else (reason(harmless.points, harmless.reason),)


def _form(capability: Capability) -> tuple[CapabilityName, bool, bool]:
    """Return what of a capability counts; there are few forms, and many capabilities of each."""
    return capability.name, capability.limited, capability.conditional


@lru_cache(maxsize=MEMORY)
def _of_capabilities(
    forms: frozenset[tuple[CapabilityName, bool, bool]],
) -> tuple[Reason, ...]:
    """Return the worst capability and a little for each of a further name."""
    order = list(CapabilityName)
    ranked = sorted(forms, key=lambda form: (order.index(form[0]), *form[1:]))
    worst = max((_of_capability(*form) for form in ranked), key=points)
    best_form = next(form for form in ranked if _of_capability(*form) == worst)
    others = dict.fromkeys(form[0].value for form in ranked if form[0] is not best_form[0])
    if not others:
        return worst
    several = table().several
    further = reason(
        min(several.most, several.points * len(others)), f"{several.reason}: {_some(list(others))}"
    )
    return (*worst, further)


def _some(names: list[str]) -> str:
    """Return the worst few of the names; all of them stand in the list of capabilities."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _of_capability(name: CapabilityName, limited: bool, conditional: bool) -> tuple[Reason, ...]:
    worth = table().capabilities[name]
    lines = [reason(worth.points, worth.reason)]
    for applies, weaker in ((limited, table().limited), (conditional, table().conditional)):
        if applies:
            lines.append(_weakened(points(lines), worth.least, weaker))
    return tuple(lines)


def _weakened(before: int, least: int, weaker: Weaker) -> Reason:
    return reason(max(least, before * weaker.percent // 100) - before, weaker.reason)
