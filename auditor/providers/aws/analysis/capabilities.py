"""Words what an identity may do as capabilities of the common vocabulary, each with its path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from auditor.models import Capability, CapabilityName
from auditor.providers.aws import sensitive
from auditor.providers.aws.analysis.escalations import Kind, Row, rows
from auditor.providers.aws.analysis.granted import Granted, granted
from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.leads import POSSIBLE, Lead, Leads, lines
from auditor.providers.aws.analysis.reaching import Reached
from auditor.providers.aws.analysis.rules import Hit, hits
from auditor.providers.aws.analysis.ways import Way
from auditor.providers.aws.analysis.world import Realm
from auditor.providers.aws.patterns import overlaps
from auditor.providers.aws.policies import Policy
from auditor.providers.aws.statements import Statement, short, worded

_LINES_SHOWN = 8
_WAYS_SHOWN = 6
"""Ways to others that are told for one capability, of several lines each."""
_EACH_ROW = 3
_ORDER = {name: number for number, name in enumerate(CapabilityName)}
_TO_OTHERS = (Kind.OTHER, Kind.PASS, Kind.EXISTING)


def capabilities(held: Holder, realm: Realm, leads: Leads) -> tuple[Capability, ...]:
    """Return the capabilities of an identity, worst first.

    A capability comes once for each way it holds: without limits, limited to named resources,
    under conditions, or both.
    """
    ways = realm.ways(held)
    found: dict[tuple[CapabilityName, bool, bool], _Found] = defaultdict(_Found)
    for rule in sensitive.table().rules:
        for hit in hits(rule, ways, held, realm):
            found[rule.capability, hit.conditional, hit.way.limited].add(hit)
    for one in granted(held, realm):
        found[one.rule.capability, not one.certain, True].grant(one)
    administers = any(name is CapabilityName.ADMIN and not depends for name, depends, _ in found)
    if administers:
        for name in (CapabilityName.ESCALATE, CapabilityName.IMPERSONATE):
            found[name, False, False].tell(f"{held.title} is an administrator: nothing stops it")
    else:
        certain_rows = [row for row in rows() if row.kind not in POSSIBLE]
        possible_rows = [row for row in rows() if row.kind in POSSIBLE]
        for wanted in (certain_rows, possible_rows):
            sure = (CapabilityName.ESCALATE, False, False) in found
            for name, reached, onward in _to_others(held, leads, wanted):
                certain = reached.certain and (onward is None or onward.certain)
                if certain or not (sure and name is CapabilityName.ESCALATE):
                    found[name, not certain, False].reach(reached, onward)
        for row in _unread(held, realm, leads):
            found[CapabilityName.ESCALATE, True, False].guess(row)
    ordered = sorted(found.items(), key=lambda item: (_ORDER[item[0][0]], *item[0][1:]))
    return tuple(
        Capability(
            identity_id=held.arn,
            name=name,
            path=(*told.path(held), *_quarantine(held)),
            actions=tuple(told.actions),
            resources=tuple(told.resources),
            limited=limited,
            conditional=conditional,
        )
        for (name, conditional, limited), told in ordered
    )


def _quarantine(held: Holder) -> tuple[str, ...]:
    name = held.permissions.quarantine
    if not name:
        return ()
    told = f"AWS found a key of it in public and attached {name}"
    return (f"{told}, which denies a list of actions: that is no rotation",)


# --- ways to others --------------------------------------------------------------------------


def _to_others(
    held: Holder, leads: Leads, wanted: Iterable[Row]
) -> Iterator[tuple[CapabilityName, Reached, Lead | None]]:
    """Yield the ways that make an identity an administrator, and those to anybody else."""
    strong, weak, reach = leads.strong, leads.weak, leads.reach(held)
    for row in wanted:
        if not reach.could(row):
            continue
        told, first = 0, None
        for reached in leads.reached(held, [row], strong, reach):
            yield CapabilityName.ESCALATE, reached, leads.found.get(reached.arn)
            first = first if told else reached
            told += 1
            if told == _EACH_ROW:
                break
        if row.kind not in _TO_OTHERS or row.on == "group":
            continue
        other = None if told else next(leads.reached(held, [row], weak, reach), None)
        if other:
            yield CapabilityName.IMPERSONATE, other, None
        elif first:
            yield CapabilityName.IMPERSONATE, first, None


def _unread(held: Holder, realm: Realm, leads: Leads) -> Iterator[Row]:
    """Yield the rows that could reach somebody who was not read, where not all were."""
    if realm.account.details_gap:
        reach = leads.reach(held)
        yield from (row for row in rows() if row.kind in _TO_OTHERS and reach.could(row)
                    and all(realm.ways(held).of(action) for action in row.needed))  # fmt: skip


class _Found:
    """Everything that gives one capability in one way."""

    def __init__(self) -> None:
        self.actions: dict[str, None] = {}
        self.resources: dict[str, None] = {}
        self._ways: dict[tuple[str, Statement], tuple[Policy, dict[str, None]]] = {}
        self._reasons: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._reached: dict[tuple[str, ...], None] = {}
        self._granted: dict[str, None] = {}

    def add(self, hit: Hit) -> None:
        """Take one more way in which a rule is fulfilled."""
        way, told = hit.way, hit.way.statement
        patterns = worded(_naming(way), left_out=told.but_actions)
        known = self._ways.setdefault((way.policy.via, told), (way.policy, {}))
        known[1].update(dict.fromkeys(patterns))
        self.actions.update(dict.fromkeys(patterns if hit.rule.whole else (way.action,)))
        left = way.resources if not told.but_resources else told.resources
        self.resources.update(dict.fromkeys(worded(left, left_out=told.but_resources)))
        self._notes.update(dict.fromkeys(way.notes))
        self._reasons[hit.rule.reason] = None
        if hit.rule.condition:
            self._notes[f"only if {hit.rule.condition}"] = None

    def reach(self, reached: Reached, onward: Lead | None) -> None:
        """Take one more way to somebody."""
        self._reached[lines(reached, onward)] = None
        self.actions.update(dict.fromkeys(proof.action for proof in reached.proofs))
        self.resources.update(dict.fromkeys(proof.resource for proof in reached.proofs))

    def grant(self, one: Granted) -> None:
        """Take something that the policy of a resource gives."""
        self._granted[one.words] = None
        self._reasons[one.rule.reason] = None
        self.actions[one.action] = None
        self.resources[one.resource] = None

    def tell(self, words: str) -> None:
        """Take a reason that needs no way of its own."""
        self._reasons[words] = None

    def guess(self, row: Row) -> None:
        """Take a row that may reach somebody who was not read."""
        needed = " and ".join(sorted(row.needed))
        self._reached[f"is allowed {needed}", _NOT_ALL_READ] = None
        self.actions.update(dict.fromkeys(sorted(row.needed)))

    def path(self, held: Holder) -> tuple[str, ...]:
        """Return the way in words, a step a line: what allows it, what that means, within what."""
        ways = [
            short(
                " -> ".join((held.title, *policy.steps))
                + f" allows {', '.join(patterns)} on "
                + ", ".join(worded(told.resources, left_out=told.but_resources))
            )
            for (_, told), (policy, patterns) in self._ways.items()
        ]
        told = [
            *_first([*ways, *self._granted]),
            *_first(self._reasons),
            *_first(self._notes),
            *self._steps(),
        ]
        unread = held.limits.unread
        said = (unread,) if unread in told else ()
        return (*(line for line in told if line != unread), *said)

    def _steps(self) -> Iterator[str]:
        """Yield the ways to others, numbered where there are several; no line comes twice."""
        several, seen = len(self._reached) > 1, set[str]()
        for number, told in enumerate(list(self._reached)[:_WAYS_SHOWN], 1):
            fresh = [line for line in told if line not in seen]
            seen.update(fresh)
            for place, line in enumerate(fresh):
                yield f"way {number}: {line}" if several and not place else line
        if (more := len(self._reached) - _WAYS_SHOWN) > 0:
            yield f"and {more} more ways"


_NOT_ALL_READ = "which may reach somebody stronger: not all identities of the account were read"


def _naming(way: Way) -> tuple[str, ...]:
    """Return the patterns of a statement that name an action; all of a NotAction."""
    told = way.statement
    if told.but_actions:
        return told.actions
    action = way.action.lower()
    return tuple(p for p in told.actions if overlaps(p.lower(), action))


def _first(told: Iterable[str]) -> tuple[str, ...]:
    found = tuple(told)
    shown = found[:_LINES_SHOWN]
    more = len(found) - len(shown)
    return (*shown, f"and {more} more") if more else shown
