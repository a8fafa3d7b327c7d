"""The settings of projects that decide who gets their secrets (API v2)."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import part
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project
from auditor.inventory.circleci.stores.store import Store, Target
from auditor.models import Json, ScopeKind

_SWITCHES = (
    "build_fork_prs",
    "disable_ssh",
    "forks_receive_secret_env_vars",
    "oss",
    "setup_workflows",
    "write_settings_requires_admin",
)


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v2/project/{provider}/{organization}/{project}/settings"
    return of_project(
        project, route, lambda slug: listing.one(reading.calls, route, _kept, segments=slug)
    )


def _kept(body: Mapping[str, Json]) -> Json:
    advanced = part(body, "advanced")
    return {name: advanced[name] for name in _SWITCHES if isinstance(advanced.get(name), bool)}


STORE = Store(
    name="project setting",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or a user who may see the project",
    read=_read,
)
