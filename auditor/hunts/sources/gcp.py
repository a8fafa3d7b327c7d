"""Google Cloud audit logs: sink exports, `gcloud logging read`, Pub/Sub, BigQuery exports.

Facts: https://docs.cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from auditor.hunts.events import Event, Outcome
from auditor.hunts.sources import Glance, JsonSource, NoEventError
from auditor.hunts.tables import detail_tree, table
from auditor.hunts.values import Names, address, at, clean, details, first, joined, text, utc
from auditor.models import Json

_AUDIT = "cloudaudit.googleapis.com"
_PAYLOADS = ("protoPayload", "protopayload_auditlog")
_DETAILS = detail_tree("gcp")
_KEYS = "//iam.googleapis.com/"
_POLICY = "policy"
_ACTIVITY = "activity"


class Gcp(JsonSource):
    """Reads log entries; those of other logs than the audit logs are counted by name."""

    name = "gcp"
    platform = "gcp"
    title = "Google Cloud audit logs"

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it is a log entry."""
        return {"logName", "insertId"} <= fields or not fields.isdisjoint(_PAYLOADS)

    def glance(self, record: Json) -> Glance:
        """Return principal, key and delegating principals."""
        payload = _payload(record)
        actor = _actor(payload)
        key = text(payload, "authenticationInfo", "serviceAccountKeyName")
        who = [*_delegates(payload), actor or ""]
        if key:
            who[:0] = [key, key.rpartition("/")[2], key.removeprefix(_KEYS)]
        return (
            utc(at(record, "timestamp")),
            who,
            text(payload, "requestMetadata", "callerIp"),
            text(payload, "requestMetadata", "callerSuppliedUserAgent"),
            text(payload, "methodName") or "",
            "",
        )

    def event(self, record: Json, names: Names, file: str, position: int) -> Event:
        """Return the event of an entry."""
        payload = _payload(record)
        log, time = _log(record), utc(at(record, "timestamp"))
        ip, name = address(text(payload, "requestMetadata", "callerIp"))
        labels = at(record, "resource", "labels")
        code = text(payload, "status", "code")
        info = at(payload, "authorizationInfo")
        checks = (
            [check for check in info if isinstance(check, dict)] if isinstance(info, list) else []
        )
        insert = text(record, "insertId")
        key, made = text(payload, "authenticationInfo", "serviceAccountKeyName"), _issued(payload)
        return Event(
            time=time,
            event_uid=f"{insert}@{time}@{text(record, 'logName')}" if insert else "",
            platform=self.platform,
            log=f"{self.name}:{log}",
            action=clean(text(payload, "methodName")) or "unnamed",
            outcome=_outcome(log, code, checks, text(record, "severity")),
            actor_uid=clean(_actor(payload)),
            actor_name=clean(text(payload, "authenticationInfo", "principalEmail")),
            actor_type=_type(_actor(payload)),
            credential_uid=names.of(key) if key else None,
            issued_credential_uid=names.of(made) if made else None,
            session_of=clean(first(*_delegates(payload))),
            operation=joined(text(check, "permission") for check in checks),
            service=clean(text(payload, "serviceName")),
            resource=clean(text(payload, "resourceName")),
            error_code=table()["grpc"].get(code, code) if code not in {None, "0"} else None,
            error_message=clean(text(payload, "status", "message")),
            src_ip=ip,
            src_name=name,
            user_agent=clean(text(payload, "requestMetadata", "callerSuppliedUserAgent")),
            account_uid=first(text(labels, "project_id"), _owner(record)),
            region=first(text(labels, "location"), text(labels, "zone"), text(labels, "region")),
            read_only=_read_only(log, checks),
            details=details({**payload, "severity": at(record, "severity")}, _DETAILS),
            file=file,
            position=position,
        )


def _payload(record: Json) -> dict[str, Json]:
    """Return the audit log of an entry; NoEventError names the log of another entry."""
    for name in _PAYLOADS:
        if isinstance(payload := at(record, name), dict):
            return payload
    raise NoEventError(f"log entries of {_log(record)}: no audit log")


def _log(record: Json) -> str:
    """Return which log it is: "activity", "data_access", "policy", "system_event", "vpc_flows"."""
    name = (text(record, "logName") or "").rpartition("/")[2]
    service, _, log = name.rpartition("%2F")
    return log if service == _AUDIT or not service else f"{service}/{log}"[:100]


def _owner(record: Json) -> str | None:
    """Return the project, folder or organisation that a log's name begins with."""
    return (text(record, "logName") or "").partition("/logs/")[0].rpartition("/")[2] or None


def _actor(payload: Json) -> str | None:
    """Return whose rights were used: data-access logs leave out the e-mail of some."""
    subject = text(payload, "authenticationInfo", "principalSubject")
    return first(text(payload, "authenticationInfo", "principalEmail"), subject)


def _type(actor: str | None) -> str | None:
    if not actor:
        return None
    if actor.startswith("principal"):
        return "WorkloadIdentity"
    return "ServiceAccount" if actor.endswith(".gserviceaccount.com") else "User"


def _delegates(payload: Json) -> Iterator[str]:
    """Yield who acted as the account, the one who began first."""
    chain = at(payload, "authenticationInfo", "serviceAccountDelegationInfo")
    for link in chain if isinstance(chain, list) else ():
        if who := first(
            text(link, "firstPartyPrincipal", "principalEmail"), text(link, "principalSubject")
        ):
            yield who


def _issued(payload: Json) -> str | None:
    """Return the name of a key that the call made, as later entries name it."""
    name = text(payload, "response", "name")
    made = name and "/keys/" in name and (text(payload, "methodName") or "").endswith("AccountKey")
    return f"{_KEYS}{name}" if made else None


def _outcome(log: str, code: str | None, checks: list[Json], severity: str | None) -> Outcome:
    if log == _POLICY or code in {"7", "16"} or any(at(c, "granted") is False for c in checks):
        return Outcome.DENIED
    failed = code not in {None, "0"} or (code is None and severity == "ERROR")
    return Outcome.FAILURE if failed else Outcome.SUCCESS


def _read_only(log: str, checks: list[Json]) -> bool | None:
    kinds = {text(check, "permissionType") for check in checks} - {None}
    if kinds:
        return all(str(kind).endswith("_READ") for kind in kinds)
    return False if log == _ACTIVITY else None


SOURCE = Gcp()
