"""Tells how far the audit logs of each project see, by its configuration and all above it.

Admin Activity is always on and kept for 400 days; Data Access only where an audit configuration
says so, which adds up over organisation, folders and project.
https://cloud.google.com/logging/docs/audit
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.models import Fact, Gap, Json, Known, LogCoverage, Unknown
from auditor.providers.gcp.documents import entries, is_complete, text, texts
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.gaps import SOURCE, gap_of
from auditor.providers.gcp.names import place

_KINDS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
_ALL = "allServices"
_ADMIN_DAYS = 400
_NAMED = 4


def coverage(estate: Estate) -> Iterator[LogCoverage]:
    """Yield the audit logs of every project whose log configuration was asked for."""
    for name, document in sorted(estate.of("logs").items()):
        if name.startswith("projects/"):
            project = name.removeprefix("projects/")
            places = estate.places_of_project(project)
            central = _central(estate, places, project)
            yield _admin(project, central)
            yield _data(estate, project, places, document, central)


def _admin(project: str, central: Fact[bool]) -> LogCoverage:
    return LogCoverage(
        source=f"{SOURCE} {project}",
        log="Admin Activity audit logs",
        enabled=Known(value=True),  # nobody can switch it off
        level="management",
        retention_days=Known(_ADMIN_DAYS),
        records_ips=Known(value=True),
        central=central,
        never="reads of data and of secrets, and the minting of tokens with a key",
    )


def _data(
    estate: Estate,
    project: str,
    places: tuple[str, ...],
    document: Json,
    central: Fact[bool],
) -> LogCoverage:
    configs = [config for found in _configs(estate, places) for config in found]
    kinds, spared = _kinds(configs), _spared(configs)
    missing = ", ".join(kind for kind in _KINDS if kind not in kinds)
    never = f"{missing} of services without a configuration of their own" if missing else ""
    exempt = f"what {', '.join(spared[:_NAMED])} did: exempted" if spared else ""
    return LogCoverage(
        source=f"{SOURCE} {project}",
        log="Data Access audit logs",
        enabled=_enabled(estate, configs),
        level=", ".join(sorted(kinds)) or "none",
        retention_days=days_kept(document),
        records_ips=Known(value=True),
        central=central,
        never="; ".join(filter(None, (never, exempt))) or "the minting of tokens with a key",
    )


def _configs(estate: Estate, places: tuple[str, ...]) -> Iterator[list[dict[str, Any]]]:
    """Yield the audit configurations of a project and of everything above it: they add up."""
    for document in estate.of("audit-configs").values():
        for asset in entries(document, "assets"):
            if text(asset, "name") in places:
                yield entries(asset.get("iamPolicy"), "auditConfigs")


def _kinds(configs: list[dict[str, Any]]) -> set[str]:
    """Return which kinds of access are logged of all services."""
    return {
        text(kind, "logType")
        for config in configs
        if text(config, "service") == _ALL
        for kind in entries(config, "auditLogConfigs")
    }


def _spared(configs: list[dict[str, Any]]) -> list[str]:
    found = (
        member
        for config in configs
        for kind in entries(config, "auditLogConfigs")
        for member in texts(kind, "exemptedMembers")
    )
    return sorted(set(found))


def _enabled(estate: Estate, configs: list[dict[str, Any]]) -> Fact[bool]:
    documents = estate.of("audit-configs")
    if configs:
        return Known(value=True)
    unread = [name for name, document in documents.items() if not is_complete(document)]
    if unread or not documents:
        document = documents[unread[0]] if unread else None
        return Unknown(gap_of("audit-configs", document, unread))
    return Known(value=False)


def days_kept(document: Json) -> Fact[int | None]:
    """Return how long the bucket keeps logs that they go to unless a sink says otherwise."""
    for bucket in entries(document, "buckets"):
        if text(bucket, "name").endswith("/buckets/_Default"):
            days = bucket.get("retentionDays")
            return Known(days if isinstance(days, int) else 30)
    return Unknown(_gap(document))


def _gap(document: Json) -> Gap:
    return gap_of("logs", document, [text(document, "resource")] if document else ())


def _central(estate: Estate, places: tuple[str, ...], project: str) -> Fact[bool]:
    """Return whether a sink, of the project or with children above it, leads out of the project."""
    unread: Gap | None = None
    for name, document in estate.of("logs").items():
        if place(name) not in places:
            continue
        own = name == f"projects/{project}"
        sinks = entries(document, "sinks")
        if any(_leads_out(sink, project) and (own or _for_children(sink)) for sink in sinks):
            return Known(value=True)
        if not is_complete(document) or "sinks" not in document:
            unread = _gap(document)
    return Unknown(unread) if unread else Known(value=False)


def _leads_out(sink: Mapping[str, Any], project: str) -> bool:
    target = text(sink, "destination")
    return bool(target) and f"/projects/{project}/" not in target and not sink.get("disabled")


def _for_children(sink: Mapping[str, Any]) -> bool:
    return sink.get("includeChildren") is True
