"""Addresses from which builds may load orbs (API v2): who can change what they serve is trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, origin, text
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, organization: Target) -> Reply:
    route = "/api/v2/organization/{organization}/url-orb-allow-list"
    segments = {"organization": organization.id}
    return listing.every(reading.calls, route, _kept, segments=segments, must="id")


def _kept(entry: Mapping[str, Json]) -> Json:
    return kept(entry, "id", "name", "auth") | {"host": origin(entry.get("prefix"))}


def _entries(item: Json) -> Iterator[Entry]:
    auth = text(item, "auth") or "not told"
    name = f"{text(item, 'name') or 'orbs'}: {item['host']} (log-in: {auth})"
    yield Entry(name, kind="circleci-orb-url", key=text(item, "id"))


STORE = Store(
    name="allowed orb URL",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    on_server=OnServer.ABSENT,
    in_builds=False,
    page="orbs",
)
