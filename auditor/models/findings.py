"""What the logs show that identities did: stories, and how far the logs could see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.models.known import Gap
from auditor.models.score import Severity


class Strength(StrEnum):
    """How telling the signals of a story are together, whoever's story it is."""

    STRONG = "strong"
    MODERATE = "moderate"


@dataclass(frozen=True, slots=True)
class Hit:
    """What one hunt found in a story."""

    hunt_id: str
    title: str
    level: str
    """Sigma's level, from "informational" to "critical"."""
    count: int
    first: datetime
    last: datetime
    note: str = ""
    """What was unusual at the first of them ("new: eu-west-3")."""
    question: str = ""
    tags: tuple[str, ...] = ()
    """ATT&CK tactics and techniques, as Sigma tags."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the record of one event stands."""

    time: datetime
    action: str
    outcome: str
    file: str
    position: int
    """Number of the record within its file, from 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A story: what one identity did from one address in one go, and why that is worth a look."""

    id: str
    """Stable while the logs are: "F-" and 10 hex digits."""
    identity: str
    """Name of the identity in the logs."""
    identity_id: str | None
    """The provider's own id, where it is one of the identities behind the secrets."""
    platform: str
    severity: Severity
    """The worst of the secrets that lead to the identity; unknown where none is known."""
    strength: Strength
    score: int
    """Sum of the signals' weights; stories are ranked by it and by the severity."""
    first: datetime
    last: datetime
    events: int
    denied: int
    src_ip: str
    """Address, or what the log has in its place; "" where it has nothing."""
    origin: str
    """What is known of the address: circleci, runner, plausible, other; "" for nothing."""
    network: str
    country: str
    agents: tuple[str, ...]
    credentials: tuple[str, ...]
    """Keys and tokens that were used, never with their last characters."""
    hits: tuple[Hit, ...]
    """Strongest first."""
    actions: tuple[tuple[str, int], ...]
    """What was done most, and how often."""
    samples: tuple[Reference, ...]
    question: str
    """What to ask next: that of the strongest hit."""
    secret_ids: tuple[str, ...] = ()
    """The entries whose leak leads to the identity, worst first."""


@dataclass(frozen=True, slots=True)
class LogRead:
    """What was read of one platform's logs, which is as far as any hunt could see."""

    platform: str
    log: str
    """The source and kind of log: "cloudtrail", "gcp:data_access"."""
    events: int
    since: datetime | None
    until: datetime | None
    identities: int
    """How many of the identities that were looked for appear in it at all."""
    addresses: int
    """Events that tell a source address."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of events that a log of one account holds: proof that the log records that kind.

    Of whomever the hunt looked for, in the last stretch without a hole. What a log does not hold
    of anybody it may not record: that nobody did it, it cannot tell.
    """

    platform: str
    log: str
    account: str
    """As the log names it, in lower case."""
    kind: str
    """"reads", "writes", "data reads", "git.push"; "" for events of any kind in a region."""
    since: datetime
    until: datetime
    region: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A source of logs that its provider was asked for, in every region it has."""

    source: str
    since: datetime
    until: datetime
    names: tuple[str, ...] = ()
    """Of whom, in lower case: those of accounts that could not be asked are missing."""


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What became of the files that were given."""

    files: int
    skipped: int
    failed: int
    partial: int
    bytes: int
    records: int
    events: int
    bad: int
    since: datetime | None
    until: datetime | None
    complete: bool
    """Whether every record of every file was read; else nothing is ever "no findings"."""
    problems: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Habit:
    """How much of an identity's past the baselines had to go by."""

    identity: str
    platform: str
    events: int
    since: datetime
    until: datetime
    past_days: int
    """Days between its first event and the window, or its last event where there is no window."""


@dataclass(frozen=True, slots=True)
class HuntRun:
    """One hunt, and what became of it."""

    hunt_id: str
    title: str
    platform: str | None
    level: str
    operator: str
    hits: int
    not_run: str = ""
    """Why it could not be run or could see nothing; "" where it ran."""
    unjudged: int = 0
    """Identities that it could not judge whole: their past or their jobs are not known."""


@dataclass(frozen=True, slots=True)
class Hunting:
    """How far the hunts could see: which logs, which hunts, how much past, what nobody shows."""

    since: datetime | None
    until: datetime | None
    """The window; what lies before it is the past that baselines go by."""
    files: FilesRead
    logs: tuple[LogRead, ...]
    hunts: tuple[HuntRun, ...]
    habits: tuple[Habit, ...]
    unseen: tuple[str, ...]
    """Identities that were looked for and appear in no log that was read."""
    quiet: int
    """Sessions with signals too weak for a story."""
    more: int
    """Stories beyond the most that are told."""
    refused: tuple[tuple[str, str, str], ...] = ()
    """Rules from another hand that cannot be run: title, file, why."""
    tables: tuple[tuple[str, str], ...] = ()
    """What addresses were looked up in, each with the day it is of."""
    kept: tuple[Kept, ...] = ()
    """Which kinds of events the logs were seen to record, of which account, and when."""
    asked: tuple[Asked, ...] = ()
    """Logs that their provider itself was asked for."""

    @property
    def clear(self) -> bool:
        """Return whether no story would mean that there is none: all files were read whole."""
        return self.files.complete and bool(self.logs)


@dataclass(frozen=True, slots=True)
class Used:
    """When the logs last show that an identity used a permission, as its platform spells it."""

    identity_id: str
    what: str
    last: datetime
    where: str = ""
    """What it was used on, where the platform grants it one by one: a repository."""
    only: str = ""
    """Why it proves no need: all of it was "refused", or is told of by "findings"."""


@dataclass(frozen=True, slots=True)
class Hunted:
    """What one hunt over logs came to."""

    findings: tuple[Finding, ...]
    hunting: Hunting
    gaps: tuple[Gap, ...]
    used: tuple[Used, ...] = ()
    """Of the identities that were looked for, and nobody else."""


def finding_id(*what: str) -> str:
    """Return the id of a story: of whose it is, from where and when it began."""
    digest = hashlib.sha256("\0".join(what).encode("utf-8", "backslashreplace")).hexdigest()
    return f"F-{digest[:10]}"
