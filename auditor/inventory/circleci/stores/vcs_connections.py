"""Connections of organisations to code hosts: GitHub App installations, OAuth grants (API v3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, part, text
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, organization: Target) -> Reply:
    query = {"filter[org_id]": organization.id}
    route = "/api/v3/provider/connections"
    return listing.every(reading.calls, route, _kept, query=query, must="id")


def _kept(entry: Mapping[str, Json]) -> Json:
    fields = ("provider", "external_id", "login", "repository_selection")
    return kept(entry, "id") | kept(part(entry, "attributes"), *fields)


def _entries(item: Json) -> Iterator[Entry]:
    of = text(item, "login") or str(item.get("external_id") or "")
    name = " ".join(word for word in (text(item, "provider") or "code host", of) if word)
    reach = text(item, "repository_selection")
    asked = "github" in text(item, "provider").casefold()
    yield Entry(
        f"{name} ({reach} repositories)" if reach else name,
        kind="circleci-vcs-connection-github" if asked else "circleci-vcs-connection",
        key=text(item, "id"),
    )


STORE = Store(
    name="VCS connection",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    switch="v3",
    on_server=OnServer.HIDDEN,
    in_builds=False,
)
