"""iOS and macOS signing certificates with their private keys (API v3): a store easily forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, part, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, organization: Target) -> Reply:
    query = {"filter[org_id]": organization.id}
    route = "/api/v3/signing/certificates"
    return listing.every(reading.calls, route, _kept, query=query, must="id")


def _kept(entry: Mapping[str, Json]) -> Json:
    fields = ("file_name", "cert_type", "fingerprint", "created_at", "expires_at")
    return kept(entry, "id") | kept(part(entry, "attributes"), *fields)


def _entries(item: Json) -> Iterator[Entry]:
    name = text(item, "file_name") or "certificate"
    words = [text(item, "cert_type"), f"until {day}" if (day := _expiry(item)) else ""]
    told = ", ".join(word for word in words if word)
    yield Entry(
        f"{name} ({told})" if told else name,
        when(item.get("created_at")),
        kind="circleci-signing-certificate",
        key=text(item, "id"),
    )


def _expiry(item: Json) -> str:
    expires = when(item.get("expires_at"))
    return f"{expires:%Y-%m-%d}" if expires else ""


STORE = Store(
    name="signing certificate",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    switch="v3",
    on_server=OnServer.ABSENT,
)
