"""What Resource Manager lists of one subscription of the demo, besides roles and activity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.demo import invent
from auditor.models import Json

_AUTHORIZATION = "providers/Microsoft.Authorization"
_CLASSIC = f"{_AUTHORIZATION}/classicAdministrators"
_STORAGE = "providers/Microsoft.Storage/storageAccounts"
_REGISTRIES = "providers/Microsoft.ContainerRegistry/registries"
_EMPTY = (
    f"{_AUTHORIZATION}/denyAssignments",
    f"{_AUTHORIZATION}/roleEligibilityScheduleInstances",
    "providers/Microsoft.KeyVault/vaults",
)
"""What is listed, and holds nothing."""


def of_subscription(scope: str, name: str, table: Mapping[str, Any]) -> dict[str, list[Json]]:
    """Return the listings of a subscription by path; a path that is not there answers 404."""
    found: dict[str, list[Json]] = {f"{scope}/{path}": [] for path in _EMPTY}
    if name in table["classic"]:
        found[f"{scope}/{_CLASSIC}"] = list(_classic(scope, table["classic"][name]))
    storage, registries = (table[kind].get(name, {}) for kind in ("storage", "registries"))
    found[f"{scope}/{_STORAGE}"] = [_account(scope, *one) for one in storage.items()]
    found[f"{scope}/{_REGISTRIES}"] = [_registry(scope, *one) for one in registries.items()]
    paid = table["organizations"].get(name, ())
    found[f"{scope}/resources"] = [_organization(scope, one) for one in paid]
    return found | exported(scope, "Microsoft.Insights", table["logs"].get(name, ()))


def exported(scope: str, provider: str, categories: Iterable[str]) -> dict[str, list[Json]]:
    """Return which logs of a place are sent to a workspace, under the path that tells it."""
    path = f"{scope}/providers/{provider}/diagnosticSettings"
    logs = [{"category": category, "enabled": True} for category in categories]
    properties = {"workspaceId": "/subscriptions/logs/workspaces/central", "logs": logs}
    setting = {"id": f"{path}/security", "name": "security", "properties": properties}
    return {path: [setting] if logs else []}


def _account(scope: str, name: str, given: Mapping[str, Any]) -> Json:
    times = {key: f"{day}T09:00:00Z" for key, day in given["keys"].items()}
    return {
        "id": f"{scope}/resourceGroups/data/{_STORAGE}/{name}",
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "location": "westeurope",
        "kind": "StorageV2",
        "properties": {
            "creationTime": f"{given['created']}T09:00:00.1234567Z",
            "keyCreationTime": {"key1": None, "key2": None} | times,
            "allowSharedKeyAccess": given.get("shared"),
            "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
        },
    }


def _registry(scope: str, name: str, given: Mapping[str, Any]) -> Json:
    return {
        "id": f"{scope}/resourceGroups/images/{_REGISTRIES}/{name}",
        "name": name,
        "type": "Microsoft.ContainerRegistry/registries",
        "location": "westeurope",
        "properties": {
            "loginServer": f"{name}.azurecr.io",
            "creationDate": f"{given['created']}T09:00:00.1234567Z",
            "adminUserEnabled": given["admin"],
        },
    }


def _organization(scope: str, name: str) -> Json:
    return {
        "id": f"{scope}/resourceGroups/VS-{name}/providers/microsoft.visualstudio/account/{name}",
        "name": name,
        "type": "microsoft.visualstudio/account",
        "location": "westeurope",
    }


def _classic(scope: str, given: Mapping[str, str]) -> Iterator[Json]:
    for user, roles in given.items():
        name = invent.short(invent.identifier("azure-classic", scope, user))
        yield {
            "id": f"{scope}/{_CLASSIC}/{name}",
            "name": name,
            "type": "Microsoft.Authorization/classicAdministrators",
            "properties": {"emailAddress": user, "role": roles},
        }
