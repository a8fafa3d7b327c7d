"""Where the trails that record named identities leave their objects in S3."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import document_key, entries, text
from auditor.providers.aws.settings import Settings

LISTED = "aws/trail-objects/"
"""aws/trail-objects/<bucket>/<account>: a `Place`, what was found there and what failed."""
_ACCOUNT = re.compile(r"arn:[^:]+:(?:iam|sts)::(\d{12}):")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one trail leaves the objects of one account."""

    bucket: str
    folder: str
    """Up to and with "AWSLogs/"."""
    account: str
    trail: str = ""
    kms: str = ""
    """The key that they are encrypted with, where the trail names one."""
    partition: str = "aws"

    @property
    def key(self) -> str:
        """Return the name of the document that tells what was found there."""
        return f"{LISTED}{self.bucket}/{self.folder.replace('/', '%2F')}{self.account}"


def places(
    names: Collection[str],
    entered: Mapping[str, Clients],
    settings: Settings,
    collecting: Collecting,
) -> set[Place]:
    """Return where objects of the accounts of these names are; a key may be of any account."""
    told = {arn[1] for name in names if (arn := _ACCOUNT.match(name))}
    anywhere = not names or any(name.startswith(("AKIA", "ASIA")) for name in names)
    accounts = told | (set(entered) if anywhere else set())
    told_places = (one.removeprefix("s3://").partition("/") for one in settings.trail_buckets)
    found = {
        Place(bucket, _folder(prefix), account)
        for bucket, _, prefix in told_places
        for account in accounts
    }
    for account in entered:
        document = collecting.snapshot.load(document_key(account, "trails"))
        for trail in entries(document, "trailList"):
            everyone = trail.get("IsOrganizationTrail") is True
            for one in accounts if everyone else accounts & {account}:
                found |= set(_of_trail(trail, one))
    return found


def _of_trail(trail: Mapping[str, Json], account: str) -> Iterator[Place]:
    if bucket := text(trail, "S3BucketName"):
        yield Place(
            bucket=bucket,
            folder=_folder(text(trail, "S3KeyPrefix")),
            account=account,
            trail=text(trail, "Name"),
            kms=text(trail, "KmsKeyId"),
            partition=(text(trail, "TrailARN").split(":")[1:2] or ["aws"])[0],
        )


def _folder(prefix: str) -> str:
    return f"{prefix.strip('/')}/AWSLogs/".lstrip("/")
