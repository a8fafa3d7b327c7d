"""Decides whether a member of a binding, or a principal of a deny rule, is the one who asks.

https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from auditor.providers.gcp.engine.errors import BadRequest
from auditor.providers.gcp.engine.truth import Truth, either

_KINDS = ("serviceAccount:", "user:", "principal://", "principalSet://", "group:", "domain:")
PUBLIC = "allUsers"
_SIGNED_IN = "allAuthenticatedUsers"
_EVERYBODY = "principalSet://goog/public:all"
_SERVICE_ACCOUNT = re.compile(
    r"principal://iam\.googleapis\.com/projects/[^/]+/serviceAccounts/([^/]+)$"
)
_FORMS = (
    (_SERVICE_ACCOUNT, "serviceAccount:{}"),
    (re.compile(r"principal://goog/subject/([^/]+)$"), "user:{}"),
    (re.compile(r"principalSet://goog/group/([^/]+)$"), "group:{}"),
)
_OF_HIERARCHY = "principalset://cloudresourcemanager.googleapis.com/"

HasRole = Callable[[str, str], Truth]
"""Whether who asks has a basic role ("roles/owner") on a project, by the project's id."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and the groups and sets it is known to be in; None where those are not known."""

    name: str
    groups: frozenset[str] | None

    @property
    def is_public(self) -> bool:
        """Return whether it is anybody at all, without a login."""
        return self.name == PUBLIC.lower()


def asker(principal: str, groups: Iterable[str] | None) -> Asker:
    """Return who asks. BadRequest for a text that names no principal."""
    if principal != PUBLIC and not principal.startswith(_KINDS):
        raise BadRequest("principal", f"it begins with none of: {', '.join(_KINDS)}")
    known = None if groups is None else frozenset(map(canonical, groups))
    return Asker(canonical(principal), known)


def canonical(member: str) -> str:
    """Return the one spelling of a member: e-mail addresses in lower case, v2 names as v1."""
    for form, plain in _FORMS:
        if found := form.match(member):
            member = plain.format(unquote(found[1]))
    # A pool's subject and attributes are case sensitive; e-mail addresses are not.
    return member if member.startswith(("principal://", "principalSet://")) else member.lower()


def covers(member: str, who: Asker, has_role: HasRole) -> Truth:
    """Return whether a member is, or holds, who asks. `deleted:` ones are somebody else."""
    if member in (PUBLIC, _EVERYBODY):
        return True
    if member == _SIGNED_IN:
        return not who.is_public
    told = canonical(member)
    if told == who.name or told in (who.groups or ()):
        return True
    kind, _, rest = told.partition(":")
    if kind in _CONVENIENCE:
        return has_role(_CONVENIENCE[kind], rest)
    if told.startswith("deleted:") or who.is_public:
        return False
    return _set_covers(kind, told, who)


_CONVENIENCE = {
    "projectowner": "roles/owner",
    "projecteditor": "roles/editor",
    "projectviewer": "roles/viewer",
}
"""Members of bucket and dataset policies that stand for whoever has a basic role on a project.

https://cloud.google.com/iam/docs/principal-identifiers
"""


def _set_covers(kind: str, told: str, who: Asker) -> Truth:
    is_account = who.name.startswith("serviceaccount:")
    if kind == "domain":
        return _of_domain(told, who, is_account)
    if told.lower().startswith(_OF_HIERARCHY):  # everybody of a project, folder or organisation
        return None
    if kind == "group" or told.startswith("principalSet://goog/"):
        return None if who.groups is None else False
    if kind == "principalSet":
        return _of_pool(told, who)
    return False


def _of_domain(told: str, who: Asker, is_account: bool) -> Truth:
    """Return whether who asks is of a Workspace domain, which service accounts never are."""
    if is_account or who.name.startswith("principal"):
        return False
    return who.name.endswith("@" + told.partition(":")[2]) or (
        None if who.groups is None else False
    )


def _of_pool(told: str, who: Asker) -> Truth:
    """Return whether who asks is in a set of a workload or workforce pool.

    All of a pool (".../*") includes every subject of it; groups and attributes nobody can tell.
    """
    pool = re.match(r"principalSet://(.*?Pools/[^/]+)/(.*)$", told)
    if not pool or not who.name.startswith(f"principal://{pool[1]}/"):
        return False
    if pool[2] == "*":
        return True
    return None if who.groups is None else False


def any_covers(members: Iterable[str], who: Asker, has_role: HasRole) -> Truth:
    """Return whether any of the members is, or holds, who asks."""
    return either(covers(member, who, has_role) for member in members)
