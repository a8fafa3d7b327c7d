"""Words what could not be read of Azure: what, why, and what to grant or export instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.models import Gap, Json
from auditor.providers.azure.documents import text
from auditor.providers.wording import some, why_of

SOURCE = "azure"
_DENIED = ("AuthorizationFailed", "Authorization_RequestDenied", "Forbidden", "403")
_STALE = ("InvalidAuthenticationToken", "ExpiredAuthenticationToken", "401", "ClientAuthentication")
NO_LICENCE = "nonpremium"
"""Part of the code with which Graph refuses what a tenant's licence does not hold."""
_GRAPH = "az rest --url https://graph.microsoft.com/v1.0/"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is read. `leaves` says what stays open without it."""

    what: str
    permission: str
    command: str
    leaves: str


PARTS = {
    "tenant": Part("the tenant", "Organization.Read.All", f"{_GRAPH}organization", "its name"),
    "service-principals": Part(
        "service principals",
        "Application.Read.All",
        "az ad sp list --all",
        "whose client ids these are",
    ),
    "applications": Part(
        "applications and their secrets",
        "Application.Read.All",
        "az ad app list --all",
        "which secrets and certificates there are, and whether the old ones are gone",
    ),
    "subscriptions": Part(
        "subscriptions",
        "the role Reader at the root management group",
        "az account list --all",
        "which subscriptions there are",
    ),
    "management-groups": Part(
        "management groups",
        "Microsoft.Management/managementGroups/read (Management Group Reader)",
        "az account management-group show -e -r -n ROOT",
        "which subscriptions lie below a management group",
    ),
    "role-assignments": Part(
        "role assignments",
        "Microsoft.Authorization/roleAssignments/read (Reader)",
        "az role assignment list --all --include-inherited --subscription S",
        "what identities may do in Azure",
    ),
    "role-definitions": Part(
        "role definitions",
        "Microsoft.Authorization/roleDefinitions/read (Reader)",
        "az role definition list",
        "what roles allow",
    ),
    "deny-assignments": Part(
        "deny assignments",
        "Microsoft.Authorization/denyAssignments/read (Reader)",
        "az rest --url https://management.azure.com/subscriptions/S/providers/"
        "Microsoft.Authorization/denyAssignments?api-version=2022-04-01",
        "what is taken away again (rights shown are an upper bound)",
    ),
    "eligible": Part(
        "eligible role assignments",
        "Microsoft.Authorization/roleEligibilityScheduleInstances/read (Reader)",
        "",
        "which rights can be activated",
    ),
    "classic-administrators": Part(
        "classic administrators",
        "Microsoft.Authorization/classicAdministrators/read (Reader)",
        "",
        "who administers a subscription in the old way",
    ),
    "vaults": Part(
        "access policies of key vaults",
        "Microsoft.KeyVault/vaults/read (Reader)",
        "az keyvault show --name VAULT",
        "which secrets can be read without any role",
    ),
    "storage": Part(
        "storage accounts",
        "Microsoft.Storage/storageAccounts/read (Reader)",
        "az storage account list --subscription S",
        "whose storage keys these are, and whether they were renewed",
    ),
    "registries": Part(
        "container registries",
        "Microsoft.ContainerRegistry/registries/read (Reader)",
        "az acr list --subscription S",
        "which registries their passwords open",
    ),
    "organizations": Part(
        "DevOps organisations",
        "Microsoft.Resources/subscriptions/resources/read (Reader)",
        "az resource list --resource-type Microsoft.VisualStudio/account --subscription S",
        "which DevOps organisations there are",
    ),
    "app-roles": Part(
        "application permissions",
        "Application.Read.All",
        f"{_GRAPH}servicePrincipals/ID/appRoleAssignments > app-roles-ID.json",
        "what identities may do in Microsoft Graph and other APIs",
    ),
    "delegated-grants": Part(
        "delegated permissions",
        "Directory.Read.All",
        f"{_GRAPH}oauth2PermissionGrants",
        "what applications may do for users",
    ),
    "member-of": Part(
        "groups of service principals",
        "Directory.Read.All",
        f"{_GRAPH}servicePrincipals/ID/transitiveMemberOf > member-of-ID.json",
        "what identities may do through groups",
    ),
    "owners": Part(
        "owners of applications and service principals",
        "Application.Read.All",
        f"{_GRAPH}applications/ID/owners > owners-ID.json",
        "who can add secrets to them",
    ),
    "federated": Part(
        "federated credentials",
        "Application.Read.All",
        f"{_GRAPH}applications/ID/federatedIdentityCredentials > federated-ID.json",
        "who can log in without any secret",
    ),
    "directory-assignments": Part(
        "directory roles",
        "RoleManagement.Read.Directory",
        f"{_GRAPH}roleManagement/directory/roleAssignments",
        "who administers the tenant",
    ),
    "directory-roles": Part(
        "definitions of directory roles",
        "RoleManagement.Read.Directory",
        f"{_GRAPH}roleManagement/directory/roleDefinitions",
        "what directory roles are called",
    ),
    "directory-eligible": Part(
        "eligible directory roles",
        "RoleEligibilitySchedule.Read.Directory",
        f"{_GRAPH}roleManagement/directory/roleEligibilityScheduleInstances",
        "which directory roles can be activated",
    ),
    "credential-use": Part(
        "last use of secrets and certificates",
        "AuditLog.Read.All, and a licence of Entra ID P1",
        "az rest --url https://graph.microsoft.com/beta/reports/appCredentialSignInActivities",
        "whether a secret is in use",
    ),
    "sign-ins": Part(
        "sign-ins of service principals",
        "AuditLog.Read.All, and a licence of Entra ID P1",
        'az rest --url "https://graph.microsoft.com/beta/auditLogs/signIns?'
        "$filter=signInEventTypes/any(t: t eq 'servicePrincipal')\"",
        "from where secrets were used",
    ),
    "audits": Part(
        "audit log of the directory",
        "AuditLog.Read.All",
        f"{_GRAPH}auditLogs/directoryAudits",
        "which secrets, owners and roles were added",
    ),
    "activity": Part(
        "activity log of subscriptions",
        "Microsoft.Insights/eventtypes/values/read (Reader)",
        "az monitor activity-log list --subscription S --offset 60d",
        "what identities changed in Azure",
    ),
    "diagnostics": Part(
        "diagnostic settings",
        "Microsoft.Insights/diagnosticSettings/read (Reader, and sign-ins Security Reader)",
        "az monitor diagnostic-settings subscription list",
        "which logs are kept, and where",
    ),
}


def gap_of(kind: str, document: Json | None, names: Iterable[str] = ()) -> Gap:
    """Return the gap of one kind of thing that was not read, for whom or what is named."""
    part, found = PARTS[kind], sorted(names)
    return Gap(
        what=f"{part.what}{f' of {some(found)}' if found else ''}",
        why=why_of(document),
        fix=f"{_fix(document, part)}; until then {part.leaves} is not known",
        source=SOURCE,
        affects=tuple(found),
    )


def _fix(document: Json | None, part: Part) -> str:
    error = text(document, "error")
    if error in _DENIED:
        return f"grant {part.permission} to the audit's identity"
    if error in _STALE:
        return "renew the audit's credentials and run again with --resume"
    if NO_LICENCE in error.lower():
        return f"it takes {part.permission}: the tenant has no such licence"
    again = f"run again with --resume (it needs {part.permission})"
    return f"{again}, or export it: {part.command}" if part.command else again
