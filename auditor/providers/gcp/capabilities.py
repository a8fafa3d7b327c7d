"""Words what an identity may do as capabilities of the common vocabulary, each with its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from auditor.models import Capability, CapabilityName
from auditor.providers.gcp.held import Held
from auditor.providers.gcp.names import short
from auditor.providers.gcp.sensitive import Rule, fulfilled

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


@dataclass(frozen=True, slots=True)
class Hit:
    """One way in which a rule is fulfilled: a binding, and the other half of a pair."""

    form: Form
    rule: Rule
    names: tuple[str, ...]
    held: Held
    also: Held | None = None


def hits(held: Iterable[Held], project: str) -> Iterator[Hit]:
    """Yield every way in which the bindings of an identity fulfil a rule."""
    dangerous = tuple(one for one in held if one.permissions)
    for one in dangerous:
        for rule, names in fulfilled(one.permissions):
            if not rule.also:
                conditional = bool(rule.condition or one.opens)
                yield Hit((rule.capability, conditional, one.limited), rule, names, one)
            elif other := _other_half(one, rule, dangerous):
                conditional = bool(rule.condition or one.opens or other.opens)
                form = (rule.capability, conditional, one.limited or other.limited)
                yield Hit(form, rule, names, one, other)
        if beyond(one, project) and (named := harmful(one.permissions)):
            form = (CapabilityName.ORG_REACH, bool(one.opens), False)
            yield Hit(form, _BEYOND, named[:LINES_SHOWN], one)


def _other_half(one: Held, rule: Rule, held: tuple[Held, ...]) -> Held | None:
    """Return the best binding that gives what a rule needs besides, in the same place."""
    found = (h for h in held if not h.permissions.isdisjoint(rule.also) and _meet(one, h))
    return min(found, key=lambda h: (len(h.opens), h.limited), default=None)


@lru_cache(maxsize=20_000)
def harmful(permissions: frozenset[str]) -> tuple[str, ...]:
    """Return those of the permissions that let a thief do more than look around."""
    found = fulfilled(permissions)
    return tuple(
        name for rule, names in found if rule.capability not in _HARMLESS for name in names
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """A form of capability that another account has, and the steps to become that account."""

    form: Form
    email: str
    steps: tuple[str, ...]


class Gathering:
    """Collects the capabilities of one identity, form by form."""

    def __init__(self, identity_id: str, title: str) -> None:
        self._id = identity_id
        self._title = title
        self.found: dict[Form, Found] = {}

    def own(self, hit: Hit) -> None:
        """Take a way in which the identity's own bindings give something."""
        into = self._form(*hit.form)
        into.add(self._title, hit.held, hit.names, hit.rule)
        if hit.also:
            names = sorted(hit.also.permissions.intersection(hit.rule.also))
            into.add(self._title, hit.also, names, hit.rule)

    def through(self, gain: Gain) -> None:
        """Take what an account can do that the identity can become.

        Who can become an administrator has a path to it and is none yet: escalate.
        """
        name, conditional, limited = gain.form
        admin = name in (CapabilityName.ADMIN, CapabilityName.ESCALATE)
        into = self._form(CapabilityName.ESCALATE if admin else name, conditional, limited)
        into.ways[" -> ".join((self._title, *gain.steps, f"which has {name}"))] = None
        into.reasons["can become a service account that can do it"] = None
        into.resources[gain.email] = None

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
