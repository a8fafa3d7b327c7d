"""How the stores of a project are addressed: by slug, and what is left of it by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply, refused
from auditor.inventory.circleci.stores.store import Target
from auditor.models import Json

_PARTS = ("provider", "organization", "project")


def of_project(project: Target, route: str, ask: Callable[[Mapping[str, str]], Reply]) -> Reply:
    """Return what `ask` gives for the three parts of the slug, or why there is nothing to ask.

    The parts are encoded one by one and joined by plain slashes: an encoded slash breaks on Server
    and behind proxies.
    """
    parts = project.slug.split("/")
    if len(parts) != len(_PARTS):
        return Reply(f"GET {route}", error="not asked: nothing tells the slug of the project")
    return ask(dict(zip(_PARTS, parts, strict=True)))


def of_project_id(project: Target, route: str, ask: Callable[[str], Reply]) -> Reply:
    """Return what `ask` gives for the id of a project, or why there is nothing to ask."""
    if project.id == project.slug or project.id.startswith("name:"):
        return Reply(f"GET {route}", error="not asked: nothing tells the id of the project")
    return ask(project.id)


def if_standalone(organization: Target, route: str, ask: Callable[[], Reply]) -> Reply:
    """Return what `ask` gives for a standalone organisation; of others there is nothing to ask."""
    return ask() if organization.slug.startswith("circleci/") else Reply(f"GET {route}")


def or_deleted(
    found: Reply,
    reading: Reading,
    project: Target,
    take: Callable[[Mapping[str, Json]], tuple[Json, ...] | None],
) -> Reply:
    """Return `found`, or what the private route still tells of a project that v2 does not know.

    A deleted project is gone from v2, its secrets are not gone from CircleCI. `take` makes items of
    the private reply, None where it is not of the expected shape.
    """
    unknown = found.status is None or refused(found.status)
    has_id = project.id != project.slug
    if found.complete or not (unknown and has_id and reading.settings.uses_private):
        return found
    spare = listing.one(
        reading.calls,
        "/api/private/project/{project}",
        take,
        segments={"project": project.id},
        query={"include-deleted": "true"},
    )
    items = spare.items[0] if spare.complete else None
    return found if items is None else replace(spare, items=items)
