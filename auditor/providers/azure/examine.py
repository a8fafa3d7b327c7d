"""A few cheap questions to the tenant: does it let the audit in, and what would stay unknown.

Every sort of reading is asked for once: the listings of the tenant by their first page, those of
one principal and of one application, and those of the first few subscriptions.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from auditor.collecting import Memory
from auditor.models import Check, Health, Json, Known, LogCoverage
from auditor.providers.azure import graph
from auditor.providers.azure.client import connect
from auditor.providers.azure.collect import document, side_by_side
from auditor.providers.azure.documents import KEPT, document_key, entries, text
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import PARTS, gap_of
from auditor.providers.azure.logs import logs
from auditor.providers.azure.manager import Job, Manager
from auditor.providers.azure.people import is_microsofts
from auditor.providers.azure.settings import Settings
from auditor.tails import KEY_LENGTH, Sealer

_ABOUT = "Azure"
_ENTRY = "tenant"
"""The kind whose refusal means that the audit is not let in at all."""
_LOGS = (("sign-ins", "/beta/auditLogs/signIns"), ("audits", "/v1.0/auditLogs/directoryAudits"))
_SUBSCRIPTIONS = 3
"""Subscriptions that are asked about themselves."""
_READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
_LONG_AGO = date(2001, 1, 1)
"""A day that no activity log reaches: Azure says so to whoever may read the log."""
_ANSWERS = ("TooManyPages", "NotFound", "BadRequest", "404", "400", "410", "Gone")
"""Errors that answer the question as well as a reply would: the call is permitted."""
_SHORT = 30
"""Days of a log that are few for an incident."""


def examine(settings: Settings) -> Iterator[Check]:
    """Yield what the tenant answers. Asks nothing where only exports are read."""
    if not settings.is_live:
        return
    snapshot = Memory()
    _ask(settings, snapshot)
    estate = Estate(snapshot)
    entry = estate.document(_ENTRY)
    if text(entry, "error"):
        gap = gap_of(_ENTRY, entry)
        yield Check(_ABOUT, Health.FAIL, f"cannot be entered: {gap.why}", gap.fix)
        return
    name = next((text(one, "displayName") for one in entries(entry)), "a tenant")
    yield Check(_ABOUT, Health.OK, f"the tenant {name} can be entered")
    yield from _refused(estate)
    yield from _subscriptions(estate)
    yield from _kept(estate)


def _refused(estate: Estate) -> Iterator[Check]:
    """Yield what of every sort of reading is refused, with the exact grant, and how many are."""
    kinds = [kind for kind in estate.documents if kind != _ENTRY]
    refused = 0
    for kind in kinds:
        found = [one for one in estate.documents[kind].values() if _is_refused(one)]
        refused += bool(found)
        if found:
            gap = gap_of(kind, found[0])
            yield Check(_ABOUT, Health.WARN, f"{PARTS[kind].what}: {gap.why}", gap.fix)
    said = f"{len(kinds) - refused} of {len(kinds)} sorts of reading are permitted"
    yield Check(_ABOUT, Health.OK, f"{said}; all it needs: auditor permissions azure")


def _is_refused(document: Json) -> bool:
    error = text(document, "error")
    return bool(error) and not any(code in error for code in _ANSWERS)


def _subscriptions(estate: Estate) -> Iterator[Check]:
    known = estate.subscriptions
    if not known and estate.is_whole("subscriptions"):
        says = "no subscription is shown: Azure hides those that the audit may not read"
        fix = "give it the role of auditor/data/azure-audit-role.json at the root management group"
        yield Check(_ABOUT, Health.WARN, says, fix)
    elif known:
        asked = min(len(known), _SUBSCRIPTIONS)
        yield Check(_ABOUT, Health.OK, f"{asked} of {len(known)} subscriptions were asked")


# --- logs ------------------------------------------------------------------------------------


def _kept(estate: Estate) -> Iterator[Check]:
    """Yield how far each log reaches, of the subscriptions that were asked and of the tenant."""
    found = list(logs(estate))
    unasked = range(_SUBSCRIPTIONS, len(estate.subscriptions))
    for number, log in enumerate(found):
        if number not in unasked:
            yield _log(log)


def _log(log: LogCoverage) -> Check:
    enabled, days, central = log.enabled, log.retention_days, log.central
    if not isinstance(enabled, Known):
        return Check(_ABOUT, Health.WARN, f"{log.log}: {enabled.gap.why}", enabled.gap.fix)
    if not enabled.value:
        return Check(_ABOUT, Health.WARN, f"{log.log}: it is not kept", _fix(log))
    if not isinstance(days, Known):
        return Check(_ABOUT, Health.WARN, f"{log.log}: {days.gap.why}", days.gap.fix)
    elsewhere = isinstance(central, Known) and central.value
    sent = "and sent to a place of its own" if elsewhere else "and sent nowhere else"
    if not isinstance(central, Known):
        sent = f"and whether it is sent elsewhere is not known: {central.gap.why}"
    says = f"{log.log}: kept for {days.value} days {sent}"
    short = days.value is not None and days.value <= _SHORT
    if short and not elsewhere:
        return Check(_ABOUT, Health.WARN, f"{says}: an older incident cannot be seen", _fix(log))
    return Check(_ABOUT, Health.OK, says)


def _fix(log: LogCoverage) -> str:
    return f"send the {log.log} to a workspace of its own: diagnostic settings"


# --- questions -------------------------------------------------------------------------------


def _ask(settings: Settings, snapshot: Memory) -> None:
    """Ask everything, until it shows that nobody is let in."""
    sealer = Sealer(secrets.token_bytes(KEY_LENGTH))  # nothing outlives this call

    def keep(kind: str, part: str, items: list[dict[str, Any]], error: Exception | None) -> None:
        kept = items if kind in KEPT else []  # of logs nothing but the refusal is of interest
        snapshot.save(document_key(kind, part), document(kind, kept, error, sealer))

    def take(listing: graph.Listing, items: list[dict[str, Any]], error: Exception | None) -> None:
        keep(listing.kind, listing.part, items, error)

    clients = connect(settings)
    with clients.open_:
        graph.read(clients, [*map(_first, graph.of_tenant()), *_of_logs()], take)
        estate = Estate(snapshot)
        if text(estate.document(_ENTRY), "error"):
            return
        graph.read(clients, map(_first, _of_somebody(estate)), take)
        manager = Manager(clients)
        for job, items, error in side_by_side(manager.entry(), clients):
            keep(job.kind, job.part, items, error)
        for job, items, error in side_by_side(_of_scopes(manager, Estate(snapshot)), clients):
            keep(job.kind, job.part, items, error)


def _of_logs() -> Iterator[graph.Listing]:
    for kind, path in _LOGS:
        address = f"{path}?$top=1"
        yield graph.Listing(kind, "all", lambda g: g.audit_logs, address=address, first=True)


def _first(listing: graph.Listing) -> graph.Listing:
    return replace(listing, top=listing.top and 1, first=True)


def _of_somebody(estate: Estate) -> Iterator[graph.Listing]:
    """Yield the listings of one principal and of one application."""
    own = [id_ for id_, item in estate.principals.items() if not is_microsofts(item)]
    for id_ in (own or list(estate.principals))[:1]:
        yield from graph.of_principal(id_)
    for id_ in list(estate.applications)[:1]:
        yield from graph.of_application(id_)


def _of_scopes(manager: Manager, estate: Estate) -> Iterable[Job]:
    if estate.tenant:
        yield manager.above(estate.tenant)
    yield from manager.of_roles([_READER])
    for id_ in list(estate.subscriptions)[:_SUBSCRIPTIONS]:
        yield from manager.of_subscription(id_)
        yield manager.of_activity(id_, _LONG_AGO, most_pages=1)
