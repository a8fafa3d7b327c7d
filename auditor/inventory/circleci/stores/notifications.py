"""Notification integrations: grants of Slack workspaces that CircleCI holds (API v3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, part, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, organization: Target) -> Reply:
    query = {"filter[org_id]": organization.id}
    route = "/api/v3/notification/integrations"
    return listing.every(reading.calls, route, _kept, query=query, must="id")


def _kept(entry: Mapping[str, Json]) -> Json:
    fields = ("type", "workspace_name", "team_id", "status", "created_at", "updated_at")
    return kept(entry, "id") | kept(part(entry, "attributes"), *fields)


def _entries(item: Json) -> Iterator[Entry]:
    where = text(item, "workspace_name", "team_id") or "workspace"
    status = text(item, "status") or "status not told"
    yield Entry(
        f"{text(item, 'type') or 'integration'}: {where} ({status})",
        when(item.get("created_at")),
        when(item.get("updated_at")),
        kind="circleci-notification",
        key=text(item, "id"),
    )


STORE = Store(
    name="notification integration",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    switch="v3",
    on_server=OnServer.ABSENT,
    in_builds=False,
)
