"""Words what an identity may do as capabilities of the common vocabulary, each with its path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from auditor.models import Capability, CapabilityName
from auditor.providers.aws import sensitive
from auditor.providers.aws.accounts import Principal
from auditor.providers.aws.effective import Allowed, Evaluation, names_all
from auditor.providers.aws.patterns import overlaps
from auditor.providers.aws.policies import Permissions, Policy
from auditor.providers.aws.sensitive import ARN_PARTS, Rule
from auditor.providers.aws.statements import Statement, short, worded

_LINES_SHOWN = 8
_ORDER = {name: number for number, name in enumerate(CapabilityName)}


ReachesStronger = Callable[[str], bool]
"""Whether a pattern of role ARNs reaches a role that is or can make itself an administrator."""


def capabilities(
    principal: Principal, account: str, permissions: Permissions, stronger: ReachesStronger
) -> tuple[Capability, ...]:
    """Return the capabilities of an identity, worst first.

    A capability comes once for each way it holds: without limits, limited to named resources,
    under conditions, or both.
    """
    evaluation = Evaluation(principal, account, permissions)
    found: dict[tuple[CapabilityName, bool, bool], _Found] = defaultdict(_Found)
    for rule in sensitive.table().rules:
        for hit in _hits(rule, evaluation, principal, account, stronger):
            found[rule.capability, hit.conditional, hit.limited].add(hit)
    ordered = sorted(found.items(), key=lambda item: (_ORDER[item[0][0]], *item[0][1:]))
    return tuple(
        Capability(
            identity_id=principal.arn,
            name=name,
            path=(*ways.path(principal), *_quarantine(permissions)),
            actions=tuple(ways.actions),
            resources=tuple(ways.resources),
            limited=limited,
            conditional=conditional,
        )
        for (name, conditional, limited), ways in ordered
    )


def _quarantine(permissions: Permissions) -> tuple[str, ...]:
    if not permissions.quarantine:
        return ()
    told = f"AWS found a key of it in public and attached {permissions.quarantine}"
    return (f"{told}, which denies a list of actions: that is no rotation",)


@dataclass(frozen=True, slots=True)
class _Hit:
    """One way in which a rule is fulfilled: an action, and those that it needs besides."""

    rule: Rule
    parts: tuple[Allowed, ...]

    @property
    def conditional(self) -> bool:
        return bool(self.rule.condition) or any(part.conditional for part in self.parts)

    @property
    def limited(self) -> bool:
        return any(part.limited for part in self.parts)


def _hits(
    rule: Rule,
    evaluation: Evaluation,
    principal: Principal,
    account: str,
    stronger: ReachesStronger,
) -> Iterator[_Hit]:
    if rule.whole and not evaluation.boundary_gives(rule.whole):
        return
    besides = []
    for action in rule.also:
        ways = evaluation.allowed(action)
        if rule.stronger:
            ways = tuple(way for way in ways if any(map(stronger, way.resources)))
        if not ways:
            return
        besides.append(min(ways, key=lambda way: (way.conditional, way.limited)))
    for action in rule.any:
        for allowed in evaluation.allowed(action):
            if reaching := _reaching(rule, allowed, principal, account):
                yield _Hit(rule, (reaching, *besides))


def _reaching(rule: Rule, allowed: Allowed, principal: Principal, account: str) -> Allowed | None:
    """Return what of a statement counts for a rule, None where nothing does."""
    told = allowed.statement
    if rule.whole:
        enough = sensitive.names_all_of(told.actions, rule.whole, left_out=told.but_actions)
        everywhere = any(names_all(r, account, of_a_type=False) for r in allowed.resources)
        return allowed if enough and everywhere else None
    kept = tuple(r for r in allowed.resources if _is_beyond(rule.beyond, r, principal, account))
    return replace(allowed, resources=kept) if kept else None


def _is_beyond(beyond: str, resource: str, principal: Principal, account: str) -> bool:
    """Return whether a resource pattern reaches beyond what the rule excludes."""
    parts = resource.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return True
    if beyond == "self":
        return parts[-1] != principal.arn.split(":", ARN_PARTS - 1)[-1]
    if beyond == "account":
        return parts[4] not in ("", account)
    return True


class _Found:
    """Everything that gives one capability in one way."""

    def __init__(self) -> None:
        self.actions: dict[str, None] = {}
        self.resources: dict[str, None] = {}
        self._ways: dict[tuple[str, Statement], tuple[Policy, dict[str, None]]] = {}
        self._reasons: dict[str, None] = {}
        self._notes: dict[str, None] = {}

    def add(self, hit: _Hit) -> None:
        """Take one more way in which a rule is fulfilled."""
        for part in hit.parts:
            told = part.statement
            patterns = worded(_naming(part), left_out=told.but_actions)
            way = self._ways.setdefault((part.policy.via, told), (part.policy, {}))
            way[1].update(dict.fromkeys(patterns))
            self.actions.update(dict.fromkeys(patterns if hit.rule.whole else (part.action,)))
            left = part.resources if not told.but_resources else told.resources
            self.resources.update(dict.fromkeys(worded(left, left_out=told.but_resources)))
            self._notes.update(dict.fromkeys(part.notes))
        self._reasons[hit.rule.reason] = None
        if hit.rule.condition:
            self._notes[f"only if {hit.rule.condition}"] = None

    def path(self, principal: Principal) -> tuple[str, ...]:
        """Return the way in words, a step a line: what allows it, what that means, within what."""
        ways = [
            short(
                " -> ".join((principal.title, *policy.steps))
                + f" allows {', '.join(patterns)} on "
                + ", ".join(worded(told.resources, left_out=told.but_resources))
            )
            for (_, told), (policy, patterns) in self._ways.items()
        ]
        return (*_first(ways), *_first(self._reasons), *_first(self._notes))


def _naming(part: Allowed) -> tuple[str, ...]:
    """Return the patterns of a statement that name an action; all of a NotAction."""
    told = part.statement
    if told.but_actions:
        return told.actions
    action = part.action.lower()
    return tuple(p for p in told.actions if overlaps(p.lower(), action))


def _first(lines: list[str] | dict[str, None]) -> tuple[str, ...]:
    shown = tuple(lines)[:_LINES_SHOWN]
    more = len(lines) - len(shown)
    return (*shown, f"and {more} more") if more else shown
