"""Everything that decides what one identity may do, ready to be asked.

Keys of the context that are certain of a credential stored in CI are given to the engine, the rest
is unknown; so is what the policies of keys and roles say, where they are not at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeAlias

from auditor.providers.aws.accounts import Principal
from auditor.providers.aws.analysis.masks import Answer
from auditor.providers.aws.documents import entries, text
from auditor.providers.aws.engine import Layers, Request, Verdict, decide
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.request import Given, asked
from auditor.providers.aws.engine.statements import Attached, Question
from auditor.providers.aws.policies import Permissions, Policy

Levels: TypeAlias = tuple[tuple[Rules, ...], ...]
"""Policies of the organization, of each level from the root to the account."""

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
    answer: Answer = field(default=Answer(0, 0, 0))

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
        policy = _assumed(self.account) if resource_policy is None else resource_policy
        request = Request(
            self.arn,
            action,
            resource,
            context={**self.context, **context} if context else self.context,
            context_complete=False,
            wildcard_only=only,
            settled=self.settled,
        )
        return decide(request, replace(layers or self.layers, resource_policy=(policy,)))

    def policy(self, number: int) -> Policy:
        """Return one of its identity policies, counted from 1 as verdicts do."""
        return self.permissions.policies[number - 1]


def holder(
    principal: Principal, account: str, permissions: Permissions, limits: Limits
) -> Holder:
    """Return an identity ready to be asked, but for its `answer`."""
    linked = ":role/aws-service-role/" in principal.arn
    boundary = permissions.boundary
    layers = Layers(
        identity=tuple(policy.rules for policy in permissions.policies),
        boundary=(boundary.rules,) if boundary else None,
        scps=None if linked else limits.scps,
        rcps=limits.rcps,
    )
    context = dict(_known(principal, limits))
    # Tags of a session are added to those of its role, and nobody knows them.
    settled = (_TAGS,) if principal.kind == "user" else ()
    request = Request(
        principal.arn, "none:None", context=context, context_complete=False, settled=settled
    )
    put = asked(request, has_boundary=boundary is not None)
    return Holder(
        principal, account, permissions, layers, limits, put.question, context, settled
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
