"""The documents that both ways of collecting write: names, shapes, and what must not be in them.

azure/<kind>/all         a listing of the whole tenant: service-principals, applications, …
azure/<kind>/<id>        a listing about one subscription, principal or application
azure/<kind>/export      what exported files hold of it; "parents" names what it is whole for

Each is {"value": […]} in the vendor's own shape, cut to the fields of `KEPT`; a refused call leaves
{"error": code, "message": text} beside what was read before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.models import Json
from auditor.providers.azure.engine.scopes import is_group
from auditor.tails import Sealer, tail_to_json

ALL = "all"
EXPORT = "export"
EXPORT_FILES = "azure/files/export"
TAILS = "azure/tails/all"
COLLECTED = "azure/collected/all"

_CREDENTIAL = ("keyId", "displayName", "startDateTime", "endDateTime", "type", "usage")
_ROLE = ("id", "name", "type", "roleName", "roleType", "assignableScopes", "permissions")
_ROLES = ("id", "value", "displayName")

KEPT: Mapping[str, tuple[str, ...]] = {
    "tenant": ("id", "displayName"),
    "subscriptions": ("id", "subscriptionId", "name", "displayName", "state", "tenantId"),
    "management-groups": ("id", "name", "displayName", "type", "parent", "parentId", "tenantId"),
    "service-principals": (
        *("id", "appId", "displayName", "accountEnabled", "servicePrincipalType"),
        *("appOwnerOrganizationId", "createdDateTime", "appRoles", "passwordCredentials"),
        *("keyCredentials", "disabledByMicrosoftStatus"),
    ),
    "applications": (
        *("id", "appId", "displayName", "createdDateTime", "signInAudience"),
        *("passwordCredentials", "keyCredentials"),
    ),
    "users": ("id", "displayName", "userPrincipalName", "accountEnabled", "createdDateTime"),
    "groups": ("id", "displayName", "isAssignableToRole"),
    "role-assignments": (
        *("id", "name", "scope", "principalId", "principalType", "principalName"),
        *("roleDefinitionId", "roleDefinitionName", "condition", "createdOn"),
    ),
    "role-definitions": _ROLE,
    "deny-assignments": (
        *("id", "name", "denyAssignmentName", "permissions", "scope", "principals"),
        *("excludePrincipals", "doNotApplyToChildScopes"),
    ),
    "eligible": ("id", "scope", "principalId", "principalType", "roleDefinitionId", "condition"),
    "classic-administrators": ("id", "name", "role", "emailAddress"),
    "vaults": ("id", "name", "enableRbacAuthorization", "accessPolicies"),
    "storage": ("id", "name", "creationTime", "keyCreationTime", "allowSharedKeyAccess"),
    "registries": ("id", "name", "loginServer", "creationDate", "adminUserEnabled"),
    "organizations": ("id", "name"),
    "app-roles": ("principalId", "resourceId", "resourceDisplayName", "appRoleId"),
    "delegated-grants": ("clientId", "consentType", "principalId", "resourceId", "scope"),
    "member-of": ("id", "displayName", "@odata.type"),
    "members": ("id", "displayName", "@odata.type"),
    "owners": ("id", "displayName", "@odata.type"),
    "federated": ("name", "issuer", "subject", "audiences", "claimsMatchingExpression"),
    "directory-assignments": ("principalId", "roleDefinitionId", "directoryScopeId"),
    "directory-eligible": ("principalId", "roleDefinitionId", "directoryScopeId"),
    "directory-roles": ("id", "templateId", "displayName", "isBuiltIn", "rolePermissions"),
    "credential-use": ("keyId", "signInActivity", "appId", "keyType", "keyUsage"),
    "sign-ins": (
        *("createdDateTime", "servicePrincipalCredentialKeyId", "ipAddress"),
        *("resourceDisplayName", "status"),
    ),
    "diagnostics": (
        *("id", "name", "logs", "workspaceId", "storageAccountId", "eventHubName"),
        "eventHubAuthorizationRuleId",
    ),
}
"""Fields of each kind of item that the audit reads. No other goes into the snapshot."""

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_MESSAGE = 300
_SECRET_RUN = re.compile(r"[A-Za-z0-9~_./+=-]{34,}")


def document_key(kind: str, part: str = ALL) -> str:
    """Return the name of a document, such as azure/role-assignments/<subscription>."""
    return f"azure/{kind}/{part.lower().replace('/', '%2F')}"


def group_of(part: str) -> str:
    """Return the management group that a listing is about, "" where it is about something else."""
    scope = part.replace("%2f", "/").replace("%2F", "/")
    return scope.rpartition("/")[2] if is_group(scope) else ""


def clean(kind: str, item: Json, sealer: Sealer) -> dict[str, Any]:
    """Return an item as the snapshot may keep it.

    Cut to the fields that are read, application ids without their last four characters (those are
    the tail that CI shows) and with that tail sealed, and nothing of any credential but its id,
    name, kind and dates.
    """
    flat = flatten(item)
    kept = {name: flat[name] for name in KEPT[kind] if flat.get(name) is not None}
    if "appId" in kept:
        app_id = str(kept["appId"])
        kept |= {"appId": mask(app_id), "appIdTail": tail_to_json(sealer.seal(app_id.lower()))}
        if app_id.lower() != app_id.upper():  # people store ids in capitals too
            kept["appIdTailUpper"] = tail_to_json(sealer.seal(app_id.upper()))
    for name in ("passwordCredentials", "keyCredentials"):
        if name in kept:
            kept[name] = [_cut(one, _CREDENTIAL) for one in _objects(kept[name])]
    if isinstance(kept.get("status"), dict):
        kept["status"] = _cut(kept["status"], ("errorCode",))
    if "appRoles" in kept:
        kept["appRoles"] = [_cut(one, _ROLES) for one in _objects(kept["appRoles"])]
    if _GUID.fullmatch(str(kept.get("principalName", ""))):
        del kept["principalName"]  # of a service principal, az prints the application id
    return {name: visible(value) for name, value in kept.items()}


def sealed_tails(
    tenant: str, subscriptions: Iterable[str], names: Mapping[str, str], sealer: Sealer
) -> dict[str, Any]:
    """Return the sealed tails of what stands beside a secret in CI: ids, and names of resources.

    `names` are by the id of the resource; people write them in small letters too, and an
    organisation as an address that ends in "/".
    """
    return {
        "value": [],
        "tenant": tail_to_json(sealer.seal(tenant)) if tenant else None,
        "subscriptions": {id_: tail_to_json(sealer.seal(id_)) for id_ in subscriptions},
        "names": {
            id_: [
                tail_to_json(sealer.seal(one))
                for one in dict.fromkeys((name, name.lower(), f"{name}/"))
            ]
            for id_, name in names.items()
        },
    }


def flatten(item: Json) -> dict[str, Any]:
    """Return an item of ARM with its properties beside its name, as the CLI prints it."""
    if not isinstance(item, Mapping):
        return {}
    inner = item.get("properties")
    return {**item, **inner} if isinstance(inner, Mapping) else dict(item)


def mask(app_id: str) -> str:
    """Return an application id without its last four characters."""
    return app_id[:-4] + "****"


def entries(document: Json, name: str = "value") -> list[dict[str, Any]]:
    """Return the objects of a listing, none where it is not a list of objects."""
    return _objects(document.get(name)) if isinstance(document, dict) else []


def text(document: Json, name: str) -> str:
    """Return a text of a document, "" where it is none."""
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def parse_time(value: str) -> datetime | None:
    """Return a time as Microsoft prints it, None for everything else."""
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_complete(document: Json | None) -> bool:
    """Return whether a document is there and nothing of it was refused."""
    return isinstance(document, dict) and "error" not in document and "value" in document


def refusal(code: str, message: str) -> dict[str, str]:
    """Return what a failed call leaves in the snapshot, without what could be a secret."""
    first = next(iter(message.splitlines()), "")
    shown = _SECRET_RUN.sub("****", _GUID.sub(_short_guid, first))
    return {"error": code or "Error", "message": shown[:_LONGEST_MESSAGE]}


def _short_guid(found: re.Match[str]) -> str:
    """Return a GUID of a message without its tail: it may be the audit's own application id."""
    return found[0][:8] + "-****"


def _cut(item: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: item[name] for name in fields if item.get(name) is not None}


def _objects(value: Json) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def visible(value: Any) -> Any:
    """Return the same JSON; a lone surrogate, which nothing can write, becomes visible text."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {visible(key): visible(item) for key, item in value.items()}
    return [visible(item) for item in value] if isinstance(value, list) else value
