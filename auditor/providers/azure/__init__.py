"""Azure: who stands behind client ids, and what they may do in Azure and in Entra.

`export` writes the snapshot, `kinds` tells what an exported object is, `estate` reads it; `people`
and `credentials` say who there is, `arm` and `entra` what gives them rights, `rights` how that is
told; `directory` answers for all.

`resources` are what is entered by keys of its own, `account_names` says whose such a key is;
`classic` administrators, and `key_uses` of replaced secrets.

`engine` decides one request exactly, and `simulate` puts made-up ones to it. `sensitive` holds the
reviewed tables of what is dangerous, `held` and `limits` what a role gives of it, and `rate` rates
the roles of a file. `history` reads logs for hunts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.models import Check, Gap, Json, PlannedCall
from auditor.providers.azure import collect, export, history
from auditor.providers.azure.directory import AzureDirectory
from auditor.providers.azure.documents import COLLECTED, TAILS, parse_time, sealed_tails, text
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.examine import examine
from auditor.providers.azure.locate import located
from auditor.providers.azure.logs import ACTIVITY_DAYS, PREMIUM_DAYS
from auditor.providers.azure.permissions import permissions
from auditor.providers.azure.planned import planned_calls
from auditor.providers.azure.rate import rate_roles
from auditor.providers.azure.resources import resources
from auditor.providers.azure.settings import Settings
from auditor.providers.azure.simulate import simulate


class AzureProvider:
    """The provider `azure`."""

    name = "azure"
    title = "Microsoft Azure"
    log_source = "azure"
    settings = Settings

    locate = staticmethod(located)

    def packages(self, settings: Settings) -> tuple[str, ...]:
        """Return the SDKs where the tenant is read live; exported files need nothing."""
        return ("azure.identity", "azure.mgmt.authorization", "msgraph") if settings.is_live else ()

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read the tenant, or what was exported of it.

        MissingExtra where the tenant is to be read and the SDKs are not installed.
        """
        collecting.snapshot.save(COLLECTED, {"value": [], "time": collecting.now.isoformat()})
        if settings.is_live:
            collect.collect(settings, collecting)
        else:
            export.collect(settings, collecting)
        told = Estate(collecting.snapshot)
        names = {one.id: one.name for one in resources(told)}
        tails = sealed_tails(told.tenant, told.subscriptions, names, collecting.sealer)
        collecting.snapshot.save(TAILS, tails)

    def examine(self, settings: Settings) -> Iterator[Check]:
        """Yield whether the tenant lets the audit in, and what would stay unknown."""
        yield from examine(settings)

    def planned_calls(self, settings: Settings, usage_budget: int) -> Iterator[PlannedCall]:  # noqa: ARG002
        """Yield the requests of an audit, to Graph and to Azure Resource Manager."""
        return planned_calls(settings)

    def read(self, settings: Settings, snapshot: Snapshot) -> AzureDirectory:  # noqa: ARG002
        """Return what the snapshot holds of Azure."""
        time = text(snapshot.load(COLLECTED), "time")
        return AzureDirectory(Estate(snapshot), parse_time(time))

    def collect_logs(self, settings: Settings, sought: Sought, collecting: Collecting) -> str:
        """Read sign-ins, directory audits and activity logs, where any name is one of Azure's."""
        return history.collect(settings, sought, collecting)

    def log_gaps(self, snapshot: Snapshot) -> tuple[Gap, ...]:
        """Return what could not be read of logs."""
        return history.gaps_of(snapshot)

    def log_names(
        self,
        settings: Settings,
        names: Collection[str],
        snapshot: Snapshot,  # noqa: ARG002 (names tell by themselves)
    ) -> Collection[str]:
        """Return application and object ids, and names of users."""
        return history.askable(names) if settings.is_live else set()

    def log_days(self, snapshot: Snapshot) -> Mapping[str, int]:  # noqa: ARG002 (always the same)
        """Return the days of the activity log, and those of Entra's with a P1 licence."""
        entra = "sign-ins and directory audits of Entra"
        return {"activity log of Azure": ACTIVITY_DAYS, entra: PREMIUM_DAYS}

    def permissions(self) -> str:
        """Return the least role and permissions for the audit's own identity."""
        return permissions()

    def simulate(self, request: Mapping[str, Json], now: datetime) -> dict[str, Any]:  # noqa: ARG002
        """Return the verdict on one made-up request; Malformed where it cannot be used."""
        return simulate(request)

    def rate_roles(self, path: Path) -> Iterator[dict[str, Any]]:
        """Yield how dangerous each role definition of a file is; ConfigError for a bad file."""
        return rate_roles(path)


PROVIDER = AzureProvider()
