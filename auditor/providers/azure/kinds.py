"""Tells what an exported object is: by its fields, by the address it came from, or by its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from auditor.providers.azure.documents import flatten, text

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
OF_ONE = frozenset(("app-roles", "owners", "federated", "member-of", "members"))
"""Kinds that are listed for one principal, application or group at a time."""

Item: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """Where an object comes from: Graph's address of the listing, if any, and the file's name."""

    address: str
    file: str


def kind_of(item: Item, about: About) -> str:
    """Return what an object is, "" for nothing that the audit reads."""
    flat = flatten(item)
    kind = next((kind for kind, fits in _BY_FIELDS if fits(flat)), "")
    if kind in _DIRECTORY_OBJECTS and "id" in flat:
        words = f"{about.address} {about.file}".lower()
        return next((of for of, fits in _BY_ADDRESS if fits.search(words)), kind)
    return kind


def lacking(kind: str, item: Item) -> str:
    """Return which field an object lacks without which nobody can tell what it is, "" for none."""
    flat = flatten(item)
    needed = _NEEDED.get(kind, ("id",))
    whole = any(isinstance(flat.get(name), str) and flat[name] for name in needed)
    return "" if whole else " or ".join(needed)


def parent_of(kind: str, item: Item, about: About) -> str:
    """Return the id of what a listing is about, "" where nobody tells."""
    if kind == "app-roles":
        return text(item, "principalId").lower()
    found = _GUID.findall(about.address) or _GUID.findall(about.file)
    return str(found[-1]).lower() if found else ""


def unfolded(item: Item) -> Iterator[Item]:
    """Yield an object, and what is nested in it: management groups hold their children."""
    flat = flatten(item)
    above = text(flatten(flat.get("details")).get("parent"), "id")
    yield {**item, "parentId": above} if above else item
    children = flat.get("children")
    for child in children if isinstance(children, list) else ():
        # What is no object yields one that is nothing, which is told.
        told = {**child, "parentId": text(item, "id")} if isinstance(child, dict) else {}
        yield from unfolded(told)


_BY_ADDRESS = (
    ("owners", re.compile(r"\bowners\b")),
    ("member-of", re.compile(r"(?:transitive)?memberof\b|member-of")),
    ("members", re.compile(r"(?:transitive)?members\b")),
)


_NEEDED = {
    "app-roles": ("appRoleId",),
    "classic-administrators": ("emailAddress", "name", "id"),
    "credential-use": ("keyId",),
    "delegated-grants": ("clientId",),
    "deny-assignments": ("denyAssignmentName",),
    "directory-assignments": ("principalId",),
    "directory-eligible": ("principalId",),
    "eligible": ("roleEligibilityScheduleId", "id", "name"),
    "federated": ("issuer",),
    "role-assignments": ("principalId",),
    "role-definitions": ("id", "name", "roleName"),
    "subscriptions": ("subscriptionId", "id"),
    "tenant": ("id", "tenantId"),
}
"""Fields of which an object has one, where that is not its id.

What else an assignment, a definition or a denial must have, their readers say (`engine.documents`).
"""


_DIRECTORY_OBJECTS = ("", "service-principals", "applications", "users", "groups")
"""What is listed as owner or member of something, besides on its own account."""


def _has(*names: str) -> Callable[[Item], bool]:
    return lambda item: all(name in item for name in names)


def _is(*types: str) -> Callable[[Item], bool]:
    return lambda item: text(item, "type").lower() in types


def _tells_tenant(item: Item) -> bool:
    return ("verifiedDomains" in item and "tenantType" in item) or text(
        item, "@odata.type"
    ).endswith("organization")


def _is_subscription(item: Item) -> bool:
    known = "subscriptionId" in item or _GUID.fullmatch(text(item, "id"))
    return (
        bool(known) and "tenantId" in item and ("state" in item or "subscriptionPolicies" in item)
    )


def _is_directory_eligible(item: Item) -> bool:
    return "directoryScopeId" in item and (
        "memberType" in item or "EligibilitySchedule" in text(item, "@odata.type")
    )


_BY_FIELDS: tuple[tuple[str, Callable[[Item], bool]], ...] = (
    ("federated", _has("issuer", "subject", "audiences")),
    ("app-roles", _has("appRoleId", "principalId")),
    ("delegated-grants", _has("clientId", "consentType")),
    ("directory-eligible", _is_directory_eligible),
    ("directory-assignments", _has("directoryScopeId", "roleDefinitionId", "principalId")),
    ("directory-roles", _has("rolePermissions", "isBuiltIn")),
    ("deny-assignments", _has("denyAssignmentName")),
    ("eligible", _has("roleEligibilityScheduleId")),
    ("role-assignments", _has("principalId", "roleDefinitionId", "scope")),
    ("role-definitions", _has("permissions", "roleName")),
    ("classic-administrators", _is("microsoft.authorization/classicadministrators")),
    ("vaults", _is("microsoft.keyvault/vaults")),
    ("storage", _is("microsoft.storage/storageaccounts")),
    ("registries", _is("microsoft.containerregistry/registries")),
    ("organizations", _is("microsoft.visualstudio/account")),
    (
        "diagnostics",
        _is("microsoft.insights/diagnosticsettings", "microsoft.aadiam/diagnosticsettings"),
    ),
    (
        "management-groups",
        _is(
            "microsoft.management/managementgroups",
            "/providers/microsoft.management/managementgroups",
            "microsoft.management/managementgroups/subscriptions",
            "/subscriptions",
        ),
    ),
    ("credential-use", _has("keyId", "signInActivity")),
    ("service-principals", _has("appId", "servicePrincipalType")),
    ("applications", lambda item: "appId" in item and "signInAudience" in item),
    ("tenant", _tells_tenant),
    ("subscriptions", _is_subscription),
    ("users", _has("userPrincipalName", "id")),
    ("groups", _has("securityEnabled", "id")),
)
"""What an object is, by its fields; the first that fits."""
