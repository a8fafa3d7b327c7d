"""Gathers the policies that reach an identity: its own, those of its groups, its boundary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from auditor.models import Gap, Grant, Json
from auditor.providers.aws.accounts import Account, Principal
from auditor.providers.aws.documents import entries, text
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.gaps import source_of
from auditor.providers.aws.granted import granted_by_resources
from auditor.providers.aws.parts import DETAILS
from auditor.providers.aws.statements import Statement, parse, worded


@dataclass(frozen=True)
class Policy:
    """A policy on its way to an identity: through which group, under which name.

    `arn` is "" for an inline policy.
    """

    group: str
    name: str
    inline: bool
    statements: tuple[Statement, ...]
    arn: str = ""

    @cached_property
    def rules(self) -> Rules:
        """The policy as the engine reads it: statements in the same order."""
        return Rules(tuple(statement.rule for statement in self.statements))

    @property
    def via(self) -> str:
        """Return "group Admins, policy AdministratorAccess"."""
        return ", ".join(self.steps)

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the way from the identity to the policy, in words."""
        policy = f"{'inline policy' if self.inline else 'policy'} {self.name}"
        return (f"group {self.group}", policy) if self.group else (policy,)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Everything of its own account that decides what an identity may do.

    `boundary` is None where there is none; `boundary_unknown` is set where there is one whose
    text was not read.
    """

    policies: tuple[Policy, ...]
    boundary: Policy | None
    boundary_unknown: bool
    quarantine: str
    gaps: tuple[Gap, ...]


QUARANTINE = "AWSCompromisedKeyQuarantine"
"""How the policies begin that AWS attaches to a user whose key it found in public.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
"""


def quarantine_of(principal: Principal) -> str:
    """Return the name of the quarantine policy AWS has attached to an identity, "" where none."""
    names = (text(a, "PolicyName") for a in entries(principal.detail, "AttachedManagedPolicies"))
    return next((name for name in names if name.startswith(QUARANTINE)), "")


_PAST_BOUNDARY = (
    "it names the user itself, so that the user's permissions boundary does not limit what it "
    "grants: what of it the boundary leaves out is not shown"
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""


class PolicyReader:
    """Gathers the policies of the identities of one account, reading each managed policy once."""

    def __init__(self, account: Account) -> None:
        """Read the account's policies on demand."""
        self._account = account
        self._managed: dict[tuple[str, str], tuple[Policy, tuple[str, ...]]] = {}
        self._groups: dict[str, list[tuple[Policy, str, tuple[str, ...]]]] = {}

    def permissions(self, principal: Principal) -> Permissions:
        """Return everything that decides what a user or a role may do."""
        detail, gaps = principal.detail or {}, _Gaps(self._account.id, principal)
        found = self._policies_of(detail, "")
        for name in texts(detail.get("GroupList")):
            if name in self._account.groups:
                found += self._of_group(name)
            else:
                gaps.add(f"group {name}", "its policies are not among what was read")
        by_name = self._of_resources(principal.arn)
        found += by_name
        for _, what, problems in found:
            gaps.add_problems(what, problems)
        boundary_arn = text(detail.get("PermissionsBoundary"), "PermissionsBoundaryArn")
        boundary = self._boundary(boundary_arn, gaps) if boundary_arn else None
        if boundary_arn and principal.kind == "user":
            for _, what, _ in by_name:
                gaps.add(what, _PAST_BOUNDARY, "compare that policy with the boundary by hand")
        return Permissions(
            policies=tuple(policy for policy, _, _ in found),
            boundary=boundary,
            boundary_unknown=bool(boundary_arn) and boundary is None,
            quarantine=quarantine_of(principal),
            gaps=tuple(gaps.found),
        )

    def _of_resources(self, arn: str) -> list[tuple[Policy, str, tuple[str, ...]]]:
        """Return what policies of resources grant an identity by name."""
        found = []
        for resource, document in sorted(self._granted.get(arn, {}).items()):
            statements, problems = parse(document)
            policy = Policy("", f"of {resource}", inline=False, statements=statements)
            found.append((policy, f"policy of {resource}", problems))
        return found

    @cached_property
    def _granted(self) -> Mapping[str, Mapping[str, Json]]:
        return granted_by_resources(self._account.surroundings.resource_policies)

    def _of_group(self, name: str) -> list[tuple[Policy, str, tuple[str, ...]]]:
        if name not in self._groups:
            self._groups[name] = self._policies_of(self._account.groups[name], name)
        return self._groups[name]

    def _policies_of(
        self, holder: Mapping[str, Any], group: str
    ) -> list[tuple[Policy, str, tuple[str, ...]]]:
        """Return the policies of a user, role or group, each with its title and its problems."""
        found = []
        for listing in ("UserPolicyList", "GroupPolicyList", "RolePolicyList"):
            for entry in entries(holder, listing):
                name = text(entry, "PolicyName")
                statements, problems = parse(entry.get("PolicyDocument"))
                policy = Policy(group, name, inline=True, statements=statements)
                found.append((policy, f"inline policy {name}", problems))
        for entry in entries(holder, "AttachedManagedPolicies"):
            arn = text(entry, "PolicyArn")
            policy, problems = self._read(arn, text(entry, "PolicyName"), group)
            found.append((policy, f"managed policy {arn}", problems))
        return found

    def _boundary(self, arn: str, gaps: _Gaps) -> Policy | None:
        """Return a permissions boundary, None where a part of it is not known.

        A part that is missing could allow more: what is left must not be taken for the whole.
        """
        policy, problems = self._read(arn, arn.rpartition("/")[2], "")
        gaps.add_problems(f"permissions boundary {arn}", problems)
        return None if problems else policy

    def _read(self, arn: str, name: str, group: str) -> tuple[Policy, tuple[str, ...]]:
        """Return the default version of a managed policy and what is wrong with it."""
        known = self._managed.get((arn, group))
        if known is None:
            read = self._account.policies.get(arn)
            statements, problems = (
                parse(_default_version(read))
                if read is not None
                else ((), ("its text is not among what was read",))
            )
            policy = Policy(group, name, inline=False, statements=statements, arn=arn)
            known = self._managed[arn, group] = (policy, problems)
        return known


