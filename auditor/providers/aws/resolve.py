"""Says what each identity of one account may do: the seam where the evaluation is replaced."""

from __future__ import annotations

from auditor.models import Capability, CapabilityName, Resolution
from auditor.providers.aws.accounts import Account
from auditor.providers.aws.capabilities import capabilities
from auditor.providers.aws.policies import PolicyReader, grants
from auditor.providers.aws.roles import Roles


class Resolver:
    """Answers for the identities of one account, each when it is asked for."""

    def __init__(self, account: Account) -> None:
        """Read no policy yet."""
        self._account = account
        self._reader = PolicyReader(account)
        self._roles = Roles(account, self._reader)

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
        permissions = self._reader.permissions(principal)
        return Resolution(
            identity_id=arn,
            grants=grants(principal, permissions),
            capabilities=capabilities(
                principal, self._account.id, permissions, self._roles.reach_stronger
            ),
            gaps=permissions.gaps,
        )
