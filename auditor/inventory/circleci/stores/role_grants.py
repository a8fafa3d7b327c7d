"""Roles of people in standalone organisations (private route): who may read and use everything.

An organisation of GitHub or Bitbucket takes the roles of the code host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import text
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import APP_API
from auditor.inventory.circleci.stores.addressing import if_standalone
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind

_ROUTE = f"{APP_API}ciam/orgs/{{organization}}/role-grants"
ADMIN = "org-admin"
"""The role that is shown everything."""


def _read(reading: Reading, organization: Target) -> Reply:
    segments = {"organization": organization.id}
    return if_standalone(
        organization,
        _ROUTE,
        lambda: listing.every(reading.calls, _ROUTE, _kept, segments=segments, must="role"),
    )


def _kept(grant: Mapping[str, Json]) -> Json:
    """Return what to keep: no mail address."""
    return {
        "id": text(grant, "userId", "user_id"),
        "username": text(grant, "username"),
        "role": text(grant, "role"),
    }


def _entries(item: Json) -> Iterator[Entry]:
    # The other roles cannot read what is stored, nor change who can.
    if item["role"] == ADMIN:
        name = f"{item['username'] or item['id'] or 'somebody'} ({ADMIN})"
        yield Entry(name, kind="circleci-role-grant", key=item["id"] or item["username"])


STORE = Store(
    name="role grant",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    switch="private",
    on_server=OnServer.ABSENT,
    in_builds=False,
    page="people",
)
