"""What an invented organisation is made of: its CI organisations and its AWS accounts.

Frozen data, no behaviour. `scenario` makes it from a file, `circleci` and `aws` serve it. The
values are invented; the servers show no more of them than the real ones would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from auditor.models import Json


@dataclass(frozen=True, slots=True)
class Variable:
    """A stored variable. `created` and `updated` are on-the-wire text: any text, or null."""

    name: str
    value: str
    created: str | None
    updated: str | None


@dataclass(frozen=True, slots=True)
class Restriction:
    """What limits the use of a context: a project, a group or an expression."""

    id: str
    kind: str
    value: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Context:
    """A context; `denied` makes every route but the listing answer 403."""

    id: str
    name: str
    created: str
    variables: tuple[Variable, ...]
    restrictions: tuple[Restriction, ...]
    denied: bool = False


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves of an access key."""

    id: str
    secret: str


Stores: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""What else is kept in a place: by store, the tables of the scenario file as they stand."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project and which of CircleCI's listings show it.

    `stopped` is shown by none but the private listing with deleted ones; `denied` makes every
    route but the listings answer 404, as CircleCI does.
    """

    id: str
    name: str
    slug: str
    slugs: tuple[str, ...]
    """Every spelling of the slug that the API takes."""
    vcs_url: str
    variables: tuple[Variable, ...]
    legacy_keys: KeyPair | None = None
    followed: bool = True
    building: bool = True
    stopped: bool = False
    denied: bool = False
    fork_builds: bool = False
    fork_secrets: bool = True
    open_source: bool = False
    stores: Stores = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of members of a CI organisation."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CiOrganization:
    """An organisation the token sees; `id` is None for one that CircleCI knows by name only."""

    id: str | None
    name: str
    slug: str
    vcs_type: str
    contexts: tuple[Context, ...]
    projects: tuple[Project, ...]
    groups: tuple[Group, ...]
    stores: Stores = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term key of an IAM user."""

    pair: KeyPair
    status: str
    """Active, Inactive, or Deleted: then AWS does not know it any more."""
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document under a name; `managed_by_aws` has AWS's own document."""

    name: str
    document: Json = None
    managed_by_aws: bool = False


@dataclass(frozen=True, slots=True)
class Principal:
    """An IAM user, group or role with what is attached to it.

    `groups` and `keys` are a user's, `trust` and `boundary` a role's.
    """

    name: str
    created: datetime
    attached: tuple[Policy, ...] = ()
    inline: tuple[Policy, ...] = ()
    groups: tuple[str, ...] = ()
    keys: tuple[AccessKey, ...] = ()
    trust: Json = None
    boundary: str = ""
    used: tuple[tuple[str, datetime | None], ...] = ()
    """The services that it may call, each with the last time it did."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail of CloudTrail that records all regions, with the days that its bucket keeps files."""

    name: str
    bucket: str
    days: int
    data: bool
    """Whether it records what happens to objects in buckets, too."""


@dataclass(frozen=True, slots=True)
class AwsOrganization:
    """The AWS organization that an account manages: one unit, with policies and member accounts."""

    unit: str
    members: tuple[str, ...]
    scps: tuple[Policy, ...]
    rcps: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account.

    `reached_by`: "credentials", "role", or "nothing" (then it exists on paper only: a stranger's).
    """

    id: str
    alias: str
    reached_by: str
    policies: tuple[Policy, ...]
    groups: tuple[Principal, ...]
    users: tuple[Principal, ...]
    roles: tuple[Principal, ...]
    providers: tuple[str, ...] = ()
    """The ids of the CI organisations whose jobs may sign in."""
    buckets: Mapping[str, Json] = field(default_factory=dict)
    """Buckets with their policies."""
    trails: tuple[Trail, ...] = ()
    organization: AwsOrganization | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant of Entra with its Azure subscriptions, in the vendor's own shapes.

    The items of every listing by its path, and single objects by theirs; `denied` paths answer 403.
    """

    id: str
    listings: Mapping[str, list[Json]]
    objects: Mapping[str, Json]
    denied: frozenset[str]
    table: Mapping[str, Any]
    """What it was made of: see azure.toml."""


@dataclass(frozen=True, slots=True)
class Person:
    """The person whose CircleCI token is used."""

    id: str
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything there is."""

    person: Person
    organizations: tuple[CiOrganization, ...]
    accounts: tuple[Account, ...] = ()
    github: Mapping[str, Any] | None = None
    """The table `[github]` as it stands: see github.toml."""
    google: Mapping[str, Any] | None = None
    """The table `[gcp]` as it stands; `google_estate` says what it means."""
    tenant: Tenant | None = None
    """Entra and Azure, if the company has them."""
