"""All accounts that were read, with everything that decides what their identities may do.

Nothing of an account is worked out before one of its identities is asked about.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from auditor.models import Gap, Known
from auditor.providers.aws.accounts import Account, Principal
from auditor.providers.aws.analysis.escalations import needed
from auditor.providers.aws.analysis.holders import Holder, Levels, Limits, holder
from auditor.providers.aws.analysis.masks import Masks
from auditor.providers.aws.analysis.targets import universe
from auditor.providers.aws.analysis.trusts import Trust, trust
from auditor.providers.aws.analysis.ways import Ways
from auditor.providers.aws.documents import entries, text
from auditor.providers.aws.engine import EngineError
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.statements import Attached
from auditor.providers.aws.gaps import source_of
from auditor.providers.aws.parts import DETAILS
from auditor.providers.aws.patterns import has_wildcard, matches
from auditor.providers.aws.policies import Permissions, PolicyReader
from auditor.providers.aws.surroundings import Levels as Documents

_OWNER = re.compile(r"arn:[\w-]+:iam::\d{12}:")
_REMEMBERED = 64
"""Identities whose ways are remembered: one is asked about many times, and then no more."""
UNREAD = "as far as the policies of its organization, which were not read, let it"


class World:
    """The accounts of one reading."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        """Read no policy yet."""
        self.realms: Mapping[str, Realm] = {found.id: Realm(found) for found in accounts}
        self._matching: dict[str, frozenset[str]] = {}

    def realm(self, arn: str) -> Realm | None:
        """Return the account of an ARN, if it was read."""
        parts = arn.split(":", 5)
        return self.realms.get(parts[4]) if len(parts) > 4 else None  # noqa: PLR2004

    def holders(self) -> Iterator[Holder]:
        """Yield every user and role whose policies were read."""
        for realm in self.realms.values():
            yield from realm.holders.values()

    @cached_property
    def arns(self) -> frozenset[str]:
        """The ARNs of all users and roles whose policies were read."""
        return frozenset(held.arn for held in self.holders())

    def matching(self, pattern: str) -> frozenset[str]:
        """Return those of `arns` that a pattern matches; most policies share their patterns."""
        found = self._matching.get(pattern)
        if found is None:
            parts = pattern.split(":", 3)
            if not has_wildcard(pattern):
                found = frozenset((pattern,)) & self.arns
            elif len(parts) > 3 and not has_wildcard(parts[2]) and parts[2] != "iam":  # noqa: PLR2004
                found = frozenset()
            else:
                found = frozenset(arn for arn in self.arns if matches(pattern, arn))
            self._matching[pattern] = found
        return found

    def trust(self, arn: str) -> Trust | None:
        """Return who may assume a role, None where the role was not read."""
        realm = self.realm(arn)
        return realm.trusts.get(arn) if realm else None

    @cached_property
    def roles_naming(self) -> Mapping[str, list[str]]:
        """The roles whose trust names a user or role, by that one's ARN."""
        found: dict[str, list[str]] = defaultdict(list)
        for realm in self.realms.values():
            for role, told in realm.trusts.items():
                for arn in told.named:
                    found[arn].append(role)
        return found

    @cached_property
    def roles_trusting(self) -> Mapping[str, dict[str, None]]:
        """The roles that leave it to an account who of it assumes them, by the account's id.

        Those that trust everyone stand under "*".
        """
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for realm in self.realms.values():
            for role, told in realm.trusts.items():
                for account in ("*",) if told.everyone else told.accounts:
                    found[account][role] = None
        return found


