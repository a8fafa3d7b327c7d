"""One operation on a subscription's resources, in any of its five forms.

Facts: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

from __future__ import annotations

from typing import Any

from auditor.hunts.events import Outcome
from auditor.hunts.tables import detail_tree, table
from auditor.hunts.values import at, clean, details, first, text
from auditor.models import Json

LOG = "activity"
_DETAILS = detail_tree("azure_activity")
_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
_TENANT = "http://schemas.microsoft.com/identity/claims/tenantid"
_UNDER_WAY = {"started", "start", "accept", "accepted", "begin", "unknown"}
_GOOD = {"succeeded", "success", "active", "resolved"}
_REFUSALS = (
    "forbidden",
    "unauthorized",
    "authorizationfailed",
    "403",
    "401",
    "linkedauthorization",
)


def is_one(record: Json, category: str) -> bool:
    """Say whether it is a record of the activity log, by its category or by what it holds."""
    value = _value(record, "category", "value").lower() or category
    return value in table()["categories"]["activity"] or (
        "eventdataid" in record or "eventtimestamp" in record or "operationnamevalue" in record
    )


def time(record: Json) -> Json:
    """Return when it happened."""
    return first(*(text(record, name) for name in ("eventtimestamp", "time", "timegenerated")))


def action(record: Json) -> str:
    """Return the operation's name in lower case: its spelling varies from form to form."""
    return (clean(_operation(record)) or "").lower()


def who(record: Json) -> list[str]:
    """Return object id, application id, caller and name."""
    return [
        _claim(record, _OBJECT_ID) or "",
        _claim(record, "appid") or "",
        _claim(record, _NAME) or "",
        _claim(record, "upn") or "",
        text(record, "caller") or "",
    ]


def address(record: Json) -> str | None:
    """Return the address it came from."""
    return first(
        text(record, "httprequest", "clientipaddress"),
        text(record, "calleripaddress"),
        _claim(record, "ipaddr"),
    )


def fields(record: Json) -> dict[str, Any]:
    """Return the columns that depend on the kind of record."""
    principal, app, name, upn, caller = who(record)
    resource = first(text(record, "resourceid"), text(record, "resourceuri"))
    operation = _operation(record)
    state, sub = _states(record)
    return {
        "event_uid": first(text(record, "eventdataid"), text(record, "properties", "eventdataid"))
        or "",
        "outcome": _outcome(state, sub),
        "actor_uid": clean(first(principal, caller, app)),
        "actor_name": clean(first(name, upn, app)),
        "actor_type": "ServicePrincipal" if _claim(record, "idtyp") == "app" else _type(caller),
        "operation": clean(first(_authorized(record), operation)),
        "service": (operation or "").partition("/")[0] or None,
        "resource": clean(resource),
        "error_code": clean(sub)
        if _outcome(state, sub) in {Outcome.DENIED, Outcome.FAILURE}
        else None,
        "error_message": clean(text(record, "properties", "statusmessage")),
        "account_uid": _subscription(record, resource),
        "region": clean(text(record, "location"))
        if isinstance(at(record, "location"), str)
        else None,
        "read_only": (operation or "").lower().endswith("/read") if operation else None,
        "details": details(_shown(record), _DETAILS),
    }


def _value(record: Json, *path: str) -> str:
    """Return a value that some forms wrap as {value, localizedValue}."""
    return first(text(record, *path), text(record, *path[:-1])) or ""


def _operation(record: Json) -> str | None:
    return first(_value(record, "operationname", "value"), text(record, "operationnamevalue"))


def _claims(record: Json) -> Json:
    found = at(record, "claims") or at(record, "identity", "claims")
    return found if isinstance(found, dict) else {}


def _claim(record: Json, name: str) -> str | None:
    return text(_claims(record), name)


def _authorized(record: Json) -> str | None:
    return first(
        text(record, "authorization", "action"), text(record, "identity", "authorization", "action")
    )


def _states(record: Json) -> tuple[str, str]:
    state = first(
        _value(record, "status", "value"), text(record, "activitystatusvalue"),
        text(record, "resulttype"),
    )  # fmt: skip
    sub = first(
        _value(record, "substatus", "value"), text(record, "activitysubstatusvalue"),
        text(record, "resultsignature"), text(record, "properties", "statuscode"),
    )  # fmt: skip
    return (state or "").lower(), sub or ""


def _outcome(state: str, sub: str) -> Outcome:
    plain = sub.lower().replace(" ", "")
    if any(word in plain for word in _REFUSALS):
        return Outcome.DENIED
    if state in _GOOD:
        return Outcome.SUCCESS
    return Outcome.UNKNOWN if state in _UNDER_WAY or not state else Outcome.FAILURE


def _type(caller: str) -> str | None:
    return "User" if "@" in caller else None


def _subscription(record: Json, resource: str | None) -> str | None:
    """Return the subscription in lower case: diagnostic settings shout it."""
    said = text(record, "subscriptionid")
    parts = (resource or "").lower().split("/")
    inside = parts[2] if parts[1:2] == ["subscriptions"] and len(parts) > _ID_PLACE else None
    return said.lower() if said else inside


_ID_PLACE = 2


def _shown(record: Json) -> dict[str, Json]:
    """Return the record with its claims under short names."""
    claims = _claims(record)
    short = {name: claims.get(name) for name in ("appid", "appidacr", "idtyp", "uti")}
    return {**record, "claims": {**short, "tenantid": claims.get(_TENANT)}}
