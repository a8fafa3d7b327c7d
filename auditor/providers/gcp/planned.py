"""The calls that a reading of Google Cloud would make: those of the table, and what bounds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from auditor.models import PlannedCall
from auditor.providers.gcp.parts import PARTS
from auditor.providers.gcp.settings import Settings

_PACED = ("deny", "boundaries")
_HUNTED = ("history",)
"""What a hunt reads, and an audit does not."""


def planned_calls(settings: Settings) -> Iterator[PlannedCall]:
    """Yield each kind of call once; nothing where only an export is read."""
    if not settings.live:
        return
    seen: set[PlannedCall] = set()
    for name, part in PARTS.items():
        for call in part.calls:
            if name not in _HUNTED and call not in seen:
                seen.add(call)
                yield _set(call, settings, paced=name in _PACED)


def _set(call: PlannedCall, settings: Settings, *, paced: bool) -> PlannedCall:
    other = settings.endpoint if call.call.startswith("gRPC") else settings.rest_endpoint
    if other:
        call = replace(call, host=urlsplit(other).netloc)
    if paced:
        most, pace = settings.guardrails_most, settings.guardrails_per_minute
        call = replace(call, most=most, per_minute=pace)
    return call
