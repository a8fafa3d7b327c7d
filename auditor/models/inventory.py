"""What the inventory finds: places, entries, sealed tails, exposure, coverage."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.models.known import Fact, Known

_NO = Known(value=False)


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
    ssh_reruns: Fact[bool] = _NO
    """True when a person may log in to a build that receives it, and read it there."""
    unversioned_config: Fact[bool] = _NO
    """True when builds that receive it may be told what to do by a text of no repository."""

    @property
    def facts(self) -> tuple[Fact[bool] | Fact[int], ...]:
        """Return everything that is or is not known of it."""
        return (
            self.unrestricted,
            self.project_count,
            self.fork_builds,
            self.ssh_reruns,
            self.unversioned_config,
        )


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
    kind: str = ""
    """Kind of the catalogue, where the store itself tells it; "" where the name has to."""

    @property
    def last_written(self) -> datetime | None:
        """Return the last time the vendor says the value was written, if it says."""
        return self.updated or self.created


@dataclass(frozen=True, slots=True)
class Use:
    """A job that receives the secrets of a scope, by its configuration or by its own word."""

    scope_id: str
    """The context or project that holds the secrets."""
    project_id: str
    project: str
    job: str
    names: tuple[str, ...]
    """The secrets of the scope that the job's configuration names; it receives all of them."""
    last_run: datetime | None
    """When it last started, as far as was looked."""
    confirmed: bool
    """Whether a job that ran told so itself, not the configuration alone."""
    mentions: tuple[str, ...] = ()
    """Identities of providers that the job's configuration names, by their exact form."""

    @property
    def by_context(self) -> bool:
        """Return whether the job attaches the scope; what its own project holds it always gets."""
        return self.scope_id != self.project_id


@dataclass(frozen=True, slots=True)
class JobRun:
    """One time that a job with secrets ran. Runs that were looked at are a sample of all."""

    project_id: str
    job: str
    scopes: tuple[str, ...]
    """The scopes whose secrets it held."""
    started: datetime
    stopped: datetime | None
    """None while it runs, and where it is not told."""


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
