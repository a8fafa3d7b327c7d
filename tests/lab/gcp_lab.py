"""The demo's Google Cloud on loopback servers, and audits of it through the real clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gcp_estate import NOW, SEALER

from auditor.collecting import Collecting, Memory, Silent
from auditor.demo.faults import Faults
from auditor.demo.wire import Recording
from auditor.models import Check
from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.directory import GcpDirectory


class Notes(Silent):
    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, message: str) -> None:
        self.told.append(message)


@dataclass
class Lab:
    """The demo's Google Cloud, and audits of it."""

    settings: dict[str, Any]
    faults: Faults
    recording: Recording

    def audit(self, memory: Memory | None = None, **changes: Any) -> GcpDirectory:
        self.snapshot = memory or Memory()
        self.notes = Notes()
        settings = PROVIDER.settings(**self.settings | changes)
        collecting = Collecting(self.snapshot, SEALER, self.notes, NOW)
        PROVIDER.collect(settings, collecting)
        return PROVIDER.read(settings, self.snapshot)

    def calls(self) -> list[str]:
        return [line["path"] for line in self.recording]

    def examine(self, **changes: Any) -> list[Check]:
        return list(PROVIDER.examine(PROVIDER.settings(**self.settings | changes)))
