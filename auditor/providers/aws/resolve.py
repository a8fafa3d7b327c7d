"""Says what each identity of an account may do: the seam between directory and analysis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

from auditor.models import (
    Capability,
    CapabilityName,
    Fact,
    Gap,
    Known,
    Resolution,
    Seen,
    Suggestion,
    Unknown,
    Usage,
    Weakness,
)
from auditor.providers.aws.accounts import Account
from auditor.providers.aws.analysis.capabilities import capabilities
from auditor.providers.aws.analysis.excess import is_of_ci, reasons
from auditor.providers.aws.analysis.leads import Leads
from auditor.providers.aws.analysis.suggest import suggestion
from auditor.providers.aws.analysis.weaknesses import weaknesses
from auditor.providers.aws.analysis.world import World
from auditor.providers.aws.documents import LIMIT
from auditor.providers.aws.policies import grants

_MOST_SIBLINGS = 20
"""CI identities that one is compared with: the first by name."""


class Analysis:
    """What all accounts of a reading together tell: roles reach over the borders of accounts."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        """Work nothing out yet."""
        self.world = World(accounts)
        self._abilities: dict[str, tuple[Capability, ...]] = {}

    @cached_property
    def leads(self) -> Leads:
        """Who leads to an administrator."""
        return Leads(self.world)

    def gaps(self) -> tuple[Gap, ...]:
        """Return what is not known of who may assume which role."""
        return tuple(gap for realm in self.world.realms.values() for gap in realm.gaps)

    def weaknesses(self) -> tuple[Weakness, ...]:
        """Return the roles that strangers can become."""
        return tuple(weaknesses(self.world, lambda arn: arn in self.leads.found))

    def capabilities(self, account: str, arn: str) -> tuple[Capability, ...]:
        """Return what a user or a role of an account can do."""
        realm = self.world.realms[account]
        if arn in self._abilities:
            return self._abilities[arn]
        held = realm.holders[arn]
        found = capabilities(held, realm, self.leads)
        if is_of_ci(held.principal.name):  # those alone are asked for again, by their siblings
            self._abilities[arn] = found
        return found

    def siblings(self, account: str, arn: str) -> Mapping[str, frozenset[CapabilityName]]:
        """Return what the other CI identities of an account can do for sure, by name."""
        holders = self.world.realms[account].holders
        if not is_of_ci(holders[arn].principal.name):
            return {}
        others = [a for a, held in holders.items() if a != arn and is_of_ci(held.principal.name)]
        return {
            holders[other].principal.name: frozenset(
                found.name for found in self.capabilities(account, other) if not found.conditional
            )
            for other in sorted(others)[:_MOST_SIBLINGS]
        }


class Resolver:
    """Answers for the identities of one account, each when it is asked for."""

    def __init__(self, account: Account, analysis: Analysis | None = None) -> None:
        """Read no policy yet. `analysis`: that of all accounts, where there are others."""
        self._account = account
        self._analysis = analysis or Analysis((account,))

    def resolve(self, arn: str) -> Resolution:
        """Return what an identity of the account may do, with the gaps that leave it open."""
        principal = self._account.principals[arn]
        if principal.kind == "root":
            path = (f"the root user may do everything in AWS account {self._account.id}",)
            everything = Capability(arn, CapabilityName.ADMIN, path, ("*",), ("*",))
            why = ("it is the root user, which nothing limits",)
            return Resolution(arn, (), (everything,), over_privileged=why)
        if principal.detail is None:
            gap = self._account.details_gap
            return Resolution(arn, (), (), (gap,) if gap else ())
        realm = self._analysis.world.realms[self._account.id]
        held = realm.holders[arn]
        found = self._analysis.capabilities(realm.id, arn)
        usage, as_of = self._usage(arn)
        siblings = self._analysis.siblings(realm.id, arn)
        return Resolution(
            identity_id=arn,
            grants=grants(principal, held.permissions),
            capabilities=found,
            gaps=(*held.permissions.gaps, *self._unread),
            over_privileged=reasons(held, realm, found, usage, siblings, as_of),
            usage=usage,
        )

    @cached_property
    def _unread(self) -> tuple[Gap, ...]:
        """Return why policies of resources, which may grant an identity more, were not read.

        Not where the configuration asks for no more of them, and not of buckets of other accounts:
        to be let in there takes a grant of the identity's own, which is known, besides.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
        """
        around = self._account.surroundings
        return tuple(
            dict.fromkeys(
                fact.gap
                for arn, fact in around.resource_policies.items()
                if isinstance(fact, Unknown)
                and not fact.gap.why.startswith(LIMIT)
                and arn not in around.foreign
            )
        )

    def suggest(self, arn: str, seen: Fact[Seen] | None = None) -> Suggestion:
        """Return the policy that an identity should have in place of all it has."""
        realm = self._analysis.world.realms[self._account.id]
        held = realm.holders.get(arn)
        if held is None:
            gap = self._account.details_gap
            why = ("its policies were not read, or none can limit it",)
            return Suggestion(arn, (), why, (gap,) if gap else ())
        return suggestion(held, realm, *self._usage(arn), seen)

    def _usage(self, arn: str) -> tuple[tuple[Usage, ...], datetime | None]:
        """Return what an identity was seen to use, and as of when; nothing where nobody asked."""
        known = self._account.surroundings.last_accessed.get(arn)
        if isinstance(known, Known):
            return known.value.usage, known.value.as_of
        return (), None
