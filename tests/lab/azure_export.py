"""An exported tenant of Azure, as `az` and Graph would have printed it, written for tests.

Its people, each for one thing: ci-deploy (custom role with a NotActions trap), ci-roles (writer of
role assignments under a condition), ci-directory (Directory.ReadWrite.All, and federated),
ci-owner (owns an administrator), ci-group (rights through nested groups), ci-apps (Application
Administrator), ci-vault (an access policy), vendor-scanner (foreign), ci-retired (disabled, its
role deleted), build-agent (managed identity).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_TENANT = "bbbbbbbb-0000-4000-8000-000000000002"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
SUBSCRIPTION = "99999999-0000-0000-0000-000000000009"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
GROUPS = "/providers/Microsoft.Management/managementGroups"
LANDING = f"{GROUPS}/landing-zones"
GRAPH = 900
DEPLOYERS = "66600000-0000-4000-8000-000000000001"
INNER = "66600000-0000-4000-8000-000000000002"
ALICE = "05e40000-0000-4000-8000-000000000001"
GONE = 77
NAMES = {
    1: "ci-deploy",
    2: "ci-roles",
    3: "ci-directory",
    4: "ci-owner",
    5: "tenant-automation",
    6: "ci-readonly",
    7: "vendor-scanner",
    8: "ci-retired",
    9: "build-agent",
    10: "ci-vault",
    11: "ci-group",
    12: "ci-apps",
}
FOREIGN, DISABLED, MANAGED = 7, 8, 9
ROLES = Path(__file__).parents[1] / "data" / "azure" / "role-definitions.json"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
RBAC = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
KEYS = "c12c1c16-33a1-487b-954d-41c89c60f349"
CUSTOM = "00000000-c000-4000-8000-000000000001"
DELETED = "dead0000-0000-4000-8000-000000000000"
ONLY_PUSH = (
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
    "ForAnyOfAnyValues:GuidEquals {8311e382-0749-4cb8-b61a-304f252e45ec}))"
)
SECRET_TEXT = "Zq8~planted.never-to-be-kept.0123456789abcd"
GRAPH_URL = "https://graph.microsoft.com/v1.0/$metadata#"


def object_id(number: int) -> str:
    return f"0b7d0000-0000-4000-8000-{number:012d}"


def app_id(number: int) -> str:
    return f"a99a0000-0000-4000-8000-{number + 0xC1D0A000:012x}"


def application_id(number: int) -> str:
    return f"ab1e0000-0000-4000-8000-{number:012d}"


def secret(number: int, start: str, end: str) -> dict[str, Any]:
    return {
        "keyId": f"5ec00000-0000-4000-8000-{number:012d}",
        "displayName": "circleci",
        "hint": SECRET_TEXT[:3],
        "secretText": SECRET_TEXT,
        "startDateTime": start,
        "endDateTime": end,
    }


def certificate(number: int) -> dict[str, Any]:
    return {
        "keyId": f"ce700000-0000-4000-8000-{number:012d}",
        "customKeyIdentifier": "not base64!",
        "key": SECRET_TEXT,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "startDateTime": "2022-03-01T10:00:00Z",
        "endDateTime": "2099-01-01T00:00:00Z",
    }


def principal(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": object_id(number),
        "appId": app_id(number),
        "displayName": NAMES.get(number, "Microsoft Graph"),
        "accountEnabled": number != DISABLED,
        "servicePrincipalType": "ManagedIdentity" if number == MANAGED else "Application",
        "appOwnerOrganizationId": {FOREIGN: OTHER_TENANT, GRAPH: MICROSOFT}.get(number, TENANT),
        "createdDateTime": "2022-03-01T10:00:00Z",
        "servicePrincipalNames": [app_id(number)],
        "passwordCredentials": [],
        "keyCredentials": [],
        "appRoles": [],
        **more,
    }


def application(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": application_id(number),
        "appId": app_id(number),
        "displayName": NAMES[number],
        "createdDateTime": "2022-03-01T09:59:00Z",
        "signInAudience": "AzureADMyOrg",
        "passwordCredentials": [],
        "keyCredentials": [],
        **more,
    }


def assignment(
    number: int,
    role: str,
    to: str,
    scope: str = SCOPE,
    kind: str = "ServicePrincipal",
    **more: Any,
) -> dict[str, Any]:
    name = f"{number:08d}-0000-4000-8000-000000000000"
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "principalId": to,
        "principalName": to,
        "principalType": kind,
        "roleDefinitionId": f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "scope": scope,
        **more,
    }


ASSIGNMENTS = [
    assignment(1, CUSTOM, object_id(1), principalName=app_id(1)),
    assignment(2, RBAC, object_id(2), condition=ONLY_PUSH),
    assignment(3, OWNER, ALICE, kind="User", principalName="alice@acme.example"),
    assignment(4, READER, object_id(6)),
    assignment(5, CONTRIBUTOR, DEPLOYERS, LANDING, "Group", principalName="deployers"),
    assignment(5, CONTRIBUTOR, DEPLOYERS, LANDING, "Group", principalName="deployers"),
    assignment(6, DELETED, object_id(DISABLED)),
    assignment(7, READER, object_id(GONE)),
    assignment(8, KEYS, object_id(FOREIGN), f"{SCOPE}/resourceGroups/data"),
    assignment(9, READER, object_id(MANAGED)),
]
APP_ROLES = {
    3: ("19dbc75e-c2e2-444c-a770-ec69d8559fc7", "Directory.ReadWrite.All"),
    5: ("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "RoleManagement.ReadWrite.Directory"),
}
FEDERATED = {
    "id": "f1",
    "name": "circleci",
    "issuer": "https://oidc.circleci.com/org/0c1c0000-0000-4000-8000-000000000001",
    "subject": "org/0c1c0000-0000-4000-8000-000000000001/"
    "project/9f3c0000-0000-4000-8000-000000000001/user/05e40000-0000-4000-8000-000000000009",
    "audiences": ["0c1c0000-0000-4000-8000-000000000001"],
}
OWNED = ("1", "2", "3", "4", "5", "6", "8", "10", "11", "12")


def files() -> dict[str, Any]:
    """Return every file of the export by its path."""
    current = secret(1, "2022-03-01T10:00:00Z", "2099-01-01T00:00:00Z")
    expired = secret(2, "2020-03-01T10:00:00.1234567Z", "2022-01-01T00:00:00Z")
    third = secret(3, "2022-04-01T10:00:00Z", "2099-01-01T00:00:00Z")
    roles = [{"id": id_, "value": name, "isEnabled": True} for id_, name in APP_ROLES.values()]
    more = {
        1: {"passwordCredentials": [current, expired]},
        2: {"keyCredentials": [certificate(1)]},
        3: {"passwordCredentials": [third]},
    }
    applications = [application(int(n), **more.get(int(n), {})) for n in OWNED]
    return {
        "sp.json": [*map(principal, NAMES), principal(GRAPH, appRoles=roles)],
        "apps.json": applications,
        "role-assignments.json": ASSIGNMENTS,
        "role-definitions.json": json.loads(ROLES.read_text("utf-8")),
        "accounts.json": [
            {"id": SUBSCRIPTION, "name": "production", "state": "Enabled", "tenantId": TENANT}
        ],
        "groups-above.json": _management_groups(),
        "deny.json": {"value": [_denial()]},
        "eligible.json": {"value": [_eligible()]},
        "vaults.json": [_vault()],
        "grants.json": _listing("oauth2PermissionGrants", [_grant()]),
        "directory/roles.json": _listing("roleManagement/directory/roleAssignments", _held()),
        **_of_each(),
    }


def write(folder: Path, **changed: Any) -> Path:
    """Write the export below a folder; `changed` replaces files, None leaves one out."""
    for name, document in (files() | changed).items():
        if document is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document), "utf-8")
    return folder


def _listing(address: str, items: list[Any]) -> dict[str, Any]:
    return {"@odata.context": GRAPH_URL + address, "value": items}


def _of_each() -> dict[str, Any]:
    found: dict[str, Any] = {}
    group = {"@odata.type": "#microsoft.graph.group", "id": INNER, "displayName": "inner"}
    for number in NAMES:
        id_ = object_id(number)
        role = APP_ROLES.get(number)
        given = [_app_role(number, role[0])] if role else []
        address = f"servicePrincipals('{id_}')/appRoleAssignments"
        found[f"app-roles/{number}.json"] = _listing(address, given)
        inside = [group] if number == 11 else []
        found[f"groups/transitiveMemberOf-{id_}.json"] = _listing("directoryObjects", inside)
        found[f"owners/owners-{id_}.json"] = _listing("directoryObjects", [])
    for number in map(int, OWNED):
        id_ = application_id(number)
        owner = [principal(4)] if number == 5 else []
        found[f"owners/owners-{id_}.json"] = _listing("directoryObjects", owner)
        address = f"applications('{id_}')/federatedIdentityCredentials"
        trusted = [FEDERATED] if number == 3 else []
        found[f"federated/{number}.json"] = _listing(address, trusted)
    found[f"groups/members-{DEPLOYERS}.json"] = {"value": [group]}
    return found


def _app_role(number: int, role: str) -> dict[str, Any]:
    return {
        "appRoleId": role,
        "principalId": object_id(number),
        "resourceId": object_id(GRAPH),
        "resourceDisplayName": "Microsoft Graph",
    }


def _held() -> list[dict[str, Any]]:
    unit = "/administrativeUnits/77700000-0000-4000-8000-000000000001"
    return [
        {
            "principalId": object_id(12),
            "roleDefinitionId": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
            "directoryScopeId": "/",
        },
        {
            "principalId": object_id(11),
            "roleDefinitionId": "fe930be7-5e62-47db-91af-98c3a49a38b1",
            "directoryScopeId": unit,
        },
    ]


def _grant() -> dict[str, Any]:
    return {
        "clientId": object_id(12),
        "consentType": "AllPrincipals",
        "principalId": None,
        "resourceId": object_id(GRAPH),
        "scope": "User.Read Mail.Read",
    }


def _management_groups() -> dict[str, Any]:
    kind = "Microsoft.Management/managementGroups"
    below = [{"id": SCOPE, "name": SUBSCRIPTION, "type": "/subscriptions", "children": None}]
    landing = {"id": LANDING, "name": "landing-zones", "type": kind, "children": below}
    return {"id": f"{GROUPS}/{TENANT}", "name": TENANT, "type": kind, "children": [landing]}


def _denial() -> dict[str, Any]:
    taken = ["Microsoft.Storage/storageAccounts/listKeys/action"]
    return {
        "id": f"{SCOPE}/providers/Microsoft.Authorization/denyAssignments/d1",
        "name": "d1",
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "denyAssignmentName": "no storage keys",
            "permissions": [{"actions": taken, "notActions": []}],
            "scope": SCOPE,
            "principals": [{"id": "00000000-0000-0000-0000-000000000000"}],
            "excludePrincipals": [{"id": ALICE}],
        },
    }


def _eligible() -> dict[str, Any]:
    return {
        "id": "/e1",
        "name": "e1",
        "properties": {
            "scope": SCOPE,
            "roleDefinitionId": ASSIGNMENTS[2]["roleDefinitionId"],
            "principalId": object_id(6),
            "principalType": "ServicePrincipal",
            "roleEligibilityScheduleId": "/s1",
        },
    }


def _vault() -> dict[str, Any]:
    policy = {"objectId": object_id(10), "permissions": {"secrets": ["get", "list"], "keys": None}}
    return {
        "id": f"{SCOPE}/resourceGroups/data/providers/Microsoft.KeyVault/vaults/payments",
        "name": "payments",
        "type": "Microsoft.KeyVault/vaults",
        "properties": {"enableRbacAuthorization": False, "accessPolicies": [policy]},
    }
