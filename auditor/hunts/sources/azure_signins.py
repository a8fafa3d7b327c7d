"""One sign-in of an application, a managed identity or a person, in any of its forms.

`servicePrincipalCredentialKeyId` is the secret that was used:
https://learn.microsoft.com/azure/azure-monitor/reference/tables/aadserviceprincipalsigninlogs
"""

from __future__ import annotations

from typing import Any

from auditor.hunts.events import Outcome
from auditor.hunts.tables import detail_tree, table
from auditor.hunts.values import at, clean, details, first, text
from auditor.models import Json

LOG = "signins"
ACTION = "sign-in activity"
_DETAILS = detail_tree("azure_signins")
_WHO = (
    "serviceprincipalcredentialkeyid", "serviceprincipalcredentialthumbprint",
    "federatedcredentialid", "serviceprincipalid", "serviceprincipalname", "userprincipalname",
    "userid", "appid",
)  # fmt: skip


def time(record: Json) -> Json:
    """Return when it happened."""
    return first(*(text(record, name) for name in ("createddatetime", "time", "timegenerated")))


def action(record: Json) -> str:  # noqa: ARG001 (one of three kinds)
    """Return the one action there is."""
    return ACTION


def who(record: Json) -> list[str]:
    """Return every name of the principal and its credential."""
    return [_get(record, name) or "" for name in _WHO]


def address(record: Json) -> str | None:
    """Return the address it came from."""
    return first(_get(record, "ipaddress"), text(record, "calleripaddress"))


def fields(record: Json) -> dict[str, Any]:
    """Return the columns that depend on the kind of record."""
    code = _code(record)
    key, thumb, federated, principal, name, user, user_id, app = who(record)
    return {
        "event_uid": first(_get(record, "id"), text(record, "correlationid")) or "",
        "outcome": _outcome(code),
        "actor_uid": clean(first(principal, user_id, app)),
        "actor_name": clean(first(name, user)),
        "actor_type": _type(record, principal),
        "credential_uid": clean(first(key, thumb, federated)),
        "operation": ACTION,
        "service": clean(_get(record, "resourcedisplayname")),
        "resource": clean(first(_get(record, "resourcedisplayname"), _get(record, "resourceid"))),
        "error_code": code if code not in {None, "0"} else None,
        "error_message": clean(_reason(record)),
        "country": _country(record),
        "account_uid": first(
            _get(record, "resourcetenantid"), text(record, "tenantid"), _get(record, "hometenantid")
        ),
        "user_agent": clean(_get(record, "useragent")),
        "read_only": None,
        "details": details(_both(record), _DETAILS),
    }


def _both(record: Json) -> dict[str, Json]:
    """Return the record with what a diagnostic setting nests under `properties`."""
    inner = at(record, "properties")
    return {**record, **inner} if isinstance(inner, dict) else dict(record)


def _get(record: Json, name: str) -> str | None:
    return first(text(record, "properties", name), text(record, name))


def _code(record: Json) -> str | None:
    return first(
        text(record, "properties", "status", "errorcode"),
        text(record, "status", "errorcode"),
        text(record, "resulttype"),
    )


def _reason(record: Json) -> str | None:
    said = first(
        text(record, "properties", "status", "failurereason"),
        text(record, "status", "failurereason"),
        text(record, "resultdescription"),
    )
    return None if said in {"Other.", "None"} else said


def _outcome(code: str | None) -> Outcome:
    if code is None:
        return Outcome.UNKNOWN
    if code == "0":
        return Outcome.SUCCESS
    return Outcome.DENIED if code in table()["codes"]["denied_sign_ins"] else Outcome.FAILURE


def _type(record: Json, principal: str | None) -> str:
    category = (text(record, "category") or text(record, "type") or "").lower()
    managed = "managedidentity" in category or _get(record, "managedidentitytype") not in {
        None, "none",
    }  # fmt: skip
    if managed:
        return "ManagedIdentity"
    return "ServicePrincipal" if principal or "serviceprincipal" in category else "User"


def _country(record: Json) -> str | None:
    said = first(
        text(record, "properties", "location", "countryorregion"),
        text(record, "location", "countryorregion"),
        text(record, "location"),
    )
    return said.upper() if said and len(said) == _COUNTRY else None


_COUNTRY = 2
