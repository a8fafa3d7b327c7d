"""What the demo's tenant logged of its applications, in the shapes of Graph and Monitor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from auditor.demo import invent
from auditor.models import Json

SIGN_INS = "/beta/auditLogs/signIns"
AUDITS = "/v1.0/auditLogs/directoryAudits"
ACTIVITIES = "providers/Microsoft.Insights/eventtypes/management/values"
_CLAIM = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_PRINCIPAL = re.compile(r"servicePrincipalId eq '([^']+)'")
_BOUND = re.compile(r"(\w+) (ge|le|lt) '?([-0-9T:.]+Z)")


def of_tenant(uses: list[Mapping[str, Any]]) -> dict[str, list[Json]]:
    """Return sign-ins and directory audits, by the path of their listing."""
    return {SIGN_INS: [_sign_in(use) for use in uses], AUDITS: [_audit(use) for use in uses]}


def activities(uses: list[Mapping[str, Any]], subscription: str) -> Iterator[Json]:
    """Yield the activity log of a subscription."""
    for use in uses:
        if use["subscription"] == subscription:
            id_ = invent.identifier("azure-subscription", subscription)
            yield {
                "eventDataId": invent.identifier("azure-activity", _at(use)),
                "eventTimestamp": _at(use),
                "operationName": {"value": use["operation"], "localizedValue": use["operation"]},
                "category": {"value": "Administrative", "localizedValue": "Administrative"},
                "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
                "subscriptionId": id_,
                "resourceId": f"/subscriptions/{id_}/resourceGroups/ci",
                "caller": invent.identifier("azure-principal", use["principal"]),
                "httpRequest": {"clientIpAddress": use["address"], "method": "PUT"},
                "claims": {
                    "appid": invent.identifier("azure-app", use["principal"]),
                    "idtyp": "app",
                    _CLAIM: invent.identifier("azure-principal", use["principal"]),
                },
                "properties": {"requestbody": "whatever somebody typed"},
            }


def within(items: list[Json], query: str) -> list[Json]:
    """Return what a filter on time and principal lets through; all of it where there is none."""
    if told := _PRINCIPAL.search(query):
        items = [item for item in items if item["servicePrincipalId"] == told[1]]
    bounds = [(name, sign, datetime.fromisoformat(at)) for name, sign, at in _BOUND.findall(query)]
    return [item for item in items if all(_is_in(item, *bound) for bound in bounds)]


def _is_in(item: Json, name: str, sign: str, bound: datetime) -> bool:
    time = datetime.fromisoformat(item[name])
    return {"ge": time >= bound, "le": time <= bound, "lt": time < bound}[sign]


def _at(use: Mapping[str, Any]) -> str:
    return f"{use['day'].isoformat()}T07:30:00Z"


def _sign_in(use: Mapping[str, Any]) -> Json:
    name = use["principal"]
    return {
        "id": invent.identifier("azure-sign-in", _at(use)),
        "createdDateTime": _at(use),
        "appId": invent.identifier("azure-app", name),
        "servicePrincipalId": invent.identifier("azure-principal", name),
        "servicePrincipalName": name,
        "servicePrincipalCredentialKeyId": invent.identifier("azure-key", name, "0"),
        "ipAddress": use["address"],
        "resourceDisplayName": "Windows Azure Service Management API",
        "location": {"countryOrRegion": use["country"], "city": ""},
        "status": {"errorCode": 0, "failureReason": "Other."},
        "signInEventTypes": ["servicePrincipal"],
    }


def _audit(use: Mapping[str, Any]) -> Json:
    name = use["principal"]
    by = {
        "appId": invent.identifier("azure-app", name),
        "displayName": name,
        "servicePrincipalId": invent.identifier("azure-principal", name),
    }
    return {
        "id": f"Directory_{invent.identifier('azure-audit', _at(use))}",
        "activityDateTime": _at(use),
        "activityDisplayName": "Update application",
        "category": "ApplicationManagement",
        "operationType": "Update",
        "loggedByService": "Core Directory",
        "result": "success",
        "initiatedBy": {"app": by, "user": None},
        "targetResources": [{"id": by["servicePrincipalId"], "displayName": name, "type": "Other"}],
    }
