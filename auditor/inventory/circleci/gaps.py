"""Gaps in words: what CircleCI did not show, why, and what to do so that the next run can see it.

Scopes refused for the same reason share one gap: a person grants a right once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from auditor.inventory.circleci.fields import shown
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply, refused
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import OnServer, Store
from auditor.models import Gap, Scope, ScopeKind

SOURCE = "circleci"
RESUME = "go on with --resume: only what is missing is asked for"
ADMIN = "use the token of an organization admin, then audit again"
NOT_READ = Reply("", error="not read: the run was interrupted")

_REDIRECTS = range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST)
_MOST_NAMES = 3
_LONGEST_NAME = 60


class Asked(Protocol):
    """What was asked of a scope, such as a store."""

    @property
    def name(self) -> str:
        """Return what it is called; its plural takes an s."""

    @property
    def right(self) -> str:
        """Return what the token's user must be to read it."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something asked of a scope that is no store."""

    name: str
    right: str = "an organization admin, or a user who may see the project"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about one store of one scope that leaves rows open."""

    store: Asked
    scope: Scope
    why: str
    fix: str

    @property
    def gap(self) -> Gap:
        """Return the gap of this scope alone."""
        return _gap([self])


def unread(store: Asked, scope: Scope, reply: Reply) -> Trouble:
    """Return why a store could not be read, or not to the end."""
    return Trouble(store, scope, why(reply, scope.kind), fix(reply, store.right))


def unsure(store: Store, scope: Scope, reply: Reply) -> Trouble | None:
    """Return why a store that was read may yet hold more, None where there is no reason."""
    compare = "compare the names with the web application"
    if store.most is not None and len(reply.items) >= store.most:
        return Trouble(
            store, scope, f"CircleCI never shows more than {store.most} of them", compare
        )
    if reply.repeated:
        reason = f"{reply.call}: CircleCI began to repeat its pages, so there may be more"
        return Trouble(store, scope, reason, compare)
    return None


def joined(troubles: Iterable[Trouble]) -> list[Gap]:
    """Return one gap for all scopes that share organisation, store and reason."""
    groups: dict[tuple[str, str, str, str], list[Trouble]] = {}
    for one in troubles:
        key = (one.scope.organization, one.store.name, one.why, one.fix)
        groups.setdefault(key, []).append(one)
    return [_gap(group) for group in groups.values()]


def of_organization(organization: Organization, what: str, reason: str, remedy: str) -> Gap:
    """Return a gap about an organisation as a whole."""
    name = _short(organization.name)
    return Gap(f"{what} of {name}", reason, remedy, SOURCE, (organization.id,))


def unasked(store: Store, organization: Organization, settings: Settings) -> Gap | None:
    """Return the gap of a store that is not asked for, None where nothing is missed."""
    if store.wanted(settings) or (settings.server and store.on_server is OnServer.ABSENT):
        return None
    if settings.server and store.on_server is OnServer.HIDDEN:
        reason, remedy = "no API of CircleCI Server lists them", "look in the web application"
    else:
        reason = "they are switched off in the configuration"
        remedy = f"set {store.switch} = true in [inventory.circleci], then audit again"
    return of_organization(organization, f"{store.name}s", reason, remedy)


def why(reply: Reply, kind: ScopeKind | None = None) -> str:
    """Return the reason in words, with what CircleCI's status can mean."""
    error = reply.error or ("CircleCI began to repeat its pages" if reply.repeated else "")
    reason = f"{reply.call}: {error}" if reply.call else error
    if kind is ScopeKind.CONTEXT and reply.status == HTTPStatus.FORBIDDEN:
        return f"{reason} (CircleCI says so of forbidden and of missing contexts alike)"
    if kind is ScopeKind.PROJECT and reply.status == HTTPStatus.NOT_FOUND:
        return f"{reason} (CircleCI says so of hidden and of deleted projects alike)"
    return reason


def fix(reply: Reply, right: str = "an organization admin") -> str:
    """Return what a person can do so that the next run reads it."""
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return f"make a new token: this one stopped working during the run; then {RESUME}"
    if refused(reply.status):
        return f"use the token of {right}, then audit again"
    if reply.status in _REDIRECTS:
        return "set url to where CircleCI is: redirects are not followed, the token stays with url"
    if reply.status == HTTPStatus.OK:
        return f"check that nothing answers in CircleCI's place, such as a proxy; then {RESUME}"
    if reply.error.startswith("not asked"):
        return "look it up in the web application"
    return RESUME


def _gap(group: Sequence[Trouble]) -> Gap:
    first = group[0]
    names = [_short(one.scope.name) for one in group[:_MOST_NAMES]]
    what = f"{first.store.name}s of {', '.join(names)}"
    if more := len(group) - len(names):
        what += f" and {more} more {first.scope.kind.value}s of {_short(first.scope.organization)}"
    return Gap(what, first.why, first.fix, SOURCE, tuple(one.scope.id for one in group))


def _short(name: str) -> str:
    name = shown(name)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
