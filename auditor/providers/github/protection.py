"""Decides whether the protection of a default branch keeps somebody from pushing to it.

Protection that one may pass does not bind: administrators where they are not included, whoever
its settings or a ruleset name. What could not be read is not known, never "binds".

A deploy key that writes may do what an administrator may, and in rulesets is an actor of its own:
https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys
https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.models import Json
from auditor.providers.github.documents import body, is_complete, items, number, text
from auditor.providers.github.levels import rank

_BINDING = frozenset({
    "pull_request", "update", "required_status_checks", "required_deployments", "workflows",
    "merge_queue",
})  # fmt: skip
"""Rules that keep a plain push off a branch.

https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch
"""
_ROLES = {2: "maintain", 4: "write", 5: "admin"}
"""Roles of repositories by their ids; those of others are an organisation's own."""
_ALWAYS = frozenset({"always", "exempt"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who may push, as protections name them."""

    is_key: bool = False
    """A deploy key: it acts as an administrator, and can open no pull request."""
    login: str = ""
    user: int = 0
    teams: Mapping[int, str] = field(default_factory=dict)
    """Slugs by id."""
    app: int = 0
    slug: str = ""
    level: str = "write"
    """On the repository."""
    is_owner: bool = False

    @property
    def administers(self) -> bool:
        """Return whether what spares administrators spares it."""
        return self.is_key or self.is_owner or self.level == "admin"


KEY = Actor(is_key=True)


@dataclass(frozen=True, slots=True)
class Protection:
    """What stands around a default branch, as far as it was read.

    `on` says whether GitHub calls it protected, `settings` how; a ruleset that was not read, or
    does not tell who may pass it, is None.
    """

    on: bool | None = None
    settings: Mapping[str, Any] | None = None
    rules_read: bool = False
    rulesets: Mapping[str, Sequence[Mapping[str, Json]] | None] = field(default_factory=dict)
    """By name of a ruleset that binds: who may pass it."""

    def binds(self, actor: Actor) -> bool | None:
        """Return whether something keeps an actor from pushing, None where that is not known."""
        found = [self._settings_bind(actor)]
        found += [_ruleset_binds(passes, actor) for passes in self.rulesets.values()]
        if True in found:
            return True
        return None if None in found or not self.rules_read else False

    def _settings_bind(self, actor: Actor) -> bool | None:
        if self.on is not True:
            return self.on
        told = self.settings
        if told is None:
            return None
        if actor.administers and not _enabled(told, "enforce_admins"):
            return False
        reviews = _inner(told, "required_pull_request_reviews")
        restrictions = _inner(told, "restrictions")
        allowed = _inner(reviews or {}, "bypass_pull_request_allowances")
        return (
            (reviews is not None and not _names(allowed, actor))
            or (restrictions is not None and not _names(restrictions, actor))
            or _inner(told, "required_status_checks") is not None
            or _enabled(told, "lock_branch")
        )

    def passed_by(self, actor: Actor) -> bool:
        """Return whether there is protection, and this actor may pass it."""
        return (self.on is True or bool(self.rulesets)) and self.binds(actor) is False


def protection_of(
    branch: Json | None,
    settings: Json | None,
    rules: Json | None,
    rulesets: Mapping[str, Json | None],
) -> Protection:
    """Return the protection that documents tell of; `rulesets` are by id."""
    on = body(branch).get("protected") if is_complete(branch) else None
    none = text(settings, "message") == UNPROTECTED  # what protects it are rulesets alone
    return Protection(
        on=False if none else on if isinstance(on, bool) else None,
        settings=body(settings) if is_complete(settings) else None,
        rules_read=is_complete(rules),
        rulesets={
            text(body(rulesets.get(id_)), "name") or id_: passes_of(rulesets.get(id_))
            for id_ in binding_rulesets(rules)
        },
    )


UNPROTECTED = "Branch not protected"
"""With 404: how GitHub says that there are no settings of protection."""


def binding_rulesets(rules: Json | None) -> tuple[str, ...]:
    """Return the ids of the rulesets that keep a plain push off a branch."""
    found = (str(rule.get("ruleset_id")) for rule in items(rules) if text(rule, "type") in _BINDING)
    return tuple(dict.fromkeys(found))


def passes_of(ruleset: Json | None) -> Sequence[Mapping[str, Json]] | None:
    """Return who may pass a ruleset, None where it does not tell: to who may not change it."""
    listed = body(ruleset).get("bypass_actors") if is_complete(ruleset) else None
    if not isinstance(listed, list):
        return None
    return [one for one in listed if isinstance(one, dict)]


def _ruleset_binds(passes: Iterable[Mapping[str, Json]] | None, actor: Actor) -> bool | None:
    if passes is None:
        return None
    found = [_passes(one, actor) for one in passes]
    if True in found:
        return False
    return None if None in found else True


def _passes(one: Mapping[str, Json], actor: Actor) -> bool | None:
    """Return whether an entry of a ruleset lets an actor pass, None for a role not known."""
    # By a pull request of one's own the rules are passed too, but a key can open none.
    if actor.is_key and (text(one, "bypass_mode") or "always") not in _ALWAYS:
        return False
    id_ = number(one, "actor_id")
    if one.get("actor_type") == "RepositoryRole":
        return _has_role(id_, actor)
    kinds = {
        "DeployKey": actor.is_key,
        "OrganizationAdmin": actor.is_owner,
        "Team": bool(id_) and id_ in actor.teams,
        "Integration": bool(actor.app) and id_ == actor.app,
        "User": bool(actor.user) and id_ == actor.user,
    }
    return kinds.get(str(one.get("actor_type")))


def _has_role(id_: int, actor: Actor) -> bool | None:
    if actor.is_key or actor.app:
        return False
    role = _ROLES.get(id_)
    return None if role is None else actor.is_owner or rank(actor.level) >= rank(role)


def _names(told: Mapping[str, Any] | None, actor: Actor) -> bool:
    """Return whether lists of users, teams and apps hold an actor."""
    users = {text(one, "login").casefold() for one in _listed(told, "users")}
    teams = {text(one, "slug") for one in _listed(told, "teams")}
    apps = {text(one, "slug") for one in _listed(told, "apps")}
    return (
        (bool(actor.login) and actor.login.casefold() in users)
        or not teams.isdisjoint(actor.teams.values())
        or (bool(actor.slug) and actor.slug in apps)
    )


def _listed(told: Mapping[str, Any] | None, name: str) -> list[Any]:
    found = (told or {}).get(name)
    return found if isinstance(found, list) else []


def _inner(told: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    found = told.get(name)
    return found if isinstance(found, dict) else None


def _enabled(told: Mapping[str, Any], name: str) -> bool:
    return (_inner(told, name) or {}).get("enabled") is True
