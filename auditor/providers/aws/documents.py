"""The documents that both ways of collecting write: names, shapes, and what must not be in them.

aws/accounts/<name>                the reply of sts GetCallerIdentity, for each configured account
aws/export/files                   the exported files that were found, and what was wrong with them
aws/<id>/authorization-details     users, groups, roles, policies
aws/<id>/users                     the reply of ListUsers, only where the above was refused
aws/<id>/access-keys/<user>        the keys of one user, each with its last use and its sealed tail
aws/<id>/credential-report         the reply of GetCredentialReport
aws/<id>/account-aliases           the reply of ListAccountAliases
aws/<id>/organization              the reply of DescribeOrganization
aws/<id>/organization-roots        the reply of ListRoots
aws/<id>/guardrails                "Path": the root (as ListRoots has it), the organizational units
                                   and the account, each with its policies by type
aws/<id>/oidc-providers            the reply of ListOpenIDConnectProviders, each with its details
aws/<id>/resource-policies/<service>   "Policies": the "Arn" and "Policy" of each resource; of a
                                   bucket that refuses, whether it is the account's "Own"
aws/<id>/trails                    the reply of DescribeTrails, each with its "Status", "Selectors"
                                   and "Bucket": whether that is its "Own", and its life cycle
aws/<id>/detectors                 the detectors of GuardDuty in one "Region"
aws/<id>/last-accessed/<principal> its "Arn" and the reply of GetServiceLastAccessedDetails

Each is the vendor's own JSON; a refused call leaves {"error": code, "message": text} beside what
was read before.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.models import Json
from auditor.tails import Sealer, tail_to_json

ACCOUNTS = "aws/accounts/"
EXPORT_FILES = "aws/export/files"
STRANGE = "Strange"
"""What a sound file of the export is marked with that the audit has no use for."""
LIMIT = "Limit"
"""The error of what was left out because the configuration sets a limit."""
DETAIL_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")

_KEY_ID = re.compile(r"(A[KS]IA[A-Z0-9]{12})[A-Z0-9]{4,}")
_SECRET_RUN = re.compile(r"[A-Za-z0-9/+=]{40,}")
_LONGEST_MESSAGE = 300


def document_key(account: str, part: str, user: str | None = None) -> str:
    """Return the name of a document of an account, such as aws/123456789012/access-keys/bob."""
    tail = "" if user is None else "/" + without_key_ids(user).replace("/", "%2F")
    return f"aws/{account}/{part}{tail}"


def account_key(label: str) -> str:
    """Return the name of the document that tells which account a configured name is."""
    return ACCOUNTS + label.replace("/", "%2F")


def mask(key_id: str) -> str:
    """Return an access key id without its last four characters: those are the tail CI shows."""
    return key_id[:-4] + "****"


def without_key_ids(value: Any) -> Any:
    """Return the same JSON with every access key id in its texts and keys masked.

    A lone surrogate, which JSON allows and nothing can write, becomes visible text.

    They turn up where nobody expects them: the console keeps the description of a key as a tag of
    its user whose name is the key's id.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    """
    if isinstance(value, str):
        if not value.isascii():
            value = value.encode("utf-8", "backslashreplace").decode()
        return _KEY_ID.sub(r"\1****", value) if "IA" in value else value
    if isinstance(value, Mapping):
        return {without_key_ids(key): without_key_ids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_key_ids(item) for item in value]
    return value


def without_secrets(words: str) -> str:
    """Return a vendor's text with key ids masked and runs as long as a secret access key hidden."""
    return _SECRET_RUN.sub("****", str(without_key_ids(words)))


def sealed_key(metadata: Mapping[str, Any], sealer: Sealer) -> dict[str, Any]:
    """Return one entry of AccessKeyMetadata with its id masked and its tail sealed beside it."""
    key_id = str(metadata.get("AccessKeyId", ""))
    tail = tail_to_json(sealer.seal(key_id)) if key_id else None
    return {**plain(metadata), "AccessKeyId": mask(key_id), "Tail": tail}


def plain(value: Any) -> Any:
    """Return what botocore parsed as the CLI prints it: times as ISO text, bytes as base64."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def clean(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as the snapshot may keep it: plain JSON, no key id, no secret in a tag."""
    kept: dict[str, Any] = without_key_ids(plain(document))
    for entry in (entry for listing in DETAIL_LISTS for entry in entries(kept, listing)):
        for tag in entries(entry, "Tags"):
            tag["Value"] = without_secrets(text(tag, "Value"))
    return kept


