"""Reads CloudTrail's event history: 90 days of management events, in every region.

It is asked by one attribute at a time, two requests a second and region, 50 events a page.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html

A session names only its own key: the calls that handed it out are in the history of the user or
role, and the key is followed from there. Only what hunts ask about is kept of an event.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

from auditor import nesting
from auditor.collecting import Collecting, Snapshot, Sought
from auditor.models import Gap, Json
from auditor.providers.aws import gaps, parts
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import ACCOUNTS, LIMIT, is_complete, text
from auditor.providers.aws.jobs import Job, pages, run
from auditor.providers.aws.records import KEY_ID, chosen, handed_out, sealed
from auditor.providers.aws.regions import enabled_regions
from auditor.providers.aws.settings import Settings
from auditor.tails import Sealer

PREFIX = "logs/aws/history/"
"""logs/aws/history/<account>/<region>/<whom>: "Events" as LookupEvents answers, "Region", "Whom",
"Since", "Until", how many keys they show were "Issued", and whether those were "Followed"."""
PAUSE = 0.5
MOST_PAGES = 400
"""Pages of one question: 20,000 events, three minutes."""
MOST_SESSIONS = 500
"""Sessions followed in one account, of each round of sessions of sessions."""
DEEPEST = 5
"""Sessions of sessions: roles that assume roles."""
_HISTORY = timedelta(days=90)
_FRESH = timedelta(hours=1)
"""An answer that ends this little before what is asked is not asked for again."""
_LONGEST_SESSION = timedelta(hours=36)
_ARN = re.compile(r"arn:[^:]+:iam::(\d{12}):(user|role)/(?:.*/)?([^/]+)")
_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")


@dataclass(frozen=True, slots=True)
class Question:
    """One attribute to ask the history for, and the time."""

    attribute: str
    value: str = field(repr=False)
    since: datetime
    until: datetime

    def whom(self, sealer: Sealer) -> str:
        """Return the name of its document, which holds no key id."""
        is_key = self.attribute == "AccessKeyId"
        value = sealer.key_name(self.value) if is_key else self.value
        return f"{self.attribute} {value}".replace("/", "%2F")


class Pace:
    """Lets a call begin every so many seconds, whoever makes it."""

    def __init__(self, pause: float) -> None:
        """Begin at once, then pause."""
        self._pause = pause
        self._next = 0.0
        self._lock = Lock()

    def wait(self) -> None:
        """Return when it is time."""
        with self._lock:
            now = time.monotonic()
            begin = max(self._next, now)
            self._next = begin + self._pause
        time.sleep(begin - now)


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    entered: Mapping[str, Clients],
    pause: float = PAUSE,
    most_sessions: int = MOST_SESSIONS,
) -> None:
    """Read what the history of every account shows of these names."""
    since = max(sought.since, collecting.now - _HISTORY)
    for account, clients in entered.items():
        asked = list(questions(sought.names, account, since, sought.until))
        if asked:
            _Account(account, clients, settings, collecting, pause, most_sessions).read(asked)


def questions(
    names: Collection[str], account: str, since: datetime, until: datetime
) -> Iterator[Question]:
    """Yield what to ask an account's history for these names; one of another account is nothing.

    Calls of a role's sessions are found through the AssumeRole calls that name the role.
    """
    for name in sorted(set(names)):
        if found := _attribute(name, account):
            yield Question(*found, since, until)


def _attribute(name: str, account: str) -> tuple[str, str] | None:
    """Return by which attribute an account's history is asked for a name, and its value."""
    if KEY_ID.fullmatch(name):
        return "AccessKeyId", name
    if (arn := _ARN.fullmatch(name)) and arn[1] == account:
        return ("Username", arn[3]) if arn[2] == "user" else ("ResourceName", name)
    if (root := _ROOT.fullmatch(name)) and root[1] == account:
        return "Username", "root"
    return None


def askable(names: Collection[str], snapshot: Snapshot, further: Collection[str] = ()) -> set[str]:
    """Return the names that may be asked about: keys, and identities of accounts entered.

    And of `further` accounts, whose events other logs hold.
    """
    accounts = accounts_entered(snapshot) | set(further)
    return {name for name in names for account in accounts if _attribute(name, account)}


def accounts_entered(snapshot: Snapshot) -> set[str]:
    """Return the ids of the accounts that let the audit in."""
    documents = (snapshot.load(key) for key in snapshot.keys(ACCOUNTS))
    return {text(document, "Account") for document in documents} - {""}


