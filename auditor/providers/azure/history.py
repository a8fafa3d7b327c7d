"""Reads what Entra and Azure logged, a day at a time: sign-ins, directory audits, activity.

Sign-ins of service principals, with the secret that was used, are in the beta version alone:
https://learn.microsoft.com/graph/api/signin-list?view=graph-rest-beta
https://learn.microsoft.com/graph/api/directoryaudit-list
https://learn.microsoft.com/rest/api/monitor/activity-logs/list

A day is read for everybody: what is not asked for by name shows what others did from there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.logfields import Fields, pruned, tree
from auditor.models import Gap, Json
from auditor.providers.azure import graph
from auditor.providers.azure.client import Clients, connect
from auditor.providers.azure.collect import read_subscriptions, side_by_side, told
from auditor.providers.azure.documents import is_complete, refusal, text, visible
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import gap_of
from auditor.providers.azure.manager import Job, Manager
from auditor.providers.azure.settings import Settings

PREFIX = "logs/azure/"
"""logs/azure/sign-ins/<day>, logs/azure/audits/<day>, logs/azure/activity/<subscription>/<day>:
"value" as Microsoft tells it, cut to what hunts ask."""
MOST_PAGES, _PAGE = 100, 999
"""Pages of a day: 100,000 sign-ins."""
_KEPT_FOR = {"sign-ins": timedelta(days=30), "audits": timedelta(days=30)}
_ACTIVITY_KEPT_FOR = timedelta(days=90)
_SETTLES = timedelta(days=2)
"""Events come late: a day is read again until it lies this far back."""
_NAME = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[^@/\s]+@[^@/\s]+", re.IGNORECASE)
_LISTS = {
    "sign-ins": (
        "/beta/auditLogs/signIns",
        "createdDateTime",
        "signInEventTypes/any(t: t eq 'servicePrincipal') and ",
    ),
    "audits": ("/v1.0/auditLogs/directoryAudits", "activityDateTime", ""),
}
"""Address of each listing of Graph, its field of time, and what else it is asked for."""
_CLAIMS = (
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "http://schemas.microsoft.com/identity/claims/tenantid",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "appid", "appidacr", "idtyp", "ipaddr", "upn", "uti",
)  # fmt: skip
KEPT: Mapping[str, Fields] = {
    "sign-ins": tree(
        (
            "id", "createdDateTime", "appId", "appDisplayName", "servicePrincipalId",
            "servicePrincipalName", "servicePrincipalCredentialKeyId",
            "servicePrincipalCredentialThumbprint", "federatedCredentialId", "ipAddress",
            "resourceDisplayName", "resourceId", "resourceTenantId", "homeTenantId",
            "resourceServicePrincipalId", "status.errorCode", "status.failureReason",
            "location.countryOrRegion", "location.city", "userAgent", "managedIdentityType",
            "autonomousSystemNumber", "uniqueTokenIdentifier", "clientCredentialType",
            "incomingTokenType", "conditionalAccessStatus", "correlationId",
        )
    ),
    "audits": tree(
        (
            "id", "activityDateTime", "activityDisplayName", "category", "operationType",
            "correlationId", "loggedByService", "result", "resultReason", "initiatedBy",
            "targetResources", "additionalDetails",
        )
    ),
    "activity": {
        **tree(
            (
                "eventDataId", "eventTimestamp", "operationName", "category", "status", "subStatus",
                "caller", "httpRequest.clientIpAddress", "httpRequest.method", "resourceId",
                "resourceUri", "resourceGroupName", "subscriptionId", "tenantId", "correlationId",
                "level", "authorization.action", "authorization.scope", "properties.entity",
                "properties.statusCode",
            )
        ),
        "claims": {name: {} for name in _CLAIMS},
    },
}  # fmt: skip
"""Fields of each log that hunts ask about: properties of an activity hold whole requests."""


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    pause: float = graph.LOGS_PAUSE,
    most_pages: int = MOST_PAGES,
) -> str:
    """Read what the window holds, where any name may be one of Azure's; return the prefix."""
    if not settings.is_live or not any(map(_NAME.fullmatch, sought.names)):
        return PREFIX
    clients = connect(settings)
    with clients.open_:
        reader = _Reader(clients, sought, collecting, most_pages)
        reader.entra(pause)
        reader.activity()
    return PREFIX


