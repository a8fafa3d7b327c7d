"""Levels of access to a repository, and which of them a person has on which repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.models import Json

if TYPE_CHECKING:
    from auditor.providers.github.organizations import Organization

LEVELS = ("none", "read", "triage", "write", "maintain", "admin")
"""Every level contains those before it."""
_FLAGS = (("admin", "admin"), ("maintain", "maintain"), ("push", "write"), ("triage", "triage"))


def rank(level: str) -> int:
    """Return the place of a level; an unheard-of one counts as the highest."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1


def level_of(entry: Mapping[str, Json]) -> str:
    """Return the level that a team's repository or a collaborator says.

    A custom role's name tells nothing: the permissions beside it do.
    """
    flags = entry.get("permissions")
    if isinstance(flags, dict) and flags:
        own = (level for flag, level in _FLAGS if flags.get(flag) is True)
        return next(own, "read" if flags.get("pull") is True else "none")
    name = str(entry.get("role_name") or entry.get("permission") or "")
    return {"push": "write", "pull": "read"}.get(name, name if name in LEVELS else "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody is in an organisation: owner, member, outside collaborator, or stranger."""

    login: str
    role: str
    """"owner", "member", "outside collaborator", or "no member"."""


def person(organization: Organization, login: str) -> Person:
    """Return who somebody is in an organisation."""
    # Logins are compared as GitHub compares them.
    if _holds(organization.owners, login):
        return Person(login, "owner")
    if _holds(organization.members, login):
        return Person(login, "member")
    if _holds(organization.outside, login):
        return Person(login, "outside collaborator")
    return Person(login, "no member")


def _holds(logins: frozenset[str] | Mapping[str, object], login: str) -> bool:
    return login in logins or login.casefold() in {one.casefold() for one in logins}


def access(organization: Organization, who: Person) -> Mapping[str, str]:
    """Return the level that somebody has on each repository, those without access left out.

    The organisation's role first, then teams, then their own access; the highest counts.
    """
    if who.role == "owner":
        return dict.fromkeys(organization.repositories, "admin")
    found: dict[str, str] = {}
    for repository, level in _granted(organization, who):
        if repository in organization.repositories and rank(level) > rank(
            found.get(repository, "none")
        ):
            found[repository] = level
    for name, one in organization.repositories.items():
        if not one.private and who.role != "no member":
            found.setdefault(name, "read")
    return found


def _granted(organization: Organization, who: Person) -> Iterator[tuple[str, str]]:
    if who.role == "member":
        default = str(organization.settings.get("default_repository_permission") or "read")
        if default != "none":
            yield from ((name, default) for name in organization.repositories)
    for team in organization.teams_of.get(who.login, ()):
        yield from organization.teams.get(team, {}).items()
    for name, repository in organization.repositories.items():
        if level := repository.collaborators.get(who.login):
            yield name, level
