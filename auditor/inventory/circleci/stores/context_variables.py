"""Environment variables of contexts (API v2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, sealed, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind
from auditor.tails import tail_from_json


def _read(reading: Reading, context: Target) -> Reply:
    def keep(variable: Mapping[str, Json]) -> Json:
        # `truncated_value` is the last min(4, length / 2) characters, without a mask in front.
        tail = {"truncated_value": sealed(reading.sealer, variable.get("truncated_value"))}
        return kept(variable, "variable", "created_at", "updated_at") | tail

    return listing.every(
        reading.calls,
        "/api/v2/context/{context}/environment-variable",
        keep,
        segments={"context": context.id},
        must="variable",
    )


def _entries(item: Json) -> Iterator[Entry]:
    # `updated_at` tells when the value was last written, even with the same value.
    yield Entry(
        text(item, "variable"),
        when(item.get("created_at")),
        when(item.get("updated_at")),
        tail_from_json(item["truncated_value"]),
    )


STORE = Store(
    name="context variable",
    scope=ScopeKind.CONTEXT,
    right="an organization admin, or a member of a group that may use the context",
    read=_read,
    entries=_entries,
    # The route hands out a page token and ignores it: only the first 100 can ever be read.
    most=100,
)
