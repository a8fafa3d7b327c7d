"""Reads what audit logs show of service accounts and keys, a day at a time, as quotas allow.

https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
Reads of log entries: 60 a minute and project, https://docs.cloud.google.com/logging/quotas

A place that refuses would make a request for many refuse, so each is tried alone first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.logfields import Fields, pruned, reviewed, tree
from auditor.models import Gap, Json
from auditor.providers.gcp.client import Clients
from auditor.providers.gcp.collect import enter, resources_job
from auditor.providers.gcp.documents import document_key, entries, is_complete, refusal, text
from auditor.providers.gcp.estate import read_estate
from auditor.providers.gcp.gaps import gap_of
from auditor.providers.gcp.jobs import Job, Pace, pages, read, run
from auditor.providers.gcp.names import project_of_account
from auditor.providers.gcp.settings import Settings
from auditor.tails import Sealer

PREFIX = "logs/gcp/"
"""logs/gcp/access/<place>: whether it may be read. logs/gcp/<day>/<number>: "entries", cut to what
hunts ask, and what was "asked", as a digest."""
PER_MINUTE = 50
MOST_ENTRIES = 20_000
"""Entries of one day and question: twenty pages."""
LOGS = ("activity", "data_access", "policy", "system_event")
_ENTRY_NAME = "Google Cloud"
_PLACES, _NAMES, _PAGE = 100, 60, 1000
"""Places that a request may name; names that keep its filter below 20,000 characters."""
_ENDLESS = 1_000_000
KEPT_DAYS, DATA_DAYS = 400, 30
"""https://docs.cloud.google.com/logging/quotas#logs_retention_periods"""
_KEPT_FOR = timedelta(days=KEPT_DAYS)
_SETTLES = timedelta(days=2)
"""Entries come late: a day is read again until it lies this far back."""
_KEY_ID = re.compile(r"\b[0-9a-f]{40}\b")
_WHO = "protoPayload.authenticationInfo"
_ABOUT = (
    ("principalEmail", "="),
    ("principalSubject", ":"),
    ("serviceAccountKeyName", ":"),
    ("serviceAccountDelegationInfo.firstPartyPrincipal.principalEmail", "="),
    ("serviceAccountDelegationInfo.principalSubject", ":"),
)
_ENTRY = (
    "logName", "timestamp", "insertId", "severity", "resource.type", "resource.labels.project_id",
    "resource.labels.location", "resource.labels.zone", "resource.labels.region",
)  # fmt: skip
_PAYLOAD = (
    "methodName", "serviceName", "resourceName", "status.code", "status.message",
    "authorizationInfo", "requestMetadata.callerIp", "requestMetadata.callerSuppliedUserAgent",
    "authenticationInfo.principalEmail", "authenticationInfo.serviceAccountKeyName",
)  # fmt: skip


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    pace: Pace | None = None,
    most_entries: int = MOST_ENTRIES,
) -> str:
    """Read what the window holds of these names, wherever it may be read; return the prefix."""
    wanted = sorted(filter(is_asked, set(sought.names)))
    if not wanted or not settings.live:
        return PREFIX
    document, entered = enter(settings)
    collecting.snapshot.save(f"{PREFIX}access/{_ENTRY_NAME}", {"entries": [], **document})
    if entered is None:
        return PREFIX
    clients, scopes = entered
    reader = _Reader(clients, collecting, pace or Pace(PER_MINUTE, _ENDLESS), most_entries)
    try:
        run(
            (resources_job(clients, scope) for scope in scopes),
            "listing Google Cloud projects", settings.parallel, collecting,
        )  # fmt: skip
        readable = reader.readable(_places(scopes, wanted, collecting.snapshot))
        reader.read(readable, wanted, max(sought.since, collecting.now - _KEPT_FOR), sought.until)
    finally:
        clients.close()
    return PREFIX


def is_asked(name: str) -> bool:
    """Say whether a name may stand in Google's audit logs: of an account, a key, a principal."""
    is_email = "@" in name and "/" not in name
    return is_email or "/keys/" in name or bool(_KEY_ID.fullmatch(name)) or _is_principal(name)


