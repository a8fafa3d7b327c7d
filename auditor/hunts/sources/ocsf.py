"""Events that are OCSF already: Amazon Security Lake's CloudTrail tables, as Parquet or JSON.

Facts: https://schema.ocsf.io/classes/api_activity and
https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from auditor import nesting
from auditor.hunts.events import Event, Outcome
from auditor.hunts.sources import Glance, JsonSource, NoEventError
from auditor.hunts.sources.cloudtrail import outcome
from auditor.hunts.tables import detail_tree, table
from auditor.hunts.values import Names, address, at, clean, details, first, joined, text, utc
from auditor.models import Json

_DETAILS = detail_tree("ocsf")
_SESSION_KEY = "ASIA"
_READ = "2"
"""`activity_id` of API Activity: 1 create, 2 read, 3 update, 4 delete."""


class Ocsf(JsonSource):
    """Reads API activity, authentication and account changes; other classes are counted."""

    name = "ocsf"
    platform = "aws"
    title = "Security Lake (OCSF)"

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it has a class and metadata."""
        return {"class_uid", "metadata"} <= fields

    def glance(self, record: Json) -> Glance:
        """Return the credential, the user and the session's issuer."""
        if text(record, "class_uid") not in table()["ocsf"]["classes"]:
            raise NoEventError(f"OCSF class {text(record, 'class_uid')}: no calls")
        key = text(record, "actor", "user", "credential_uid") or ""
        who = (key, text(record, "actor", "user", "uid") or "", _actor(record) or "")
        ip = first(text(record, "src_endpoint", "ip"), text(record, "src_endpoint", "domain"))
        agent = text(record, "http_request", "user_agent")
        action = text(record, "api", "operation") or ""
        session = key if key.startswith(_SESSION_KEY) else ""
        return _time(record), who, ip, agent, action, session

    def event(self, record: Json, names: Names, file: str, position: int) -> Event:
        """Return the event."""
        key = text(record, "actor", "user", "credential_uid")
        ip, name = address(text(record, "src_endpoint", "ip"))
        service = text(record, "api", "service", "name")
        operation = text(record, "api", "operation")
        error = text(record, "api", "response", "error")
        issued = _issued(record)
        resources = at(record, "resources")
        listed = resources if isinstance(resources, list) else []
        return Event(
            time=_time(record),
            event_uid=text(record, "metadata", "uid") or "",
            platform=self.platform,
            log=self.name,
            action=clean(operation) or "unnamed",
            outcome=_outcome(error, record),
            actor_uid=clean(_actor(record)),
            actor_name=clean(text(record, "actor", "user", "name")),
            actor_type=clean(text(record, "actor", "user", "type")),
            credential_uid=names.credential(key) if key else None,
            issued_credential_uid=names.credential(issued) if issued else None,
            operation=clean(f"{(service or '').partition('.')[0]}:{operation}"),
            service=clean(service),
            resource=joined(text(each, "uid") for each in listed),
            error_code=clean(error),
            error_message=clean(
                first(
                    text(record, "api", "response", "message"),
                    text(record, "api", "response", "error_message"),
                )
            ),
            src_ip=ip,
            src_name=first(name, clean(text(record, "src_endpoint", "domain"))),
            user_agent=clean(text(record, "http_request", "user_agent")),
            account_uid=first(
                text(record, "cloud", "account", "uid"), text(record, "cloud", "account_uid")
            ),
            region=text(record, "cloud", "region"),
            read_only=_read_only(record),
            details=details(record, _DETAILS),
            file=file,
            position=position,
        )


def _time(record: Json) -> str:
    return utc(first(text(record, "time_dt"), text(record, "time")))


def _actor(record: Json) -> str | None:
    """Return the role of a session, else the user."""
    issuer = text(record, "actor", "session", "issuer")
    return issuer if issuer and ":role/" in issuer else text(record, "actor", "user", "uid")


def _issued(record: Json) -> str | None:
    """Return the key that an answer hands out, which stands in it as the service gave it."""
    try:
        answer = nesting.loads(text(record, "api", "response", "data") or "null")
    except ValueError:
        return None
    keys = (text(answer, part, "accessKeyId") for part in ("credentials", "accessKey"))
    return first(*keys)


def _outcome(error: str | None, record: Json) -> Outcome:
    if not error and (text(record, "status") or "").lower() == "failure":
        return Outcome.FAILURE
    return outcome(error, None)


def _read_only(record: Json) -> bool | None:
    activity = text(record, "activity_id")
    return None if activity in {None, "0", "99"} else activity == _READ


SOURCE = Ocsf()
