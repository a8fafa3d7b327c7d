"""Reads the policies of the resources that identities' policies name: they grant and forbid too.

Only resources named outright are asked for, and no more than the configuration says: "*" would
mean to list everything that there is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import LIMIT, document_key, entries, is_complete, text
from auditor.providers.aws.jobs import Job, read

_ABSENT = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "RepositoryNotFoundException",
    "RepositoryPolicyNotFoundException",
    "ResourceNotFoundException",
}
"""What AWS says of a resource that has no policy, or is not there."""
_WILD = re.compile(r"[*?]|\$\{")
_PARTS = 6


def resource_jobs(
    most: int, collecting: Collecting, entered: Mapping[str, Clients]
) -> Iterator[Job]:
    """Yield one job for each account and service; beyond `most` an account they are left out."""
    for account, named in sorted(_named_by_account(collecting, entered).items()):
        by_service: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        for number, arn in enumerate(sorted(named) if most else ()):
            by_service[arn.split(":")[2]].append((arn, number < most))
        for service, wanted in by_service.items():
            key = document_key(account, f"resource-policies/{service}")
            before = collecting.snapshot.load(key)
            yield Job(key, partial(_fill, entered[account], service, wanted, most, before))


def _named_by_account(collecting: Collecting, entered: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the resources of each account that was entered which any of them names."""
    accounts = set(entered)
    found: dict[str, set[str]] = defaultdict(set)
    for account in sorted(accounts):
        details = collecting.snapshot.load(document_key(account, "authorization-details"))
        for arn in _resources(details):
            owner = arn.split(":")[4] or account  # the ARN of a bucket names no account
            if owner in accounts:
                found[owner].add(arn)
    return found


# --- which resources -------------------------------------------------------------------------


def _resources(details: Json | None) -> set[str]:
    return {
        arn
        for document in _policies(details)
        for statement in _listed(document.get("Statement"))
        if isinstance(statement, dict)
        for pattern in _listed(statement.get("Resource"))
        if isinstance(pattern, str) and (arn := resource_of(pattern))
    }


def _policies(details: Json | None) -> Iterator[Mapping[str, Any]]:
    """Yield the policy documents that identities have, but for those of AWS: they name none."""
    for listing in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
        for holder in entries(details, listing):
            for name in ("UserPolicyList", "GroupPolicyList", "RolePolicyList"):
                for entry in entries(holder, name):
                    if isinstance(entry.get("PolicyDocument"), dict):
                        yield entry["PolicyDocument"]
    for policy in entries(details, "Policies"):
        for version in entries(policy, "PolicyVersionList"):
            default = version.get("IsDefaultVersion") is True
            if default and isinstance(version.get("Document"), dict):
                yield version["Document"]


def _listed(value: Json) -> list[Any]:
    return value if isinstance(value, list) else [value]


def resource_of(pattern: str) -> str:
    """Return the ARN of the one resource with a policy that a pattern is about, "" for none.

    An object in a bucket is about the bucket, a secret may end in the wildcard that stands for
    the six letters AWS adds to its name. The ARN of a bucket names no account, all others do.
    """
    parts = pattern.split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[2] not in _NAMES or bool(parts[4]) == (parts[2] == "s3"):
        return ""
    name = _NAMES[parts[2]].fullmatch(parts[-1])
    arn = ":".join((*parts[:-1], name[1])) if name else ""
    return "" if _WILD.search(arn) else arn


_NAMES = {
    "ecr": re.compile(r"(repository/[^*?]+)"),
    "kms": re.compile(r"(key/[^*?]+)"),
    "lambda": re.compile(r"(function:[^:*?]+)(?::.*)?"),
    "s3": re.compile(r"([^/*?]+)(?:/.*)?"),
    "secretsmanager": re.compile(r"(secret:[^*?]+?)(?:-(?:\*|\?{6}))?"),
    "sns": re.compile(r"([^:*?]+)"),
    "sqs": re.compile(r"([^*?]+)"),
}
"""By service, the last part of the ARNs of its resources; the group is the resource's own."""


# --- their policies --------------------------------------------------------------------------


def _fill(
    clients: Clients,
    service: str,
    wanted: Iterable[tuple[str, bool]],
    most: int,
    before: Json | None,
    document: dict[str, Any],
) -> None:
    """Read the policies of one service's resources, but for those that were read before."""
    known = {
        text(entry, "Arn"): entry for entry in entries(before, "Policies") if "error" not in entry
    }
    document["Policies"] = []
    for arn, within in wanted:
        entry = known.get(arn) or (
            _entry(clients, service, arn) if within else _left_out(arn, most)
        )
        document["Policies"].append(entry)
    if service == "s3":
        _tell_own(clients, document["Policies"])


def _tell_own(clients: Clients, policies: Iterable[dict[str, Any]]) -> None:
    """Add whether a bucket that refuses is the account's "Own": S3 answers alike for a stranger's.

    Nothing where that cannot be told either.
    """
    refused = [entry for entry in policies if text(entry, "error") in _FOREIGN]
    if not refused:
        return
    listed = read(lambda document: document.update(clients.other("s3").list_buckets()))
    names = {text(bucket, "Name") for bucket in entries(listed, "Buckets")}
    for entry in refused:
        if text(entry, "error") == _NOT_OWN:
            entry["Own"] = False
        elif is_complete(listed) and isinstance(listed.get("Buckets"), list):
            entry["Own"] = entry["Arn"].rpartition(":")[2] in names


_NOT_OWN = "MethodNotAllowed"
"""What only somebody of another account is told, who may read the policy.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
"""
_FOREIGN = (_NOT_OWN, "AccessDenied")


def _entry(clients: Clients, service: str, arn: str) -> dict[str, Any]:
    entry = read(partial(_policy, clients, service, arn))
    if text(entry, "error") in _ABSENT:
        entry = {"Policy": None}
    return {"Arn": arn, **entry}


def _left_out(arn: str, most: int) -> dict[str, Any]:
    message = f"only {most} resources of the account were asked for (resource_policies)"
    return {"Arn": arn, "error": LIMIT, "message": message}


def _policy(clients: Clients, service: str, arn: str, document: dict[str, Any]) -> None:
    client = clients.other(service, arn.split(":")[3])
    document |= {"Policy": None} | _READERS[service](client, arn)


def _secret(client: Any, arn: str) -> dict[str, Any]:
    found = client.get_resource_policy(SecretId=arn)
    return {"Arn": found["ARN"], "Policy": found.get("ResourcePolicy")}


def _queue(client: Any, arn: str) -> dict[str, Any]:
    *_, account, name = arn.split(":")
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return {"Policy": found.get("Attributes", {}).get("Policy")}


def _repository(client: Any, arn: str) -> dict[str, Any]:
    name = arn.partition("repository/")[2]
    found = client.get_repository_policy(registryId=arn.split(":")[4], repositoryName=name)
    return {"Policy": found["policyText"]}


def _topic(client: Any, arn: str) -> dict[str, Any]:
    found = client.get_topic_attributes(TopicArn=arn)
    return {"Policy": found["Attributes"].get("Policy")}


_READERS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = {
    "ecr": _repository,
    "kms": lambda client, arn: {
        "Policy": client.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    },
    "lambda": lambda client, arn: {"Policy": client.get_policy(FunctionName=arn)["Policy"]},
    "s3": lambda client, arn: {
        "Policy": client.get_bucket_policy(Bucket=arn.rpartition(":")[2])["Policy"]
    },
    "secretsmanager": _secret,
    "sns": _topic,
    "sqs": _queue,
}
