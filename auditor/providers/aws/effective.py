"""Decides which sensitive actions an identity may do, on what, and within which limits.

The first cut of the evaluation: identity policies and the permissions boundary, action by action of
the reviewed table. A condition is not decided but kept in words. Organisation, resource, session
and trust policies are not in it, so what it allows is an upper bound within the account.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from auditor.providers.aws import sensitive
from auditor.providers.aws.accounts import Principal
from auditor.providers.aws.patterns import covers, overlaps
from auditor.providers.aws.policies import Permissions, Policy
from auditor.providers.aws.sensitive import ARN_PARTS
from auditor.providers.aws.statements import Statement, short, worded

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_USERNAME = re.compile(r"\$\{\s*aws:username\s*\}", re.IGNORECASE)
_WHOLE_TYPE = re.compile(r"[a-z][a-z0-9-]*[/:]\*+")
_UNTYPED = ("s3", "sns", "sqs", "codecommit", "execute-api")
"""Services whose ARNs name the resource at once: "bucket/*" is one bucket, not a type."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """One statement that lets an identity do one action of the table.

    `resources` are the patterns that are left of it; `limited` where they are not all resources
    there are; `conditional` where it holds under conditions only; `notes` say so in words.
    """

    action: str
    policy: Policy
    statement: Statement
    resources: tuple[str, ...]
    limited: bool
    conditional: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Clause:
    """A statement with what is asked of it again and again."""

    policy: Policy
    statement: Statement
    resources: tuple[str, ...]
    """Its patterns with the user's name filled in."""

    @cached_property
    def some(self) -> sensitive.Actions:
        """The table's actions of which it names a part."""
        told = self.statement
        return sensitive.named_in_part(told.actions, left_out=told.but_actions)

    @cached_property
    def whole(self) -> sensitive.Actions:
        """The table's actions that it names altogether."""
        told = self.statement
        return sensitive.named_whole(told.actions, left_out=told.but_actions)

    def concerns(self, action: str) -> bool:
        """Return whether the action can be done on any of its resources at all."""
        has_resource = sensitive.table().has_resource
        named = any(has_resource(action, _open(resource)) for resource in self.resources)
        return named or self.statement.but_resources

    def leaves(self, resource: str) -> tuple[str, ...]:
        """Return what of a pattern is outside of the statement's resources.

        Where that cannot be written as patterns, it is the pattern itself.
        """
        if any("${" in pattern for pattern in self.resources):
            return (resource,)
        if self.statement.but_resources:
            met = (pattern for pattern in self.resources if overlaps(pattern, resource))
            return tuple(pattern if covers(resource, pattern) else resource for pattern in met)
        return () if any(covers(pattern, resource) for pattern in self.resources) else (resource,)

    def meets(self, resource: str) -> bool:
        """Return whether it may hold for some resource of a pattern."""
        patterns = [_open(pattern) for pattern in self.resources]
        if self.statement.but_resources:
            return not any(covers(p, resource) for p in self.resources if "${" not in p)
        return any(overlaps(pattern, _open(resource)) for pattern in patterns)


