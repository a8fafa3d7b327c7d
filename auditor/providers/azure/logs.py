"""Which logs of a tenant there are, how long they reach, and what they can never show.

https://learn.microsoft.com/azure/azure-monitor/platform/activity-log
https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.models import Fact, Gap, Known, LogCoverage, Unknown
from auditor.providers.azure.documents import entries, text
from auditor.providers.azure.estate import Estate, Item
from auditor.providers.azure.gaps import NO_LICENCE, SOURCE, gap_of

ACTIVITY_DAYS = 90
_FREE_DAYS, PREMIUM_DAYS = 7, 30
_SINKS = ("workspaceId", "storageAccountId", "eventHubName", "eventHubAuthorizationRuleId")
_NO_READS = "reads (GET), and whatever is done to data: blobs, secrets, databases, machines"
_ENTRA = (
    (
        "ServicePrincipalSignInLogs",
        "logins of service principals",
        "sign-ins",
        "what was done after the login, and which secret was used in Graph v1.0",
    ),
    ("AuditLogs", "audit log of the directory", "management", "reads, and what people did before"),
    (
        "MicrosoftGraphActivityLogs",
        "activity log of Microsoft Graph",
        "data",
        "bodies of requests and replies",
    ),
)
_ONLY_EXPORTED = frozenset(("MicrosoftGraphActivityLogs",))
_LICENCE = Gap(
    "how long logins are kept",
    "it depends on the licence: 7 days, or 30 with Entra ID P1",
    "look it up in Entra > Licenses, and have the logs exported to a place of their own",
    SOURCE,
)


def logs(estate: Estate) -> Iterator[LogCoverage]:
    """Yield the activity log of each subscription, and the logs of the tenant."""
    for id_, name in estate.subscriptions.items():
        yield _activity(estate, id_, name)
    if estate.documents.get("service-principals"):
        for category, title, level, never in _ENTRA:
            yield _entra(estate, category, title, level, never)


def _activity(estate: Estate, id_: str, name: str) -> LogCoverage:
    return LogCoverage(
        source=SOURCE,
        log=f"activity log of the subscription {name}",
        enabled=Known(value=True),
        level="management",
        retention_days=Known(ACTIVITY_DAYS),
        records_ips=Known(value=True),
        central=_exported(estate, id_, "Administrative"),
        never=_NO_READS,
    )


def _entra(estate: Estate, category: str, title: str, level: str, never: str) -> LogCoverage:
    central = _exported(estate, "entra", category)
    return LogCoverage(
        source=SOURCE,
        log=f"{title} ({category})",
        enabled=central if category in _ONLY_EXPORTED else Known(value=True),
        level=level,
        retention_days=_retention(estate, category),
        records_ips=Known(value=True),
        central=central,
        never=never,
    )


def _retention(estate: Estate, category: str) -> Fact[int | None]:
    """Return how long Entra itself keeps a log: a reply that takes a licence tells which it is."""
    if category in _ONLY_EXPORTED:
        return Known(0)
    document = estate.document("credential-use")
    if estate.is_whole("credential-use"):
        return Known(PREMIUM_DAYS)
    if NO_LICENCE in text(document, "error").lower():
        return Known(_FREE_DAYS)
    return Unknown(_LICENCE)


def _exported(estate: Estate, of: str, category: str) -> Fact[bool]:
    """Return whether a log is sent to a place of its own."""
    document = estate.document("diagnostics", of)
    if not estate.is_whole("diagnostics", of):
        document = document or estate.document("diagnostics", "export")
        if document is None or "error" in document:
            return Unknown(gap_of("diagnostics", document))
    return Known(any(_sends(item, category) for item in entries(document)))


def _sends(setting: Item, category: str) -> bool:
    if not any(setting.get(sink) for sink in _SINKS):
        return False
    listed: list[dict[str, Any]] = entries(dict(setting), "logs")
    return any(
        one.get("enabled") is True
        and (text(one, "category") == category or text(one, "categoryGroup") == "allLogs")
        for one in listed
    )
