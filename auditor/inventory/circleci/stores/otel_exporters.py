"""OpenTelemetry exporters of organisations: where traces go, with which headers (API v2).

The headers hold the receiver's key; only their names are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, origin, part, text
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, organization: Target) -> Reply:
    query = {"org-id": organization.id}
    return listing.every(reading.calls, "/api/v2/otel/exporters", _kept, query=query, must="id")


def _kept(exporter: Mapping[str, Json]) -> Json:
    return kept(exporter, "id", "protocol", "insecure") | {
        "host": origin(exporter.get("endpoint")),
        "headers": list(part(exporter, "headers")),
    }


def _entries(item: Json) -> Iterator[Entry]:
    where = item["host"] + (" (without TLS)" if item.get("insecure") is True else "")
    id_ = text(item, "id")
    if not item["headers"]:
        yield Entry(f"{where}, no header", kind="circleci-otel-exporter", key=id_)
    for header in item["headers"]:
        yield Entry(f"{header} to {where}", kind="circleci-otel-header", key=f"{id_} {header}")


STORE = Store(
    name="OTel exporter",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    on_server=OnServer.ABSENT,
    in_builds=False,
)
