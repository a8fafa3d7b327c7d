"""Knows exported files: which call of the AWS CLI each one is a reply of.

An export is a folder of replies in any arrangement: files are known by their content.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.providers.aws.documents import left_out
from auditor.providers.exports import (
    Problem,
    Unusable,
    begin,
    decoded,
    is_json,
    read_files,
    values,
)

_KINDS = {
    "UserDetailList": "get-account-authorization-details",
    "AccessKeyMetadata": "list-access-keys",
    "AccessKeyLastUsed": "get-access-key-last-used",
    "Content": "get-credential-report",
    "AccountAliases": "list-account-aliases",
    "Organization": "describe-organization",
    "trailList": "describe-trails",
    "DetectorIds": "list-detectors",
    "OpenIDConnectProviderList": "list-open-id-connect-providers",
    "ClientIDList": "get-open-id-connect-provider",
    "ServicesLastAccessed": "get-service-last-accessed-details",
    "ServiceControlPolicies": "guardrails",
    "ResourceControlPolicies": "guardrails",
    "ResourcePolicy": "get-policy",
}
_REPORT_HEADER = b"user,arn,"
_SUFFIXES = (".json", ".csv")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the CLI. `kind` is the command's name, `file` the path inside the export."""

    kind: str
    document: dict[str, Any]
    file: str


def read_export(export: Path) -> Iterator[Reply | Problem]:
    """Yield the replies found in a file or below a folder, and what is wrong with other files."""
    yield from read_files(export, _replies)


def _replies(name: str, data: bytes) -> Iterator[Reply | Problem]:
    if is_json(data):
        yield from _json_replies(name, data)
    elif begin(data).startswith(_REPORT_HEADER):
        content = base64.b64encode(decoded(data).encode()).decode("ascii")
        report = {"Content": content, "ReportFormat": "text/csv"}
        yield Reply("get-credential-report", report, name)
    elif name.lower().endswith(_SUFFIXES):
        raise Unusable("it is empty" if not data.strip() else "it is neither JSON nor a report")


def _json_replies(name: str, data: bytes) -> Iterator[Reply | Problem]:
    strange = 0
    for document in _documents(data):
        kind = _kind(document)
        strange += not kind
        if kind:
            yield Reply(kind, document, name)
            yield from (
                Problem(name, f"an entry of its {listing} {why}: it was left out", entry=number)
                for listing, number, why in left_out(document)
            )
    if strange:
        yield Problem(name, "it is no reply of a call that the audit reads", strange=True)


def _kind(document: dict[str, Any]) -> str:
    """Return which call a reply is of, "" for none that the audit reads."""
    policy, attributes = document.get("Policy"), document.get("Attributes")
    if isinstance(policy, str):  # iam get-policy has an object there
        return "get-policy"
    if isinstance(attributes, dict) and not attributes.keys().isdisjoint(("QueueArn", "TopicArn")):
        return "get-attributes"
    return next((_KINDS[key] for key in document if key in _KINDS), "")


def _documents(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects written one after the other, lists taken apart."""
    for value in values(data):
        items = value if isinstance(value, list) else [value]
        yield from (item if isinstance(item, dict) else {} for item in items)