class Evaluation:
    """What one identity may do, action by action."""

    def __init__(self, principal: Principal, account: str, permissions: Permissions) -> None:
        """Sort the identity's statements."""
        self._account = account
        self._permissions = permissions
        clauses = [
            self._clause(p, s, principal) for p in permissions.policies for s in p.statements
        ]
        boundary = permissions.boundary
        limits = (
            [self._clause(boundary, s, principal) for s in boundary.statements] if boundary else []
        )
        self._allows = _by_action(c for c in clauses if c.statement.effect == "Allow")
        self._denies = _by_action(c for c in (*clauses, *limits) if c.statement.effect == "Deny")
        self._limits = _by_action(c for c in limits if c.statement.effect == "Allow")
        self._known: dict[str, tuple[Allowed, ...]] = {}

    def allowed(self, action: str) -> tuple[Allowed, ...]:
        """Return what allows an action of the table, after everything that takes it away."""
        if action not in self._known:
            found = (self._left(action, clause) for clause in self._allows[action])
            self._known[action] = tuple(allowed for allowed in found if allowed)
        return self._known[action]

    def boundary_gives(self, whole: str) -> bool:
        """Return whether the permissions boundary, if any, lets all of a pattern through."""
        boundary = self._permissions.boundary
        return boundary is None or any(
            sensitive.names_all_of(told.actions, whole, left_out=told.but_actions)
            for told in boundary.statements
            if told.effect == "Allow"
        )

    @staticmethod
    def _clause(policy: Policy, statement: Statement, principal: Principal) -> _Clause:
        name = principal.name if principal.kind == "user" else "${aws:username}"
        filled = (_USERNAME.sub(lambda _: name, r) for r in statement.resources)
        return _Clause(policy, statement, tuple(filled))

    def _left(self, action: str, clause: _Clause) -> Allowed | None:
        """Return what is left of a statement that allows an action, None where nothing is."""
        denies = [d for d in self._denies[action] if action in d.whole and d.concerns(action)]
        resources = self._remaining(action, clause, denies)
        if not resources:
            return None
        partly = [deny for deny in denies if any(map(deny.meets, resources))]
        limits = [limit for limit in self._limits[action] if any(map(limit.meets, resources))]
        return Allowed(
            action=action,
            policy=clause.policy,
            statement=clause.statement,
            resources=resources,
            limited=not any(names_all(resource, self._account) for resource in resources)
            or any(not deny.statement.condition for deny in partly)
            or bool(limits and not any(self._is_everything(limit) for limit in limits)),
            conditional=bool(clause.statement.condition)
            or self._permissions.boundary_unknown
            or any(deny.statement.condition for deny in partly)
            or bool(limits and all(limit.statement.condition for limit in limits)),
            notes=tuple(self._notes(clause, partly, limits)),
        )

    def _remaining(self, action: str, clause: _Clause, denies: list[_Clause]) -> tuple[str, ...]:
        """Return the resources of a statement that no Deny takes and the boundary lets through."""
        left = ("*",) if clause.statement.but_resources else clause.resources
        final = (deny for deny in denies if not deny.statement.condition)
        # Those that leave named resources only come first: what they leave, others may then take.
        for deny in sorted(final, key=lambda deny: not deny.statement.but_resources):
            left = tuple(kept for resource in left for kept in deny.leaves(resource))
        bounded, limits = self._permissions.boundary is not None, self._limits[action]
        return tuple(
            resource
            for resource in dict.fromkeys(left)
            if sensitive.table().has_resource(action, _open(resource))
            and (not bounded or any(limit.meets(resource) for limit in limits))
        )

    def _is_everything(self, clause: _Clause) -> bool:
        whole = any(names_all(resource, self._account) for resource in clause.resources)
        return clause.statement.but_resources or whole

    def _notes(self, clause: _Clause, denies: list[_Clause], limits: list[_Clause]) -> list[str]:
        notes = [f"only if {clause.statement.condition}"] if clause.statement.condition else []
        notes += [f"but {_deny_words(deny)}" for deny in denies]
        if self._permissions.boundary_unknown:
            notes.append("its permissions boundary was not read and may allow less")
        for limit in limits:
            told = f" only if {limit.statement.condition}" if limit.statement.condition else ""
            notes.append(f"within permissions boundary {limit.policy.name}{told}")
        return notes


def _by_action(clauses: Iterable[_Clause]) -> dict[str, list[_Clause]]:
    found: dict[str, list[_Clause]] = defaultdict(list)
    for clause in clauses:
        for action in clause.some:
            found[action].append(clause)
    return found


def _deny_words(deny: _Clause) -> str:
    told = deny.statement
    what = ", ".join(worded(told.actions, left_out=told.but_actions))
    where = ", ".join(worded(told.resources, left_out=told.but_resources))
    condition = f" if {told.condition}" if told.condition else ""
    return short(f"{deny.policy.via} denies {what} on {where}{condition}")


def _open(resource: str) -> str:
    """Return a pattern with its policy variables as wildcards: they could be anything."""
    return _VARIABLE.sub("*", resource)


def names_all(resource: str, account: str, *, of_a_type: bool = True) -> bool:
    """Return whether a pattern leaves out no resource of its service, or of one type of it.

    All of the own account counts as all: `arn:aws:iam::123456789012:role/*`.
    """
    if "${" in resource:
        return False
    if not resource.strip("*"):
        return True
    parts = resource.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return parts[0] == "arn" and parts[-1] == "*"
    _, _, service, region, owner, name = parts
    if region.strip("*") or owner not in ("", "*", account):
        return False
    typed = of_a_type and service not in _UNTYPED and _WHOLE_TYPE.fullmatch(name)
    return bool(typed) or not name.strip("*:/")
