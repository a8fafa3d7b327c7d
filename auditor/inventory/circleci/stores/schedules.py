"""Parameters of scheduled pipelines, given in clear (API v2; not for standalone organisations)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, text
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores import parameters
from auditor.inventory.circleci.stores.addressing import of_project
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v2/project/{provider}/{organization}/{project}/schedule"

    def keep(schedule: Mapping[str, Json]) -> Json:
        found = parameters.kept(reading.sealer, schedule.get("parameters"))
        return kept(schedule, "id", "name") | {"parameters": found}

    if project.slug.startswith("circleci/"):  # they have triggers in their place
        return Reply(f"GET {route}")
    return of_project(
        project,
        route,
        lambda slug: listing.every(reading.calls, route, keep, segments=slug, must="id"),
    )


def _entries(item: Json) -> Iterator[Entry]:
    yield from parameters.entries(item, text(item, "name", "id"))


STORE = Store(
    name="schedule parameter",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_entries,
    page="triggers",
)
