"""Where the audit log is streamed to (API v2): the bucket in which to look for a thief.

No API returns the log itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, origin, part, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind

_ROUTE = "/api/v2/organizations/{organization}/audit-log"


def _read(reading: Reading, organization: Target) -> Reply:
    segments = {"organization": organization.id}
    access = listing.one(
        reading.calls,
        f"{_ROUTE}/access",
        lambda body: body["has_access"] is not False,
        segments=segments,
        must="has_access",
    )
    if access.items == (False,):  # the plan has no streaming, so there is none
        return Reply(access.call, access.status)
    return listing.every(
        reading.calls, f"{_ROUTE}/configs", _kept, segments=segments, must="target_type"
    )


def _kept(entry: Mapping[str, Json]) -> Json:
    fields = ("id", "target_type", "is_disabled", "connection_status", "created_at", "updated_at")
    config = part(entry, "config")
    told = kept(config, "arn", "region", "bucket_name", "bucket_prefix")
    where = {"endpoint": origin(config["endpoint"])} if config.get("endpoint") else {}
    return kept(entry, *fields) | {"config": told | where}


def _entries(item: Json) -> Iterator[Entry]:
    config = item["config"]
    path = "/".join(filter(None, (text(config, "bucket_name"), text(config, "bucket_prefix"))))
    where = text(config, "endpoint", "region")
    status = text(item, "connection_status") or "status not told"
    yield Entry(
        f"{text(item, 'target_type')} {path}{f' at {where}' if where else ''} ({status})",
        when(item.get("created_at")),
        when(item.get("updated_at")),
        kind="circleci-audit-stream",
        key=text(item, "id", "target_type"),
    )


STORE = Store(
    name="audit-log stream",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    on_server=OnServer.ABSENT,
    in_builds=False,
    page="security",
)
