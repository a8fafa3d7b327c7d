"""Makes identities of credentials: tokens, apps and keys, each with what bounds its rights.

Every credential is an identity of its own, because two tokens of one person may do different
things. A person is one too, for variables of which only the login is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.models import AccessKey, Fact, Gap, Identity, Known, Tail, Unknown
from auditor.providers.github.documents import number, text, when
from auditor.providers.github.levels import Person, person
from auditor.providers.github.organizations import Organization, Repository
from auditor.providers.github.parts import APP, AUTHORIZED, FINE_GRAINED, account_of
from auditor.providers.github.table import Right, table
from auditor.tails import tail_from_json

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


def holders(organization: Organization) -> Iterator[Holder]:
    """Yield every credential and person of an organisation.

    Each listing is an account of its own, so that what is gone from one that was read is known to
    be gone, whatever another listing refused.
    """
    yield from _authorized(organization)
    yield from _fine_grained(organization)
    yield from _apps(organization)
    for repository in organization.repositories.values():
        for key in repository.keys:
            yield _deploy_key(organization, repository, key)
    yield from _people(organization)


# --- tokens ----------------------------------------------------------------------------------


def _authorized(organization: Organization) -> Iterator[Holder]:
    for entry in organization.authorizations:
        login, kind = text(entry, "login"), text(entry, "credential_type") or "credential"
        expires = when(entry, "authorized_credential_expires_at")
        title = text(entry, "authorized_credential_note") or text(
            entry, "authorized_credential_title"
        )
        scopes = entry.get("scopes")
        tail = tail_from_json(entry.get("Tail"))
        number_ = number(entry, "credential_id")
        ssh = kind == SSH_KEY
        yield _holder(
            organization,
            id_=f"{organization.name}/credential/{number_}",
            name=f"{kind} {_quoted(title)}of {login}",
            kind=kind,
            label=f"{kind} {number_}",
            status="active",
            owner=person(organization, login),
            # An app's token has the app's permissions, which this listing does not tell.
            rights=_git("write") if ssh else _scoped(scopes),
            tails=(tail,) if tail else (),
            fingerprints=tuple(filter(None, (_fingerprint(text(entry, "fingerprint")),))),
            title=title,
            made=when(entry, "credential_authorized_at"),
            used=Known(when(entry, "credential_accessed_at")),
            expires=expires,
            page=f"orgs/{organization.name}/people/{login}/sso",
            account=account_of(organization.name, AUTHORIZED),
        )


def _scoped(scopes: Any) -> tuple[Right, ...] | None:
    """Return the rights of a list of scopes, None where GitHub gives none: an app's own token."""
    return table().of_scopes(map(str, scopes)) if isinstance(scopes, list) else None


def _git(level: str) -> tuple[Right, ...]:
    """Return what a key may do, which works for git alone: there workflows are files as others."""
    more = {"workflows": "write"} if level == "write" else {}
    return table().of_permissions({"contents": level} | more)


def _fingerprint(told: str) -> str:
    """Return the fingerprint of an authorized key: the listing gives SHA256 without its name."""
    return f"SHA256:{told}" if told and ":" not in told else told.rstrip("=")


def _fine_grained(organization: Organization) -> Iterator[Holder]:
    for entry in organization.tokens:
        login, title = text(entry.get("owner"), "login"), text(entry, "token_name")
        expires = when(entry, "token_expires_at")
        expired = entry.get("token_expired") is True
        grant = str(entry.get("id"))
        yield _holder(
            organization,
            id_=f"{organization.name}/token/{grant}",
            name=f"fine-grained token {_quoted(title)}of {login}",
            kind=FINE_GRAINED,
            label=f"token {number(entry, 'token_id')}",
            status="expired" if expired else "active",
            owner=person(organization, login),
            rights=table().of_permissions(_permissions(entry.get("permissions"))),
            repositories=_selected(organization, entry),
            title=title,
            made=when(entry, "access_granted_at"),
            used=Known(when(entry, "token_last_used_at")),
            expires=expires,
            page=f"organizations/{organization.name}/settings/personal-access-tokens/{grant}",
            limited=text(entry, "repository_selection") == "subset",
            account=account_of(organization.name, FINE_GRAINED),
        )


def _permissions(told: Any) -> dict[str, str]:
    """Return the levels by name, of permissions that lie in groups or not."""
    found: dict[str, str] = {}
    for name, level in told.items() if isinstance(told, dict) else ():
        if isinstance(level, dict):
            found |= {str(key): str(value) for key, value in level.items()}
        else:
            found[str(name)] = str(level)
    return found