class Realm:
    """One account."""

    def __init__(self, account: Account) -> None:
        """Read nothing yet."""
        self.account = account
        self.id = account.id
        self._reader = PolicyReader(account)
        self._ways: dict[str, Ways] = {}
        self._possible: dict[str, frozenset[str]] = {}

    @cached_property
    def masks(self) -> Masks:
        """What turns its policies into sets."""
        arn = next(iter(self.account.principals), "arn:aws:")
        return Masks(universe(arn.split(":")[1], self.id))

    @cached_property
    def limits(self) -> Limits:
        """What its organization lets it do at most."""
        around = self.account.surroundings
        scps = _levels(around.guardrails.scps, Attached.TO_IDENTITY)
        rcps = _levels(around.guardrails.rcps, Attached.TO_EITHER)
        organization = around.organization_id
        return Limits(
            scps=scps[0],
            rcps=rcps[0],
            unread="" if scps[1] and rcps[1] else UNREAD,
            organization=(organization.value or "") if isinstance(organization, Known) else "",
        )

    @cached_property
    def holders(self) -> Mapping[str, Holder]:
        """Its users and roles whose policies were read, by ARN."""
        people = self.account.principals.values()
        return {p.arn: self._holder(p) for p in people if p.detail is not None}

    def _holder(self, principal: Principal) -> Holder:
        permissions = self._reader.permissions(principal)
        return holder(principal, self.id, permissions, self.limits, self.masks)

    def ways(self, held: Holder) -> Ways:
        """Return the ways of one of its identities."""
        if held.arn not in self._ways:
            if len(self._ways) >= _REMEMBERED:
                self._ways.clear()
            self._ways[held.arn] = Ways(held, self.masks)
        return self._ways[held.arn]

    def possible(self, held: Holder) -> frozenset[str]:
        """Return the actions of the escalation table that are not denied to an identity.

        Assuming a role is among them always: its trust may be enough.
        """
        known = self._possible.get(held.arn)
        if known is None:
            possible, universe = held.answer.possible, self.masks.universe
            found = (action for action in needed() if possible & universe.of_action(action))
            known = self._possible[held.arn] = frozenset((*found, "sts:AssumeRole"))
        return known

    @cached_property
    def trusts(self) -> Mapping[str, Trust]:
        """The trust of each of its roles, by ARN."""
        people = self.account.principals.values()
        return {p.arn: trust(p) for p in people if p.kind == "role" and p.detail is not None}

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """What is not known of who may assume its roles."""
        return tuple(
            Gap(
                what=f"who may assume role {arn.rpartition('/')[2]}",
                why=told.problem,
                fix=f"export it again: aws iam {DETAILS.command}",
                source=source_of(self.id),
                affects=(self.id,),
            )
            for arn, told in self.trusts.items()
            if told.problem
        )

    @cached_property
    def by_service(self) -> Mapping[str, list[str]]:
        """Its roles that a service may act as, by the service's host."""
        found: dict[str, list[str]] = defaultdict(list)
        for role, told in self.trusts.items():
            for host in told.services:
                found[host].append(role)
        return found

    @cached_property
    def groups(self) -> Mapping[str, Holder]:
        """Its groups by ARN, each as somebody who has nothing but the group's policies."""
        found = {}
        for name, entry in self.account.groups.items():
            if arn := text(entry, "Arn"):
                owner = _OWNER.match(arn)
                member = owner[0] if owner else f"arn:aws:iam::{self.account.id}:"
                member += "user/a member of the group"
                detail = {"GroupList": [name]}
                principal = Principal(member, f"in group {name}", "user", None, detail)
                found[arn] = self._holder(principal)
        return found

    def permissions(self, principal: Principal) -> Permissions:
        """Return the policies that reach an identity."""
        return self._reader.permissions(principal)

    def versions(self, arn: str) -> list[dict[str, object]]:
        """Return the versions of a managed policy."""
        return entries(self.account.policies.get(arn), "PolicyVersionList")


def _levels(fact: object, attached: Attached) -> tuple[Levels | None, bool]:
    """Return the policies of each level, and whether they are known."""
    if not isinstance(fact, Known):
        return None, False
    documents: Documents | None = fact.value
    if documents is None:
        return None, True
    try:
        return tuple(tuple(read_rules(d, attached) for d in level) for level in documents), True
    except EngineError:
        return None, False
