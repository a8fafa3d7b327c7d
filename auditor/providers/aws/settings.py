"""The table `[providers.aws]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from auditor.config import STRICT, Most, OptionalEndpoint, Parallel, Retries, Seconds

TableName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]
Minutes: TypeAlias = Annotated[int, Field(ge=1, le=720)]


@dataclass(frozen=True, slots=True)
class Account:
    """One account to read.

    By a profile of the AWS configuration, by a role assumed from that profile, or both. With
    neither, the account of the default credential chain.
    """

    __pydantic_config__ = STRICT

    profile: str = ""
    role_arn: str = ""
    """The audit's own role in the account, with read access only."""
    external_id: str = ""
    """What the role's trust policy asks for, where it does."""
    name: str = ""
    """What the account is called in messages while its id is not known."""

    @property
    def label(self) -> str:
        """Return the name the account goes by: its own, else its role, else its profile."""
        return self.name or self.role_arn or self.profile or "default"


@dataclass(frozen=True, slots=True)
class AthenaTable:
    """A table of CloudTrail's logs that a live hunt may query."""

    __pydantic_config__ = STRICT

    table: TableName
    """DATABASE.TABLE, in Glue's catalog."""
    workgroup: str
    """It must keep its results with Athena (managed query results): then no bucket is written."""
    region: str = ""
    """Where both are; unset means that of the settings."""
    account: str = ""
    """The `name` (or role, or profile) of the account that is asked; unset means the first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which accounts to read, live or from files that people exported.

    Without accounts and without an export, the account of the default credential chain is read.
    """

    __pydantic_config__ = STRICT

    accounts: tuple[Account, ...] = ()
    export: str = ""
    """File, or folder, of the AWS CLI's own JSON and CSV replies, packed with gzip or not."""
    endpoint: OptionalEndpoint = ""
    """Address that stands for every AWS API, for a lab; unset means AWS."""
    region: str = "us-east-1"
    """Region of the credentials' partition: IAM itself knows no regions."""
    parallel: Parallel = 4
    """How many calls may be under way at once."""
    retries: Retries = 7
    """How often a call is repeated that was throttled or got no answer."""
    timeout: Seconds = 60
    """Seconds that one call may take."""
    last_accessed: Most = 500
    """How many identities of an account are asked at most when they used what; 0 asks for none."""
    resource_policies: Most = 200
    """How many resources of an account are asked at most for their own policies; 0 for none."""

    trail_objects: Most = 20_000
    """How many objects of CloudTrail's trails in S3 a live hunt reads at most, the newest first."""
    trail_megabytes: Most = 2_000
    """And of how many megabytes together, packed as they are."""
    trail_buckets: tuple[str, ...] = ()
    """Buckets of trails, "bucket/prefix", beside those that the accounts' own trails name."""
    athena: tuple[AthenaTable, ...] = ()
    """Tables of CloudTrail's logs that a live hunt queries through Athena: none unless named."""
    athena_gigabytes: Most = 100
    """What the queries of one table may scan together; 0: nothing is queried."""
    athena_minutes: Minutes = 30
    """How long the queries of one table may take together; one that runs then is stopped."""

    def __post_init__(self) -> None:
        """Refuse two accounts of one name: their replies would overwrite each other."""
        labels = [account.label for account in self.accounts]
        if len(set(labels)) < len(labels):
            raise ValueError("two accounts go by the same name: give each its own `name`")
        known = {account.label for account in self.live}
        for one in self.athena:
            if not known:
                raise ValueError("athena: there is no account to ask, only an export")
            if one.account and one.account not in known:
                raise ValueError(f"athena: no account is called {one.account}")

    @property
    def live(self) -> tuple[Account, ...]:
        """Return the accounts to read through the API."""
        return self.accounts or (() if self.export else (Account(),))