def _selected(organization: Organization, token: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the repositories of a token; all of them where the listing was not read."""
    match text(token, "repository_selection"):
        case "none":
            return frozenset()
        case "subset":
            return organization.token_repositories.get(str(token.get("id"))) or None
        case _:
            return None


# --- apps and keys ---------------------------------------------------------------------------


def _apps(organization: Organization) -> Iterator[Holder]:
    for entry in organization.installations:
        slug = text(entry, "app_slug") or f"app {number(entry, 'app_id')}"
        suspended = when(entry, "suspended_at")
        tails = entry.get("Tails")
        yield _holder(
            organization,
            id_=f"{organization.name}/app/{slug}",
            name=f"app {slug}",
            kind=APP,
            label=f"installation of {slug}",
            status="suspended" if suspended else "active",
            owner=None,
            rights=table().of_permissions(_permissions(entry.get("permissions"))),
            tails=tuple(
                filter(None, map(tail_from_json, tails if isinstance(tails, list) else ()))
            ),
            title=text(entry, "repository_selection"),
            made=when(entry, "created_at"),
            page=f"organizations/{organization.name}/settings/installations",
            account=account_of(organization.name, APP),
            keys_complete=False,
        )


def key_id(organization: Organization, repository: Repository, key: Mapping[str, Any]) -> str:
    """Return the id of the identity that a deploy key is."""
    return f"{organization.name}/{repository.name}/key/{number(key, 'id')}"


def _deploy_key(
    organization: Organization, repository: Repository, key: Mapping[str, Any]
) -> Holder:
    writes = key.get("read_only") is False
    level = "write" if writes else "read"
    title = text(key, "title")
    disabled = key.get("enabled") is False
    return _holder(
        organization,
        id_=key_id(organization, repository, key),
        name=f"deploy key {_quoted(title)}of {repository.name} ({level})",
        kind=DEPLOY_KEY,
        label=f"deploy key {number(key, 'id')}",
        status="disabled" if disabled else "active",
        owner=None,
        rights=_git(level),
        repositories=frozenset({repository.name}),
        fingerprints=tuple(map(str, key.get("Fingerprints") or ())),
        title=title,
        made=when(key, "created_at"),
        used=Known(when(key, "last_used")) if "last_used" in key else None,
        page=f"{organization.name}/{repository.name}/settings/keys",
        read_only=not writes,
    )


def _people(organization: Organization) -> Iterator[Holder]:
    for login, entry in {**organization.outside, **organization.members}.items():
        keys = [_ssh_key(organization, login, key) for key in organization.user_keys.get(login, ())]
        yield from keys
        tail = tail_from_json(entry.get("LoginTail"))
        yield _holder(
            organization,
            id_=f"{organization.name}/user/{login}",
            name=login,
            kind=PERSON,
            label="",
            status="active",
            owner=person(organization, login),
            rights=None,
            tails=(tail,) if tail else (),
            page=login,
            # Nobody lists the classic tokens of people, beyond those authorized here.
            keys_complete=False,
            keys=(*_own(organization, login), *(key.identity.keys[0] for key in keys)),
        )


def _ssh_key(organization: Organization, login: str, key: Mapping[str, Any]) -> Holder:
    id_ = number(key, "id")
    return _holder(
        organization,
        id_=f"{organization.name}/user/{login}/key/{id_}",
        name=f"SSH key {id_} of {login}",
        kind=SSH_KEY,
        label=f"SSH key {id_}",
        status="active",
        owner=person(organization, login),
        rights=_git("write"),
        fingerprints=tuple(map(str, key.get("Fingerprints") or ())),
        made=when(key, "created_at"),
        used=Known(when(key, "last_used")) if "last_used" in key else None,
        page=login,
    )


def _own(organization: Organization, login: str) -> Iterator[AccessKey]:
    for entry in organization.authorizations:
        if text(entry, "login") == login and text(entry, "credential_type") != SSH_KEY:
            yield AccessKey(
                f"{text(entry, 'credential_type')} {number(entry, 'credential_id')}",
                "active",
                when(entry, "credential_authorized_at"),
                Known(when(entry, "credential_accessed_at")),
                text(entry, "credential_type"),
                when(entry, "authorized_credential_expires_at"),
            )


# --- shared ----------------------------------------------------------------------------------


def _holder(
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
) -> Holder:
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


def _quoted(title: str) -> str:
    return f"“{title[:60]}” " if title else ""
