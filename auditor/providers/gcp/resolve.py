"""Resolves an identity: its bindings, what they let it do, whom it can become, what it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from auditor.models import Gap, Grant, Resolution
from auditor.providers.gcp.capabilities import Form, Gathering, Hit, harmful, hits
from auditor.providers.gcp.chains import Chains
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.gaps import inherited_gap, role_gap, unread, unread_groups
from auditor.providers.gcp.guardrails import Guardrails
from auditor.providers.gcp.held import Held, Holdings
from auditor.providers.gcp.impersonation import Edge, edges
from auditor.providers.gcp.names import account_member, short
from auditor.providers.gcp.usage import Uses
from auditor.witness import ANYWHERE

_GRANTS_SHOWN = 500
_NEEDED = ("policies", "assets")
"""Parts without which something that an identity may do could be missing: what it was granted, and
which accounts and projects lie below where it was."""


class Resolver:
    """Answers for every identity of one estate; what was found once is kept."""

    def __init__(self, estate: Estate, uses: Uses, now: datetime | None) -> None:
        self._estate = estate
        self._uses = uses
        self._holdings = Holdings(estate, Guardrails(estate), now)
        self._held: dict[str, tuple[Held, ...]] = {}
        self._hits: dict[str, tuple[Hit, ...]] = {}
        self._groups_gap = unread_groups(estate, self._is_harmful)
        self._above = inherited_gap(estate)
        self._unread = tuple(unread(estate, _NEEDED))

    def resolve(self, identity_id: str, member: str) -> Resolution:
        """Return what an identity may do, by its member in canonical spelling."""
        held, name = self._held_of(member), member_email(member)
        gathering = Gathering(identity_id, name)
        for hit in self._hits_of(member):
            gathering.own(hit)
        for gain in self._chains.gains(member):
            gathering.through(gain)
        return Resolution(
            identity_id=identity_id,
            grants=tuple(_grants(identity_id, held)),
            capabilities=tuple(gathering.capabilities()),
            gaps=tuple(self._gaps(member, held)),
            over_privileged=(*_too_wide(held), *self._uses.unused_by(name)),
            usage=self._uses.of(name),
            # Below a folder or organisation are projects whose logs nobody named.
            places=tuple(dict.fromkeys(one.binding.project or ANYWHERE for one in held)),
        )

    def _is_harmful(self, role: str) -> bool:
        """Return whether a role lets one do harm, or nobody knows what it lets one do."""
        return role not in self._estate.roles or bool(harmful(self._holdings.dangerous(role)))

    @cached_property
    def _chains(self) -> Chains:
        """Who can become whom, of all members that have bindings."""
        members = {*self._estate.by_member, *map(account_member, self._estate.emails)}
        return Chains(self._estate, sorted(members), self._edges_of, self._forms_of)

    def _held_of(self, member: str) -> tuple[Held, ...]:
        if member not in self._held:
            groups = self._estate.groups_of(member_email(member)) or ()
            self._held[member] = self._holdings.of(member, groups)
        return self._held[member]

    def _edges_of(self, member: str) -> tuple[Edge, ...]:
        return edges(self._held_of(member), self._estate)

    def _forms_of(self, member: str) -> Iterable[Form]:
        # A dict: in an order that every run has.
        return dict.fromkeys(hit.form for hit in self._hits_of(member))

    def _hits_of(self, member: str) -> tuple[Hit, ...]:
        if member not in self._hits:
            self._hits[member] = tuple(hits(self._held_of(member), self._project_of(member)))
        return self._hits[member]

    def _project_of(self, member: str) -> str:
        return self._estate.project_of(member_email(member)) if is_account(member) else ""

    def _gaps(self, member: str, held: tuple[Held, ...]) -> Iterable[Gap]:
        project = self._estate.project_of(member_email(member))
        unknown = self._holdings.unknown_roles(held)
        if unknown:
            yield role_gap(unknown, project)
        if self._above:
            yield self._above
        yield from self._unread
        if self._groups_gap and self._estate.groups_of(member_email(member)) is None:
            yield self._groups_gap


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
