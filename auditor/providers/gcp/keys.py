"""The keys of service accounts, as they are listed: user-managed ones only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.models import AccessKey, Fact, Gap, Known, Tail, Unknown
from auditor.providers.gcp.documents import entries, is_complete, parse_time, sealed, text
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.gaps import gap_of
from auditor.providers.gcp.usage import Uses

ENABLED = "enabled"
_GOOGLES_OWN = ("SYSTEM_MANAGED", 2)
"""Keys that Google makes and rotates itself: no person ever has one."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A user-managed key. `id` is masked: its last four characters are never kept."""

    email: str
    id: str
    status: str
    created: datetime | None
    expires: datetime | None
    tail: Tail | None
    uploaded: bool
    last_used: Fact[datetime | None]

    def shown(self) -> AccessKey:
        """Return it as the report shows it."""
        kind = "uploaded key" if self.uploaded else "service account key"
        return AccessKey(self.id, self.status, self.created, self.last_used, kind, self.expires)


@dataclass(frozen=True, slots=True)
class Listing:
    """All keys that were listed, and the accounts whose keys are not known."""

    keys: dict[str, tuple[KeyRecord, ...]]
    unlisted: frozenset[str]

    def of(self, email: str) -> tuple[KeyRecord, ...]:
        """Return the keys of an account, as far as they were listed."""
        return self.keys.get(email, ())


def read_keys(estate: Estate, uses: Uses, now: datetime | None) -> Listing:
    """Return the keys of all accounts. `now` tells which have expired; None: nobody knows."""
    found, complete = {}, set()
    for name, document in estate.of("keys").items():
        email = text(document, "email").lower() or name
        found[email] = tuple(_keys(email, document, uses, now))
        if is_complete(document):
            complete.add(email)
    return Listing(found, frozenset(estate.emails) - complete)


def _keys(email: str, document: object, uses: Uses, now: datetime | None) -> Iterator[KeyRecord]:
    for raw in entries(document, "keys"):
        if raw.get("keyType") in _GOOGLES_OWN:
            continue
        id_ = text(raw, "name").rpartition("/")[2]
        # Of keys that Google made, the start of validity is when they were made.
        created = parse_time(text(raw, "validAfterTime"))
        expires = parse_time(text(raw, "validBeforeTime"))
        yield KeyRecord(
            email=email,
            id=id_,
            status=_status(raw.get("disabled") is True, expires, now),
            created=created,
            expires=expires,
            tail=sealed(raw.get("Tail")),
            uploaded=raw.get("keyOrigin") in ("USER_PROVIDED", 1),
            last_used=_last_used(id_, uses),
        )


def _status(disabled: bool, expires: datetime | None, now: datetime | None) -> str:
    if disabled:
        return "disabled"
    return "inactive: it has expired" if now and expires and expires <= now else ENABLED


def _last_used(key_id: str, uses: Uses) -> Fact[datetime | None]:
    used = uses.of_key(key_id)
    return Unknown(_NOT_TOLD) if used is None else Known(used.last)


_NOT_TOLD: Gap = gap_of("activity", None, ())
