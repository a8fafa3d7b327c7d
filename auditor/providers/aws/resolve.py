"""Says what each identity of an account may do: the seam between directory and analysis."""

from __future__ import annotations

from functools import cached_property

from auditor.models import Capability, CapabilityName, Resolution
from auditor.providers.aws.accounts import Account
from auditor.providers.aws.analysis.capabilities import capabilities
from auditor.providers.aws.analysis.leads import Leads
from auditor.providers.aws.analysis.world import World
from auditor.providers.aws.policies import grants


class Analysis:
    """What all accounts of a reading together tell: roles reach over the borders of accounts."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        """Work nothing out yet."""
        self.world = World(accounts)

    @cached_property
    def leads(self) -> Leads:
        """Who leads to an administrator."""
        return Leads(self.world)


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
            return Resolution(arn, (), (everything,))
        if principal.detail is None:
            gap = self._account.details_gap
            return Resolution(arn, (), (), (gap,) if gap else ())
        realm = self._analysis.world.realms[self._account.id]
        held = realm.holders[arn]
        return Resolution(
            identity_id=arn,
            grants=grants(principal, held.permissions),
            capabilities=capabilities(held, realm, self._analysis.leads),
            gaps=held.permissions.gaps,
        )
