"""Outbound webhooks of projects: where CircleCI sends what happened, signed or not (API v2).

The address often holds a token of the receiver (Slack, Teams): only its scheme and host are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, origin, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project_id
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind


def _read(reading: Reading, project: Target) -> Reply:
    route = "/api/v2/webhook"
    return of_project_id(
        project,
        route,
        lambda id_: listing.every(
            reading.calls,
            route,
            _kept,
            query={"scope-id": id_, "scope-type": "project"},
            must="id",
        ),
    )


def _kept(webhook: Mapping[str, Json]) -> Json:
    """Return what to keep; the wire has underscores, the specification hyphens."""
    checked = webhook.get("verify_tls", webhook.get("verify-tls"))
    return kept(webhook, "id", "name") | {
        "host": origin(webhook.get("url")),
        # A secret that is set is always shown as ****, and one that is not as nothing.
        "signed": bool(text(webhook, "signing_secret", "signing-secret")),
        "verify_tls": checked if isinstance(checked, bool) else None,
        "created_at": text(webhook, "created_at", "created-at"),
        "updated_at": text(webhook, "updated_at", "updated-at"),
    }


def _entries(item: Json) -> Iterator[Entry]:
    words = ["signed" if item["signed"] else "not signed"]
    if item["verify_tls"] is False:
        words.append("certificate not checked")
    yield Entry(
        f"{text(item, 'name') or 'webhook'} to {item['host']} ({', '.join(words)})",
        when(item["created_at"]),
        when(item["updated_at"]),
        kind="circleci-webhook" if item["signed"] else "circleci-webhook-unsigned",
        key=text(item, "id"),
    )


STORE = Store(
    name="outbound webhook",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_entries,
    in_builds=False,
    page="webhooks",
)
