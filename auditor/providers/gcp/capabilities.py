"""Words what an identity may do as capabilities of the common vocabulary, each with its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.models import Capability, CapabilityName
from auditor.providers.gcp.held import Held
from auditor.providers.gcp.impersonation import Reached
from auditor.providers.gcp.names import short
from auditor.providers.gcp.sensitive import Rule, table

Form = tuple[CapabilityName, bool, bool]
"""A capability, whether it is conditional, and whether it is limited to named resources."""

LINES_SHOWN = 8
_ORDER = {name: number for number, name in enumerate(CapabilityName)}
_HARMLESS = (CapabilityName.READ_CONFIG, CapabilityName.SPEND)


@dataclass
class Found:
    """Everything that gives one capability in one form."""

    ways: dict[str, None] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    actions: dict[str, None] = field(default_factory=dict)
    resources: dict[str, None] = field(default_factory=dict)

    def add(self, title: str, held: Held, permissions: Iterable[str], rule: Rule) -> None:
        """Take one binding that fulfils a rule, or half of one."""
        names = tuple(permissions)
        via = "" if held.member.endswith(f":{title}") or held.member == title else held.member
        who = f"{title} in {via}" if via else title
        where = short(held.binding.resource)
        self.ways[f"{who} -> {held.binding.role} on {where} gives {', '.join(names)}"] = None
        self.reasons[rule.reason] = None
        self.notes.update(dict.fromkeys(held.opens))
        self.notes.update(dict.fromkeys(held.notes))
        if rule.condition:
            self.notes[f"only if {rule.condition}"] = None
        self.actions.update(dict.fromkeys(names))
        self.resources[held.binding.resource] = None


class Gathering:
    """Collects the capabilities of one identity, form by form."""

    def __init__(self, identity_id: str, title: str) -> None:
        self._id = identity_id
        self._title = title
        self.found: dict[Form, Found] = {}

    def own(self, held: tuple[Held, ...], project: str) -> None:
        """Take what the identity's own bindings give."""
        for rule in table().rules:
            for one in held:
                names = tuple(name for name in rule.any if name in one.permissions)
                if names:
                    self._rule(rule, names, one, held)
        for one in held:
            if beyond(one, project):
                self._beyond(one)

    def _rule(self, rule: Rule, names: tuple[str, ...], one: Held, held: tuple[Held, ...]) -> None:
        halves = [one]
        if rule.also:
            others = [h for h in held if _meet(one, h) and not h.permissions.isdisjoint(rule.also)]
            if not others:
                return
            halves.append(min(others, key=lambda h: (len(h.opens), h.limited)))
        conditional = bool(rule.condition) or any(half.opens for half in halves)
        limited = any(half.limited for half in halves)
        into = self._form(rule.capability, conditional, limited)
        into.add(self._title, one, names, rule)
        for half in halves[1:]:
            into.add(self._title, half, sorted(half.permissions.intersection(rule.also)), rule)

    def _beyond(self, one: Held) -> None:
        wide = [rule for rule in table().rules if rule.capability not in _HARMLESS]
        named = [name for rule in wide for name in rule.any if name in one.permissions]
        if named:
            form = self._form(CapabilityName.ORG_REACH, bool(one.opens), False)
            form.add(self._title, one, dict.fromkeys(named[:LINES_SHOWN]), _BEYOND)

    def through(self, reached: Reached, theirs: Iterable[Form]) -> None:
        """Take what an account can do that the identity can become.

        Who can become an administrator has a path to it and is none yet: escalate.
        """
        for name, conditional, limited in theirs:
            admin = name in (CapabilityName.ADMIN, CapabilityName.ESCALATE)
            gained = CapabilityName.ESCALATE if admin else name
            into = self._form(gained, conditional or reached.conditional, limited)
            if len(into.ways) <= LINES_SHOWN:
                into.ways[" -> ".join((self._title, *reached.steps, f"which has {name}"))] = None
            into.reasons["can become a service account that can do it"] = None
            into.resources[reached.email] = None

    def _form(self, name: CapabilityName, conditional: bool, limited: bool) -> Found:
        return self.found.setdefault((name, conditional, limited), Found())

    def capabilities(self) -> Iterator[Capability]:
        """Yield them as they are reported, worst first."""
        ordered = sorted(self.found.items(), key=lambda item: (_ORDER[item[0][0]], *item[0][1:]))
        for (name, conditional, limited), ways in ordered:
            yield Capability(
                identity_id=self._id,
                name=name,
                path=(*_first(ways.ways), *_first(ways.reasons), *_first(ways.notes)),
                actions=tuple(ways.actions),
                resources=tuple(ways.resources),
                limited=limited,
                conditional=conditional,
            )


_BEYOND = Rule(
    axis="own the hierarchy",
    capability=CapabilityName.ORG_REACH,
    any=(),
    reason="reaches projects other than its own",
    source="https://cloud.google.com/iam/docs/resource-hierarchy-access-control",
)


def beyond(held: Held, project: str) -> bool:
    """Return whether a binding reaches whole projects other than the identity's own."""
    binding = held.binding
    if binding.kind in ("organization", "folder"):
        return True
    return binding.kind == "project" and bool(project) and binding.project != project


def _meet(one: Held, other: Held) -> bool:
    """Return whether two bindings are of one project, or one is above the other."""
    here, there = one.binding, other.binding
    above = here.resource in there.places or there.resource in here.places
    return above or (bool(here.project) and here.project == there.project)


def _first(lines: dict[str, None]) -> tuple[str, ...]:
    shown = tuple(lines)[:LINES_SHOWN]
    more = len(lines) - len(shown)
    return (*shown, f"and {more} more") if more else shown
