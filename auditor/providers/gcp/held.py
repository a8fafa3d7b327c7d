"""What an identity holds: each binding that covers it, with the dangerous permissions it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.providers.gcp.engine.conditions import Circumstances, holds
from auditor.providers.gcp.engine.layers import Question, denials, outside
from auditor.providers.gcp.engine.members import Asker
from auditor.providers.gcp.engine.truth import Truth
from auditor.providers.gcp.estate import Binding, Estate
from auditor.providers.gcp.guardrails import Guardrails
from auditor.providers.gcp.names import kind_of, short
from auditor.providers.gcp.sensitive import table

_BASIC = {"roles/owner": "owner", "roles/editor": "editor", "roles/viewer": "viewer"}


@dataclass(frozen=True, slots=True)
class Held:
    """A binding that covers an identity. `opens`: what it hinges on, `notes`: what limits it.

    `permissions`: the dangerous ones that it gives and nothing refuses.
    """

    binding: Binding
    member: str
    permissions: frozenset[str]
    opens: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def limited(self) -> bool:
        """Return whether it is about some resources only, and not all of a project."""
        return self.binding.kind == "resource" or "resource." in self.binding.condition


class Holdings:
    """Answers what identities hold, for all of an estate at one time."""

    def __init__(self, estate: Estate, guardrails: Guardrails, now: datetime | None) -> None:
        self._estate = estate
        self._guardrails = guardrails
        self._now = now
        self._dangerous: dict[str, frozenset[str]] = {}
        self._standing: dict[str, Truth] = {}

    def of(self, member: str, groups: Iterable[str]) -> tuple[Held, ...]:
        """Return what covers a member in canonical spelling, itself or by the groups it is in."""
        names = (member, *sorted(groups))
        found = [(name, one) for name in names for one in self._estate.by_member.get(name, ())]
        who = Asker(member, frozenset(groups))
        return tuple(
            held
            for name, binding in (*found, *self._convenience(found))
            if (held := self._held(who, name, binding))
        )

    def unknown_roles(self, held: Iterable[Held]) -> tuple[str, ...]:
        """Return the roles among them that nobody described."""
        roles = {one.binding.role for one in held}
        return tuple(sorted(role for role in roles if role not in self._estate.roles))

    def dangerous(self, role: str) -> frozenset[str]:
        """Return the dangerous permissions of a role, of one not described those that are known."""
        if role not in self._dangerous:
            given = self._estate.roles.get(role)
            floor = table().known_roles.get(role, frozenset())
            self._dangerous[role] = floor if given is None else given
        return self._dangerous[role]

    def _convenience(self, found: list[tuple[str, Binding]]) -> Iterator[tuple[str, Binding]]:
        """Yield what a basic role gives besides: bindings of buckets and datasets name its holders.

        https://cloud.google.com/iam/docs/principal-identifiers
        """
        for _, binding in found:
            if (basic := _BASIC.get(binding.role)) and binding.kind != "resource":
                for project in self._projects_below(binding.resource):
                    name = f"project{basic}:{project}"
                    yield from ((name, one) for one in self._estate.by_member.get(name, ()))

    def _projects_below(self, resource: str) -> Iterator[str]:
        if kind_of(resource) == "project":
            yield self._estate.project_id(resource.rpartition("/")[2])
            return
        for project, places in self._estate.parents.items():
            if resource in places:
                yield project

    def _held(self, who: Asker, member: str, binding: Binding) -> Held | None:
        truth = self._holds(binding.condition)
        if truth is False:
            return None
        opens = (f"if {binding.condition}",) if truth is None else ()
        dangerous = self.dangerous(binding.role)
        if not self._guardrails.any:
            return Held(binding, member, dangerous, opens)
        return self._guarded(who, member, binding, dangerous, opens)

    def _holds(self, condition: str) -> Truth:
        """Return whether a condition holds today for anything below the binding's resource."""
        if not condition:
            return True
        if condition not in self._standing:
            self._standing[condition] = holds(condition, Circumstances("", self._now))
        return self._standing[condition]

    def _guarded(
        self,
        who: Asker,
        member: str,
        binding: Binding,
        dangerous: frozenset[str],
        opens: tuple[str, ...],
    ) -> Held:
        kept, notes = set(), dict[str, None]()
        for permission in sorted(dangerous):
            refused, why = self._refused(who, permission, binding)
            notes.update(dict.fromkeys(why))
            if refused is not True:
                kept.add(permission)
        notes.update(dict.fromkeys(self._guardrails.below(binding.resource)))
        return Held(binding, member, frozenset(kept), opens, tuple(notes))

    def _refused(self, who: Asker, permission: str, binding: Binding) -> tuple[Truth, list[str]]:
        """Return whether a guardrail refuses a permission: only what certainly does, counts."""
        about = Circumstances("", self._now)
        asked = Question(who, permission, binding.places, about)
        found = list(denials(self._guardrails.deny_at(binding.places), asked, lambda *_: None))
        told, rules = outside(self._guardrails.boundaries_of(who), asked)
        certain = any(refuses for refuses, _ in found) or told is True
        why = [f"deny policy {rule.name} of {short(rule.resource)}" for _, rule in found]
        why += [f"access boundary {rule.name}" for rule in rules]
        verb = "refuses" if certain else "may refuse"
        return certain or None, [f"{one} {verb} {permission}" for one in why]
