"""The requests that a reading of a tenant would make, kind by kind of what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.models import PlannedCall
from auditor.providers.azure.key_uses import MOST_PRINCIPALS
from auditor.providers.azure.settings import Settings

_ROLES = "/v1.0/roleManagement/directory"
_AUTHORIZATION = "/providers/Microsoft.Authorization"
_PRINCIPALS, _PRINCIPAL = "/v1.0/servicePrincipals", "service principal"
_REPLACED = f"service principal with a replaced secret, of at most {MOST_PRINCIPALS}"
_APPLICATIONS, _APPLICATION = "/v1.0/applications", "application"

LOGIN = (
    ("/{tenant}/v2.0/.well-known/openid-configuration", "client"),
    ("/{tenant}/oauth2/v2.0/token", "client"),
)
GRAPH = (
    ("/v1.0/organization", ""),
    (_PRINCIPALS, ""),
    (_APPLICATIONS, ""),
    ("/v1.0/oauth2PermissionGrants", ""),
    (f"{_ROLES}/roleAssignments", ""),
    (f"{_ROLES}/roleDefinitions", ""),
    (f"{_ROLES}/roleEligibilityScheduleInstances", ""),
    ("/beta/reports/appCredentialSignInActivities", ""),
    (f"{_PRINCIPALS}/{{id}}/appRoleAssignments", _PRINCIPAL),
    (f"{_PRINCIPALS}/{{id}}/transitiveMemberOf", _PRINCIPAL),
    (f"{_PRINCIPALS}/{{id}}/owners", _PRINCIPAL),
    (f"{_APPLICATIONS}/{{id}}/owners", _APPLICATION),
    (f"{_APPLICATIONS}/{{id}}/federatedIdentityCredentials", _APPLICATION),
    ("/beta/auditLogs/signIns", _REPLACED),
)
ARM = (
    ("/subscriptions", ""),
    ("/providers/Microsoft.aadiam/diagnosticSettings", ""),
    ("/providers/Microsoft.Management/managementGroups/{tenant}", ""),
    (f"{_AUTHORIZATION}/roleAssignments", "subscription and management group"),
    (f"{_AUTHORIZATION}/denyAssignments", "subscription"),
    (f"{_AUTHORIZATION}/roleEligibilityScheduleInstances", "subscription"),
    (f"{_AUTHORIZATION}/classicAdministrators", "subscription"),
    (f"{_AUTHORIZATION}/roleDefinitions/{{role}}", "assigned role"),
    ("/providers/Microsoft.KeyVault/vaults", "subscription"),
    ("/providers/Microsoft.Storage/storageAccounts", "subscription"),
    ("/providers/Microsoft.ContainerRegistry/registries", "subscription"),
    ("/resources", "subscription"),
    ("/providers/Microsoft.Insights/diagnosticSettings", "subscription"),
)
"""Paths, below a scope where they have one, and what they are asked for one by one."""


def planned_calls(settings: Settings) -> Iterator[PlannedCall]:
    """Yield each kind of request once; nothing where only an export is read."""
    if not settings.is_live:
        return
    for path, each in LOGIN:
        method = "POST" if path.endswith("/token") else "GET"
        yield PlannedCall(urlsplit(settings.authority).netloc, f"{method} {path}", each)
    for path, each in GRAPH:
        limit = f", of at most {settings.principals}" if each == _PRINCIPAL else ""
        yield PlannedCall(urlsplit(settings.graph).netloc, f"GET {path}", each + limit)
    for path, each in ARM:
        yield PlannedCall(urlsplit(settings.arm).netloc, f"GET {path}", each)
