"""GitHub's audit log of an organisation or enterprise, and a person's security log.

REST pages, JSON and CSV exports, streamed lines. Facts:
https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from auditor.hunts.events import Event, Outcome
from auditor.hunts.sources import Glance, JsonSource
from auditor.hunts.tables import detail_tree
from auditor.hunts.values import Names, address, at, clean, details, first, joined, text, utc
from auditor.models import Json

_TIMES = ("@timestamp", "created_at", "timestamp")
_ACTORS = frozenset({"actor", "actor_id", "org", "user", "business", "repo", "hashed_token"})
_CREDENTIALS = (
    "hashed_token", "token_id", "deploy_key_fingerprint", "public_key_fingerprint", "fingerprint",
    "key_fingerprint",
)  # fmt: skip
_IDENTITIES = (
    *_CREDENTIALS, "oauth_application_id", "application_client_id", "integration_id", "user",
    "actor_id", "actor",
)  # fmt: skip
_DENIED = {"401", "403"}
_DETAILS = detail_tree("github")
_READS = {"access", "authentication"}


class GitHub(JsonSource):
    """Reads audit events of every origin; they differ in the form of the time alone."""

    name = "github"
    platform = "github"
    title = "GitHub audit log"

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it names an action, a time and somebody."""
        timed = not fields.isdisjoint(_TIMES) and "occurred_at" not in fields
        return "action" in fields and timed and not fields.isdisjoint(_ACTORS)

    def row(self, row: Mapping[str, str]) -> Json:
        """Return the event of a CSV row, its dotted columns nested."""
        record: dict[str, Any] = {}
        for column, value in row.items():
            head, _, tail = column.partition(".")
            if tail and value:
                record.setdefault(head, {})[tail] = value
            elif value:
                record[head] = value
        return record

    def glance(self, record: Json) -> Glance:
        """Return credential, application and login."""
        who = tuple(text(record, name) or "" for name in _IDENTITIES)
        agent, ip = text(record, "user_agent"), text(record, "actor_ip")
        return _time(record), who, ip, agent, (text(record, "action") or "").lower(), ""

    def event(self, record: Json, names: Names, file: str, position: int) -> Event:  # noqa: ARG002
        """Return the event."""
        ip, name = address(text(record, "actor_ip"))
        action = (text(record, "action") or "").lower()
        return Event(
            time=_time(record),
            event_uid=text(record, "_document_id") or "",
            platform=self.platform,
            log=self.name,
            action=clean(action) or "unnamed",
            outcome=_outcome(record, action),
            actor_uid=clean(first(text(record, "actor"), text(record, "actor_id"))),
            actor_name=clean(text(record, "actor")),
            actor_type=_type(record),
            credential_uid=clean(first(*(text(record, name) for name in _CREDENTIALS))),
            operation=clean(_route(record) or action),
            service=action.partition(".")[0] or None,
            resource=joined([text(record, "repo") or text(record, "repository")]),
            error_code=text(record, "status_code") if _failed(record) else None,
            src_ip=ip,
            src_name=name,
            user_agent=clean(text(record, "user_agent")),
            country=text(record, "actor_location", "country_code"),
            account_uid=clean(first(text(record, "org"), text(record, "business"))),
            read_only=_read_only(record),
            details=details(record, _DETAILS),
            file=file,
            position=position,
        )


def _time(record: Json) -> str:
    return utc(next((value for name in _TIMES if (value := at(record, name))), None))


def _type(record: Json) -> str | None:
    bot = at(record, "actor_is_bot")
    return first(
        clean(text(record, "programmatic_access_type")),
        "Bot" if bot is True or bot == "true" else None,
    )


def _failed(record: Json) -> bool:
    return (text(record, "status_code") or "0")[:1] in {"4", "5"}


def _outcome(record: Json, action: str) -> Outcome:
    if text(record, "status_code") in _DENIED:
        return Outcome.DENIED
    return Outcome.FAILURE if _failed(record) or "failed" in action else Outcome.SUCCESS


def _route(record: Json) -> str | None:
    """Return what an API request was for: "GET /repos/:owner/:repo/zipball"."""
    route = text(record, "route") or text(record, "url_path")
    return f"{text(record, 'request_method') or ''} {route}".strip() if route else None


def _read_only(record: Json) -> bool | None:
    kind = text(record, "operation_type")
    return None if kind is None else kind in _READS


SOURCE = GitHub()
