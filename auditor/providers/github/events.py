"""Reads the audit log of organisations, a day at a time: git events reach back 7 days only.

https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/orgs#get-the-audit-log-for-an-organization
Not the named identities alone are asked for: deploy keys and tokens are no actors, and a phrase
finds no git events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from auditor.collecting import Collecting, Snapshot
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
"""logs/github/<organisation>/<day>: "events" as the audit log has them, cut to what hunts ask."""
MOST_PAGES = 100
"""Pages of a day: 10,000 events."""
_KEPT_FOR = timedelta(days=180)
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
    since: datetime,
    until: datetime,
    collecting: Collecting,
    most_pages: int = MOST_PAGES,
) -> str:
    """Read what the window holds of every configured organisation; return the prefix."""
    jobs = list(_jobs(settings, max(since, collecting.now - _KEPT_FOR), until, collecting))
    try:
        calls = Calls(settings, log_in(settings))
    except Refused as refused:
        for key, _, _ in jobs:
            collecting.snapshot.save(key, refused.document)
        return PREFIX
    collecting.progress.start("reading GitHub's audit log", len(jobs))
    pool = ThreadPoolExecutor(settings.parallel, "github-events")
    try:
        running = {pool.submit(_read, calls, org, day, most_pages): key for key, org, day in jobs}
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


def _jobs(
    settings: Settings, since: datetime, until: datetime, collecting: Collecting
) -> Iterator[tuple[str, str, date]]:
    """Yield name, organisation and day of every document that must be read."""
    settled = (collecting.now - _SETTLES).date()
    for organization in settings.organizations:
        day = since.date()
        while day <= min(until, collecting.now).date():
            key = f"{PREFIX}{organization}/{day.isoformat()}"
            if day > settled or not is_complete(collecting.snapshot.load(key)):
                yield key, organization, day
            day += timedelta(days=1)


def _read(calls: Calls, organization: str, day: date, most_pages: int) -> dict[str, Any]:
    """Return a day's events, with the refusal beside what was read before it."""
    query = {"include": "all", "phrase": f"created:{day.isoformat()}"}
    part = replace(parts.AUDIT_LOG, query=query, follow=True)
    document: dict[str, Any] = {"events": []}
    events: list[Json] = document["events"]
    pages = calls.pages(part, {"org": organization})
    try:
        for page in islice(pages, most_pages):
            events += [_kept(event) for event in page if isinstance(event, dict)]
        if next(pages, None) is not None:
            why = f"only the latest {len(events)} events of the day were read"
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
