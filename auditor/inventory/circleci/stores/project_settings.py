"""The settings of projects that decide who gets their secrets (API v2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import part
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project
from auditor.inventory.circleci.stores.store import Entry, Store, Target
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


def _entries(item: Json) -> Iterator[Entry]:
    """Yield one row of everything that opens the project further than its own builds."""
    forks = item.get("build_fork_prs") is True
    with_secrets = item.get("forks_receive_secret_env_vars") is not False
    open_ = {
        "builds of forks get its secrets": forks and with_secrets,
        "forks are built": forks and not with_secrets,
        "builds are shown to everybody": item.get("oss") is True,
        "jobs may be rerun with SSH": item.get("disable_ssh") is False,
        "members who are no admins may change settings": (
            item.get("write_settings_requires_admin") is False
        ),
    }
    if told := [words for words, is_open in open_.items() if is_open]:
        yield Entry("; ".join(told), kind="circleci-setting", key="settings")


STORE = Store(
    name="project setting",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or a user who may see the project",
    read=_read,
    entries=_entries,
    in_builds=False,
    setting=True,
    page="advanced",
)
