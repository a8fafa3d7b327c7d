"""Google Cloud: matches service account keys with accounts and says what those may do.

`collect` and `export` write the snapshot, `estate` reads it, `identify` decides whose a key is;
`held`, `impersonation`, `chains` and `capabilities` what an identity may do; `directory` answers
for all. `engine` decides one question exactly, and `simulate` puts made-up ones to it. `history`
reads audit logs for hunts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.models import Check, Gap, Json, PlannedCall
from auditor.providers.gcp import collect, export, history
from auditor.providers.gcp.directory import GcpDirectory
from auditor.providers.gcp.documents import COLLECTED, parse_time, text
from auditor.providers.gcp.estate import read_estate
from auditor.providers.gcp.examine import examine
from auditor.providers.gcp.locate import located
from auditor.providers.gcp.parts import audit_role
from auditor.providers.gcp.planned import planned_calls
from auditor.providers.gcp.settings import Settings
from auditor.providers.gcp.simulate import simulate


class GcpProvider:
    """The provider `gcp`."""

    name = "gcp"
    title = "Google Cloud"
    log_source = "gcp"
    settings = Settings

    locate = staticmethod(located)

    def packages(self, settings: Settings) -> tuple[str, ...]:
        """Return the SDKs where Google is asked; exported files need nothing."""
        return ("google.cloud.asset_v1", "google.cloud.iam_admin_v1") if settings.live else ()

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read the scopes live, and from the export what that did not answer.

        MissingExtra where Google is to be asked and its SDKs are not installed.
        """
        collecting.snapshot.save(COLLECTED, {"time": collecting.now.isoformat()})
        if settings.live:
            collect.collect(settings, collecting)
        if settings.export:
            export.collect(settings, collecting)

    def examine(self, settings: Settings) -> Iterator[Check]:
        """Yield who the audit is, and what of each scope would stay unknown."""
        yield from examine(settings)

    def planned_calls(self, settings: Settings, usage_budget: int) -> Iterator[PlannedCall]:  # noqa: ARG002
        """Yield the calls of an audit; those of deny policies and boundaries are paced."""
        return planned_calls(settings)

    def read(self, settings: Settings, snapshot: Snapshot) -> GcpDirectory:  # noqa: ARG002
        """Return what the snapshot holds of Google Cloud."""
        estate = read_estate(snapshot)
        return GcpDirectory(estate, parse_time(text(snapshot.load(COLLECTED), "time")))

    def collect_logs(self, settings: Settings, sought: Sought, collecting: Collecting) -> str:
        """Read the audit logs of every project that may be read, for these names."""
        return history.collect(settings, sought, collecting)

    def log_gaps(self, snapshot: Snapshot) -> tuple[Gap, ...]:
        """Return what could not be read of audit logs."""
        return history.gaps_of(snapshot)

    def log_names(
        self,
        settings: Settings,
        names: Collection[str],
        snapshot: Snapshot,  # noqa: ARG002 (names tell by themselves)
    ) -> Collection[str]:
        """Return accounts, keys and principals."""
        return set(filter(history.is_asked, names)) if settings.live else set()

    def log_days(self, snapshot: Snapshot) -> Mapping[str, int]:  # noqa: ARG002 (always the same)
        """Return the days that the buckets of Google Cloud keep unless somebody changed them."""
        return {"admin activity log": history.KEPT_DAYS, "data access log": history.DATA_DAYS}

    def permissions(self) -> str:
        """Return the custom role that the audit's own identity needs, in YAML."""
        return audit_role()

    def simulate(self, request: Mapping[str, Json], now: datetime) -> dict[str, Any]:
        """Return the verdict on one made-up request; BadRequest where it cannot be used."""
        return simulate(request, now)


PROVIDER = GcpProvider()
