"""What Resource Manager lists of one subscription of the demo, besides roles and activity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.demo import invent
from auditor.models import Json

_AUTHORIZATION = "providers/Microsoft.Authorization"
_CLASSIC = f"{_AUTHORIZATION}/classicAdministrators"
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
    return found | exported(scope, "Microsoft.Insights", table["logs"].get(name, ()))


def exported(scope: str, provider: str, categories: Iterable[str]) -> dict[str, list[Json]]:
    """Return which logs of a place are sent to a workspace, under the path that tells it."""
    path = f"{scope}/providers/{provider}/diagnosticSettings"
    logs = [{"category": category, "enabled": True} for category in categories]
    properties = {"workspaceId": "/subscriptions/logs/workspaces/central", "logs": logs}
    setting = {"id": f"{path}/security", "name": "security", "properties": properties}
    return {path: [setting] if logs else []}


def _classic(scope: str, given: Mapping[str, str]) -> Iterator[Json]:
    for user, roles in given.items():
        name = invent.short(invent.identifier("azure-classic", scope, user))
        yield {
            "id": f"{scope}/{_CLASSIC}/{name}",
            "name": name,
            "type": "Microsoft.Authorization/classicAdministrators",
            "properties": {"emailAddress": user, "role": roles},
        }
