"""All data types of the audit: frozen dataclasses and enums, standard library only.

They follow the eight steps: inventory makes `Secret`s, classify makes `Classification`s and
`Credential`s, identify makes `Match`es, resolve makes `Grant`s and `Capability`s, score makes
`Assessment`s. What could not be learnt is a `Gap`, never an absence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

# What `json` reads. Outside text: whoever takes a value out of it checks what it is.
Json: TypeAlias = Any


# --- what is known and what is not -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the audit could not see: what, why, and what to do so that the next run can.

    `source` names the collector ("circleci", "aws 123456789012"). `affects` holds the ids of the
    scopes or accounts whose rows stay open because of it; empty means everything of that source.
    """

    what: str
    why: str
    fix: str
    source: str
    affects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A fact that was read."""

    value: T


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be read, with the reason. Never treated as false, empty or low."""

    gap: Gap


Fact: TypeAlias = Known[T] | Unknown


class Confidence(StrEnum):
    """How sure a conclusion is; kept apart from how bad it would be."""

    CERTAIN = "certain"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"

    @property
    def rank(self) -> int:
        """Return 4 for certain down to 0 for none."""
        return len(Confidence) - 1 - list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a conclusion and the call or file it comes from."""

    fact: str
    source: str


# --- inventory -------------------------------------------------------------------------------


class ScopeKind(StrEnum):
    """Where in a CI system a credential is kept."""

    ORGANIZATION = "organization"
    CONTEXT = "context"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Scope:
    """A place of a CI system that holds secrets.

    `id` is the vendor's UUID: names change, ids do not.
    """

    kind: ScopeKind
    id: str
    name: str
    organization: str


@dataclass(frozen=True, slots=True)
class Place:
    """A scope as the inventory found it.

    By which listings, whether its secrets could be read, where to open it.
    """

    scope: Scope
    sources: tuple[str, ...]
    readable: Fact[int]
    """Number of secrets read, or why they could not be."""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """The masked tail a vendor shows, sealed.

    Equal tails have equal hashes, the text itself is gone.

    `hash` is keyed with a key that stays beside the run history. `length` is the number of
    characters the vendor showed. `alphabet` is the narrowest of: digits, hex, base32, alphanumeric,
    other; it tells which kinds of credential the tail can belong to.
    """

    hash: str
    length: int
    alphabet: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """Who can make use of the secrets of one scope, in facts that raise a severity."""

    unrestricted: Fact[bool]
    """True when any member or any project of the organisation may use it."""
    project_count: Fact[int]
    """How many projects can reach it."""
    fork_builds: Fact[bool]
    """True when builds of forked pull requests receive it."""
    restrictions: tuple[str, ...] = ()
    """What limits its use, in words."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One stored entry of a CI system, known by name only.

    `store` names the kind of store ("context variable", "project variable", "legacy AWS key").
    `created` and `updated` are the vendor's times; `updated` is None where the store keeps none.
    """

    id: str
    source: str
    store: str
    scope: Scope
    name: str
    created: datetime | None
    updated: datetime | None
    tail: Tail | None
    exposure: Exposure
    url: str | None

    @property
    def last_written(self) -> datetime | None:
        """Return the last time the vendor says the value was written, if it says."""
        return self.updated or self.created


def secret_id(source: str, store: str, scope_id: str, name: str) -> str:
    """Return the stable id of a stored entry.

    "S-" and 10 hex digits, from where it is, never from its value.
    """
    text = f"{source}\0{store}\0{scope_id}\0{name}"
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return f"S-{digest[:10]}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a listing was read: "31 of 34 contexts".

    `known` is None when the total itself is unknown.
    """

    source: str
    what: str
    read: int
    known: int | None
    note: str = ""


# --- classify --------------------------------------------------------------------------------


class Role(StrEnum):
    """What an entry is, judged by its name. Unclassified is never "not secret"."""

    SECRET = "secret"  # noqa: S105 (a role, not a password)
    IDENTIFIER = "identifier"
    CONFIG = "config"
    PUBLIC = "public"
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the catalogue: a kind of credential, and what a person must know to replace it."""

    id: str
    title: str
    vendor: str
    provider: str | None
    """Name of the identity provider that can say whose it is, None where none can."""
    impact: str
    """What its thief could do, as a key of the table of severities: supply-chain, database."""
    oidc: bool
    """True where the CI system can log in without a stored key, by a token of its own."""
    rotates: tuple[str, ...]
    """Parts that are no secret and are yet replaced together with it, such as an access key id."""
    note: str
    console: str
    revoke: str
    """Where a person revokes the old one, in words."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What the name tells.

    `kind` and `part` are keys of the catalogue; `stem` is the name without them.
    """

    secret_id: str
    role: Role
    vendor: str
    kind: str
    part: str
    """Place in a group: id, secret, session, region, account; "" when it stands alone."""
    stem: str
    rule: str
    """The catalogue rule or override that decided, for the reader who wants to know why."""
    confidence: Confidence
    published: bool = False
    """True when builds put values of such a name (NEXT_PUBLIC_) where everybody can read them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of a credential.

    Its part name ("id", "secret", "region") and the secret that holds it.
    """

    name: str
    secret_id: str


@dataclass(frozen=True, slots=True)
class Credential:
    """Entries of one scope and stem that are of use together: an access key and its secret."""

    id: str
    kind: str
    vendor: str
    provider: str | None
    """Name of the identity provider that can say whose it is, None where none can."""
    scope: Scope
    stem: str
    parts: tuple[Part, ...]

    def part(self, name: str) -> str | None:
        """Return the secret id that holds the named part, if any."""
        return next((part.secret_id for part in self.parts if part.name == name), None)


# --- identify and resolve --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term credential of an identity, as the provider lists it.

    `label` never shows the last characters.
    """

    label: str
    status: str
    created: datetime | None
    last_used: Fact[datetime | None]


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal at a provider.

    `id` is the provider's own stable name for it (an ARN, an e-mail, an app id).
    """

    id: str
    provider: str
    account: str
    name: str
    kind: str
    created: datetime | None
    status: str
    keys: tuple[AccessKey, ...]
    console_url: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An identity that may stand behind a credential, with the reasons for and against."""

    identity_id: str
    key: str
    """Label of the access key, "" where the match is of the identity as a whole."""
    confidence: Confidence
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The best candidate for a credential and every other one that cannot be excluded.

    Severity is decided on the worst of all candidates: a tie never hides the stronger identity.
    """

    credential_id: str
    best: Candidate
    runners_up: tuple[Candidate, ...] = ()

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Return the best candidate and then the runners-up."""
        return (self.best, *self.runners_up)


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Why nobody could be named for a credential.

    `searched` is true only when every listing that could hold it was read completely: then the
    credential is known to no configured account. Otherwise `gap` says what was not searched.
    """

    credential_id: str
    searched: bool
    gap: Gap
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement that gives (effect "Deny": takes) actions, as the provider words it."""

    identity_id: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str
    via: str
    condition: str = ""


