"""What a name tells, and the credentials that entries form together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.models.inventory import Scope
from auditor.models.known import Confidence


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
    role: Role = Role.SECRET
    """What an entry is of which the store, and not the name, tells the kind."""
    issued: bool = False
    """True where the CI system itself issues it, so that it dies with its entry."""
    keyless: bool = False
    """True where no secret is stored: the entry names a login by the CI system's own tokens."""
    perhaps: str | None = None
    """Name of a provider that may list it, where other places that nobody lists may accept it too.

    Such a kind has no `provider`: where that one does not list it, its impact still counts.
    """


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
    mentions: tuple[str, ...] = ()
    """Identities that the configuration of jobs names together with its entries."""

    def part(self, name: str) -> str | None:
        """Return the secret id that holds the named part, if any."""
        return next((part.secret_id for part in self.parts if part.name == name), None)
