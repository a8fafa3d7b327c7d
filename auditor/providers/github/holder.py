"""A credential or a person of an organisation, with all that decides what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.models import AccessKey, Fact, Gap, Identity, Tail, Unknown
from auditor.providers.github.levels import Person
from auditor.providers.github.organizations import Organization
from auditor.providers.github.part import FINE_GRAINED
from auditor.providers.github.table import Right, table

SSH_KEY = "SSH key"
DEPLOY_KEY = "deploy key"
PERSON = "person"


@dataclass(frozen=True, slots=True)
class Holder:
    """A credential or a person of one organisation, with all that decides what it may do."""

    identity: Identity
    organization: str
    kind: str
    owner: Person | None
    """Whose role limits it; None for apps and deploy keys, which act for themselves."""
    rights: tuple[Right, ...] | None
    """What it was granted; None where it may do everything that its owner may."""
    repositories: frozenset[str] | None
    """The only ones that it reaches; None for all that its owner does, or where not known."""
    tails: tuple[Tail, ...] = ()
    """Of the token, or of the ids that variables beside its key hold."""
    fingerprints: tuple[str, ...] = ()
    title: str = ""
    made: datetime | None = None
    used: datetime | None = None
    expires: datetime | None = None
    read_only: bool = False
    limited: bool = False
    """Whether it is said to be limited to some repositories."""

    @property
    def unlisted(self) -> bool:
        """Return whether it is limited to repositories that were not read."""
        return self.kind == FINE_GRAINED and self.limited and self.repositories is None


def holder_of(
    organization: Organization,
    *,
    id_: str,
    name: str,
    kind: str,
    label: str,
    status: str,
    owner: Person | None,
    rights: tuple[Right, ...] | None,
    page: str,
    repositories: frozenset[str] | None = None,
    tails: tuple[Tail, ...] = (),
    fingerprints: tuple[str, ...] = (),
    title: str = "",
    made: datetime | None = None,
    used: Fact[datetime | None] | None = None,
    expires: datetime | None = None,
    read_only: bool = False,
    limited: bool = False,
    account: str = "",
    keys: tuple[AccessKey, ...] = (),
    keys_complete: bool = True,
    logged_as: tuple[str, ...] = (),
) -> Holder:
    """Return the holder with its identity; `label` names its own key, "" where it has none.

    `page` is its web page below GitHub's, `account` what its listing is an account of.
    """
    last = used or Unknown(_untold(organization, kind))
    own = (AccessKey(label, status, made, last, kind, expires),) if label else ()
    identity = Identity(
        id=id_,
        provider="github",
        account=account or organization.name,
        name=name,
        kind=kind,
        created=made,
        status=status,
        keys=(*own, *keys),
        console_url=organization.page(page),
        keys_complete=keys_complete,
        owner=owner.login if owner else "",
        logged_as=(*fingerprints, *logged_as),
    )
    seen = None if isinstance(last, Unknown) else last.value
    return Holder(
        identity, organization.name, kind, owner, rights, repositories, tails, fingerprints,
        title, made, seen, expires, read_only, limited,
    )  # fmt: skip


def _untold(organization: Organization, kind: str) -> Gap:
    return Gap(
        f"last use of {kind}s of GitHub organisation {organization.name}",
        "no call of GitHub tells it",
        "look into the audit log",
        f"github {organization.name}",
        (organization.name,),
    )


def quoted(title: str) -> str:
    """Return a title between quotes, and the space after it; "" for none."""
    return f"“{title[:60]}” " if title else ""


def git_rights(level: str) -> tuple[Right, ...]:
    """Return what a key may do, which works for git alone: there workflows are files as others."""
    more = {"workflows": "write"} if level == "write" else {}
    return table().of_permissions({"contents": level} | more)


def levels_in(told: Any) -> dict[str, str]:
    """Return the levels by name, of permissions that lie in groups or not."""
    found: dict[str, str] = {}
    for name, level in told.items() if isinstance(told, dict) else ():
        if isinstance(level, dict):
            found |= {str(key): str(value) for key, value in level.items()}
        else:
            found[str(name)] = str(level)
    return found
