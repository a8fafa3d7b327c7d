"""API tokens of projects (API v1.1 only); personal tokens can be listed by no API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind

_KINDS = {"status": "circleci-status-token", "view-builds": "circleci-view-token"}
"""The kinds of the lesser scopes; anything else counts as "all"."""


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v1.1/project/{provider}/{organization}/{project}/token"
    return of_project(
        project,
        route,
        lambda slug: listing.every(reading.calls, route, _kept, segments=slug, must="scope"),
    )


def _kept(token: Mapping[str, Json]) -> Json:
    return kept(token, "id", "label", "scope", "time")


def _entries(item: Json) -> Iterator[Entry]:
    scope = text(item, "scope") or "scope not told"
    name = f"{text(item, 'label') or 'token'} ({scope})"
    kind = _KINDS.get(scope, "circleci-project-token")
    key = text(item, "id") or f"{name} {text(item, 'time')}"
    yield Entry(name, when(item.get("time")), kind=kind, key=key)


STORE = Store(
    name="project API token",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_entries,
    switch="v1",
    in_builds=False,
    page="api",
)
