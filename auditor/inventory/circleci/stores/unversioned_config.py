"""Whether pipelines of a project may run a configuration that is in no repository (API v3).

It takes the organisation's consent as well: where that is withheld, nothing is asked of a project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import part
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project_id
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind

SWITCH = "enable_unversioned_config"
"""Its name among the settings of projects and of organisations alike."""
_ROUTE = "/api/v3/projects/{project}/settings"


def _read(reading: Reading, project: Target) -> Reply:
    if reading.unversioned_config is False:
        return Reply(f"GET {_ROUTE}")

    def ask(id_: str) -> Reply:
        return listing.one(reading.calls, _ROUTE, _kept, segments={"project": id_}, must="data")

    return of_project_id(project, _ROUTE, ask)


def _kept(body: Mapping[str, Json]) -> Json:
    told = part(part(body, "data"), "attributes").get(SWITCH)
    return {SWITCH: told} if isinstance(told, bool) else {}


def _entries(item: Json) -> Iterator[Entry]:
    if item.get(SWITCH):
        name = "pipelines may run a configuration sent along"
        yield Entry(name, kind="circleci-setting", key=SWITCH)


STORE = Store(
    name="unversioned-config setting",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or a user who may see the project",
    read=_read,
    entries=_entries,
    switch="v3",
    on_server=OnServer.ABSENT,
    in_builds=False,
    setting=True,
    page="advanced",
)
