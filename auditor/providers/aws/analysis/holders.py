"""Everything that decides what one identity may do, ready to be asked.

Keys of the context that are certain of a credential stored in CI are given to the engine, the rest
is unknown; so is what the policies of keys and roles say, where they are not at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from auditor.providers.aws.accounts import Principal
from auditor.providers.aws.analysis.masks import Answer, Masks
from auditor.providers.aws.documents import entries, text
from auditor.providers.aws.engine import Layers, Request, Verdict, decide, decide_asked, fixed
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.request import Asked, Given, asked
from auditor.providers.aws.engine.statements import Attached, Question
from auditor.providers.aws.patterns import has_wildcard
from auditor.providers.aws.policies import Permissions, Policy

Levels: TypeAlias = tuple[tuple[Rules, ...], ...]
"""Policies of the organization, of each level from the root to the account."""

_OWNER = 4
"""Where in an ARN the account stands."""
_TAGS = "aws:PrincipalTag/"
UNREAD = "auditor:ResourcePolicyAllows"
"""The key that an assumed resource policy depends on: no request has it, so it stays open."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the organization lets an account do at most. None where nothing limits it.

    `unread` says in words what of it is not known: then it is taken for no limit.
    """

    scps: Levels | None = None
    rcps: Levels | None = None
    unread: str = ""
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """One user or role with all policies that reach it."""

    principal: Principal
    account: str
    permissions: Permissions
    layers: Layers
    limits: Limits
    asker: Question
    context: Mapping[str, Given]
    settled: tuple[str, ...]
    answer: Answer

    @property
    def arn(self) -> str:
        """Return the ARN of the identity."""
        return self.principal.arn

    @property
    def title(self) -> str:
        """Return how it is called in sentences."""
        return self.principal.title

    def ask(
        self,
        action: str,
        resource: str,
        *,
        only: bool = False,
        resource_policy: Rules | None = None,
        layers: Layers | None = None,
        context: Mapping[str, Given] | None = None,
    ) -> Verdict:
        """Return the engine's verdict on an action of this identity.

        `only`: "*" is the action's one resource. Without a `resource_policy`, whatever needs one
        is taken to have one that may or may not let the account decide.
        """
        if resource_policy is None and self._needs_policy(action, resource):
            resource_policy = _assumed(self.account)
        asked_of = layers or self.layers
        if resource_policy is not None:
            asked_of = replace(asked_of, resource_policy=(resource_policy,))
        if context or self._is_elsewhere(resource):
            more = {**self.context, **(context or {})}
            request = Request(self.arn, action, resource, context=more, context_complete=False,
                              wildcard_only=only, settled=self.settled)  # fmt: skip
            return decide(request, asked_of)
        # All else of the question is the same for every resource of the account.
        every = not only and has_wildcard(resource)
        asker = self.asker
        question = Question(action.lower(), resource, every, asker.caller, asker.context,
                            asker.bounded)  # fmt: skip
        return decide_asked(Asked(question, asker.caller, self.account), asked_of)

    def _needs_policy(self, action: str, resource: str) -> bool:
        """Return whether the resource must allow an action itself: a key, a role, another's."""
        if self._is_elsewhere(resource):
            return True
        wide = has_wildcard(resource)
        return fixed.needs_resource_policy(action.lower(), resource, every=wide)

    def _is_elsewhere(self, resource: str) -> bool:
        parts = resource.split(":", 5)
        return len(parts) > _OWNER and parts[_OWNER] not in ("", "*", self.account)

    def policy(self, number: int) -> Policy:
        """Return one of its identity policies, counted from 1 as verdicts do."""
        return self.permissions.policies[number - 1]


def holder(
    principal: Principal, account: str, permissions: Permissions, limits: Limits, masks: Masks
) -> Holder:
    """Return an identity of an account, ready to be asked."""
    linked = ":role/aws-service-role/" in principal.arn
    layers = Layers(
        identity=tuple(policy.rules for policy in permissions.policies),
        boundary=_boundary(permissions),
        scps=None if linked else limits.scps,
        rcps=limits.rcps,
    )
    context = dict(_known(principal, limits))
    # Tags of a session are added to those of its role, and nobody knows them.
    settled = (_TAGS,) if principal.kind == "user" else ()
    request = Request(
        principal.arn, "none:None", context=context, context_complete=False, settled=settled
    )
    put = asked(request, has_boundary=layers.boundary is not None)
    return Holder(
        principal,
        account,
        permissions,
        layers,
        limits,
        put.question,
        context,
        settled,
        masks.answer(layers, put.question),
    )


def _known(principal: Principal, limits: Limits) -> Mapping[str, Given]:
    """Return the condition keys that are certain of every request of an identity.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    found: dict[str, Given] = {}
    if limits.organization:
        found["aws:PrincipalOrgID"] = limits.organization
    if principal.kind == "user":
        if id_ := text(principal.detail, "UserId"):
            found["aws:userid"] = id_
        for tag in entries(principal.detail, "Tags"):
            found[_TAGS + text(tag, "Key")] = text(tag, "Value")
    return found


def _boundary(permissions: Permissions) -> tuple[Rules, ...] | None:
    """Return the permissions boundary; one that was not read may allow anything, or not."""
    if permissions.boundary:
        return (permissions.boundary.rules,)
    return (_unread_boundary(),) if permissions.boundary_unknown else None


@cache
def _unread_boundary() -> Rules:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"auditor:BoundaryAllows": "true"}},
    }
    return read_rules({"Version": "2012-10-17", "Statement": statement}, Attached.TO_IDENTITY)


@cache
def _assumed(account: str) -> Rules:
    """Return a resource policy that may let the account's own policies decide, or not."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "*",
        "Condition": {"Bool": {UNREAD: "true"}},
    }
    return read_rules({"Version": "2012-10-17", "Statement": statement}, Attached.TO_RESOURCE)
