"""Keeps what every entry was when its rotation began to be watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from auditor.models import (
    Baseline,
    Candidate,
    Closure,
    Identity,
    Incident,
    Match,
    NoMatch,
    OldKey,
    Secret,
    Severity,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """All that this run knows of one entry that it found."""

    secret: Secret
    severity: Severity
    answers: tuple[Match | NoMatch, ...]
    """Of every credential that the entry is a part of."""
    issued: bool
    elsewhere: bool = False
    """Whether places that nobody lists may accept it too."""


def first(
    sight: Sight,
    identities: Mapping[str, Identity],
    *,
    seal: str,
    now: datetime,
    incident: Incident | None,
) -> Baseline:
    """Return the baseline of an entry that no run has watched before."""
    secret = sight.secret
    written = secret.last_written
    return Baseline(
        secret_id=secret.id,
        source=secret.source,
        scope_id=secret.scope.id,
        place=secret.scope.name,
        name=secret.name,
        severity=sight.severity,
        taken=now,
        created=secret.created,
        updated=secret.updated,
        tail=secret.tail,
        seal=seal,
        keys=tuple(_held(sight.answers, written, identities)),
        issued=sight.issued,
        elsewhere=sight.elsewhere,
        late=bool(incident and written and written >= incident.exposed_before),
    )


def kept(
    before: Baseline,
    sight: Sight | None,
    closure: Closure,
    identities: Mapping[str, Identity],
    *,
    seal: str,
    now: datetime,
) -> Baseline:
    """Return what the next run compares with.

    The old side stays what it was until its rotation is proven; then the new credential takes its
    place. Who stood behind an unchanged value may be learnt later, from a provider added since.
    """
    if sight is None:
        return before
    if closure is Closure.VERIFIED:
        renewed = first(sight, identities, seal=seal, now=now, incident=None)
        if before.verified is None:
            return replace(renewed, verified=now, retired=before.keys)
        return replace(renewed, verified=before.verified, retired=before.retired)
    same = (sight.secret.last_written, sight.secret.tail) == (before.written, before.tail)
    keys = before.keys
    if same and not keys:
        keys = tuple(_held(sight.answers, before.written, identities))
    return replace(before, severity=sight.severity, keys=keys)


def reopened(before: Baseline, incident: Incident | None) -> Baseline:
    """Return the baseline, its proof taken back where a later incident reached the new value."""
    written = before.written
    if before.verified is None or incident is None or written is None:
        return before
    if written < incident.exposed_before and before.verified < incident.exposed_before:
        return replace(before, verified=None, retired=())
    return before


def _held(
    answers: Iterable[Match | NoMatch],
    written: datetime | None,
    identities: Mapping[str, Identity],
) -> Iterator[OldKey]:
    """Yield every credential that the entry may have held when its value was stored."""
    matched = (answer.candidates for answer in answers if isinstance(answer, Match))
    for candidate in dict.fromkeys(chain.from_iterable(matched)):
        identity = identities.get(candidate.identity_id)
        account, provider = (identity.account, identity.provider) if identity else ("", "")
        for label in _labels(candidate, identity, written):
            yield OldKey(candidate.identity_id, account, provider, label)


def _labels(
    candidate: Candidate, identity: Identity | None, written: datetime | None
) -> Iterable[str]:
    if candidate.key or identity is None:
        return (candidate.key,)
    existed = (
        key.label
        for key in identity.keys
        if key.created is None or written is None or key.created <= written
    )
    return tuple(existed) or ("",)
