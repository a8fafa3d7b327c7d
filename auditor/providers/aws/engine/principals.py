"""Decides whether a statement's Principal or NotPrincipal concerns a caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from auditor.models import Json
from auditor.providers.aws.engine.callers import Caller, CallerKind
from auditor.providers.aws.engine.context import Context
from auditor.providers.aws.engine.errors import MalformedPolicy
from auditor.providers.aws.engine.truth import MAYBE, NO, YES, Truth

_ACCOUNT = re.compile(r"(?:arn:[a-z0-9-]+:iam::(\d{12}):root|(\d{12}))")
_ROLE = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}):role/(?:.*/)?([^/]+)")
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,}")
_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class Reach(IntEnum):
    """How closely a resource policy names the caller: that decides what can limit its grant."""

    NONE = 0
    ACCOUNT = 1
    """Its account, which only lets the account's own policies decide."""
    ROLE = 2
    """The role of a session, which boundary and session policy still limit."""
    DIRECT = 3
    """Itself, or everyone."""


@dataclass(frozen=True, slots=True)
class Principals:
    """The entries of one Principal or NotPrincipal element."""

    named: Mapping[str, frozenset[str]]
    """Entries by kind: AWS, Service, Federated, CanonicalUser."""
    accounts: frozenset[str]
    roles: frozenset[tuple[str, str]]
    """Account and name, without the path, of each role: a session's ARN has no path."""
    everyone: bool
    left_out: bool
    """Whether it is NotPrincipal."""

    def concerns(
        self, caller: Caller, context: Context, *, allow: bool, bounded: bool
    ) -> tuple[Truth, Reach]:
        """Return whether the statement is about the caller, and how closely it is named."""
        if not self.left_out:
            return self._named(caller, context)
        if allow:
            # All but those named, anonymous callers included.
            truth, _ = self._named(caller, context)
            return YES - truth, Reach.DIRECT
        if bounded:
            # Denies whoever has a boundary "regardless of the values specified".
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
            return YES, Reach.DIRECT
        return YES - self._spared(caller, context), Reach.DIRECT

    def _named(self, caller: Caller, context: Context) -> tuple[Truth, Reach]:
        reach = self._reach(caller, context)
        if reach:
            return YES, reach
        if caller.has_identity and "CanonicalUser" in self.named:
            return MAYBE, Reach.ACCOUNT  # an account, but the id does not tell which
        return NO, Reach.NONE

    def _reach(self, caller: Caller, context: Context) -> Reach:
        if self.everyone:
            return Reach.DIRECT
        entries = self._entries(caller)
        if caller.name in entries:
            return Reach.ROLE if caller.kind is CallerKind.ROLE else Reach.DIRECT
        if not caller.has_identity:
            return Reach.DIRECT if "*" in entries else Reach.NONE
        return self._reach_in_account(caller, context)

    def _reach_in_account(self, caller: Caller, context: Context) -> Reach:
        if self._names_role(caller):
            return Reach.ROLE
        if self._names_id(context):
            return Reach.ROLE if caller.role else Reach.DIRECT
        if caller.account in self.accounts:
            return Reach.DIRECT if caller.kind is CallerKind.ROOT else Reach.ACCOUNT
        return Reach.NONE

    def _entries(self, caller: Caller) -> frozenset[str]:
        """Return the entries of the kinds that can name such a caller."""
        nothing: frozenset[str] = frozenset()
        if caller.kind is CallerKind.SERVICE:  # or an identity provider that goes by its host
            hosts = self.named.get("Service", nothing)
            return hosts | self.named.get("Federated", nothing)
        if caller.kind is CallerKind.PROVIDER:
            return self.named.get("Federated", nothing)
        return self.named.get("AWS", nothing)

    def _names_role(self, caller: Caller) -> bool:
        """Return whether a session's role is named: an account has one role of a name."""
        return caller.kind is CallerKind.SESSION and (caller.account, caller.role) in self.roles

    def _names_id(self, context: Context) -> bool:
        """Return whether the caller's unique id is named.

        It stands where an ARN stood that no longer names anyone, so an unknown id is not taken
        for it.
        """
        found = context.get("aws:userid") or ("",)
        return found[0].partition(":")[0] in self.named.get("AWS", ())

    def _spared(self, caller: Caller, context: Context) -> Truth:
        """Return whether a Deny with NotPrincipal leaves the caller out.

        Its account, its role and itself must all be named: "AWS might validate the account first,
        then the role, and then the assumed-role user".
        """
        if self.everyone:
            return YES
        if not caller.has_identity:
            return self._named(caller, context)[0]
        itself = caller.name in self.named.get("AWS", ())
        in_account = caller.account in self.accounts
        in_role = caller.kind is not CallerKind.SESSION or self._names_role(caller)
        if caller.kind is CallerKind.ROOT:
            itself = in_account
        if not (itself or self._names_id(context)) or not in_role:
            return NO
        if in_account:
            return YES
        return MAYBE if "CanonicalUser" in self.named else NO


def principals(element: str, value: Json) -> Principals:
    """Return a Principal or NotPrincipal element, read."""
    if value == "*":
        value = {"AWS": "*"}
    if not isinstance(value, dict):
        raise MalformedPolicy(element, 'it is neither "*" nor an object')
    named = {kind: _entries(element, kind, entries) for kind, entries in value.items()}
    aws = named.get("AWS", frozenset())
    accounts = (_ACCOUNT.fullmatch(entry) for entry in aws)
    roles = (_ROLE.fullmatch(entry) for entry in aws)
    return Principals(
        named=named,
        accounts=frozenset(found[1] or found[2] for found in accounts if found),
        roles=frozenset((found[1], found[2]) for found in roles if found),
        everyone="*" in aws,
        left_out=element == "NotPrincipal",
    )


def _entries(element: str, kind: str, value: Json) -> frozenset[str]:
    if kind not in _KINDS:
        raise MalformedPolicy(element, f"there is no kind of principal {kind}")
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, str):
            raise MalformedPolicy(element, f"an entry of {kind} is not a text")
        if kind == "AWS" and entry != "*":
            _check(element, entry)
    return frozenset(entries)


def _check(element: str, entry: str) -> None:
    """Refuse what AWS does not save: "you cannot use a wildcard to match part of" a principal."""
    if "*" in entry or "?" in entry:
        raise MalformedPolicy(element, "a wildcard stands for part of a principal")
    if not (entry.startswith("arn:") or _ACCOUNT.fullmatch(entry) or _UNIQUE_ID.fullmatch(entry)):
        raise MalformedPolicy(element, "an entry of AWS is neither an ARN, an account nor an id")
