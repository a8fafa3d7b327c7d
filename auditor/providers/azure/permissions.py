"""The least that the audit's own identity needs: a custom role of Azure, and permissions of Graph.

Made from one table, which tests hold against the calls that the collector makes.
"""

from __future__ import annotations

import json
from typing import Any

from auditor.providers.azure.sensitive import permissions as known

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph itself, the same in every tenant."""
ROOT = "/providers/Microsoft.Management/managementGroups/TENANT-ID"

ACTIONS = {
    "subscriptions": "Microsoft.Resources/subscriptions/read",
    "management-groups": "Microsoft.Management/managementGroups/read",
    "role-assignments": "Microsoft.Authorization/roleAssignments/read",
    "role-definitions": "Microsoft.Authorization/roleDefinitions/read",
    "deny-assignments": "Microsoft.Authorization/denyAssignments/read",
    "eligible": "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
    "classic-administrators": "Microsoft.Authorization/classicAdministrators/read",
    "vaults": "Microsoft.KeyVault/vaults/read",
    "storage": "Microsoft.Storage/storageAccounts/read",
    "registries": "Microsoft.ContainerRegistry/registries/read",
    "organizations": "Microsoft.Resources/subscriptions/resources/read",
    "activity": "Microsoft.Insights/eventtypes/values/read",
    "diagnostics": "Microsoft.Insights/diagnosticSettings/read",
}
"""The action behind each kind of document that comes from Azure Resource Manager."""

SHOWN = ("Microsoft.VisualStudio/account/read",)
"""What no call asks for by itself: a subscription's resources are listed to who may read them."""

GRAPH = {
    "tenant": "Organization.Read.All",
    "service-principals": "Application.Read.All",
    "applications": "Application.Read.All",
    "app-roles": "Application.Read.All",
    "owners": "Application.Read.All",
    "federated": "Application.Read.All",
    "member-of": "Directory.Read.All",
    "delegated-grants": "Directory.Read.All",
    "directory-assignments": "RoleManagement.Read.Directory",
    "directory-roles": "RoleManagement.Read.Directory",
    "directory-eligible": "RoleEligibilitySchedule.Read.Directory",
    "credential-use": "AuditLog.Read.All",
    "sign-ins": "AuditLog.Read.All",
    "audits": "AuditLog.Read.All",
}
"""The application permission behind each kind of document that comes from Graph."""


def role() -> dict[str, Any]:
    """Return the custom role, as `az role definition create` takes it."""
    return {
        "Name": "CI secrets auditor",
        "IsCustom": True,
        "Description": "Reads who may do what and which logs are kept; no keys, secrets or data.",
        "Actions": sorted({*ACTIONS.values(), *SHOWN}),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [ROOT],
    }


def graph() -> list[dict[str, Any]]:
    """Return the application permissions, each with what it is for."""
    ids = {danger.name: id_ for id_, danger in known().items()}
    return [
        {
            "name": name,
            "id": ids[name],
            "for": sorted(kind for kind, wanted in GRAPH.items() if wanted == name),
        }
        for name in sorted(set(GRAPH.values()))
    ]


def permissions() -> str:
    """Return both as JSON; `requiredResourceAccess` is for the manifest of the application."""
    access = [{"id": one["id"], "type": "Role"} for one in graph()]
    told = {
        "role": role(),
        "graph_permissions": graph(),
        "requiredResourceAccess": [{"resourceAppId": GRAPH_APP, "resourceAccess": access}],
        "entra_role": "Security Reader: for diagnostic settings of sign-in logs only",
    }
    return json.dumps(told, indent=2) + "\n"
