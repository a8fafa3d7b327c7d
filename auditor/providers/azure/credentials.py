"""The secrets and certificates of applications and service principals, as far as they are listed.

They are kept on the application, in its home tenant, and on the service principal: both count.
https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from auditor.models import AccessKey, Fact, Known, Unknown
from auditor.providers.azure.documents import entries, parse_time, text
from auditor.providers.azure.estate import Estate, Item, app_key
from auditor.providers.azure.gaps import gap_of

_KINDS = {"passwordCredentials": "client secret", "keyCredentials": "certificate"}
_MANAGED = "ManagedIdentity"


class Credentials:
    """The credentials of one snapshot, as of the time at which it was collected."""

    def __init__(self, estate: Estate, now: datetime | None) -> None:
        """Index nothing yet."""
        self._estate = estate
        self._now = now

    def of(self, principal: Item) -> tuple[AccessKey, ...]:
        """Return every secret and certificate of a service principal and of its application."""
        found = {
            key.label: key for holder in self._holders(principal) for key in self._keys(holder)
        }
        return tuple(found.values())

    def are_all(self, principal: Item) -> bool:
        """Return whether those are all there are: only then does one that is missing prove much.

        The secrets of an application of another tenant are not shown here.
        """
        if text(principal, "servicePrincipalType") == _MANAGED:
            return True
        if not self._estate.is_whole("applications"):
            return False
        return app_key(principal) in self._estate.application_of

    def is_foreign(self, principal: Item) -> bool:
        """Return whether the application belongs to another tenant."""
        owner = text(principal, "appOwnerOrganizationId").lower()
        return bool(owner and self._estate.tenant and owner != self._estate.tenant)

    def created(self, principal: Item) -> datetime | None:
        """Return when it was made; Graph v1.0 tells it of the application alone."""
        told = (parse_time(text(one, "createdDateTime")) for one in self._holders(principal))
        return next(filter(None, told), None)

    def _holders(self, principal: Item) -> Iterator[Item]:
        yield principal
        application = self._estate.application_of.get(app_key(principal))
        if application:
            yield application

    def _keys(self, holder: Item) -> Iterator[AccessKey]:
        for listing, kind in _KINDS.items():
            for item in entries(dict(holder), listing):
                expires = parse_time(text(item, "endDateTime"))
                yield AccessKey(
                    label=text(item, "keyId"),
                    status=self._status(expires),
                    created=parse_time(text(item, "startDateTime")),
                    last_used=self._last_used(text(item, "keyId")),
                    kind=kind,
                    expires=expires,
                )

    def _status(self, expires: datetime | None) -> str:
        if expires and self._now and expires <= self._now:
            return "expired"
        return "Active"

    def _last_used(self, key_id: str) -> Fact[datetime | None]:
        if key_id.lower() in self._uses:
            return Known(self._uses[key_id.lower()])
        if self._estate.is_whole("credential-use"):
            return Known(None)
        return Unknown(gap_of("credential-use", self._estate.document("credential-use")))

    @cached_property
    def _uses(self) -> dict[str, datetime | None]:
        found: dict[str, datetime | None] = {}
        for _, item in self._estate.items("credential-use"):
            activity: Any = item.get("signInActivity")
            found[text(item, "keyId").lower()] = parse_time(text(activity, "lastSignInDateTime"))
        return found