def entries(document: Json, name: str) -> list[dict[str, Any]]:
    """Return the objects of a listing of a document, none where it is not a list of objects."""
    listing = document.get(name) if isinstance(document, dict) else None
    found = listing if isinstance(listing, list) else ()
    return [entry for entry in found if isinstance(entry, dict)]


def left_out(document: Json) -> Iterator[tuple[str, int, str]]:
    """Yield each entry of a reply that cannot be used: its listing, its number from 1, and why.

    A listing that is none is its own entry 0.
    """
    for listing, names in NEEDED.items():
        found = document.get(listing) if isinstance(document, dict) else None
        if found is not None and not isinstance(found, list):
            yield listing, 0, "is no list"
        for number, entry in enumerate(found if isinstance(found, list) else (), 1):
            if not is_usable(entry, names):
                yield listing, number, f"has no {' or '.join(names)}"


def is_usable(entry: Json, names: Iterable[str]) -> bool:
    """Return whether an entry of a listing is an object with one of the fields it is known by."""
    return any(text(entry, name) for name in names)


NEEDED = {
    "UserDetailList": ("UserName", "Arn"),
    "GroupDetailList": ("GroupName",),
    "RoleDetailList": ("RoleName", "Arn"),
    "Policies": ("Arn",),
    "AccessKeyMetadata": ("AccessKeyId",),
    "OpenIDConnectProviderList": ("Arn",),
    "trailList": ("TrailARN", "Name"),
    "ServicesLastAccessed": ("ServiceNamespace",),
}
"""Listings, with the fields of which one tells what an entry is."""


def text(document: Json, name: str) -> str:
    """Return a text of a document, "" where it is none."""
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def parse_time(value: str) -> datetime | None:
    """Return a time as AWS prints it, None for "N/A", "no_information" and everything else."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_complete(document: Json | None) -> bool:
    """Return whether a document is there and nothing of it was refused."""
    if not isinstance(document, dict) or "error" in document:
        return False
    nested = (
        part
        for listing, names in _NESTED.items()
        for entry in entries(document, listing)
        for part in (entry, *(entry.get(name) for name in names))
    )
    return not any(isinstance(part, dict) and "error" in part for part in nested)


_NESTED = {
    "AccessKeyMetadata": ("AccessKeyLastUsed",),
    "OpenIDConnectProviderList": (),
    "Policies": (),
    "trailList": ("Status", "Selectors", "Bucket"),
}
"""Listings of which single entries, or parts of entries, may have been refused."""


def refusal(error: Exception) -> dict[str, str]:
    """Return what a failed call leaves in the snapshot: its code and a text without secrets.

    The text of AWS itself is kept, cut; that of other errors is not: a credential process's error
    output, for one, is part of botocore's message.
    """
    response = getattr(error, "response", None)
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):
        code, message = (str(response["Error"].get(name, "")) for name in ("Code", "Message"))
        # Only the first line: that of SignatureDoesNotMatch goes on with the request's headers.
        first = next(iter(message.splitlines()), "")
        return {"error": code or "Error", "message": without_secrets(first)[:_LONGEST_MESSAGE]}
    name = type(error).__name__
    return {"error": name, "message": _MESSAGES.get(name, "the call failed")}


_MESSAGES = {
    "ConnectTimeoutError": "AWS could not be reached in time",
    "ConnectionClosedError": "the connection was closed before the answer",
    "CredentialRetrievalError": "the credential process of the profile failed",
    "EndpointConnectionError": "AWS could not be reached",
    "KeyError": "the reply is not of the shape that AWS documents",
    "NoCredentialsError": "no credentials were found",
    "NoRoot": "the parents of the account do not lead to a root",
    "PartialCredentialsError": "the credentials are incomplete",
    "JobFailed": "AWS did not finish its job in time, or failed at it",
    "ProfileNotFound": "the AWS configuration has no such profile",
    "ReadTimeoutError": "AWS did not answer in time",
    "RecursionError": "the reply is nested too deeply",
    "RepeatedMarker": "the pages of the listing do not end",
    "SSLError": "the certificate of the endpoint is not trusted",
    "SSOTokenLoadError": "the SSO session has ended",
    "TooDeep": "the reply is nested too deeply",
    "TokenRetrievalError": "the SSO session has ended",
    "UnauthorizedSSOTokenError": "the SSO session has ended",
}
