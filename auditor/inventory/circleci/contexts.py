"""Which contexts an organisation has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, text
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply, refused
from auditor.inventory.circleci.stores import Target
from auditor.models import Json, ScopeKind

_ROUTE = "/api/v2/context"


def read_contexts(reading: Reading, organization: Organization) -> Reply:
    """Return the contexts of an organisation.

    On Server an owner may have to be called an account; on Cloud that would be answered 400.
    """
    owner = {"owner-id": organization.id}
    reply = listing.every(reading.calls, _ROUTE, _kept, query=owner, must="id")
    if reply.complete or not reading.settings.server or not refused(reply.status):
        return reply
    owner |= {"owner-type": "account"}
    account = listing.every(reading.calls, _ROUTE, _kept, query=owner, must="id")
    return account if account.complete else reply


def targets(listed: Reply, organization: Organization) -> Iterator[Target]:
    """Yield the contexts of a listing as scopes to read."""
    for entry in listed.items:
        name = text(entry, "name")
        yield Target(ScopeKind.CONTEXT, text(entry, "id") or name, "", name, organization.id)


def _kept(entry: Mapping[str, Json]) -> Json:
    return kept(entry, "id", "name", "created_at")
