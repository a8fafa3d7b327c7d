"""Who stands behind a credential and what they may do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from auditor.models.known import Confidence, Evidence, Fact, Gap, Json
from auditor.models.score import Severity


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term credential of an identity, as the provider lists it.

    `label` names it for good and never shows the last characters of what a CI system may hold.
    """

    label: str
    status: str
    created: datetime | None
    last_used: Fact[datetime | None]
    kind: str = ""
    """What it is where a provider has several kinds: "certificate", "deploy key"."""
    expires: datetime | None = None


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
    keys_complete: bool = True
    """Whether `keys` are all there are: only then does a key that is missing prove anything."""
    owner: str = ""
    """Login of the person whose rights it has, where logs name that person in its place."""
    logged_as: tuple[str, ...] = ()
    """Further names that logs have for it: fingerprints of its key, the login of an app."""


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
    unlisted: tuple[Gap, ...] = ()
    """Why a worse candidate may be missing. Empty where its own id was compared: that fits another
    one by chance only, once in a million for the four characters that CI shows."""

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
class Usage:
    """When an identity last used something that it is granted.

    `what` is as fine as the provider tells: a service, an action, a permission. `last` is None
    where it was not used as far back as the provider looks, which is `since`.
    """

    what: str
    last: datetime | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an identity may do, or why that is unknown in part.

    `gaps` empty means completely read.
    """

    identity_id: str
    grants: tuple[Grant, ...]
    capabilities: tuple[Capability, ...]
    gaps: tuple[Gap, ...] = ()
    over_privileged: tuple[str, ...] = ()
    """Why it holds more than it needs, in words; empty where nothing says so."""
    usage: tuple[Usage, ...] = ()
    """What is known of the use of what it is granted; empty where nothing is."""
    places: tuple[str, ...] = ()
    """Accounts, as logs name them, in which it was granted something; empty: its own alone. "*" is
    a grant that reaches more of them than can be named."""
    shown_as: tuple[str, ...] = ()
    """What logs call the use of dangerous things that it may do, where it is none of the names of
    permissions: "git.push"."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Permissions whose every use a log shows: those of the patterns, in lower case."""

    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    """Patterns of exceptions from these."""
    data: tuple[str, ...] = ()
    """Patterns of what is of another plane that the log does not show."""

    def has(self, name: str, *, managing: bool = False) -> bool:
        """Return whether it is about a permission, in lower case.

        `managing`: it is known to be of the plane that the log shows.
        """
        but = self.unless if managing else (*self.unless, *self.data)
        return any(fnmatchcase(name, one) for one in self.patterns) and not any(
            fnmatchcase(name, one) for one in but
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What logs show that an identity used from one time to another, and what they would have.

    What they do not always show may have been used all the same. All names are in lower case.
    """

    since: datetime
    until: datetime
    used: frozenset[str]
    """Permissions, as the platform's policies spell them."""
    shown: tuple[Shown, ...]
    """The permissions whose every use these logs show, by log."""
    doubtful: frozenset[str] = frozenset()
    """Permissions that they show in refusals and findings alone: neither needed nor unused."""
    places: frozenset[tuple[str, str]] = frozenset()
    """What was used on what, where the platform grants that one by one."""
    others: frozenset[tuple[str, str]] = frozenset()
    """The same of everybody whom the hunt looked for: what a log may show under another name."""
    log: str = "the logs"
    """Which logs these are, in words."""
    never: str = ""
    """What they cannot show, in words."""

    def shows(self, action: str, *, managing: bool = False) -> bool:
        """Return whether the logs would show every use of a permission."""
        name = action.casefold()
        return any(one.has(name, managing=managing) for one in self.shown)

    def has(self, action: str) -> bool:
        """Return whether the logs show a permission, or one that its pattern holds, at all."""
        name, seen = action.casefold(), self.used | self.doubtful
        return name in seen or ("*" in name and any(fnmatchcase(one, name) for one in seen))

    def unused(self, action: str, *, managing: bool = False) -> bool:
        """Return whether the logs prove that a permission was not used."""
        return self.shows(action, managing=managing) and not self.has(action)

    @property
    def span(self) -> str:
        """Return from when to when they reach, in words."""
        return f"{self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"

    def words(self) -> tuple[str, ...]:
        """Return what they are, what they hold of findings and refusals, and what they cannot show.

        Whoever says what they prove says this, too.
        """
        said = [f"by {self.log}, {self.span}"]
        if self.doubtful:
            some = ", ".join(sorted(self.doubtful)[:_SHOWN])
            said.append(
                f"seen in refusals or findings alone, and kept until these are judged: {some}"
            )
        return (*said, f"they cannot show {self.never}") if self.never else tuple(said)


_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What an identity should hold in place of all it has, in the provider's own shape.

    `documents` are to be used together; `why` says how they came about, `gaps` what would have
    made them smaller.
    """

    identity_id: str
    documents: tuple[Json, ...]
    why: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Weakness:
    """Something at a provider that is wrong whatever secrets leaked.

    A trust that any project of the CI system can use, a revoked key that lives on.
    """

    id: str
    """Stable from run to run: "W-" and 10 hex digits."""
    severity: Severity
    what: str
    why: str
    fix: str
    source: str
    """The collector, as in gaps ("aws 123456789012")."""
    identity_id: str | None = None
    evidence: tuple[Evidence, ...] = ()


def weakness_id(*where: str) -> str:
    """Return the stable id of a weakness: of what it is and where, in the provider's own ids."""
    digest = hashlib.sha256("\0".join(where).encode("utf-8", "backslashreplace")).hexdigest()
    return f"W-{digest[:10]}"