def _default_version(policy: Mapping[str, Any]) -> Json:
    versions = entries(policy, "PolicyVersionList")
    chosen = text(policy, "DefaultVersionId")
    default = (
        version.get("Document")
        for version in versions
        if version.get("IsDefaultVersion") is True or text(version, "VersionId") == chosen
    )
    return next(default, None)


def texts(value: Json) -> list[str]:
    """Return the texts of a list, none where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


class _Gaps:
    """Collects what is not known of one identity's permissions."""

    def __init__(self, account: str, principal: Principal) -> None:
        self.found: list[Gap] = []
        self._account = account
        self._principal = principal

    def add(self, what: str, why: str, fix: str = "") -> None:
        gap = Gap(
            what=f"permissions of {self._principal.title} through {what}",
            why=why,
            fix=fix or f"grant {DETAILS.permission}, or export it whole: aws iam {DETAILS.command}",
            source=source_of(self._account),
            affects=(self._account,),
        )
        if gap not in self.found:
            self.found.append(gap)

    def add_problems(self, what: str, problems: Iterable[str]) -> None:
        for problem in problems:
            self.add(what, problem)


def grants(principal: Principal, permissions: Permissions) -> tuple[Grant, ...]:
    """Return the statements of an identity as its policies word them."""
    return tuple(
        Grant(
            identity_id=principal.arn,
            actions=worded(statement.actions, left_out=statement.but_actions),
            resources=worded(statement.resources, left_out=statement.but_resources),
            effect=statement.effect,
            via=policy.via,
            condition=statement.condition,
        )
        for policy in permissions.policies
        for statement in policy.statements
    )
