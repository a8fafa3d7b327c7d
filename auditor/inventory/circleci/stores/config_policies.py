"""Config policies of organisations: which rules a pipeline's configuration must keep (API v2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind

_OWNER = "/api/v2/owner/{owner}/context/config"


def _read(reading: Reading, organization: Target) -> Reply:
    owner = {"owner": organization.id}
    bundle = listing.one(reading.calls, f"{_OWNER}/policy-bundle", _names, segments=owner)
    if not bundle.complete:
        return bundle
    settings = listing.one(
        reading.calls,
        f"{_OWNER}/decision/settings",
        lambda body: bool(body["enabled"]),
        segments=owner,
        must="enabled",
    )
    enforced = settings.items[0] if settings.complete else None
    return replace(
        settings, items=tuple(policy | {"enforced": enforced} for policy in bundle.items[0])
    )


def _names(body: Mapping[str, Json]) -> Json:
    """Return the policies of a bundle without their text."""
    created = {
        name: text(policy, "created_at") if isinstance(policy, Mapping) else ""
        for name, policy in body.items()
    }
    return [{"name": name, "created_at": time} for name, time in created.items()]


def _entries(item: Json) -> Iterator[Entry]:
    told = {True: "enforced", False: "not enforced"}
    enforced = told.get(item["enforced"], "enforcement not told")
    yield Entry(
        f"{item['name']} ({enforced})",
        when(item["created_at"]),
        kind="circleci-config-policy",
        key=item["name"],
    )


STORE = Store(
    name="config policy rule",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin, on a plan that has config policies",
    read=_read,
    entries=_entries,
    in_builds=False,
)
