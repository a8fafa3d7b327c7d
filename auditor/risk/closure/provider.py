"""What became of the old credential at its provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from auditor.models import AccessKey, Identity, OldKey
from auditor.risk.absence import Reading

_OFF = frozenset({"inactive", "disabled", "suspended"})
_DEAD = frozenset({"expired", "revoked", "deleted", "terminated"})
_CLOCKS = timedelta(minutes=5)
"""How far the clocks of two vendors may be apart."""


class Fate(Enum):
    """What a credential still opens."""

    ALIVE = auto()
    OFF = auto()
    """Switched off; a click switches it on again."""
    DEAD = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class ProviderSide:
    """The fate of all that the entry may have held together, and the facts in words."""

    fate: Fate
    facts: tuple[str, ...]


class Registry:
    """What the providers list now."""

    def __init__(self, identities: Mapping[str, Identity], reading: Reading, now: datetime) -> None:
        """Keep the identities by id, and which accounts were read to their end."""
        self.identities = identities
        self.now = now
        accounts = {(one.provider, one.account) for one in identities.values()}
        # Another identity of an account shows that the account was asked at all.
        self._read = {pair for pair in accounts if reading.whole_account(*pair)}

    def look_up(self, keys: Sequence[OldKey]) -> ProviderSide:
        """Return the fate of the credentials an entry may have held: all dead, or it is not."""
        if not keys:
            return ProviderSide(Fate.UNKNOWN, ("whose credential it was is not known",))
        found = [self._fate(key) for key in keys]
        return ProviderSide(
            _together([fate for fate, _ in found]), tuple(fact for _, fact in found)
        )

    def renewed(self, keys: Sequence[OldKey], since: datetime, until: datetime) -> str | None:
        """Return which of the identities' keys was made between the two times, if one was."""
        return next(
            (
                f"{made.label} of {identity.name} was made on {made.created:%Y-%m-%d %H:%M} UTC"
                for key in keys
                if (identity := self.identities.get(key.identity_id))
                for made in identity.keys
                if made.created and since < made.created <= until + _CLOCKS
            ),
            None,
        )

    def _fate(self, key: OldKey) -> tuple[Fate, str]:
        identity = self.identities.get(key.identity_id)
        if identity is None:
            return self._without_identity(key)
        fate, fact = self._of_key(key, identity)
        if fate is Fate.ALIVE and identity.status.casefold() in _OFF | _DEAD:
            return Fate.OFF, f"{identity.name} is {identity.status}"
        return fate, fact

    def _without_identity(self, key: OldKey) -> tuple[Fate, str]:
        if (key.provider, key.account) in self._read:
            return Fate.DEAD, f"{key.identity_id} is gone"
        return Fate.UNKNOWN, f"{key.identity_id} was not seen, and not everything was read"

    def _of_key(self, key: OldKey, identity: Identity) -> tuple[Fate, str]:
        listed = next((one for one in identity.keys if one.label == key.label), None)
        if listed is not None:
            return self._of_listed(listed, identity)
        if not key.label:
            return Fate.UNKNOWN, f"{identity.name} exists, and which key it was is not known"
        if identity.keys_complete:
            return Fate.DEAD, f"{key.label} is no longer among the keys of {identity.name}"
        return Fate.UNKNOWN, f"{key.label}: the keys of {identity.name} could not all be read"

    def _of_listed(self, key: AccessKey, identity: Identity) -> tuple[Fate, str]:
        named = f"{key.label} of {identity.name}"
        if key.expires and key.expires <= self.now:
            return Fate.DEAD, f"{named} expired on {key.expires:%Y-%m-%d}"
        status = key.status.casefold()
        if status in _DEAD:
            return Fate.DEAD, f"{named} is {key.status}"
        if status in _OFF:
            return Fate.OFF, f"{named} is {key.status}"
        return (
            Fate.ALIVE,
            f"{named} is {key.status or 'listed'}",
        )  # an unheard-of status is no death


def _together(fates: Sequence[Fate]) -> Fate:
    """Return the fate of all: one that lives makes it alive only if no other could be meant."""
    kinds = set(fates)
    if len(kinds) == 1:
        return fates[0]
    if kinds <= {Fate.OFF, Fate.DEAD}:
        return Fate.OFF
    return Fate.UNKNOWN
