"""The calls that a reading of AWS accounts would make, by the table of parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from auditor.models import PlannedCall
from auditor.providers.aws import parts
from auditor.providers.aws.settings import Settings

_EACH = {
    parts.DETAILS: "account",
    parts.KEYS: "user",
    parts.LAST_USED: "access key",
    parts.REPORT: "account",
    parts.ALIASES: "account",
    parts.OIDC: "account, and each provider there",
    parts.LAST_ACCESSED: "identity, of at most {last_accessed} in an account",
    parts.ORGANIZATION: "account",
    parts.GUARDRAILS: "account and unit above it",
    parts.TRAILS: "account, and each trail there",
    parts.DETECTORS: "account",
}
_CALLS = {
    "s3:GetLifecycleConfiguration": "s3:GetBucketLifecycleConfiguration",
    "s3:ListAllMyBuckets": "s3:ListBuckets",
}
"""Calls that are not named as the action that permits them."""
_GLOBAL = {"iam": "iam", "organizations": "organizations.us-east-1"}


def planned_calls(settings: Settings) -> Iterator[PlannedCall]:
    """Yield each kind of call once; nothing where only an export is read."""
    if not settings.live:
        return
    yield _call(settings, "sts:GetCallerIdentity", "account")
    if any(account.role_arn for account in settings.live):
        yield _call(settings, "sts:AssumeRole", "account")
    yield _call(settings, "iam:ListUsers", "account that refuses the call for its details")
    for part, each in _EACH.items():
        for action in part.actions:
            yield _call(settings, action, each.format(last_accessed=settings.last_accessed))
    limit = f"of at most {settings.resource_policies} resources in an account"
    for service in parts.SERVICES_WITH_POLICIES:
        part = parts.resource_policies_of(service)
        for action in part.actions:
            yield _call(settings, action, f"{part.each[0]}, {limit}")
    yield from _of_tables(settings)


def _of_tables(settings: Settings) -> Iterator[PlannedCall]:
    """Yield what a live hunt asks of tables; what its queries scan it says before they are run."""
    quota = f"at most {settings.athena_gigabytes:,} GB scanned of a table"
    for region in sorted({one.region or settings.region for one in settings.athena}):
        for action in (*parts.ATHENA.actions, "s3:ListObjectsV2"):
            each = "Athena table, by auditor hunt --live alone"
            yield replace(_call(settings, action, each, region), quota=quota)


def _call(settings: Settings, action: str, each: str, region: str = "") -> PlannedCall:
    call = _CALLS.get(action, action)
    service = call.partition(":")[0]
    host = f"{_GLOBAL.get(service) or f'{service}.{region or settings.region}'}.amazonaws.com"
    if settings.endpoint:
        host = urlsplit(settings.endpoint).netloc
    return PlannedCall(host, call, each)
