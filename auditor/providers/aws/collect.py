"""Reads the configured accounts through the API into the snapshot.

What is refused is written down as refused, and the rest goes on. A document that is complete is
not read again, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any

from auditor.collecting import Collecting
from auditor.errors import AuditorError
from auditor.models import Json
from auditor.providers.aws.client import Clients, connect
from auditor.providers.aws.documents import (
    DETAIL_LISTS,
    account_key,
    clean,
    document_key,
    entries,
    is_complete,
    refusal,
    sealed_key,
    text,
)
from auditor.providers.aws.settings import Account, Settings
from auditor.tails import Sealer

Fill = Callable[[dict[str, Any]], None]
"""Makes calls and puts their replies into a document as they come."""

_PAGE = 1000
_MOST_PAGES = 5000
_REPORT_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0)
"""Seconds between asking whether the credential report is ready: 40 in all."""


class RepeatedMarker(Exception):
    """A listing whose pages lead nowhere: the same marker again, none, or too many."""


@dataclass(frozen=True, slots=True)
class _Job:
    key: str
    fill: Fill


def collect(settings: Settings, collecting: Collecting) -> None:
    """Read every configured account. MissingExtra without boto3; nothing else is raised."""
    for entered in _rounds(_enter_all(settings, collecting)):
        _run(
            (
                job
                for account, clients in entered.items()
                for job in _account_jobs(account, clients)
            ),
            "reading AWS accounts",
            settings,
            collecting,
        )
        _run(
            (
                job
                for account, clients in entered.items()
                for job in _key_jobs(account, clients, collecting)
            ),
            "listing AWS access keys",
            settings,
            collecting,
        )


# --- entering accounts -----------------------------------------------------------------------


def _enter_all(settings: Settings, collecting: Collecting) -> list[tuple[str, Clients]]:
    """Return the id and the clients of every account that let the audit in."""
    entered: dict[str, tuple[str, Clients]] = {}

    def enter(account: Account, document: dict[str, Any]) -> None:
        document["Name"] = account.label
        clients = connect(account, settings)
        document |= clients.sts.get_caller_identity()
        entered[account.label] = (str(document["Account"]), clients)

    jobs = [_Job(account_key(a.label), partial(enter, a)) for a in settings.live]
    _run(jobs, "entering AWS accounts", settings, collecting, again=True)
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


def _account_jobs(account: str, clients: Clients) -> Iterator[_Job]:
    iam = clients.iam
    yield _Job(document_key(account, "authorization-details"), partial(_details, iam))
    yield _Job(document_key(account, "credential-report"), partial(_report, iam))
    yield _Job(document_key(account, "account-aliases"), partial(_aliases, iam))


def _key_jobs(account: str, clients: Clients, collecting: Collecting) -> Iterator[_Job]:
    """Yield one job a user. Where the account's details were refused, ListUsers names them."""
    snapshot = collecting.snapshot
    details = snapshot.load(document_key(account, "authorization-details"))
    names = _names(details, "UserDetailList")
    if not is_complete(details):
        users = _read(partial(_users, clients.iam))
        snapshot.save(document_key(account, "users"), users)
        names = names | _names(users, "Users")
    for name in sorted(names):
        fill = partial(_keys, clients.iam, name, collecting.sealer)
        yield _Job(document_key(account, "access-keys", name), fill)


def _names(document: Json, listing: str) -> set[str]:
    return {text(user, "UserName") for user in entries(document, listing)}


def _details(iam: Any, document: dict[str, Any]) -> None:
    document |= {name: [] for name in DETAIL_LISTS}
    for page in _pages(iam.get_account_authorization_details, MaxItems=_PAGE):
        for name in DETAIL_LISTS:
            document[name] += page.get(name, [])


def _users(iam: Any, document: dict[str, Any]) -> None:
    document["Users"] = []
    for page in _pages(iam.list_users, MaxItems=_PAGE):
        document["Users"] += page["Users"]


def _aliases(iam: Any, document: dict[str, Any]) -> None:
    document |= iam.list_account_aliases()


def _report(iam: Any, document: dict[str, Any]) -> None:
    """Have the report made, which changes nothing but the report, and read it."""
    for pause in _REPORT_PAUSES:
        if iam.generate_credential_report()["State"] == "COMPLETE":
            break
        time.sleep(pause)
    document |= iam.get_credential_report()


def _keys(iam: Any, user: str, sealer: Sealer, document: dict[str, Any]) -> None:
    document |= {"UserName": user, "AccessKeyMetadata": []}
    for page in _pages(iam.list_access_keys, UserName=user):
        for metadata in page["AccessKeyMetadata"]:
            used = _read(partial(_last_used, iam, metadata["AccessKeyId"]))
            entry = sealed_key(metadata, sealer) | {"AccessKeyLastUsed": used}
            document["AccessKeyMetadata"].append(entry)


def _last_used(iam: Any, key_id: str, document: dict[str, Any]) -> None:
    document |= iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]


def _pages(call: Callable[..., Mapping[str, Any]], **arguments: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of a listing. RepeatedMarker where they do not come to an end."""
    seen: set[str] = set()
    while len(seen) < _MOST_PAGES:
        page = call(**arguments)
        yield page
        if not page.get("IsTruncated"):
            return
        marker = page.get("Marker")
        if not marker or marker in seen:
            break
        seen.add(marker)
        arguments["Marker"] = marker
    raise RepeatedMarker


# --- running ---------------------------------------------------------------------------------


def _run(
    jobs: Iterable[_Job],
    step: str,
    settings: Settings,
    collecting: Collecting,
    *,
    again: bool = False,
) -> None:
    """Run the jobs side by side and save each document as it comes.

    What is complete already is not read, but for `again`; it is never lost to a later failure.
    """
    snapshot, progress = collecting.snapshot, collecting.progress
    wanted = list(jobs)
    complete = {job.key for job in wanted if is_complete(snapshot.load(job.key))}
    todo = [job for job in wanted if again or job.key not in complete]
    progress.start(step, len(todo))
    pool = ThreadPoolExecutor(settings.parallel)
    try:
        running = {pool.submit(_read, job.fill): job.key for job in todo}
        for done in as_completed(running):
            key, document = running.pop(done), done.result()
            if key not in complete or is_complete(document):
                snapshot.save(key, document)
            progress.advance()
    finally:
        pool.shutdown(cancel_futures=True)


def _read(fill: Fill) -> dict[str, Any]:
    """Return the filled document, with the refusal beside what was read before it."""
    document: dict[str, Any] = {}
    try:
        fill(document)
    except AuditorError:
        raise
    except Exception as error:  # noqa: BLE001 (the wrapper that turns an error into a Gap)
        document |= refusal(error)
    return clean(document)
