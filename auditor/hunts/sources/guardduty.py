"""GuardDuty findings about access keys: exports (lines), EventBridge, and GetFindings answers.

Facts: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-summary.html
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from auditor.hunts.events import Event, Outcome
from auditor.hunts.sources import Glance, JsonSource, NoEventError
from auditor.hunts.tables import detail_tree
from auditor.hunts.values import Names, address, at, clean, details, first, text, utc
from auditor.models import Json

_MARKS = ({"schemaVersion", "type", "service"}, {"SchemaVersion", "Type", "Service"})
_KEY = ("resource", "accessKeyDetails")
_CALL = ("service", "action", "awsApiCallAction")
_DETAILS = detail_tree("guardduty")
_TIMES = (("service", "eventLastSeen"), ("updatedAt",), ("createdAt",))


class GuardDuty(JsonSource):
    """Reads findings; those about machines and buckets name no key and are counted only."""

    name = "guardduty"
    platform = "aws"
    title = "Amazon GuardDuty findings"

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it is a finding, in either spelling."""
        return any(marks <= fields for marks in _MARKS)

    def decode(self, raw: bytes) -> Json:
        """Return the finding in the spelling of exports: names begin in lower case."""
        return _spelled(msgspec.json.decode(raw))

    def lenient(self, fields: Any) -> Json:
        """Return the finding in the spelling of exports."""
        return _spelled(fields)

    def glance(self, record: Json) -> Glance:
        """Return the access key, its user's name and id."""
        if not isinstance(key := at(record, *_KEY), dict):
            raise NoEventError("findings that name no access key")
        who = [text(key, name) or "" for name in ("accessKeyId", "principalId", "userName")]
        ip = text(record, *_CALL, "remoteIpDetails", "ipAddressV4")
        return _time(record), who, ip, None, text(record, "type") or "", ""

    def event(self, record: Json, names: Names, file: str, position: int) -> Event:
        """Return the event: that somebody was seen to do what the finding's type says."""
        key, call = at(record, *_KEY), at(record, *_CALL)
        key_id = text(key, "accessKeyId")
        ip, name = address(text(call, "remoteIpDetails", "ipAddressV4"))
        kind = clean(text(record, "type"))
        return Event(
            time=_time(record),
            event_uid=f"{text(record, 'id')}@{_time(record)}" if text(record, "id") else "",
            platform=self.platform,
            log=self.name,
            action=kind or "unnamed",
            outcome=Outcome.FAILURE if text(call, "errorCode") else Outcome.SUCCESS,
            actor_uid=clean(first(text(key, "principalId"), text(key, "userName"))),
            actor_name=clean(text(key, "userName")),
            actor_type=clean(text(key, "userType")),
            credential_uid=names.credential(key_id) if key_id else None,
            operation=clean(text(call, "api")),
            service=clean(text(call, "serviceName")),
            error_code=clean(text(call, "errorCode")),
            error_message=clean(text(record, "description")),
            src_ip=ip,
            src_name=name,
            user_agent=clean(text(call, "userAgent")),
            country=text(call, "remoteIpDetails", "country", "countryCode"),
            account_uid=text(record, "accountId"),
            region=text(record, "region"),
            details=details(record, _DETAILS),
            file=file,
            position=position,
        )


def _time(record: Json) -> str:
    return utc(first(*(text(record, *path) for path in _TIMES)))


def _spelled(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < _DEEPEST:
        return {key[:1].lower() + key[1:]: _spelled(v, depth + 1) for key, v in value.items()}
    return value


_DEEPEST = 8

SOURCE = GuardDuty()
