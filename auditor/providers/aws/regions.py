"""Which regions of an account are enabled."""

from __future__ import annotations

from functools import partial
from typing import Any

from auditor.collecting import Collecting
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import document_key, entries, is_complete, text
from auditor.providers.aws.jobs import read
from auditor.providers.aws.settings import Settings


def enabled_regions(
    account: str, clients: Clients, settings: Settings, collecting: Collecting
) -> list[str]:
    """Return the enabled regions, or the configured one where they are not told."""
    key = document_key(account, "regions")
    document = collecting.snapshot.load(key)
    if not is_complete(document):
        document = read(partial(_regions, clients))
        collecting.snapshot.save(key, document)
    found = sorted(text(region, "RegionName") for region in entries(document, "Regions"))
    return found or [settings.region]


def _regions(clients: Clients, document: dict[str, Any]) -> None:
    document |= clients.other("ec2").describe_regions()
