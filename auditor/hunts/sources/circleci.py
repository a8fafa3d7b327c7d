"""CircleCI's audit log: the CSV that an administrator downloads, and streamed JSON objects.

Facts: https://circleci.com/docs/guides/security/audit-logs/. The CSV has had three forms: nested
objects as JSON in a cell, dotted columns, and flattened ones in capitals.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from auditor.hunts.events import Event, Outcome
from auditor.hunts.sources import Glance, JsonSource
from auditor.hunts.tables import detail_tree
from auditor.hunts.values import Names, address, at, clean, details, first, text, utc
from auditor.models import Json

_MARKS = frozenset({"action", "occurred_at"})
_NESTED = (
    "common_fields", "actor", "target", "scope", "account", "organization", "payload", "metadata",
    "request",
)  # fmt: skip
_PROBE = "circleci_connectivity_test_"
_SEPARATORS = str.maketrans("-_", "..")
_DETAILS = detail_tree("circleci")


class CircleCi(JsonSource):
    """Reads audit events; action names are brought to one spelling."""

    name = "circleci"
    platform = "circleci"
    title = "CircleCI audit log"

    def skips(self, path: str) -> str | None:
        """Skip the empty object with which a stream tries its bucket."""
        is_probe = path.rpartition("/")[2].startswith(_PROBE)
        return "a stream's connectivity test" if is_probe else None

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it is an audit event."""
        return fields >= _MARKS

    def row(self, row: Mapping[str, str]) -> Json:
        """Return the event of a CSV row, nested as in a stream."""
        record: dict[str, Any] = {}
        for column, value in row.items():
            if value:
                _put(record, column, value)
        return record

    def glance(self, record: Json) -> Glance:
        """Return the actor by id and name."""
        actor = (text(record, "actor", "id") or "", text(record, "actor", "name") or "")
        time = utc(at(record, "occurred_at"))
        return time, actor, _address(record), None, action(text(record, "action")), ""

    def event(self, record: Json, names: Names, file: str, position: int) -> Event:  # noqa: ARG002
        """Return the event."""
        ip, name = address(_address(record))
        spelled = text(record, "action")
        return Event(
            time=utc(at(record, "occurred_at")),
            event_uid=text(record, "id") or "",
            platform=self.platform,
            log=self.name,
            action=clean(action(spelled)) or "unnamed",
            outcome=_outcome(record),
            actor_uid=first(text(record, "actor", "id"), text(record, "actor", "name")),
            actor_name=clean(text(record, "actor", "name")),
            actor_type=clean(text(record, "actor", "type")),
            operation=clean(spelled),
            service=action(spelled).partition(".")[0] or None,
            resource=_resource(record),
            src_ip=ip,
            src_name=name,
            account_uid=first(text(record, "organization", "id"), text(record, "account", "id")),
            details=details(record, _DETAILS),
            file=file,
            position=position,
        )


def action(name: str | None) -> str:
    """Return an action's name in the one spelling: CircleCI mixes "-", "_" and "."."""
    return (name or "").strip().lower().translate(_SEPARATORS)


def _address(record: Json) -> str | None:
    return first(text(record, "request", "ip_address"), text(record, "common_fields", "source_ip"))


def _outcome(record: Json) -> Outcome:
    said = at(record, "success")
    word = first(text(record, "common_fields", "outcome"), said if isinstance(said, str) else None)
    if said is True or (word or "").lower() in {"success", "true"}:
        return Outcome.SUCCESS
    return Outcome.FAILURE if said is False or word else Outcome.UNKNOWN


def _resource(record: Json) -> str | None:
    """Return what it was done to; for the secrets of a context, its name."""
    return clean(
        first(
            text(record, "payload", "context_name"),
            text(record, "payload", "context", "name"),
            text(record, "target", "name"),
            text(record, "target", "id"),
            text(record, "scope", "name"),
        )
    )


def _put(record: dict[str, Any], column: str, value: str) -> None:
    """Put a cell where a streamed event has it."""
    prefix = next((n for n in _NESTED if column == n or column.startswith((f"{n}.", f"{n}_"))), "")
    if not prefix:
        record[column] = value
    elif column == prefix:
        cell = _cell(value)
        record.setdefault(prefix, {}).update(cell if isinstance(cell, dict) else {"name": cell})
    else:
        record.setdefault(prefix, {})[column[len(prefix) + 1 :]] = _cell(value)


def _cell(value: str) -> Json:
    if not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


SOURCE = CircleCi()
