"""Tells which roles of an account are worth passing to a service: those that lead to admin."""

from __future__ import annotations

from auditor.models import CapabilityName
from auditor.providers.aws.accounts import Account, Principal
from auditor.providers.aws.capabilities import capabilities
from auditor.providers.aws.effective import names_all
from auditor.providers.aws.patterns import overlaps
from auditor.providers.aws.policies import PolicyReader

_STRONG = (CapabilityName.ADMIN, CapabilityName.ESCALATE)


class Roles:
    """The roles of one account, judged when a policy names them."""

    def __init__(self, account: Account, reader: PolicyReader) -> None:
        """Judge none yet."""
        self._account = account
        self._reader = reader
        self._roles = [p for p in account.principals.values() if p.kind == "role"]
        self._strong: dict[str, bool] = {}

    def reach_stronger(self, pattern: str) -> bool:
        """Return whether a pattern reaches a role that is or can make itself an administrator.

        All roles count as one: the next role that is made is among them. So does any pattern where
        not all roles are known.
        """
        if names_all(pattern, self._account.id) or self._account.details_gap:
            return True
        return any(self._is_strong(role) for role in self._roles if overlaps(pattern, role.arn))

    def _is_strong(self, role: Principal) -> bool:
        """Return whether a role leads to admin by itself; what it may pass on is not followed."""
        if role.arn not in self._strong:
            permissions = self._reader.permissions(role)
            found = capabilities(role, self._account.id, permissions, lambda _: False)
            strong = any(capability.name in _STRONG for capability in found)
            self._strong[role.arn] = strong or bool(permissions.gaps)
        return self._strong[role.arn]
