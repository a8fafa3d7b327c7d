"""The three layers of a decision: allow bindings, deny rules, access boundaries; each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.models import Json
from auditor.providers.gcp.engine.boundaries import stops
from auditor.providers.gcp.engine.conditions import Circumstances, holds
from auditor.providers.gcp.engine.errors import BadRequest
from auditor.providers.gcp.engine.members import Asker, any_covers, covers
from auditor.providers.gcp.engine.permissions import names
from auditor.providers.gcp.engine.truth import Truth, both, either, negated
from auditor.providers.gcp.engine.verdict import Decider


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for what on which resource. `places`: the resource and all its ancestors."""

    who: Asker
    permission: str
    places: tuple[str, ...]
    about: Circumstances


@dataclass(frozen=True, slots=True)
class Way:
    """A binding that allows, if `conditions` hold; no conditions: it allows."""

    decider: Decider
    conditions: tuple[str, ...]
    distance: int

    @property
    def order(self) -> tuple[int, int, Decider, tuple[str, ...]]:
        """Return what to sort by: the surest and nearest first, in whatever order they came."""
        return (len(self.conditions), self.distance, self.decider, self.conditions)


# --- allow -----------------------------------------------------------------------------------


class Bindings:
    """The allow bindings of a question's places."""

    def __init__(
        self, raw: Iterable[Json], roles: Mapping[str, Iterable[str] | None], asked: Question
    ) -> None:
        self._all = [one for entry in raw for one in _flat(entry)]
        self._roles = roles
        self._asked = asked
        self._basic: dict[tuple[str, str], Truth] = {}

    def ways(self) -> list[Way]:
        """Return every way in which the permission is or may be allowed."""
        return [
            way
            for one in self._all
            if one["resource"] in self._asked.places
            for way in self._of(one)
        ]

    def _of(self, one: Mapping[str, Any]) -> Iterator[Way]:
        permissions = self._roles.get(one["role"])
        if permissions is not None and self._asked.permission not in permissions:
            return
        condition = _condition(one.get("condition"), self._asked)
        if condition.holds is False:
            return
        for member in one["members"]:
            told = covers(member, self._asked.who, self.has_basic)
            if told is False:
                continue
            opens = [f"{self._asked.who.name} is covered by {member}"] if told is None else []
            if permissions is None:
                opens.append(f"{one['role']}, which was not given, has {self._asked.permission}")
            if condition.holds is None:
                opens.append(condition.text)
            decider = Decider(one["resource"], one["role"], member, condition.text)
            yield Way(decider, tuple(opens), self._asked.places.index(one["resource"]))

    def has_basic(self, role: str, project: str) -> Truth:
        """Return whether who asks holds a basic role on a project, or above it."""
        if (role, project) not in self._basic:
            self._basic[role, project] = either(
                both(
                    any_covers(one["members"], self._asked.who, _never),
                    _condition(one.get("condition"), self._asked).holds,
                )
                for one in self._all
                if one["role"] == role and one["resource"] in self._above(project)
            )
        return self._basic[role, project]

    def _above(self, project: str) -> tuple[str, ...]:
        """Return a project and what is above it, where that is among the question's places."""
        own = f"//cloudresourcemanager.googleapis.com/projects/{project}"
        places = self._asked.places
        return places[places.index(own) :] if own in places else (own,)


def _never(role: str, project: str) -> Truth:  # noqa: ARG001 (the shape of HasRole)
    """Return that a convenience member stands for nobody: a project's own policy has none."""
    return False


@dataclass(frozen=True, slots=True)
class _Told:
    holds: Truth
    text: str


def _condition(raw: Json, asked: Question) -> _Told:
    """Return whether a condition holds; none at all does."""
    if raw is None or raw == {}:
        return _Told(True, "")
    expression = raw.get("expression") if isinstance(raw, Mapping) else None
    if not isinstance(expression, str) or not expression.strip():
        return _Told(None, "a condition that cannot be read")
    return _Told(holds(expression, asked.about), expression)


def _flat(entry: Json) -> Iterator[Mapping[str, Any]]:
    """Yield bindings with their resource: from one of our own, or from a search result's policy."""
    if not isinstance(entry, Mapping):
        raise BadRequest("bindings", "one of them is not an object")
    policy = entry.get("policy")
    found = policy.get("bindings", ()) if isinstance(policy, Mapping) else (entry,)
    for one in found:
        flat = {**one, "resource": entry.get("resource")} if isinstance(one, Mapping) else {}
        members = flat.get("members")
        texts = [flat.get("resource"), flat.get("role")]
        if not all(isinstance(text, str) for text in texts) or not _are_texts(members):
            raise BadRequest("bindings", "each needs resource, role, and a list of members")
        yield flat


