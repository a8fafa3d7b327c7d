"""Checkout keys of projects: what builds clone the source code with (API v2).

Projects of GitHub App and GitLab have none: they clone over HTTPS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, objects, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project, or_deleted
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v2/project/{provider}/{organization}/{project}/checkout-key"
    shape = partial(_kept, project.slug.partition("/")[0])

    def every(slug: Mapping[str, str]) -> Reply:
        query = {"digest": "sha256"}
        return listing.every(
            reading.calls, route, shape, segments=slug, query=query, must="fingerprint"
        )

    def take(body: Mapping[str, Json]) -> tuple[Json, ...] | None:
        keys = body.get("checkout_keys")
        return tuple(map(shape, objects(keys))) if isinstance(keys, list) else None

    return or_deleted(of_project(project, route, every), reading, project, take)


def _kept(host: str, key: Mapping[str, Json]) -> Json:
    """Return what to keep; the wire says `created_at`, the specification `created-at`."""
    created = text(key, "created_at", "created-at", "time")
    fields = kept(key, "type", "fingerprint", "preferred", "login")
    return fields | {"created_at": created, "host": host}


def _entries(item: Json) -> Iterator[Entry]:
    # A user key opens everything that the user may read, a deploy key one repository.
    deploy = text(item, "type") == "deploy-key"
    name = f"{text(item, 'type') or 'checkout-key'} ({text(item, 'fingerprint')})"
    kind = "circleci-deploy-key" if deploy else "circleci-user-key"
    # Where the code host is GitHub, that can be asked whose key it is.
    asked = text(item, "host") in _GITHUB or text(item, "type").startswith("github")
    yield Entry(name, when(item["created_at"]), kind=f"{kind}-github" if asked else kind)


_GITHUB = ("gh", "github")
"""What the slugs of projects at GitHub begin with."""


STORE = Store(
    name="checkout key",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_entries,
    page="ssh",
)
