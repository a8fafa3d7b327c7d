"""Environment variables of projects (API v2), deleted projects included (private route)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import sealed, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project, or_deleted
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind
from auditor.tails import Sealer, tail_from_json


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v2/project/{provider}/{organization}/{project}/envvar"

    def keep(variable: Mapping[str, Json]) -> Json:
        return _kept(reading.sealer, variable)

    def take(body: Mapping[str, Json]) -> tuple[Json, ...] | None:
        variables = body.get("project_env_vars")
        if not isinstance(variables, list) or not all(
            isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in variables
        ):
            return None
        return tuple(keep(variable) for variable in variables)

    def every(slug: Mapping[str, str]) -> Reply:
        return listing.every(reading.calls, route, keep, segments=slug, must="name")

    return or_deleted(of_project(project, route, every), reading, project, take)


def _kept(sealer: Sealer, variable: Mapping[str, Json]) -> Json:
    """Return what to keep; the wire says `created_at`, the specification `created-at`."""
    created = variable.get("created_at", variable.get("created-at"))
    return {
        "name": text(variable, "name"),
        "created_at": created if isinstance(created, str) else None,
        "value": sealed(sealer, variable.get("value")),
    }


def _entries(item: Json) -> Iterator[Entry]:
    # The store keeps no time of change, and no time at all of old variables.
    yield Entry(item["name"], when(item["created_at"]), None, tail_from_json(item["value"]))


STORE = Store(
    name="project variable",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_entries,
)