def _is_principal(name: str) -> bool:
    return name.startswith(("principal://", "principalSet://"))


def _places(scopes: Iterable[str], names: Iterable[str], snapshot: Snapshot) -> list[str]:
    """Return every project that is known of, and what is above: accounts act in any of them."""
    estate = read_estate(snapshot)
    homes = {estate.project_id(project_of_account(name)) for name in names} - {""}
    projects = {f"projects/{project}" for project in {*estate.projects, *homes} - {""}}
    return sorted({*projects, *estate.above_projects, *scopes})


class _Reader:
    """One collection: whom to ask how fast."""

    def __init__(self, clients: Clients, collecting: Collecting, pace: Pace, most: int) -> None:
        self._clients, self._collecting = clients, collecting
        self._pace, self._most = pace, most

    def readable(self, places: Sequence[str]) -> list[str]:
        """Return the places whose logs may be read; a refusal is kept for each other."""
        snapshot, progress = self._collecting.snapshot, self._collecting.progress
        progress.start("trying Google Cloud's audit logs", len(places))
        found = []
        for place in places:
            document = read(partial(self._try, place))
            snapshot.save(f"{PREFIX}access/{quote(place, safe='')}", document)
            found += [place] if is_complete(document) else []
            progress.advance()
        return found

    def read(
        self, places: Sequence[str], names: Sequence[str], since: datetime, until: datetime
    ) -> None:
        """Read the days that are not there yet, or still change."""
        jobs = list(self._jobs(places, names, since, until))
        snapshot, progress = self._collecting.snapshot, self._collecting.progress
        minutes = len(jobs) // PER_MINUTE
        last = f", which takes {minutes} minutes or more" if minutes > 1 else ""
        progress.start(f"reading Google Cloud's audit logs{last}", len(jobs))
        for job in jobs:
            snapshot.save(job.key, read(job.fill))
            progress.advance()

    def _jobs(
        self, places: Sequence[str], names: Sequence[str], since: datetime, until: datetime
    ) -> Iterator[Job]:
        now, snapshot = self._collecting.now, self._collecting.snapshot
        asked = [(p, n) for p in _parts(places, _PLACES) for n in _parts(names, _NAMES)]
        day = since.date()
        while asked and day <= min(until, now).date():
            for number, (some, whom) in enumerate(asked):
                about = _filter(whom, day)
                digest = hashlib.sha256(f"{some} {about}".encode()).hexdigest()
                key = f"{PREFIX}{day.isoformat()}/{number}"
                known = snapshot.load(key)
                settled = day <= (now - _SETTLES).date()
                if not (settled and is_complete(known) and text(known, "asked") == digest):
                    yield Job(key, partial(self._entries, some, about, digest))
            day += timedelta(days=1)

    def _try(self, place: str, document: dict[str, Any]) -> None:
        document["entries"] = []
        self._pace.wait()
        nothing = 'timestamp>="2999-01-01T00:00:00Z"'
        asked = {"resource_names": [place], "filter": nothing, "page_size": 1}
        self._clients.logs.list_log_entries(request=asked, **self._clients.bounds)

    def _entries(
        self, places: Sequence[str], about: str, digest: str, document: dict[str, Any]
    ) -> None:
        document |= {"asked": digest, "entries": []}
        asked = {
            "resource_names": list(places),
            "filter": about,
            "order_by": "timestamp desc",
            "page_size": _PAGE,
        }
        call = partial(self._clients.logs.list_log_entries, request=asked, **self._clients.bounds)
        seal = partial(_sealed, self._collecting.sealer)
        for page in pages(SimpleNamespace(pages=_paced(call, self._pace))):
            if len(document["entries"]) >= self._most:
                why = f"only the latest {len(document['entries'])} entries of the day were read"
                document |= refusal("Budget", why)
                return
            found = page.get("entries", ())
            document["entries"] += [seal(pruned(entry, _fields())) for entry in found]


def _parts(names: Sequence[str], most: int) -> list[Sequence[str]]:
    return [names[start : start + most] for start in range(0, len(names), most)]


