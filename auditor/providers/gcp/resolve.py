"""Resolves an identity: its bindings, what they let it do, whom it can become, what it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from auditor.models import Gap, Grant, Resolution
from auditor.providers.gcp.capabilities import Form, Gathering
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.gaps import inherited_gap, role_gap, unread_groups
from auditor.providers.gcp.guardrails import Guardrails
from auditor.providers.gcp.held import Held, Holdings
from auditor.providers.gcp.impersonation import Chains, Edge, edges
from auditor.providers.gcp.names import short
from auditor.providers.gcp.usage import Uses

_GRANTS_SHOWN = 500


class Resolver:
    """Answers for every identity of one estate; what was found once is kept."""

    def __init__(self, estate: Estate, uses: Uses, now: datetime | None) -> None:
        self._estate = estate
        self._uses = uses
        self._holdings = Holdings(estate, Guardrails(estate), now)
        self._held: dict[str, tuple[Held, ...]] = {}
        self._edges: dict[str, tuple[Edge, ...]] = {}
        self._own: dict[str, Gathering] = {}
        self._chains = Chains(estate, lambda email: self._edges_of(account_member(email)))
        self._groups_gap = unread_groups(estate, self._holdings.dangerous)
        self._above = inherited_gap(estate)

    def resolve(self, identity_id: str, member: str) -> Resolution:
        """Return what an identity may do, by its member in canonical spelling."""
        held = self._held_of(member)
        gathering = self._gather(identity_id, member)
        if self._edges_of(member):
            for reached in self._chains.start(member_email(member)):
                theirs = self._own_forms(reached.email)
                gathering.through(reached, theirs)
        capabilities = tuple(gathering.capabilities())
        return Resolution(
            identity_id=identity_id,
            grants=tuple(_grants(identity_id, held)),
            capabilities=capabilities,
            gaps=tuple(self._gaps(member, held)),
            over_privileged=(*_too_wide(held), *self._uses.unused_by(member_email(member))),
            usage=self._uses.of(member_email(member)),
        )

    def _held_of(self, member: str) -> tuple[Held, ...]:
        if member not in self._held:
            groups = self._estate.groups_of(member_email(member)) or ()
            self._held[member] = self._holdings.of(member, groups)
        return self._held[member]

    def _edges_of(self, member: str) -> tuple[Edge, ...]:
        if member not in self._edges:
            self._edges[member] = tuple(edges(self._held_of(member), self._estate))
        return self._edges[member]

    def _gather(self, identity_id: str, member: str) -> Gathering:
        gathering = Gathering(identity_id, member_email(member))
        project = self._estate.project_of(member_email(member)) if is_account(member) else ""
        gathering.own(self._held_of(member), project)
        return gathering

    def _own_forms(self, email: str) -> tuple[Form, ...]:
        if email not in self._own:
            self._own[email] = self._gather(email, account_member(email))
        return tuple(self._own[email].found)

    def _gaps(self, member: str, held: tuple[Held, ...]) -> Iterable[Gap]:
        project = self._estate.project_of(member_email(member))
        unknown = self._holdings.unknown_roles(held)
        if unknown:
            yield role_gap(unknown, project)
        if self._above:
            yield self._above
        if self._groups_gap and self._estate.groups_of(member_email(member)) is None:
            yield self._groups_gap


def account_member(email: str) -> str:
    """Return the member that a service account is in bindings, in canonical spelling."""
    return f"serviceaccount:{email}"


def is_account(member: str) -> bool:
    """Return whether a member in canonical spelling is a service account."""
    return member.startswith("serviceaccount:")


def member_email(member: str) -> str:
    """Return the e-mail of a service account, of others the member itself."""
    return member.removeprefix("serviceaccount:")


def _grants(identity_id: str, held: tuple[Held, ...]) -> Iterable[Grant]:
    """Yield the bindings that hold something dangerous; of those that do not, a number is told."""
    shown = sorted(held, key=lambda one: (not one.permissions, one.binding.resource))
    for one in shown[:_GRANTS_SHOWN]:
        binding = one.binding
        via = f"{binding.role} on {short(binding.resource)}"
        actions = tuple(sorted(one.permissions)) or (f"what {binding.role} gives",)
        yield Grant(identity_id, actions, (binding.resource,), "Allow", via, binding.condition)


_WIDE = {
    "roles/owner": "it holds the basic role Owner",
    "roles/editor": "it holds the basic role Editor: thousands of permissions",
}


def _too_wide(held: tuple[Held, ...]) -> tuple[str, ...]:
    """Return why what is held is more than a job needs, by itself."""
    found = dict.fromkeys(
        f"{_WIDE[one.binding.role]} on {short(one.binding.resource)}"
        for one in held
        if one.binding.role in _WIDE
    )
    wide = dict.fromkeys(
        f"{one.binding.role} is granted on the whole {short(one.binding.resource)}"
        for one in held
        if one.binding.kind in ("organization", "folder")
        and one.permissions
        and one.binding.role not in _WIDE
    )
    return (*found, *wide)
