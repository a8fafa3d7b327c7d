"""Asks when the identities that CI may hold last used what they are granted.

AWS answers by a job that it runs, which changes nothing. It takes a moment for each identity, so
only those are asked for that a CI system may be: users with access keys, and roles that an
identity provider opens to it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import LIMIT, document_key, entries, text
from auditor.providers.aws.jobs import Job, pages

_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0)
"""Seconds between asking whether the job is done: 48 in all."""
_PAGE = 1000


class JobFailed(Exception):
    """The job of AWS came to no end, or to a bad one."""


def last_accessed_jobs(
    most: int, collecting: Collecting, account: str, clients: Clients
) -> Iterator[Job]:
    """Yield one job an identity; those beyond `most` are written down as left out."""
    wanted = _identities(account, collecting) if most else []
    for number, (name, arn) in enumerate(wanted):
        fill = partial(_fill, clients.iam, arn) if number < most else partial(_leave_out, arn, most)
        yield Job(document_key(account, "last-accessed", name), fill)


def _identities(account: str, collecting: Collecting) -> list[tuple[str, str]]:
    """Return what names its document, and the ARN, of every identity that CI may hold."""
    load = collecting.snapshot.load
    details = load(document_key(account, "authorization-details"))
    users = {
        text(user, "UserName"): text(user, "Arn") for user in entries(details, "UserDetailList")
    }
    having_keys = (
        name
        for name in sorted(users)
        if entries(load(document_key(account, "access-keys", name)), "AccessKeyMetadata")
    )
    roles = {
        text(role, "RoleName"): text(role, "Arn")
        for role in entries(details, "RoleDetailList")
        if _opened_by_provider(role.get("AssumeRolePolicyDocument"))
    }
    return [
        *((f"user/{name}", users[name]) for name in having_keys),
        *((f"role/{name}", arn) for name, arn in sorted(roles.items())),
    ]


def _opened_by_provider(trust: Json) -> bool:
    """Return whether a trust policy lets in whom an OpenID Connect provider vouches for."""
    return ":oidc-provider/" in str(trust)


def _fill(iam: Any, arn: str, document: dict[str, Any]) -> None:
    document["Arn"] = arn
    asked = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")
    call = partial(iam.get_service_last_accessed_details, JobId=asked["JobId"])
    for pause in _PAUSES:
        if call(MaxItems=1)["JobStatus"] != "IN_PROGRESS":
            break
        time.sleep(pause)
    document["ServicesLastAccessed"] = []
    for page in pages(call, MaxItems=_PAGE):
        if page["JobStatus"] != "COMPLETED":
            raise JobFailed
        document["ServicesLastAccessed"] += page["ServicesLastAccessed"]
        document["JobCompletionDate"] = page["JobCompletionDate"]


def _leave_out(arn: str, most: int, document: dict[str, Any]) -> None:
    message = f"only {most} identities of the account were asked for (last_accessed)"
    document |= {"Arn": arn, "error": LIMIT, "message": message}
