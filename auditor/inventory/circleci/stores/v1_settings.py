"""The project settings of API v1.1: alone in showing legacy AWS keys and additional SSH keys.

One call tells two stores, so it is made once: both name their reply `REPLY`.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, objects, part, sealed
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project, or_deleted
from auditor.inventory.circleci.stores.store import Target
from auditor.models import Json
from auditor.tails import Sealer

REPLY = "settings of v1.1"
HALVES = ("access_key_id", "secret_access_key")


def read(reading: Reading, project: Target) -> Reply:
    """Return the legacy AWS keys and the additional SSH keys of a project as one item."""
    route = "/api/v1.1/project/{provider}/{organization}/{project}/settings"

    def take(body: Mapping[str, Json]) -> tuple[Json, ...] | None:
        # `legacy_aws_keys` is left out where a project has none.
        if "project_env_vars" not in body:
            return None
        return (_kept(reading.sealer, part(body, "legacy_aws_keys"), body),)

    found = of_project(
        project,
        route,
        lambda slug: listing.one(
            reading.calls,
            route,
            lambda body: _kept(reading.sealer, part(part(body, "aws"), "keypair"), body),
            segments=slug,
            query={"ssh-key-digest": "sha256"},
            must="ssh_keys",
        ),
    )
    return or_deleted(found, reading, project, take)


def _kept(sealer: Sealer, pair: Mapping[str, Json], body: Mapping[str, Json]) -> Json:
    halves = {
        half: {"set": bool(pair.get(half)), "tail": sealed(sealer, pair.get(half))}
        for half in HALVES
    }
    keys = [kept(key, "hostname", "fingerprint") for key in objects(body.get("ssh_keys"))]
    return {"keypair": halves, "ssh_keys": keys}
