"""Reads which logs there are of what identities do: CloudTrail's trails, GuardDuty's detectors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import document_key
from auditor.providers.aws.jobs import Job, pages, read

_SELECTORS = ("EventSelectors", "AdvancedEventSelectors")


def log_jobs(account: str, clients: Clients) -> Iterator[Job]:
    """Yield what tells the logs of an account."""
    yield Job(document_key(account, "trails"), partial(_trails, clients))
    yield Job(document_key(account, "detectors"), partial(_detectors, clients))


def _trails(clients: Clients, document: dict[str, Any]) -> None:
    """Read every trail that records the account, each with what it records and for how long.

    A region shows its own trails and those of other regions, and of the organization, that
    record it; trails that record another region only are listed by name.
    """
    here = clients.other("cloudtrail")
    found = here.describe_trails(includeShadowTrails=True)["trailList"]
    known = {trail["TrailARN"] for trail in found}
    for page in pages(here.list_trails, "NextToken", "NextToken"):
        for listed in page["Trails"]:
            if listed["TrailARN"] not in known:
                there = clients.other("cloudtrail", listed["HomeRegion"])
                found += there.describe_trails(trailNameList=[listed["TrailARN"]])["trailList"]
    document["trailList"] = []
    for trail in found:
        document["trailList"].append(trail | _details(clients, trail))


def _details(clients: Clients, trail: dict[str, Any]) -> dict[str, Any]:
    arn, bucket = trail["TrailARN"], trail.get("S3BucketName", "")
    home = clients.other("cloudtrail", trail.get("HomeRegion", ""))
    return {
        "Status": read(partial(_status, home, arn)),
        "Selectors": read(partial(_selectors, home, arn)),
        "Bucket": read(partial(_bucket, clients, bucket)),
    }


def _status(cloudtrail: Any, arn: str, document: dict[str, Any]) -> None:
    document |= cloudtrail.get_trail_status(Name=arn)


def _selectors(cloudtrail: Any, arn: str, document: dict[str, Any]) -> None:
    found = cloudtrail.get_event_selectors(TrailName=arn)
    document |= {name: found[name] for name in _SELECTORS if name in found}
    if not document:
        raise ValueError("the reply says of no event whether it is recorded")


def _bucket(clients: Clients, name: str, document: dict[str, Any]) -> None:
    """Read whether a bucket is the account's own, and if so when it deletes what it holds."""
    s3 = clients.other("s3")
    document["Own"] = any(bucket["Name"] == name for bucket in s3.list_buckets()["Buckets"])
    if not document["Own"]:
        return
    try:
        document["Rules"] = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        document["Rules"] = []


def _detectors(clients: Clients, document: dict[str, Any]) -> None:
    """Read the detectors of the region that the audit is configured with."""
    guardduty = clients.other("guardduty")
    document["Region"] = guardduty.meta.region_name
    document["Detectors"] = []
    for page in pages(guardduty.list_detectors, "NextToken", "NextToken"):
        for id_ in page["DetectorIds"]:
            detector = guardduty.get_detector(DetectorId=id_)
            document["Detectors"].append({"DetectorId": id_, "Status": detector["Status"]})
