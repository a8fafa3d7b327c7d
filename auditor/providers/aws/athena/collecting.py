"""Asks the tables of the settings for named identities' events, and for those of their sessions.

What it would take is said before anything is scanned. A query that was begun is written down at
once: an interrupted run reads its result, for Athena keeps it for a day. Only what hunts ask about
is kept of an event.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from auditor.collecting import Collecting, Sought
from auditor.providers.aws.athena import measuring, planning
from auditor.providers.aws.athena.planning import Plan, Refused
from auditor.providers.aws.athena.running import Runner
from auditor.providers.aws.athena.sql import accounts_of, askable, batches, statement
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import account_key, clean, is_complete, parse_time, text
from auditor.providers.aws.jobs import read
from auditor.providers.aws.records import KEY_ID, chosen, handed_out, sealed
from auditor.providers.aws.settings import AthenaTable, Settings

TABLES = "aws/athena-tables/"
"""aws/athena-tables/<account>/<region>/<table>: what was learned of it, asked and answered."""
_QUERIES = "aws/athena-queries/"
"""aws/athena-queries/<account>/<region>/<table>/<whose>: the id of the query, and of which time."""
PREFIX = "logs/aws/athena/"
"""logs/aws/athena/<account>/<region>/<table>/<whose>/<page>: "Records", as trails have them."""
PAUSE = 1.0
MOST_SESSIONS = 20_000
"""Sessions followed of one table, of each round of sessions of sessions."""
DEEPEST = 5
_FRESH = timedelta(hours=1)
"""An answer that ends this little before what is asked is not asked for again."""
_KEPT = timedelta(hours=23)
"""Athena keeps a result for 24 hours."""


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    entered: Mapping[str, Clients],
    pause: float = PAUSE,
    seconds: float | None = None,
) -> None:
    """Ask every table that the settings name, where some of the names are AWS's.

    A table that was asked for all these names and this time is not asked again.
    """
    mine = askable(sought.names)
    limit = settings.athena_minutes * 60.0 if seconds is None else seconds
    for one in settings.athena if mine or not sought.names else ():
        account = _account(one, settings, collecting)
        region = one.region or settings.region
        where = f"{account or 'unknown'}/{region}/{one.table}"
        asking = _Asking(
            one, where, region, mine, sought.since, sought.until, settings, collecting, pause, limit
        )
        if not asking.answered():
            fill = partial(asking.fill, entered.get(account))
            collecting.snapshot.save(f"{TABLES}{where}", read(fill))


def _account(one: AthenaTable, settings: Settings, collecting: Collecting) -> str:
    """Return the id of the account that is asked, "" where it did not let the audit in."""
    label = one.account or next((account.label for account in settings.live), "")
    return text(collecting.snapshot.load(account_key(label)), "Account")


@dataclass
class _Asking:
    """One table: whom it is asked about, and what its answers show."""

    one: AthenaTable
    where: str
    region: str
    names: list[str]
    since: datetime
    until: datetime
    settings: Settings
    collecting: Collecting
    pause: float
    limit: float
    issued: dict[str, datetime] = field(default_factory=dict)
    """Keys of sessions that events handed out, with the time."""
    done: set[str] = field(default_factory=set)

    @property
    def _known(self) -> list[str]:
        return [self._named(name) for name in self.names]

    def _named(self, name: str) -> str:
        return self.collecting.sealer.key_name(name) if KEY_ID.fullmatch(name) else name

    def answered(self) -> bool:
        """Say whether an earlier answer holds all that is asked now."""
        document = self.collecting.snapshot.load(f"{TABLES}{self.where}")
        if not isinstance(document, dict) or not is_complete(document):
            return False
        return self._covers(document) and set(self._known) <= set(document["Names"])

    def _covers(self, document: Mapping[str, Any]) -> bool:
        since, until = self.since.isoformat(), (self.until - _FRESH).isoformat()
        return text(dict(document), "Since") <= since and text(dict(document), "Until") >= until

    def fill(self, clients: Clients | None, document: dict[str, Any]) -> None:
        """Ask the table, and put what came of it into its document."""
        document |= {"Table": self.one.table, "Region": self.region, "Names": self._known}
        document |= {"Workgroup": self.one.workgroup}
        document |= {"Since": self.since.isoformat(), "Until": self.until.isoformat()}
        document |= {"Queries": 0, "Scanned": 0, "Events": 0, "First": "", "Last": ""}
        document |= {"Accounts": [], "NotFollowed": 0}
        if not self.names:
            document |= {"error": "Nobody", "message": "it is asked of named identities alone"}
            return
        if clients is None:
            document |= {"error": "NotEntered", "message": "its account did not let the audit in"}
            return
        try:
            self._ask(clients, document)
        except Refused as refused:
            document |= {"error": refused.code, "message": refused.why}

    def _ask(self, clients: Clients, document: dict[str, Any]) -> None:
        athena = clients.other("athena", self.region)
        workgroup = athena.get_work_group(WorkGroup=self.one.workgroup)["WorkGroup"]
        planning.check(workgroup)
        document["Cutoff"] = workgroup["Configuration"].get("BytesScannedCutoffPerQuery")
        accounts = accounts_of(self.names)
        learned = partial(measuring.learn, clients, self.region, self.one.table, accounts)
        plan = Plan(learned(self.since, self.until, document), document)
        most = self.settings.athena_gigabytes << 30
        self.collecting.progress.note(planning.lines(plan, most))
        runner = Runner(athena, self.one.workgroup, time.monotonic() + self.limit, self.pause)
        asked, since = self.names, self.since
        for _ in range(DEEPEST):
            for part in batches(sorted(asked)):
                planning.afford(plan, document["Scanned"], most)
                self._run(runner, plan, part, since, document, most)
            self.done |= set(asked)
            fresh = sorted(self.issued.keys() - self.done, key=self.issued.__getitem__)
            asked = fresh[:MOST_SESSIONS]
            if not asked:
                return
            since = max(self.since, self.issued[asked[0]])
        document["NotFollowed"] = len(self.issued.keys() - self.done)

    def _run(
        self,
        runner: Runner,
        plan: Plan,
        names: Sequence[str],
        since: datetime,
        document: dict[str, Any],
        most: int,
    ) -> None:
        """Run one query, or read again what it answered, and keep its events."""
        whose = self._whose(names)
        query = self._begun(runner, whose) or self._begin(runner, plan, names, since, whose)
        document["Queries"] += 1
        document["Scanned"] += runner.wait(query, most - document["Scanned"])
        for number, records in enumerate(runner.rows(query)):
            self._note(records, document)
            kept = [sealed(chosen(record), self.collecting.sealer) for record in records]
            key = f"{PREFIX}{self.where}/{whose}/{number:04}"
            self.collecting.snapshot.save(key, clean({"Records": kept}))

    def _whose(self, names: Sequence[str]) -> str:
        """Return what tells a query from others; of keys only what is kept of them goes into it."""
        told = "\n".join((self.one.workgroup, *map(self._named, names)))
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def _begun(self, runner: Runner, whose: str) -> str:
        """Return the query of an earlier run whose result can still be read, "" without one."""
        document = self.collecting.snapshot.load(f"{_QUERIES}{self.where}/{whose}")
        if not isinstance(document, dict) or not self._covers(document):
            return ""
        if document["Started"] < (self.collecting.now - _KEPT).isoformat():
            return ""
        query = text(document, "QueryExecutionId")
        return query if runner.alive(query) else ""

    def _begin(
        self, runner: Runner, plan: Plan, names: Sequence[str], since: datetime, whose: str
    ) -> str:
        runner.check_time("no further query was begun")
        self.collecting.progress.start(f"asking Athena table {self.one.table}")
        query = runner.start(statement(plan.table, list(names), since, self.until))
        told = {"QueryExecutionId": query, "Started": self.collecting.now.isoformat()}
        told |= {"Since": self.since.isoformat(), "Until": self.until.isoformat()}
        self.collecting.snapshot.save(f"{_QUERIES}{self.where}/{whose}", told)
        return query

    def _note(self, records: Sequence[Mapping[str, Any]], document: dict[str, Any]) -> None:
        """Count events, and remember the keys that they handed out."""
        for record in records:
            moment = text(dict(record), "eventTime")
            document["Events"] += 1
            document["First"] = min(document["First"] or moment, moment)
            document["Last"] = max(document["Last"], moment)
            account = text(dict(record), "recipientAccountId")
            if account and account not in document["Accounts"]:
                document["Accounts"].append(account)
            for key in handed_out(record):
                self.issued.setdefault(key, parse_time(moment) or self.since)
