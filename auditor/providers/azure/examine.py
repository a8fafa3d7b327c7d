"""A few cheap questions to the tenant: does it let the audit in, and what would stay unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from auditor.models import Check, Health, Json
from auditor.providers.azure import graph
from auditor.providers.azure.client import connect
from auditor.providers.azure.collect import read_job, told
from auditor.providers.azure.documents import entries, refusal, text
from auditor.providers.azure.gaps import PARTS, gap_of
from auditor.providers.azure.manager import Manager
from auditor.providers.azure.settings import Settings

_ABOUT = "Azure"
_ENTRY = "tenant"
"""The kind whose refusal means that the audit is not let in at all."""


def examine(settings: Settings) -> Iterator[Check]:
    """Yield what the tenant answers. Asks nothing where only exports are read."""
    if not settings.is_live:
        return
    answers = _answers(settings)
    entry = answers.pop(_ENTRY)
    if "error" in entry:
        gap = gap_of(_ENTRY, entry)
        yield Check(_ABOUT, Health.FAIL, f"cannot be entered: {gap.why}", gap.fix)
        return
    name = next((text(one, "displayName") for one in entries(entry)), "a tenant")
    yield Check(_ABOUT, Health.OK, f"the tenant {name} can be entered")
    for kind, document in answers.items():
        if "error" in document:
            gap = gap_of(kind, document)
            yield Check(_ABOUT, Health.WARN, f"{PARTS[kind].what}: {gap.why}", gap.fix)
    permitted = sum("error" not in document for document in answers.values())
    said = f"{permitted} of {len(answers)} sorts of reading are permitted"
    yield Check(_ABOUT, Health.OK, f"{said}; all it needs: auditor permissions azure")


def _answers(settings: Settings) -> dict[str, dict[str, Json]]:
    """Return the first page of every listing of the tenant, or its refusal."""
    found: dict[str, dict[str, Json]] = {}

    def take(listing: graph.Listing, items: list[dict[str, Any]], error: Exception | None) -> None:
        found[listing.kind] = _document(items, error)

    clients = connect(settings)
    with clients.open_:
        first = [replace(one, top=one.top and 1, first=True) for one in graph.of_tenant()]
        graph.read(clients, first, take)
        subscriptions = Manager(clients).entry()[0]
        found[subscriptions.kind] = _document(*read_job(subscriptions))
    return found


def _document(items: list[dict[str, Any]], error: Exception | None) -> dict[str, Json]:
    return {"value": items, **(refusal(*told(error)) if error else {})}
