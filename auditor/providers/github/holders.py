"""Makes identities of credentials: tokens, apps and keys, each with what bounds its rights.

Every credential is an identity of its own, because two tokens of one person may do different
things. A person is one too, for variables of which only the login is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.models import AccessKey, Known
from auditor.providers.github.documents import number, text, when
from auditor.providers.github.holder import (
    DEPLOY_KEY,
    PERSON,
    SSH_KEY,
    Holder,
    git_rights,
    holder_of,
    levels_in,
    quoted,
)
from auditor.providers.github.levels import person
from auditor.providers.github.organizations import Organization, Repository
from auditor.providers.github.part import APP, AUTHORIZED, FINE_GRAINED, account_of
from auditor.providers.github.table import Right, table
from auditor.tails import tail_from_json


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
        yield holder_of(
            organization,
            id_=f"{organization.name}/credential/{number_}",
            name=f"{kind} {quoted(title)}of {login}",
            kind=kind,
            label=f"{kind} {number_}",
            status="active",
            owner=person(organization, login),
            # An app's token has the app's permissions, which this listing does not tell.
            rights=git_rights("write") if ssh else _scoped(scopes),
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


def _fingerprint(told: str) -> str:
    """Return the fingerprint of an authorized key: the listing gives SHA256 without its name."""
    return f"SHA256:{told}" if told and ":" not in told else told.rstrip("=")


def _fine_grained(organization: Organization) -> Iterator[Holder]:
    for entry in organization.tokens:
        login, title = text(entry.get("owner"), "login"), text(entry, "token_name")
        expires = when(entry, "token_expires_at")
        expired = entry.get("token_expired") is True
        grant = str(entry.get("id"))
        yield holder_of(
            organization,
            id_=f"{organization.name}/token/{grant}",
            name=f"fine-grained token {quoted(title)}of {login}",
            kind=FINE_GRAINED,
            label=f"token {number(entry, 'token_id')}",
            status="expired" if expired else "active",
            owner=person(organization, login),
            rights=table().of_permissions(levels_in(entry.get("permissions"))),
            repositories=_selected(organization, entry),
            title=title,
            made=when(entry, "access_granted_at"),
            used=Known(when(entry, "token_last_used_at")),
            expires=expires,
            page=f"organizations/{organization.name}/settings/personal-access-tokens/{grant}",
            limited=text(entry, "repository_selection") == "subset",
            account=account_of(organization.name, FINE_GRAINED),
        )


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
        yield holder_of(
            organization,
            id_=f"{organization.name}/app/{slug}",
            name=f"app {slug}",
            kind=APP,
            label=f"installation of {slug}",
            status="suspended" if suspended else "active",
            owner=None,
            rights=table().of_permissions(levels_in(entry.get("permissions"))),
            tails=tuple(
                filter(None, map(tail_from_json, tails if isinstance(tails, list) else ()))
            ),
            title=text(entry, "repository_selection"),
            made=when(entry, "created_at"),
            page=f"organizations/{organization.name}/settings/installations",
            account=account_of(organization.name, APP),
            keys_complete=False,
            logged_as=(f"{slug}[bot]",),
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
    return holder_of(
        organization,
        id_=key_id(organization, repository, key),
        name=f"deploy key {quoted(title)}of {repository.name} ({level})",
        kind=DEPLOY_KEY,
        label=f"deploy key {number(key, 'id')}",
        status="disabled" if disabled else "active",
        owner=None,
        rights=git_rights(level),
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
        yield holder_of(
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
    return holder_of(
        organization,
        id_=f"{organization.name}/user/{login}/key/{id_}",
        name=f"SSH key {id_} of {login}",
        kind=SSH_KEY,
        label=f"SSH key {id_}",
        status="active",
        owner=person(organization, login),
        rights=git_rights("write"),
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
