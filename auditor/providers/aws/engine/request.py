"""One request, in plain data, and the question it puts to statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from auditor.providers.aws.engine.callers import Caller, CallerKind, caller
from auditor.providers.aws.engine.context import ABSENT, Context, Values
from auditor.providers.aws.engine.errors import BadRequest
from auditor.providers.aws.engine.statements import Question
from auditor.providers.aws.patterns import has_wildcard

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9-]+")
_ACCOUNT = re.compile(r"\d{12}")
_ARN_PARTS = 6
_ACCOUNT_PART = 4
_LONGEST = 20_000
"""Longest resource or context value; AWS's own limits are all far below."""

Given = str | bool | int | float | Sequence[str | bool | int | float] | None


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks AWS to do.

    `principal`: an ARN (user, role, assumed-role session, federated user, root, identity
    provider), the host of a service, or None for an anonymous caller.
    `resource`: an ARN, or "*". Where it holds a wildcard, the question is whether the action is
    allowed on every resource that it matches, unless `wildcard_only` says that the action has no
    resource types, so that "*" is its one resource.
    `resource_account`: the account that owns the resource; None takes it from the ARN, and where
    that has none it is the caller's own.
    `context`: condition keys with a text or a list of texts; None or an empty list means that the
    request does not have the key. `context_complete`: whether it lacks all keys that are not
    given; otherwise those are unknown, but for the keys that begin with one of `settled`, such as
    "aws:PrincipalTag/": all that the request has of these are given.
    `now`: the time of the request, for aws:CurrentTime and aws:EpochTime.
    """

    principal: str | None
    action: str
    resource: str = "*"
    resource_account: str | None = None
    context: Mapping[str, Given] = field(default_factory=dict)
    context_complete: bool = True
    wildcard_only: bool = False
    now: datetime | None = None
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was checked: the question for statements, and who owns the resource."""

    question: Question
    caller: Caller
    account: str

    @property
    def crosses_accounts(self) -> bool:
        """Return whether the caller and the resource belong to two accounts."""
        return bool(self.caller.account and self.account) and self.caller.account != self.account


def asked(request: Request, *, has_boundary: bool) -> Asked:
    """Return a request checked. BadRequest where no real request could be like it."""
    if not _ACTION.fullmatch(request.action):
        raise BadRequest("action", "it is not like service:Action")
    if not request.resource or len(request.resource) > _LONGEST:
        raise BadRequest("resource", "it is empty or too long")
    who = caller(request.principal)
    resource = "*" if request.wildcard_only else request.resource
    account = _account(request, who)
    bounded = has_boundary and who.kind in (CallerKind.USER, CallerKind.ROLE, CallerKind.SESSION)
    question = Question(
        action=request.action.lower(),
        resource=resource,
        every=not request.wildcard_only and has_wildcard(resource),
        caller=who,
        context=_context(request, who, account),
        bounded=bounded,
    )
    return Asked(question, who, account)


def _account(request: Request, who: Caller) -> str:
    if request.resource_account is not None:
        if not _ACCOUNT.fullmatch(request.resource_account):
            raise BadRequest("resource_account", "it is not the id of an account")
        return request.resource_account
    parts = request.resource.split(":", _ARN_PARTS - 1)
    if len(parts) == _ARN_PARTS and _ACCOUNT.fullmatch(parts[_ACCOUNT_PART]):
        return parts[_ACCOUNT_PART]
    return who.account


def _context(request: Request, who: Caller, account: str) -> Context:
    """Return the keys of the request: those AWS fills in, then those that were given."""
    values: dict[str, Values] = dict(who.keys)
    if account:
        values["aws:resourceaccount"] = (account,)
    if request.now:
        utc = request.now.astimezone(UTC)
        values["aws:currenttime"] = (utc.strftime("%Y-%m-%dT%H:%M:%SZ"),)
        values["aws:epochtime"] = (str(int(utc.timestamp())),)
    if request.context_complete:
        if who.kind is CallerKind.SESSION:
            # The session's ARN leaves out the path of its role; a caller that knows it gives it.
            role = f"arn:{who.partition}:iam::{who.account}:role/{who.role}"
            values["aws:principalarn"] = (role,)
    elif who.kind is CallerKind.USER:
        values.update(_PINNED)
    for key, given in request.context.items():
        values[key.lower()] = tuple(_values(key, given))
    settled = tuple(beginning.lower() for beginning in request.settled)
    return Context(values, complete=request.context_complete, settled=settled)


# What is certain of a key stored in CI, which is a long-term one: calls are made over TLS, and none
# of them is made with MFA. Not aws:TokenIssueTime: its user can ask for a session with it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_PINNED: Mapping[str, Values] = {
    "aws:securetransport": ("true",),
    "aws:multifactorauthpresent": ABSENT,
}


def _values(key: str, given: Any) -> Iterator[str]:
    """Yield the values of a key as texts."""
    listed = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
    for value in listed:
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, (int, float)) and abs(value) < 10**100:
            yield str(value)
        elif isinstance(value, str) and len(value) <= _LONGEST:
            yield value
        else:
            raise BadRequest("context", f"a value of {key[:100]} is not a text, or too long")
