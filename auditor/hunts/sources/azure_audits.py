"""One change of the directory: credentials, owners, permissions, roles.

Facts: https://learn.microsoft.com/graph/api/resources/directoryaudit
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.hunts.events import Outcome
from auditor.hunts.tables import detail_tree
from auditor.hunts.values import as_text, at, clean, details, first, joined, text
from auditor.models import Json

LOG = "audits"
_DETAILS = detail_tree("azure_audits")
_KEY = re.compile(r"KeyIdentifier=([0-9a-fA-F-]{36})")
_REFUSED = ("authorization_requestdenied", "insufficient", "forbidden", "denied")


def time(record: Json) -> Json:
    """Return when it happened."""
    names = ("activitydatetime", "time", "timegenerated")
    return first(text(record, "properties", names[0]), *(text(record, name) for name in names))


def action(record: Json) -> str:
    """Return the activity's name in lower case."""
    return (clean(_name(record)) or "").lower()


def who(record: Json) -> list[str]:
    """Return every name of whoever began it."""
    app, user = _by(record, "app"), _by(record, "user")
    return [
        text(app, "serviceprincipalid") or "",
        text(app, "serviceprincipalname") or "",
        text(user, "id") or "",
        text(app, "appid") or _additional(record, "appid") or "",
        first(text(user, "userprincipalname"), text(app, "displayname")) or "",
    ]


def address(record: Json) -> str | None:
    """Return the address it came from."""
    return first(text(_by(record, "user"), "ipaddress"), text(record, "calleripaddress"))


def fields(record: Json) -> dict[str, Any]:
    """Return the columns that depend on the kind of record."""
    principal, _, user, app, name = who(record)
    made = _issued(record)
    return {
        "event_uid": first(_get(record, "id"), text(record, "correlationid")) or "",
        "outcome": _outcome(record),
        "actor_uid": clean(first(principal, user, app, name)),
        "actor_name": clean(name),
        "actor_type": "User" if user else "ServicePrincipal",
        "issued_credential_uid": made,
        "operation": clean(_name(record)),
        "service": clean(_get(record, "loggedbyservice")),
        "resource": joined(_targets(record)),
        "error_message": clean(
            first(_get(record, "resultreason"), _get(record, "resultdescription"))
        ),
        "user_agent": clean(_additional(record, "user-agent")),
        "account_uid": text(record, "tenantid"),
        "read_only": False,
        "details": details({**record, **_inner(record)}, _DETAILS),
    }


def _inner(record: Json) -> dict[str, Json]:
    inner = at(record, "properties")
    return inner if isinstance(inner, dict) else {}


def _get(record: Json, name: str) -> str | None:
    return first(text(record, "properties", name), text(record, name))


def _name(record: Json) -> str | None:
    return first(_get(record, "activitydisplayname"), _get(record, "operationname"))


def _by(record: Json, kind: str) -> Json:
    return at(record, "properties", "initiatedby", kind) or at(record, "initiatedby", kind)


def _outcome(record: Json) -> Outcome:
    result = (first(_get(record, "result"), _get(record, "resultsignature")) or "").lower()
    if result in {"success", "none", ""}:
        return Outcome.SUCCESS if result == "success" else Outcome.UNKNOWN
    reason = (_get(record, "resultreason") or "").lower().replace(" ", "")
    return Outcome.DENIED if any(word in reason for word in _REFUSED) else Outcome.FAILURE


def _target_list(record: Json) -> list[Json]:
    found = at(record, "properties", "targetresources") or at(record, "targetresources")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _targets(record: Json) -> Iterator[str | None]:
    for target in _target_list(record):
        yield first(text(target, "displayname"), text(target, "userprincipalname"))
        yield text(target, "id")


def _additional(record: Json, key: str) -> str | None:
    found = at(record, "properties", "additionaldetails") or at(record, "additionaldetails")
    for each in found if isinstance(found, list) else ():
        if (text(each, "key") or "").lower() == key:
            return text(each, "value")
    return None


def _issued(record: Json) -> str | None:
    """Return the key id of a secret or certificate that the change added."""
    for target in _target_list(record):
        changes = at(target, "modifiedproperties")
        for change in changes if isinstance(changes, list) else ():
            old = set(_KEY.findall(as_text(at(change, "oldvalue")) or ""))
            for key in _KEY.findall(as_text(at(change, "newvalue")) or ""):
                if key not in old:
                    return str(key).lower()
    return None