def _paced(call: Callable[[], Any], pace: Pace) -> Iterator[Any]:
    """Yield the pages of a listing that can be told as JSON, each asked for in its turn."""
    pace.wait()
    for page in call().pages:
        yield _tellable(page)
        if page.next_page_token:
            pace.wait()


def _tellable(page: Any) -> Any:
    """Return a page without the parts of services whose messages are not installed.

    `serviceData` is any message: BigQuery's, say, has none here and would make the page unreadable.
    """
    from google.cloud.audit import audit_log_pb2  # noqa: PLC0415
    from google.iam.v1.logging import (  # type: ignore[import-untyped]  # noqa: PLC0415
        audit_data_pb2,
    )

    for entry in type(page).pb(page).entries:
        audit = audit_log_pb2.AuditLog()
        if not entry.proto_payload.Unpack(audit):
            continue
        if not audit.service_data.Is(audit_data_pb2.AuditData.DESCRIPTOR):
            audit.ClearField("service_data")
            entry.proto_payload.Pack(audit)
    return page


def _filter(names: Iterable[str], day: date) -> str:
    """Return the filter of one day's entries that name one of these as who acted.

    https://docs.cloud.google.com/logging/docs/view/logging-query-language
    """
    logs = " OR ".join(f'log_id("cloudaudit.googleapis.com/{log}")' for log in LOGS)
    whom = " OR ".join(map(_quoted, names))
    about = " OR ".join(f"{_WHO}.{name}{sign}({whom})" for name, sign in _ABOUT)
    begin, end = day.isoformat(), (day + timedelta(days=1)).isoformat()
    window = f'timestamp>="{begin}T00:00:00Z" AND timestamp<"{end}T00:00:00Z"'
    return f"({logs}) AND {window} AND ({about})"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@cache
def _fields() -> Fields:
    names = [name for name in reviewed("gcp") if name != "severity"]
    return tree((*_ENTRY, *(f"protoPayload.{name}" for name in (*_PAYLOAD, *names))))


def _sealed(sealer: Sealer, value: Json) -> Json:
    """Return the same JSON with every key id under its name."""
    if isinstance(value, str):
        return _KEY_ID.sub(lambda found: sealer.key_name(found[0]), value)
    if isinstance(value, dict):
        return {name: _sealed(sealer, item) for name, item in value.items()}
    return [_sealed(sealer, item) for item in value] if isinstance(value, list) else value


def gaps_of(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Return what of audit logs could not be read, one gap a reason."""
    refused: dict[str, list[str]] = {}
    worded: dict[str, Json] = {}
    shown: set[str] = set()
    asked = False
    for key in snapshot.keys(PREFIX):
        document = snapshot.load(key)
        where, _, name = key.removeprefix(PREFIX).partition("/")
        asked = asked or where != "access"
        shown |= {text(entry, "logName") for entry in entries(document, "entries")}
        if not is_complete(document):
            error = text(document, "error")
            refused.setdefault(error, []).append(_said(where, name))
            worded.setdefault(error, document)
    gaps = [gap_of("history", worded[error], sorted(set(all_))) for error, all_ in refused.items()]
    if asked and not any(name.endswith("data_access") for name in shown):
        gaps.append(_NO_DATA_ACCESS)
    return (*gaps, *_of_places(snapshot))


def _said(where: str, name: str) -> str:
    return name.replace("%2F", "/") if where == "access" else where


def _of_places(snapshot: Snapshot) -> Iterator[Gap]:
    """Yield a gap where it is not known which projects there are: their logs were not asked."""
    refused = {key: snapshot.load(key) for key in snapshot.keys(document_key("assets") + "/")}
    for key, document in refused.items():
        if not is_complete(document):
            scope = key.partition("/assets/")[2].replace("%2F", "/")
            unknown = gap_of("assets", document, [scope])
            yield replace(unknown, what=f"audit logs of projects of {scope} that are not known")


_NO_DATA_ACCESS = Gap(
    what="entries of data access in Google Cloud's audit logs",
    why="none was shown: nothing was read so, it is not logged, or it is kept from the audit, "
    "which Google does not say",
    fix="grant logging.privateLogEntries.list to the audit's identity, enable data access logs, "
    "and run again",
    source="gcp",
)
