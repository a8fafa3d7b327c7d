"""AWS keys of the project settings page of long ago, which builds still receive (API v1.1 only).

They were the ones behind the mails of January 2023 about keys that nobody could find: no later API
and no list of variables shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import part, sealed
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project, or_deleted
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind
from auditor.tails import tail_from_json

_HALVES = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
}
"""The halves as v1.1 names them, and the variables in which builds receive them."""


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v1.1/project/{provider}/{organization}/{project}/settings"

    def keep(pair: Mapping[str, Json]) -> Json:
        return {
            half: {"set": bool(pair.get(half)), "tail": sealed(reading.sealer, pair.get(half))}
            for half in _HALVES
        }

    def take(body: Mapping[str, Json]) -> tuple[Json, ...] | None:
        # The field is left out where a project has none of these keys.
        return (keep(part(body, "legacy_aws_keys")),) if "project_env_vars" in body else None

    found = of_project(
        project,
        route,
        lambda slug: listing.one(
            reading.calls,
            route,
            lambda body: keep(part(part(body, "aws"), "keypair")),
            segments=slug,
        ),
    )
    return or_deleted(found, reading, project, take)


def _entries(item: Json) -> Iterator[Entry]:
    for half, variable in _HALVES.items():
        if item[half]["set"]:
            yield Entry(variable, None, None, tail_from_json(item[half]["tail"]))


STORE = Store(
    name="legacy AWS key",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_entries,
    wanted=lambda settings: settings.v1,
)