class CapabilityName(StrEnum):
    """What an identity can do to the company: one vocabulary for every provider, worst first."""

    ADMIN = "admin"
    ESCALATE = "escalate"
    IMPERSONATE = "impersonate"
    ORG_REACH = "org-reach"
    SUPPLY_CHAIN = "supply-chain"
    READ_SECRETS = "read-secrets"
    BLIND = "blind"
    DESTROY = "destroy"
    DEPLOY = "deploy"
    WRITE_DATA = "write-data"
    READ_DATA = "read-data"
    SPEND = "spend"
    READ_CONFIG = "read-config"


@dataclass(frozen=True, slots=True)
class Capability:
    """Something an identity can do, with the path that gives it, one step a line.

    `limited` is true when every grant behind it names resources instead of all of them;
    `conditional` when it holds only under conditions that the audit cannot know.
    """

    identity_id: str
    name: CapabilityName
    path: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    limited: bool = False
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an identity may do, or why that is unknown in part.

    `gaps` empty means completely read.
    """

    identity_id: str
    grants: tuple[Grant, ...]
    capabilities: tuple[Capability, ...]
    gaps: tuple[Gap, ...] = ()


# --- score -----------------------------------------------------------------------------------


class Severity(Enum):
    """How bad a leak is, worst first.

    Unknown may be as bad as critical, so only critical stands above it.
    """

    CRITICAL = "Critical"
    UNKNOWN = "Unknown"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    NONE = "None"
    """Not a secret, by its name: configuration, a public value, a plain identifier."""

    @property
    def rank(self) -> int:
        """Return 5 for critical down to 0 for none."""
        return len(Severity) - 1 - list(Severity).index(self)

    def reaches(self, threshold: Severity) -> bool:
        """Return whether it is, or cannot be excluded to be, at least as bad as the threshold."""
        return self is Severity.UNKNOWN or self.rank >= threshold.rank


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of a score: how many points, and why, in words a manager reads."""

    points: int
    text: str


class Rotate(StrEnum):
    """What to do now about one entry, in words."""

    NOW = "rotate now"
    ROTATE = "rotate"
    OIDC = "replace by OIDC"
    REMOVE = "remove"
    REVOKE = "revoke at provider"
    CHECK = "check by hand"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Assessment:
    """How bad the leak of one entry is, why, how sure that is, and what to do now.

    `score` is 0 to 100.
    """

    secret_id: str
    severity: Severity
    score: int
    reasons: tuple[Reason, ...]
    confidence: Confidence
    rotate: Rotate
    advice: str
    """What to do and where, in one sentence."""


# --- report ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HumanEdit:
    """What people wrote about one secret in the workbook.

    Every field is theirs; the tool only carries it.
    """

    status: str = ""
    owner: str = ""
    due: date | None = None
    ticket: str = ""
    notes: str = ""
    exception_until: date | None = None
    other: Mapping[str, str] = field(default_factory=dict)
    """Further text by column header.

    Columns people added, and cells whose text is not of the column's type.
    """


@dataclass(frozen=True, slots=True)
class Incident:
    """The event the audit is run for.

    Entries last written before `exposed_before` were in reach of the thief.
    """

    name: str
    title: str
    window_start: datetime
    exposed_before: datetime
    advice: str = ""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Which run this is. Times are UTC."""

    id: str
    started: datetime
    tool_version: str
    scope: str
    """What was audited, in words: organisations and accounts."""
    incident: Incident | None = None


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """When an entry was first and last seen by a run in this output folder."""

    secret_id: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """Everything an audit concluded; what reports/…/results.json holds and every report shows."""

    run: RunInfo
    places: tuple[Place, ...]
    secrets: tuple[Secret, ...]
    classifications: tuple[Classification, ...]
    credentials: tuple[Credential, ...]
    identities: tuple[Identity, ...]
    matches: tuple[Match, ...]
    unmatched: tuple[NoMatch, ...]
    resolutions: tuple[Resolution, ...]
    assessments: tuple[Assessment, ...]
    coverage: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    history: tuple[FirstSeen, ...] = ()
    edits: Mapping[str, HumanEdit] = field(default_factory=dict)
