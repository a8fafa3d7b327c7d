"""Reads the configured accounts through the API into the snapshot.

What is refused is written down as refused, and the rest goes on. A document that is complete is
not read again, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.aws.client import Clients, connect
from auditor.providers.aws.documents import (
    DETAIL_LISTS,
    account_key,
    document_key,
    entries,
    is_complete,
    sealed_key,
    text,
)
from auditor.providers.aws.jobs import Job, pages, read, run
from auditor.providers.aws.last_accessed import last_accessed_jobs
from auditor.providers.aws.organizations import describe, guardrail_jobs, root_jobs
from auditor.providers.aws.resources import resource_jobs
from auditor.providers.aws.settings import Account, Settings
from auditor.providers.aws.trails import log_jobs
from auditor.tails import Sealer

_PAGE = 1000
_REPORT_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0)
"""Seconds between asking whether the credential report is ready: 40 in all."""


def collect(settings: Settings, collecting: Collecting) -> None:
    """Read every configured account. MissingExtra without boto3; nothing else is raised."""
    entered = enter_all(settings, collecting)
    use = partial(last_accessed_jobs, settings.last_accessed, collecting)
    steps = (
        ("reading AWS accounts", _account_jobs),
        ("listing AWS access keys", partial(_key_jobs, collecting)),
        ("asking AWS when services were used", use),
    )
    for accounts in _rounds(entered):
        for step, jobs_of in steps:
            jobs = (job for entry in accounts.items() for job in jobs_of(*entry))
            run(jobs, step, settings, collecting)
    everyone = dict(reversed(entered))
    resources = resource_jobs(settings.resource_policies, collecting, everyone)
    run(resources, "reading policies of AWS resources", settings, collecting)
    run(root_jobs(everyone, collecting), "reading AWS organizations", settings, collecting)
    guards = guardrail_jobs(everyone, collecting)
    run(guards, "reading policies of AWS organizations", settings, collecting)


# --- entering accounts -----------------------------------------------------------------------


def enter_all(settings: Settings, collecting: Collecting) -> list[tuple[str, Clients]]:
    """Return the id and the clients of every account that let the audit in."""
    entered: dict[str, tuple[str, Clients]] = {}

    def enter(account: Account, document: dict[str, Any]) -> None:
        document["Name"] = account.label
        clients = connect(account, settings)
        document |= clients.sts.get_caller_identity()
        entered[account.label] = (str(document["Account"]), clients)

    jobs = [Job(account_key(a.label), partial(enter, a)) for a in settings.live]
    run(jobs, "entering AWS accounts", settings, collecting, again=True)
    return [entered[a.label] for a in settings.live if a.label in entered]


def _rounds(entered: Iterable[tuple[str, Clients]]) -> Iterator[dict[str, Clients]]:
    """Yield accounts to read side by side.

    One configured twice comes in a later round, which reads only what the first was refused.
    """
    rest = list(entered)
    while rest:
        this = dict(reversed(rest))
        rest = [(account, clients) for account, clients in rest if this[account] is not clients]
        yield this


# --- what is read of an account --------------------------------------------------------------


def _account_jobs(account: str, clients: Clients) -> Iterator[Job]:
    iam = clients.iam
    yield Job(document_key(account, "authorization-details"), partial(_details, iam))
    yield Job(document_key(account, "credential-report"), partial(_report, iam))
    yield Job(document_key(account, "account-aliases"), partial(_aliases, iam))
    yield Job(document_key(account, "oidc-providers"), partial(_providers, iam))
    yield Job(document_key(account, "organization"), partial(describe, clients))
    yield from log_jobs(account, clients)


def _key_jobs(collecting: Collecting, account: str, clients: Clients) -> Iterator[Job]:
    """Yield one job a user. Where the account's details were refused, ListUsers names them."""
    snapshot = collecting.snapshot
    details = snapshot.load(document_key(account, "authorization-details"))
    names = _names(details, "UserDetailList")
    if not is_complete(details):
        users = read(partial(_users, clients.iam))
        snapshot.save(document_key(account, "users"), users)
        names = names | _names(users, "Users")
    for name in sorted(names):
        fill = partial(_keys, clients.iam, name, collecting.sealer)
        yield Job(document_key(account, "access-keys", name), fill)


def _names(document: Json, listing: str) -> set[str]:
    return {text(user, "UserName") for user in entries(document, listing)}


def _details(iam: Any, document: dict[str, Any]) -> None:
    document |= {name: [] for name in DETAIL_LISTS}
    for page in pages(iam.get_account_authorization_details, MaxItems=_PAGE):
        for name in DETAIL_LISTS:
            document[name] += page.get(name, [])


def _users(iam: Any, document: dict[str, Any]) -> None:
    document["Users"] = []
    for page in pages(iam.list_users, MaxItems=_PAGE):
        document["Users"] += page["Users"]


def _aliases(iam: Any, document: dict[str, Any]) -> None:
    document |= iam.list_account_aliases()


def _providers(iam: Any, document: dict[str, Any]) -> None:
    listing = "OpenIDConnectProviderList"
    document[listing] = []
    for entry in iam.list_open_id_connect_providers()[listing]:
        arn = entry["Arn"]
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        document[listing].append({"Arn": arn, **found})


def _report(iam: Any, document: dict[str, Any]) -> None:
    """Have the report made, which changes nothing but the report, and read it."""
    for pause in _REPORT_PAUSES:
        if iam.generate_credential_report()["State"] == "COMPLETE":
            break
        time.sleep(pause)
    document |= iam.get_credential_report()


def _keys(iam: Any, user: str, sealer: Sealer, document: dict[str, Any]) -> None:
    document |= {"UserName": user, "AccessKeyMetadata": []}
    for page in pages(iam.list_access_keys, UserName=user):
        for metadata in page["AccessKeyMetadata"]:
            used = read(partial(_last_used, iam, metadata["AccessKeyId"]))
            entry = sealed_key(metadata, sealer) | {"AccessKeyLastUsed": used}
            document["AccessKeyMetadata"].append(entry)


def _last_used(iam: Any, key_id: str, document: dict[str, Any]) -> None:
    document |= iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
