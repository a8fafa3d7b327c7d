"""Scores one entry: severity, every point explained, confidence, and what to do now.

The figures and words are in `auditor/data/severity.toml`. Knowing less never makes an entry look
better: a fact that was not read counts as its bad case, and where it is not known what a thief
could do, the severity is Unknown, or Critical when what is known suffices for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from auditor.models import (
    Assessment,
    Classification,
    Confidence,
    Credential,
    Incident,
    Kind,
    Match,
    Reason,
    Role,
    Secret,
    Severity,
)
from auditor.risk import ability, exposure, rotate
from auditor.risk.ability import Ability, State, least_sure
from auditor.risk.exposure import Raise, Reach
from auditor.risk.reasons import MEMORY, points, reason, within
from auditor.risk.standing import Standing
from auditor.risk.table import table

HIGHEST = 100


def assess(
    secret: Secret,
    classification: Classification,
    credential: Credential | None,
    standing: Standing,
    *,
    kind: Kind | None,
    incident: Incident | None,
    now: datetime,
) -> Assessment:
    """Return how bad a leak of one entry is.

    `credential` is the one that the entry is a part of, `standing` what the providers said of it,
    `kind` the row of the catalogue that `classification.kind` names.
    """
    with_secret = _goes_with_secret(secret, classification, credential, kind)
    if classification.role in table().roles and not with_secret:
        return _harmless(classification, kind if credential else None)
    published = classification.published and classification.role is Role.SECRET
    able = ability.of(classification, credential, standing, kind)
    raises = exposure.raises(secret, published, incident, now)
    weight = _weigh(able.known, able.unknown, raises)
    what, advice = rotate.decide(
        rotate.Case(
            severity=weight.severity,
            state=able.state,
            reachable=exposure.reach(secret, incident) is not Reach.NO,
            kind=kind,
            whose=_whose(standing, able.state),
            published=published,
            with_secret=with_secret,
        )
    )
    sure = _confidence(able, weight.severity, raises)
    return Assessment(secret.id, weight.severity, weight.score, weight.reasons, sure, what, advice)


def _goes_with_secret(
    secret: Secret,
    classification: Classification,
    credential: Credential | None,
    kind: Kind | None,
) -> bool:
    """Return whether an entry is no secret and yet is replaced with the secret beside it."""
    return (
        classification.role is Role.IDENTIFIER
        and kind is not None
        and classification.part in kind.rotates
        and credential is not None
        and any(part.secret_id == secret.id for part in credential.parts)
    )


def _harmless(classification: Classification, kind: Kind | None) -> Assessment:
    """Return the assessment of what is no secret by its name; `kind`: of a credential it is in."""
    what, advice = rotate.decide(rotate.Case(Severity.NONE, State.LIVE, False, kind))
    keyless = kind is not None and kind.keyless
    why = (reason(0, table().keyless if keyless else table().roles[classification.role]),)
    sure = classification.confidence
    return Assessment(classification.secret_id, Severity.NONE, 0, why, sure, what, advice)


@dataclass(frozen=True, slots=True)
class _Weight:
    """A severity with its score; the points of the reasons give exactly that."""

    severity: Severity
    score: int
    reasons: tuple[Reason, ...]


@lru_cache(maxsize=MEMORY)
def _weigh(known: tuple[Reason, ...], unknown: str, raises: tuple[Raise, ...]) -> _Weight:
    """Return the severity of what is known, or Unknown where that leaves it open."""
    weight = _sum(known, raises, HIGHEST)
    if not unknown:
        return weight
    critical = table().levels[Severity.CRITICAL].points
    if weight.severity is Severity.CRITICAL:
        return _Weight(weight.severity, weight.score, (*weight.reasons, reason(0, unknown)))
    # The open question takes all the points, so that it is the first thing a person reads.
    assumed = reason(max(points(known), table().unknown.points), unknown)
    lines = (assumed, *(reason(0, one.text) for one in known))
    weight = _sum(lines, raises, critical - 1)
    return _Weight(Severity.UNKNOWN, weight.score, weight.reasons)


def _sum(lines: tuple[Reason, ...], raises: tuple[Raise, ...], limit: int) -> _Weight:
    base = points(lines)
    more = (reason(one.points(base), one.text) for one in raises)
    reasons = within(limit, (*lines, *more))
    score = points(reasons)
    return _Weight(table().level(score), score, reasons)


def _whose(standing: Standing, state: State) -> str:
    """Return the credential to revoke, in words; "" unless a single one is likeliest."""
    if state is State.TIED or not isinstance(standing.match, Match):
        return ""
    best = standing.match.best
    identity = standing.identities.get(best.identity_id)
    who = f"{identity.name} in account {identity.account}" if identity else best.identity_id
    return f"{best.key} of {who}" if best.key else f"that of {who}"


def _confidence(able: Ability, severity: Severity, raises: tuple[Raise, ...]) -> Confidence:
    """Return how sure the severity is: what is known of it, and what of the facts was read."""
    sure = able.confidence
    if severity is Severity.UNKNOWN:
        sure = least_sure(sure, Confidence.LOW)
    if not all(one.read for one in raises):
        sure = least_sure(sure, Confidence.MEDIUM)
    return sure