def _are_texts(value: Json) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


# --- deny ------------------------------------------------------------------------------------


def denials(
    policies: Iterable[Json], asked: Question, has_role: Callable[[str, str], Truth]
) -> Iterator[tuple[Truth, Decider]]:
    """Yield each deny rule that refuses (True) or may refuse (None)."""
    for policy in policies:
        where, name = _text(policy, "resource", "deny"), str(policy.get("name", ""))
        for rule in _rules(policy, "deny"):
            told = _deny_rule(rule)
            if where not in asked.places or not _denies(told, asked.permission):
                continue
            condition = _condition(told.get("denialCondition"), asked)
            refuses = both(
                any_covers(_texts(told, "deniedPrincipals"), asked.who, has_role),
                negated(any_covers(_texts(told, "exceptionPrincipals"), asked.who, has_role)),
                condition.holds,
            )
            if refuses is not False:
                yield refuses, Decider(where, name, condition=condition.text)


def is_well_formed(policy: Json) -> bool:
    """Return whether a deny policy or a boundary has the shape that this engine reads."""
    try:
        for rule in _rules(policy, "rules") if isinstance(policy, Mapping) else ():
            told = _deny_rule(rule)
            for name in _LISTS:
                _texts(told, name)
    except BadRequest:
        return False
    return isinstance(policy, Mapping)


_LISTS = (
    "deniedPrincipals",
    "exceptionPrincipals",
    "deniedPermissions",
    "exceptionPermissions",
    "resources",
)


def _deny_rule(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    told = rule.get("denyRule", rule)
    if not isinstance(told, Mapping):
        raise BadRequest("deny", "denyRule is not an object")
    return told


def _denies(rule: Mapping[str, Any], permission: str) -> bool:
    named, spared = (
        any(names(pattern, permission) for pattern in _texts(rule, field))
        for field in ("deniedPermissions", "exceptionPermissions")
    )
    return named and not spared


# --- boundaries ------------------------------------------------------------------------------


def outside(policies: Iterable[Json], asked: Question) -> tuple[Truth, tuple[Decider, ...]]:
    """Return whether the boundaries keep the principal from the resource, and which ones.

    Boundaries add up: what one of them lists is within reach, whatever the others list.
    https://cloud.google.com/iam/docs/principal-access-boundary-policies
    """
    applying = []
    for policy in policies:
        condition = _condition(policy.get("condition") if isinstance(policy, Mapping) else 0, asked)
        if condition.holds is not False:
            applying.append((policy, condition))
    inside = [condition.holds for policy, condition in applying if _lists(policy, asked)]
    if True in inside or not applying:
        return False, ()
    blocking = [
        (both(condition.holds, _blocks(policy, asked.permission)), policy, condition)
        for policy, condition in applying
        if not _lists(policy, asked)
    ]
    refuses = both(either(told for told, _, _ in blocking), negated(either(inside)))
    deciders = sorted(
        Decider("", str(policy.get("name", "")), condition=condition.text)
        for told, policy, condition in blocking
        if told is not False
    )
    return refuses, tuple(deciders) if refuses is not False else ()


def _lists(policy: Mapping[str, Any], asked: Question) -> bool:
    listed = {name for rule in _rules(policy, "boundaries") for name in _texts(rule, "resources")}
    return not listed.isdisjoint(asked.places)


def _blocks(policy: Mapping[str, Any], permission: str) -> Truth:
    """Return whether a boundary stops a permission at all; each enforcement version stops some.

    `blocks`: patterns, or null where they are not known. Without it the version of the policy's
    details tells, and where there are no details either, everything is stopped.
    """
    if "blocks" in policy:
        told = policy["blocks"]
        return None if told is None else any(names(p, permission) for p in _texts(policy, "blocks"))
    details = policy.get("details")
    if not isinstance(details, Mapping):
        return True
    return stops(str(details.get("enforcementVersion", "")), permission)


# --- fields ----------------------------------------------------------------------------------


def _rules(policy: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    details = policy.get("details")
    rules = (details if isinstance(details, Mapping) else policy).get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        raise BadRequest(field, "rules is not a list of objects")
    return rules


def _texts(rule: Mapping[str, Any], name: str) -> list[str]:
    value = rule.get(name) or []
    if not _are_texts(value):
        raise BadRequest(name, "it is not a list of texts")
    return list(value)


def _text(policy: Json, name: str, field: str) -> str:
    value = policy.get(name) if isinstance(policy, Mapping) else None
    if not isinstance(value, str):
        raise BadRequest(field, f"each needs {name}")
    return value
