"""Whether a rotation happened at both ends: what an earlier run saw, and this one's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auditor.models.inventory import Tail
from auditor.models.known import Evidence
from auditor.models.score import Severity


class Closure(StrEnum):
    """How far the replacement of a credential has come, seen from both sides."""

    NOT_ROTATED = "Not rotated"
    CI_ONLY = "CI value changed only"
    OLD_ACTIVE = "New credential, old still active"
    OLD_OFF = "New credential, old switched off"
    CI_KEEPS_OLD = "Old revoked, CI still holds it"
    VERIFIED = "Verified"
    REMOVED_ALIVE = "Removed from CI, credential alive"
    REMOVED_DEAD = "Removed from CI, credential dead"
    REMOVED_UNKNOWN = "Removed from CI, credential not known to be dead"
    USED_AFTER = "Old credential used after rotation"
    CANNOT = "Cannot verify"

    @property
    def done(self) -> bool:
        """Return whether both sides prove that the old credential is of no use to anybody."""
        return self in (Closure.VERIFIED, Closure.REMOVED_DEAD)

    @property
    def contradicts(self) -> bool:
        """Return whether it proves a person wrong who says that the credential was rotated."""
        return self in _CONTRADICTING


_CONTRADICTING = frozenset(
    (
        Closure.NOT_ROTATED,
        Closure.OLD_ACTIVE,
        Closure.CI_KEEPS_OLD,
        Closure.REMOVED_ALIVE,
        Closure.USED_AFTER,
    )
)


@dataclass(frozen=True, slots=True)
class OldKey:
    """A credential that an entry held, or may have held: as `AccessKey`, with whose it is.

    `label` is "" where the identity itself stands for it, because no key of it is listed.
    """

    identity_id: str
    account: str
    provider: str
    label: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an entry was when its rotation began to be watched: the old side of every comparison."""

    secret_id: str
    source: str
    scope_id: str
    place: str
    """Name of the context, project or organisation that holds it."""
    name: str
    severity: Severity
    taken: datetime
    """When the run that saw it so began."""
    created: datetime | None
    updated: datetime | None
    tail: Tail | None
    seal: str
    """Name of the key that sealed `tail`: tails of different keys cannot be compared."""
    keys: tuple[OldKey, ...]
    """The credentials that it may have held. All must be dead before it is."""
    issued: bool = False
    """True where the CI system itself issued it, so that it dies with its entry."""
    elsewhere: bool = False
    """True where places that nobody lists may accept it too, so that no listing shows it dead."""
    late: bool = False
    """True when the value was written after the incident and before any run had seen it."""
    verified: datetime | None = None
    """When a run first found the rotation proven; the rest then describes the new credential."""
    retired: tuple[OldKey, ...] = ()
    """The credentials whose death was proven; a later use of one is looked for."""

    @property
    def written(self) -> datetime | None:
        """Return when the value was last written, if the CI system says."""
        return self.updated or self.created


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The last use of a credential that the logs show."""

    key: OldKey
    last: datetime
    where: str
    """Address and action, and the log that says so."""


@dataclass(frozen=True, slots=True)
class Storing:
    """The last time that the CI system's own log tells that an entry's value was stored."""

    secret_id: str
    last: datetime
    where: str
    """Action and address, and the log that says so."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What the logs of a run show of what earlier runs watch."""

    uses: tuple[KeyUse, ...] = ()
    storings: tuple[Storing, ...] = ()
    spans: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """First and last event of each CI system's own log, by its name, where one was read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far one entry's rotation has come, and what proves it."""

    secret_id: str
    closure: Closure
    why: str
    evidence: tuple[Evidence, ...] = ()
