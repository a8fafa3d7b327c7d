"""Role definitions and assignments of Azure, in short, for several tests."""

from __future__ import annotations

from typing import Any

ME = "11111111-0000-0000-0000-000000000001"
GROUP = "22222222-0000-0000-0000-000000000002"
SUBSCRIPTION = "/subscriptions/99999999-0000-0000-0000-000000000009"
ABOVE = "/providers/Microsoft.Management/managementGroups/landing-zones"
WRITE_ROLES = "Microsoft.Authorization/roleAssignments/write"

CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
USER_ACCESS = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"


def block(*actions: str, **more: Any) -> dict[str, Any]:
    return {"actions": list(actions), **more}


def role(id_: str, *blocks: dict[str, Any], name: str = "") -> dict[str, Any]:
    return {
        "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{id_}",
        "name": id_,
        "roleName": name or id_,
        "roleType": "CustomRole" if name else "BuiltInRole",
        "permissions": list(blocks),
    }


def given(role_id: str, scope: str = SUBSCRIPTION, to: str = ME, **more: Any) -> dict[str, Any]:
    path = f"/providers/Microsoft.Authorization/roleAssignments/{role_id}-{to}"
    return {
        "id": scope.rstrip("/") + path,
        "principalId": to,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": role(role_id)["id"],
        "scope": scope,
        **more,
    }


def denial(*blocks: dict[str, Any], scope: str = SUBSCRIPTION, **more: Any) -> dict[str, Any]:
    """Return a deny assignment for everybody, in the shape of the API."""
    everyone = [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]
    properties = {
        "denyAssignmentName": "keep out",
        "permissions": list(blocks),
        "scope": scope,
        "principals": everyone,
        "excludePrincipals": [],
        **more,
    }
    path = f"{scope}/providers/Microsoft.Authorization/denyAssignments/d"
    return {"id": path, "name": "d", "properties": properties}


BUILT_IN = [
    role(
        CONTRIBUTOR,
        block(
            "*",
            notActions=[
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
            ],
        ),
    ),
    role(USER_ACCESS, block("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")),
]
