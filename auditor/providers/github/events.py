"""Reads the audit log of organisations, a day at a time: git events reach back 7 days only.

https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/orgs#get-the-audit-log-for-an-organization
Where every name is a login, days without git events are asked for these actors alone, in one
question each; deploy keys and tokens are no actors, and for them everybody's events are read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.logfields import reviewed
from auditor.models import Gap, Json
from auditor.providers.github import parts
from auditor.providers.github.client import Calls
from auditor.providers.github.documents import clean, is_complete, refusal
from auditor.providers.github.gaps import gaps_of_many
from auditor.providers.github.login import log_in
from auditor.providers.github.refusals import Refused
from auditor.providers.github.settings import Settings

PREFIX = "logs/github/"
"""logs/github/<organisation>/<day, or actor and days>: "events" as the audit log has them, cut to
what hunts ask."""
MOST_PAGES = 100
"""Pages of one question: 10,000 events."""
KEPT_DAYS, GIT_DAYS = 180, 7
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?(?:\[bot\])?")
_OTHERS = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{12,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)
"""What has the letters of a login, and is another vendor's: access keys, application ids."""
_SETTLES = timedelta(days=2)
"""Events come late: a day is read again until it lies this far back."""
_COLUMNS = (
    "@timestamp", "created_at", "_document_id", "action", "actor", "actor_ip", "actor_location",
    "user_agent", "hashed_token", "org", "repo", "repository", "url_path",
    "public_key_fingerprint", "fingerprint", "key_fingerprint", "application_client_id",
    "integration_id",
)  # fmt: skip


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    most_pages: int = MOST_PAGES,
) -> str:
    """Read what the window holds of every configured organisation; return the prefix."""
    since = max(sought.since, collecting.now - timedelta(days=KEPT_DAYS))
    jobs = list(_jobs(settings, actors(sought.names), since, sought.until, collecting))
    try:
        calls = Calls(settings, log_in(settings))
    except Refused as refused:
        for key, _, _ in jobs:
            collecting.snapshot.save(key, refused.document)
        return PREFIX
    collecting.progress.start("reading GitHub's audit log", len(jobs))
    pool = ThreadPoolExecutor(settings.parallel, "github-events")
    try:
        running = {pool.submit(_read, calls, org, said, most_pages): key for key, org, said in jobs}
        for done in as_completed(running):
            collecting.snapshot.save(running.pop(done), done.result())
            collecting.progress.advance()
    finally:
        pool.shutdown(cancel_futures=True)
    return PREFIX


def gaps_of(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Return what of audit logs could not be read, one gap an organisation and reason."""
    by_organization: dict[str, dict[str, Json | None]] = {}
    for key in snapshot.keys(PREFIX):
        document = snapshot.load(key)
        if not is_complete(document):
            organization, day = key.removeprefix(PREFIX).split("/", 1)
            by_organization.setdefault(organization, {})[day] = document
    return tuple(
        gap
        for organization, documents in by_organization.items()
        for gap in gaps_of_many(organization, parts.AUDIT_LOG, documents)
    )


def askable(names: Collection[str]) -> set[str]:
    """Return the names that may be GitHub's: logins, and what an owner and a path name."""
    return {
        name
        for name in names
        if not _OTHERS.fullmatch(name) and _LOGIN.fullmatch(name.partition("/")[0])
    }


def actors(names: Collection[str]) -> list[str]:
    """Return the logins to ask for; none where others than actors are looked for, too."""
    mine = askable(names)
    return sorted(mine) if all(map(_LOGIN.fullmatch, mine)) else []


def _jobs(
    settings: Settings, logins: list[str], since: datetime, until: datetime, collecting: Collecting
) -> Iterator[tuple[str, str, str]]:
    """Yield name, organisation and phrase of every document that must be read."""
    settled = (collecting.now - _SETTLES).date()
    last = min(until, collecting.now).date()
    recent = (collecting.now - timedelta(days=GIT_DAYS + 1)).date()
    old = min(last, recent - timedelta(days=1))
    for organization in settings.organizations:
        day = since.date()
        if 0 < len(logins) <= (old - day).days:
            for login in logins:
                key = f"{PREFIX}{organization}/{login} {day.isoformat()} {old.isoformat()}"
                if not is_complete(collecting.snapshot.load(key)):
                    span = f"{day.isoformat()}..{old.isoformat()}"
                    yield key, organization, f"actor:{login} created:{span}"
            day = recent
        while day <= last:
            key = f"{PREFIX}{organization}/{day.isoformat()}"
            if day > settled or not is_complete(collecting.snapshot.load(key)):
                yield key, organization, f"created:{day.isoformat()}"
            day += timedelta(days=1)


def _read(calls: Calls, organization: str, phrase: str, most_pages: int) -> dict[str, Any]:
    """Return the events of a phrase, with the refusal beside what was read before it."""
    query = {"include": "all", "phrase": phrase}
    part = replace(parts.AUDIT_LOG, query=query, follow=True)
    document: dict[str, Any] = {"events": []}
    events: list[Json] = document["events"]
    pages = calls.pages(part, {"org": organization})
    try:
        for page in islice(pages, most_pages):
            events += [_kept(event) for event in page if isinstance(event, dict)]
        if next(pages, None) is not None:
            why = f"only the latest {len(events)} events of {phrase} were read"
            document |= refusal("Budget", why)
    except Refused as error:
        document |= error.document
    return document


def _kept(event: Mapping[str, Json]) -> Json:
    """Return the fields of an event that hunts ask about: others may hold a hook's secret."""
    return clean({name: event[name] for name in _fields() if name in event})


@cache
def _fields() -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_COLUMNS, *reviewed("github"))))
