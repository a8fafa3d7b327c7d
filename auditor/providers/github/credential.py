"""Tells whose the audit's own credential is, what it may do, and what it cannot see.

What can be known differs by plan and by kind of credential: classic tokens are listed only with
SAML single sign-on of Enterprise Cloud, fine-grained ones only to apps. Worse, a listing that is
asked for with too little is answered with what is public, as if that were all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.models import Json
from auditor.providers.github import parts
from auditor.providers.github.client import Calls
from auditor.providers.github.documents import body, is_complete, items, refusal, text
from auditor.providers.github.login import AppLogin, Login
from auditor.providers.github.part import Part
from auditor.providers.github.parts import PARTS
from auditor.providers.github.refusals import Refused
from auditor.providers.github.table import table

_APPS = "GitHub Apps"
_SELECTED = "the app is installed on selected repositories, and sees no others that are private"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Parts that a credential cannot read whole, of one organisation or ("") of every one."""

    parts: tuple[Part, ...]
    why: str
    fix: str
    organization: str = ""

    @property
    def what(self) -> str:
        """Return the parts in words."""
        return ", ".join(dict.fromkeys(part.what for part in self.parts))


def credential_of(calls: Calls, login: Login, organizations: tuple[str, ...]) -> dict[str, Any]:
    """Return whose credential it is and what it may do, or what refused to tell.

    Of a person's token by the headers that GitHub answers with. No header of scopes: fine-grained
    or an app's. An empty one: classic, without any scope.
    """
    try:
        if isinstance(login, AppLogin):
            return _of_app(login, organizations)
        headers, told = calls.get("/user")
    except Refused as refused:
        # An installation is nobody: https://docs.github.com/en/rest/users/users
        if refused.document.get("error") == "403" and "sso" not in refused.document:
            return _of_installation(calls)
        return refused.document
    scopes = headers.get("x-oauth-scopes")
    listed = None if scopes is None else [one.strip() for one in scopes.split(",") if one.strip()]
    kind = "fine-grained" if scopes is None else "classic"
    expires = headers.get("github-authentication-token-expiration", "")
    return {"Kind": kind, "Login": text(told, "login"), "Scopes": listed, "Expires": expires}


def _of_app(login: AppLogin, organizations: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        name = login.name()
    except Refused as refused:
        if refused.document.get("error") == "401":
            raise
        name = ""  # what it is called decides nothing
    for organization in organizations:
        try:
            one = login.installation(organization)
        except Refused as refused:
            found[organization] = refused.document
        else:
            found[organization] = {"Permissions": one.permissions, "Selection": one.selection}
    return {"Kind": "app", "Login": name, "Scopes": None, "Installations": found}


def _of_installation(calls: Calls) -> dict[str, Any]:
    """Return what the token of an installation tells: not its app, nor what that was granted."""
    try:
        _, told = calls.get("/installation/repositories?per_page=1")
    except Refused:
        told = None
    selection = text(told, "repository_selection")
    return {"Kind": "app", "Login": "", "Scopes": None, "Selection": selection}


# --- before anything is read -------------------------------------------------------------------


def foreseen(credential: Json) -> Iterator[Foreseen]:
    """Yield what a credential of this kind cannot read."""
    kind = text(credential, "Kind")
    if kind in _PERSONS:
        hidden = tuple(part for part in PARTS if part.only == _APPS)
        why = f"only {_APPS} can list them, and this is the token of a person"
        yield Foreseen(hidden, why, "log in as a GitHub App: see docs/github.md")
    if kind == "classic":
        yield from _without_scopes(credential)
    if kind == "app":
        yield from _without_permissions(credential)
        if text(credential, "Selection") == "selected":
            yield Foreseen((parts.REPOSITORIES,), _SELECTED, _ON_ALL)


_ON_ALL = "install the app on all repositories"


def _without_scopes(credential: Json) -> Iterator[Foreseen]:
    held = _scopes(credential)
    lacking: dict[str, list[Part]] = defaultdict(list)
    for part in PARTS:
        if part.scope and held is not None and part.scope not in held:
            lacking[part.scope].append(part)
    for scope, of in lacking.items():
        fix = f"give the audit a token of an owner with the scope {scope}"
        yield Foreseen(tuple(of), f"the token lacks the scope {scope}", fix)


def _without_permissions(credential: Json) -> Iterator[Foreseen]:
    for organization, told in _installations(credential).items():
        granted = told.get("Permissions")
        if not isinstance(granted, dict):
            continue
        lacking: dict[str, list[Part]] = defaultdict(list)
        for part in PARTS:
            if part.permission and part.permission.partition(":")[0] not in granted:
                lacking[part.permission].append(part)
        for permission, of in lacking.items():
            why = f"the app lacks the permission {permission}"
            fix = f"add {permission} to the app's permissions, and accept it in {organization}"
            yield Foreseen(tuple(of), why, fix, organization)
        if text(told, "Selection") == "selected":
            yield Foreseen((parts.REPOSITORIES,), _SELECTED, _ON_ALL, organization)


def _scopes(credential: Json) -> frozenset[str] | None:
    """Return the scopes of a classic token with those that they contain, None where it has none."""
    scopes = credential.get("Scopes") if isinstance(credential, dict) else None
    if not isinstance(scopes, list):
        return None
    return frozenset(right.name for right in table().of_scopes(map(str, scopes)))


def _installations(credential: Json) -> Mapping[str, Mapping[str, Json]]:
    told = credential.get("Installations") if isinstance(credential, dict) else None
    found = told.items() if isinstance(told, dict) else ()
    return {str(name): one for name, one in found if isinstance(one, dict)}


# --- afterwards --------------------------------------------------------------------------------


def cut(document: dict[str, Any], why: str, fix: str) -> dict[str, Any]:
    """Return a listing that was answered and is not all there is, with why and the cure."""
    return document | refusal("Partial", why) | {"fix": fix}


def cut_unseen(
    credential: Json,
    settings: Json | None,
    owners: Json | None,
    repositories: dict[str, Any],
) -> dict[str, Any]:
    """Return the list of repositories, cut where the audit's person may not see all of them.

    A fine-grained token may be limited to some, which GitHub does not tell; an owner is told how
    many there are. Who is no owner sees the private ones that are shared with them.
    """
    if not is_complete(repositories) or text(credential, "Kind") not in _PERSONS:
        return repositories
    told = body(settings)
    login = text(credential, "Login").casefold()
    owns = any(text(one, "login").casefold() == login for one in items(owners))
    if not owns and told.get("default_repository_permission") not in _SHOWS_ALL:
        why = f"{text(credential, 'Login')} is no owner, and sees what is shared with them"
        return cut(repositories, why, "give the audit the token of an owner, or an app")
    listed = sum(one.get("private") is not False for one in items(repositories))
    there = told.get("total_private_repos")
    counted = isinstance(there, int) and listed >= there
    if counted or text(credential, "Kind") != "fine-grained":
        return repositories
    of = f" of {there}" if isinstance(there, int) else ""
    why = f"a fine-grained token may be limited to some: it sees {listed}{of} private repositories"
    return cut(repositories, why, "give it access to all repositories of the organisation")


_PERSONS = ("classic", "fine-grained")
_SHOWS_ALL = frozenset({"read", "write", "admin"})
"""What every member may do by default: with these they see all repositories."""
