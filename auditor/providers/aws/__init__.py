"""AWS: matches access keys with IAM users and says what those may do.

`collect` and `export` write the snapshot, `accounts` reads it, `keys` decides whose a key is;
`policies`, `effective` and `capabilities` what an identity may do; `directory` answers for all.
"""

from __future__ import annotations

from auditor.collecting import Collecting, Snapshot
from auditor.providers.aws import collect, export
from auditor.providers.aws.accounts import read_accounts
from auditor.providers.aws.directory import AwsDirectory
from auditor.providers.aws.settings import Settings


class AwsProvider:
    """The provider `aws`."""

    name = "aws"
    title = "AWS"
    settings = Settings

    def packages(self, settings: Settings) -> tuple[str, ...]:
        """Return boto3 where an account is read live; exported files need nothing."""
        return ("boto3",) if settings.live else ()

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read the accounts live, and from the export what that did not answer.

        MissingExtra where accounts are to be read live and boto3 is not installed.
        """
        collect.collect(settings, collecting)
        if settings.export:
            export.collect(settings, collecting)

    def read(self, settings: Settings, snapshot: Snapshot) -> AwsDirectory:
        """Return what the snapshot holds of AWS."""
        labels = [account.label for account in settings.live]
        return AwsDirectory(read_accounts(labels, snapshot))


PROVIDER = AwsProvider()