def askable(names: Collection[str]) -> set[str]:
    """Return the names that may be Azure's: ids, and names of users."""
    return set(filter(_NAME.fullmatch, names))


class _Reader:
    """One collection: which days, and where they go."""

    def __init__(
        self,
        clients: Clients,
        sought: Sought,
        collecting: Collecting,
        most_pages: int,
    ) -> None:
        self._clients, self._sought = clients, sought
        self._collecting, self._most = collecting, most_pages

    def entra(self, pause: float) -> None:
        """Read sign-ins and directory audits."""
        listings = [
            graph.Listing(
                kind,
                day.isoformat(),
                lambda g: g.audit_logs,
                address=_address(kind, day),
                most_pages=self._most,
            )
            for kind in _LISTS
            for day in self._days(kind, _KEPT_FOR[kind])
        ]
        self._collecting.progress.start("reading Entra's logs", len(listings))
        if listings:
            graph.read(
                self._clients,
                listings,
                lambda listing, items, error: self._save(listing.kind, listing.part, items, error),
                pause,
            )

    def activity(self) -> None:
        """Read the activity log of every subscription."""
        manager = Manager(self._clients)
        read_subscriptions(manager, self._clients, self._collecting)
        jobs = list(self._activities(manager))
        self._collecting.progress.start("reading Azure's activity logs", len(jobs))
        for job, items, error in side_by_side(jobs, self._clients):
            self._save(job.kind, job.part, items, error)

    def _activities(self, manager: Manager) -> Iterator[Job]:
        wanted = {id_.lower() for id_ in self._clients.settings.subscriptions}
        for id_ in sorted({*Estate(self._collecting.snapshot).subscriptions, *wanted}):
            if not wanted or id_ in wanted:
                for day in self._days(f"activity/{id_}", _ACTIVITY_KEPT_FOR):
                    yield manager.of_activity(id_, day, self._most)

    def _days(self, kind: str, kept_for: timedelta) -> Iterator[date]:
        """Yield the days of a log that are not there yet, or still change."""
        now = self._collecting.now
        settled = (now - _SETTLES).date()
        day = max(self._sought.since, now - kept_for).date()
        while day <= min(self._sought.until, now).date():
            known = self._collecting.snapshot.load(f"{PREFIX}{kind}/{day.isoformat()}")
            if day > settled or not is_complete(known):
                yield day
            day += timedelta(days=1)

    def _save(
        self, kind: str, part: str, items: list[dict[str, Any]], error: Exception | None
    ) -> None:
        document: dict[str, Any] = {"value": [visible(pruned(one, KEPT[kind])) for one in items]}
        if error is not None:
            document |= refusal(*told(error))
        self._collecting.snapshot.save(f"{PREFIX}{kind}/{part}", document)
        self._collecting.progress.advance()


def _address(kind: str, day: date) -> str:
    path, time, besides = _LISTS[kind]
    end = day + timedelta(days=1)
    query = f"{besides}{time} ge {day}T00:00:00Z and {time} lt {end}T00:00:00Z"
    return f"{path}?$top={_PAGE}&$filter={quote(query)}"


def gaps_of(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Return what of the logs could not be read, one gap a log and reason."""
    keys = list(snapshot.keys(PREFIX))
    if not keys:
        return ()
    refused: dict[tuple[str, str], list[str]] = {}
    documents: dict[tuple[str, str], Json] = {}
    for key in keys:
        document = snapshot.load(key)
        if not is_complete(document):
            kind, _, part = key.removeprefix(PREFIX).partition("/")
            refused.setdefault((kind, text(document, "error")), []).append(part)
            documents.setdefault((kind, text(document, "error")), document)
    gaps = [gap_of(kind, documents[kind, error], on) for (kind, error), on in refused.items()]
    if not any(key.startswith(f"{PREFIX}activity/") for key in keys):
        gaps.append(_NO_SUBSCRIPTION)
    return tuple(gaps)


_NO_SUBSCRIPTION = Gap(
    what="activity logs of Azure subscriptions",
    why="no subscription was shown to the audit: Azure leaves out those that it may not read",
    fix="give the audit's identity the role of auditor/data/azure-audit-role.json at the root "
    "management group, and run again",
    source="azure",
)
