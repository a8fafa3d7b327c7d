"""What limits the use of contexts: projects, groups, expressions (API v2)."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, context: Target) -> Reply:
    route = "/api/v2/context/{context}/restrictions"
    segments = {"context": context.id}
    return listing.every(reading.calls, route, _kept, segments=segments, must="restriction_type")


def _kept(entry: Mapping[str, Json]) -> Json:
    return kept(entry, "id", "name", "restriction_type", "restriction_value", "project_id")


STORE = Store(
    name="context restriction",
    scope=ScopeKind.CONTEXT,
    right="an organization admin, or a member of a group that may use the context",
    read=_read,
)
