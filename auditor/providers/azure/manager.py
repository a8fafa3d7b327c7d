"""Reads Azure Resource Manager: role assignments by the SDK, the rest by plain GET requests.

Raw replies are kept as they come: the SDK's models lose what they do not know, the conditions of
role definitions among it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from auditor import nesting
from auditor.providers.azure.client import ROLES_VERSION, Clients, refuse_other_host
from auditor.providers.azure.documents import entries, text
from auditor.providers.azure.paging import Pages

Fill = Callable[[list[dict[str, Any]]], None]
"""Adds every item of a listing as it comes."""

_SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"
_GROUPS = "/providers/Microsoft.Management/managementGroups"
_VAULTS = "/subscriptions/{}/providers/Microsoft.KeyVault/vaults?api-version=2022-07-01"
_STORAGE = "/subscriptions/{}/providers/Microsoft.Storage/storageAccounts?api-version=2023-01-01"
_REGISTRIES = (
    "/subscriptions/{}/providers/Microsoft.ContainerRegistry/registries?api-version=2023-07-01"
)
_ORGANIZATIONS = (
    "/subscriptions/{}/resources?api-version=2021-04-01"
    "&$filter=resourceType%20eq%20'Microsoft.VisualStudio/account'"
)
_ACTIVITY = (
    "/subscriptions/{}/providers/Microsoft.Insights/eventtypes/management/values"
    "?api-version=2015-04-01&$filter={}"
)
_DIAGNOSTICS = "/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview"
_ENTRA_DIAGNOSTICS = "/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01-preview"
_ANY = "00000000-0000-0000-0000-000000000000"
"""Stands for the subscription where a call is about none."""


@dataclass(frozen=True, slots=True)
class Job:
    """One listing of ARM: which document it becomes, and how it is read."""

    kind: str
    part: str
    fill: Fill


class Manager:
    """Makes the jobs of one tenant."""

    def __init__(self, clients: Clients) -> None:
        """Build the clients that need no subscription."""
        self._clients = clients
        self._arm = clients.arm()
        self._base = clients.settings.arm

    def entry(self) -> tuple[Job, ...]:
        """Return what tells which subscriptions and management groups there are."""
        return (
            self.subscriptions(),
            Job("diagnostics", "entra", partial(self._get, _ENTRA_DIAGNOSTICS)),
        )

    def subscriptions(self) -> Job:
        """Return what tells which subscriptions there are."""
        return Job("subscriptions", "all", partial(self._get, _SUBSCRIPTIONS))

    def of_activity(self, id_: str, day: date, most_pages: int) -> Job:
        """Return one day of the activity log of a subscription."""
        window = f"eventTimestamp ge '{day}T00:00:00Z' and eventTimestamp le '{day}T23:59:59.999Z'"
        path = _ACTIVITY.format(id_, quote(window))
        return Job("activity", f"{id_}/{day}", partial(self._get, path, most_pages=most_pages))

    def above(self, tenant: str) -> Job:
        """Return the listing of every management group, from the tenant's root down."""
        path = f"{_GROUPS}/{tenant}?api-version=2021-04-01&$expand=children&$recurse=true"
        return Job("management-groups", "all", partial(self._one, path))

    def of_subscription(self, id_: str) -> Iterator[Job]:
        """Yield the listings of one subscription."""
        client = self._clients.authorization(id_)
        scope = f"/subscriptions/{id_}"
        instances = client.role_eligibility_schedule_instances
        for kind, call in (
            ("role-assignments", client.role_assignments.list_for_subscription),
            ("deny-assignments", client.deny_assignments.list),
            ("eligible", partial(instances.list_for_scope, scope)),
            ("classic-administrators", client.classic_administrators.list),
        ):
            yield Job(kind, id_, partial(_raw, call))
        for kind, path in (
            ("vaults", _VAULTS),
            ("storage", _STORAGE),
            ("registries", _REGISTRIES),
            ("organizations", _ORGANIZATIONS),
        ):
            yield Job(kind, id_, partial(self._get, path.format(id_)))
        yield Job("diagnostics", id_, partial(self._get, scope + _DIAGNOSTICS))

    def of_group(self, scope: str) -> Job:
        """Return the role assignments of one management group, and of what lies above it."""
        assignments = self._clients.authorization(_ANY).role_assignments
        call = partial(assignments.list_for_scope, scope.lstrip("/"), filter="atScope()")
        return Job("role-assignments", scope, partial(_raw, call))

    def of_roles(self, roles: Iterable[str]) -> Iterator[Job]:
        """Yield a job for each role definition: every one is read once, wherever it is assigned.

        The listing would tell them all in one reply, and hide those that were deleted.
        """
        definitions = self._clients.authorization(_ANY, ROLES_VERSION).role_definitions
        for role in roles:
            path = role.lstrip("/")
            id_ = role.rstrip("/").rpartition("/")[2]
            yield Job("role-definitions", id_, partial(_single, definitions.get_by_id, path))

    # --- plain requests ------------------------------------------------------------------------

    def _get(self, path: str, items: list[dict[str, Any]], most_pages: int = 0) -> None:
        url, pages = self._base + path, Pages(most_pages)
        while url:
            refuse_other_host(url, self._base)
            page = self._asked(url)
            if not isinstance(page.get("value"), list):
                raise ValueError("the reply is no listing")  # noqa: TRY004 (JSON of another shape)
            url = text(page, "nextLink")
            pages.turn(page["value"], url)
            items += entries(page)

    def _one(self, path: str, items: list[dict[str, Any]]) -> None:
        items.append(self._asked(self._base + path))

    def _asked(self, url: str) -> dict[str, Any]:
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        reply = self._arm.send_request(HttpRequest("GET", url))
        reply.raise_for_status()
        found = nesting.loads(reply.text())
        if not isinstance(found, dict):
            raise ValueError("the reply is no object")  # noqa: TRY004 (JSON of another shape)
        return found


def _raw(call: Callable[..., Iterable[Any]], items: list[dict[str, Any]]) -> None:
    """Go through the SDK's pages and keep each as it came."""
    replies = _Replies()
    for _ in call(raw_response_hook=replies.take):
        items += replies.new()
    items += replies.new()
    if not replies.count:
        raise ValueError("the reply is no listing")


def _single(call: Callable[..., Any], path: str, items: list[dict[str, Any]]) -> None:
    replies = _Replies()
    call(path, raw_response_hook=replies.take)
    items += replies.whole


class _Replies:
    """Keeps the replies of one call of the SDK."""

    def __init__(self) -> None:
        self.count = 0
        self.whole: list[dict[str, Any]] = []
        self._new: list[dict[str, Any]] = []
        self._pages = Pages()

    def take(self, response: Any) -> None:
        """Keep a reply. EndlessPages where its next page is no use."""
        if response.http_response.status_code != HTTPStatus.OK:  # the SDK raises of its own
            return
        page = nesting.loads(response.http_response.text())
        if not isinstance(page, dict):
            raise ValueError("the reply is no object")  # noqa: TRY004 (JSON of another shape)
        self.count += 1
        if "value" in page:
            self._pages.turn(entries(page), text(page, "nextLink"))
            self._new += entries(page)
        else:
            self.whole.append(page)

    def new(self) -> list[dict[str, Any]]:
        """Return the items that came since, once."""
        found, self._new = self._new, []
        return found
