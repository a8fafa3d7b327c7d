"""Custom claims of the OIDC tokens of builds (API v2): no secret, but what can replace stored keys.

Without them the audience is the id of the organisation and a token lives for an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, organization: Target) -> Reply:
    route = "/api/v2/org/{organization}/oidc-custom-claims"
    segments = {"organization": organization.id}
    return listing.one(reading.calls, route, _kept, segments=segments, must="org_id")


def _kept(body: Mapping[str, Json]) -> Json:
    told = body.get("audience")
    audience = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
    fields = ("ttl", "ttl_updated_at", "audience_updated_at")
    return kept(body, *fields) | {"audience": audience}


def _entries(item: Json) -> Iterator[Entry]:
    audience, ttl = ", ".join(item["audience"]), text(item, "ttl")
    if audience:
        written = when(item.get("audience_updated_at"))
        yield Entry(f"audience {audience}", None, written, kind="circleci-oidc", key="audience")
    if ttl:
        written = when(item.get("ttl_updated_at"))
        yield Entry(f"lifetime {ttl}", None, written, kind="circleci-oidc", key="ttl")


STORE = Store(
    name="OIDC claim",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    on_server=OnServer.ABSENT,
)