class _Account:
    def __init__(
        self,
        account: str,
        clients: Clients,
        settings: Settings,
        collecting: Collecting,
        pause: float,
        most: int,
    ) -> None:
        self._account, self._clients, self._settings = account, clients, settings
        self._collecting, self._pause, self._most = collecting, pause, most
        self._issued: dict[str, datetime] = {}
        self._paces: dict[str, Pace] = {}
        self._asked: list[str] = []

    def read(self, asked: list[Question]) -> None:
        """Ask every region, then for the keys that the answers show were handed out."""
        regions = enabled_regions(self._account, self._clients, self._settings, self._collecting)
        done: set[str] = set()
        for _ in range(DEEPEST):
            # The limit is each region's own: neighbours in the queue do not wait for one another.
            pairs = [(self._job(region, one), one) for one in asked for region in regions]
            todo = [job for job, one in pairs if self._is_open(job.key, one)]
            self._asked += [job.key for job in todo]
            step = f"asking CloudTrail of {self._account}"
            run(todo, step, self._settings, self._collecting, again=True)
            done |= {question.value for question in asked}
            sessions = [key for key in self._issued if key not in done]
            asked = [self._of_session(key, asked[0].until) for key in sessions[: self._most]]
            if not asked:
                break
        if left := len(self._issued.keys() - done):
            self._say_left(left)
        self._close()

    def _say_left(self, left: int) -> None:
        """Leave a refusal for sessions that were not followed: they are not seen."""
        message = f"{left} sessions were not followed: at most {self._most} are, {DEEPEST} deep"
        key = f"{PREFIX}{self._account}/all regions/further sessions"
        self._collecting.snapshot.save(key, {"error": LIMIT, "message": message})

    def _is_open(self, key: str, question: Question) -> bool:
        """Say whether a question must be asked: for the first time, of more time, or once more.

        Answers are kept without the keys that they handed out: whoever was interrupted before all
        were followed has lost them.
        """
        document = self._collecting.snapshot.load(key)
        if not is_complete(document) or not document:
            return True
        covered = (
            text(document, "Since") <= question.since.isoformat()
            and text(document, "Until") >= (question.until - _FRESH).isoformat()
        )
        return not covered or bool(document.get("Issued") and not document.get("Followed"))

    def _close(self) -> None:
        """Write down that what the answers handed out was followed."""
        snapshot = self._collecting.snapshot
        for key in self._asked:
            document = snapshot.load(key)
            if isinstance(document, dict) and document.get("Issued"):
                snapshot.save(key, {**document, "Followed": True})

    def _of_session(self, key: str, until: datetime) -> Question:
        begin = self._issued[key]
        return Question("AccessKeyId", key, begin, min(begin + _LONGEST_SESSION, until))

    def _job(self, region: str, question: Question) -> Job:
        whom = question.whom(self._collecting.sealer)
        key = f"{PREFIX}{self._account}/{region}/{whom}"
        return Job(key, partial(self._ask, region, question))

    def _ask(self, region: str, question: Question, document: dict[str, Any]) -> None:
        sealer = self._collecting.sealer
        document |= {"Region": region, "Whom": question.whom(sealer), "Events": []}
        document |= {"Since": question.since.isoformat(), "Until": question.until.isoformat()}
        document["Issued"] = 0
        pace = self._paces.setdefault(region, Pace(self._pause))
        client = self._clients.other("cloudtrail", region)
        call = partial(_paced, pace, client.lookup_events)
        wanted = {
            "LookupAttributes": [
                {"AttributeKey": question.attribute, "AttributeValue": question.value}
            ],
            "StartTime": question.since,
            "EndTime": question.until,
        }
        for number, page in enumerate(pages(call, "NextToken", "NextToken", **wanted), 1):
            for event in page.get("Events", ()):
                record = nesting.loads(event["CloudTrailEvent"])
                document["Issued"] += self._note_issued(record)
                kept = json.dumps(sealed(chosen(record), sealer))
                document["Events"].append({"EventId": event["EventId"], "CloudTrailEvent": kept})
            if number == MOST_PAGES and page.get("NextToken"):
                message = f"only the latest {MOST_PAGES * 50} events were read"
                document |= {"error": LIMIT, "message": message}
                return

    def _note_issued(self, record: Json) -> int:
        """Remember the keys that a call handed out; return how many."""
        keys = handed_out(record)
        for key in keys:
            self._issued.setdefault(key, datetime.fromisoformat(record["eventTime"]))
        return len(keys)


def gaps_of(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Return what of event histories could not be read, one gap an account and reason."""
    by_account: dict[str, dict[str, Json | None]] = {}
    for key in snapshot.keys(PREFIX):
        document = snapshot.load(key)
        if not is_complete(document):
            account, region, whom = key.removeprefix(PREFIX).split("/", 2)
            by_account.setdefault(account, {})[f"{whom} in {region}"] = document
    return tuple(
        gap
        for account, documents in by_account.items()
        for gap in gaps.gaps_of_each(account, parts.HISTORY, documents)
    )


def _paced(pace: Pace, call: Callable[..., Mapping[str, Any]], **arguments: Any) -> Any:
    pace.wait()
    return call(**arguments)
