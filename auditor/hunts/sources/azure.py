"""Azure: sign-ins of applications, directory audits, activity log of subscriptions.

Each comes as Graph or Monitor answers it, as diagnostic settings write it (files and Event Hubs)
and as Log Analytics exports it; one record at a time is told apart here, and read by its kind.
Facts: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from auditor.hunts.events import Event
from auditor.hunts.sources import Glance, JsonSource, NoEventError
from auditor.hunts.sources import azure_activity as activity
from auditor.hunts.sources import azure_audits as audits
from auditor.hunts.sources import azure_signins as signins
from auditor.hunts.values import Names, address, text, utc
from auditor.models import Json

_MARKS = (
    {"appId", "createdDateTime"},  # a sign-in of Graph
    {"activityDisplayName", "activityDateTime"},  # a directory audit of Graph
    {"eventTimestamp", "operationName"},  # the Monitor API and its command line
    {"event_timestamp", "operation_name"},  # its Python SDK
    {"category", "operationName", "time"},  # diagnostic settings, Event Hubs
    {"TimeGenerated", "OperationName"},  # Log Analytics
    {"TimeGenerated", "OperationNameValue"},
    {"TimeGenerated", "ServicePrincipalId"},
)
_TEXT_OBJECTS = ("properties", "claims", "identity", "authorization", "httprequest", "location")
_TEXT_LISTS = ("targetresources", "additionaldetails", "initiatedby", "status")


class Azure(JsonSource):
    """Reads three logs; `log` says which: "azure:signins", "azure:audits", "azure:activity"."""

    name = "azure"
    platform = "azure"
    title = "Azure sign-ins, directory audits and activity"

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it looks like a record of any of the three."""
        return any(marks <= fields for marks in _MARKS)

    def decode(self, raw: bytes) -> Json:
        """Return the record in one spelling: names in lower case without "_", JSON text parsed."""
        return _flattened(msgspec.json.decode(raw))

    def lenient(self, fields: Any) -> Json:
        """Return the record in one spelling."""
        return _flattened(fields)

    def glance(self, record: Json) -> Glance:
        """Return application, principal, credential and name."""
        kind = _kind(record)
        time = utc(kind.time(record))
        return time, kind.who(record), kind.address(record), None, kind.action(record), ""

    def event(self, record: Json, names: Names, file: str, position: int) -> Event:  # noqa: ARG002
        """Return the event."""
        kind = _kind(record)
        ip, name = address(kind.address(record))
        return Event(
            time=utc(kind.time(record)),
            platform=self.platform,
            log=f"{self.name}:{kind.LOG}",
            action=kind.action(record) or "unnamed",
            src_ip=ip,
            src_name=name,
            file=file,
            position=position,
            **kind.fields(record),
        )


def _kind(record: Json) -> Any:
    """Return the module that reads a record; NoEventError names another log."""
    category = (text(record, "category") or text(record, "type") or "").lower()
    if category.endswith(("signinlogs", "signin")) or {"appid", "createddatetime"} <= record.keys():
        return signins
    if "auditlogs" in category or "activitydisplayname" in record:
        return audits
    if activity.is_one(record, category):
        return activity
    raise NoEventError(f"Azure log {category[:60] or 'without a category'}: no identities")


def _flattened(record: Any) -> Json:
    """Return a record with names in lower case, and what diagnostic settings nest laid open."""
    record = _lowered(record)
    if not isinstance(record, dict):
        return {}
    for name in (*_TEXT_OBJECTS, *_TEXT_LISTS):
        value = record.get(name)
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            try:
                record[name] = _lowered(msgspec.json.decode(value))
            except (msgspec.DecodeError, RecursionError):
                continue
    return record


def _lowered(value: Any, depth: int = 0) -> Any:
    """Return nested objects with names in lower case and without "_"; claims keep their URLs."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return {k.lower().replace("_", ""): _lowered(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list) and depth < _DEEPEST:
        return [_lowered(item, depth + 1) for item in value]
    return value


_DEEPEST = 8

SOURCE = Azure()
