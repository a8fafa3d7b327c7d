"""Makes a right-sized policy for an identity: what it holds, less what it does not use.

Each Allow keeps its resources and conditions and loses actions; every Deny stays. So the result
never allows what the identity may not do today. Where its use is not known, only what leads to an
administrator, out of the account or around the logs is taken out, and the gap says so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.models import CapabilityName, Fact, Gap, Known, Seen, Suggestion, Unknown, Usage
from auditor.providers.aws import sensitive
from auditor.providers.aws.analysis.escalations import PASS_ROLE, rows
from auditor.providers.aws.analysis.excess import UNUSED
from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.targets import Universe
from auditor.providers.aws.analysis.world import Realm
from auditor.providers.aws.gaps import source_of
from auditor.providers.aws.parts import LAST_ACCESSED
from auditor.providers.aws.patterns import matches
from auditor.providers.aws.statements import Statement

LARGEST = 6_144
"""Characters of a managed policy, white space not counted.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
_TAKEN = (
    CapabilityName.ADMIN,
    CapabilityName.ESCALATE,
    CapabilityName.ORG_REACH,
    CapabilityName.BLIND,
)
Keeps = Callable[[str], bool]
"""Whether an action, in lower case, is kept."""


def suggestion(
    held: Holder,
    realm: Realm,
    usage: Sequence[Usage],
    as_of: datetime | None,
    seen: Fact[Seen] | None = None,
) -> Suggestion:
    """Return the policy that an identity should have in place of all it has.

    What logs prove unused is taken out, too; what they may not show stays.
    """
    keeps, why, gaps = _by_services(held, usage, as_of)
    if isinstance(seen, Unknown):
        gaps = (*gaps, seen.gap)
    if isinstance(seen, Known):
        keeps, why = _and_by_logs(keeps, seen.value), (*why, *_told(seen.value))
    return Suggestion(held.arn, _documents(held, realm.masks.universe, keeps), why, gaps)


def _by_services(
    held: Holder, usage: Sequence[Usage], as_of: datetime | None
) -> tuple[Keeps, tuple[str, ...], tuple[Gap, ...]]:
    """Return what is kept by AWS's own account of what was last used, and why."""
    if as_of is None:
        gap = Gap(
            what=f"what {held.title} uses",
            why="when it last used each service was not read",
            fix=f"grant {LAST_ACCESSED.permission} and audit again",
            source=source_of(held.account),
            affects=(held.account,),
        )
        why = ("it keeps what it has, less what makes it an administrator or hides its traces",)
        return _without_the_worst(), why, (gap,)
    used = _Used(usage, as_of)
    return used.keeps, tuple(used.words()), ()


def _and_by_logs(keeps: Keeps, seen: Seen) -> Keeps:
    return lambda action: keeps(action) and not seen.unused(action)


def _told(seen: Seen) -> Iterator[str]:
    made = sorted(action for action in seen.used if seen.shows(action))
    yield f"of the calls that logs always show it made, {seen.span}: {', '.join(made) or 'none'}"
    yield "others of these are taken out; what logs may not show stays"
    yield from seen.words()


@dataclass(frozen=True, slots=True)
class _Used:
    """What an identity used lately: services, and actions where AWS tells."""

    usage: Sequence[Usage]
    as_of: datetime

    def keeps(self, action: str) -> bool:
        """Return whether an action was used, or its service was and AWS does not track it."""
        return action in self.actions or (
            action.partition(":")[0] in self.services and action not in self.tracked
        )

    @property
    def services(self) -> frozenset[str]:
        return frozenset(one.what for one in self.usage if ":" not in one.what and self._is(one))

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(
            one.what.lower() for one in self.usage if ":" in one.what and self._is(one)
        )

    @property
    def tracked(self) -> frozenset[str]:
        return frozenset(one.what.lower() for one in self.usage if ":" in one.what)

    def _is(self, one: Usage) -> bool:
        return one.last is not None and one.last >= self.as_of - UNUSED

    def words(self) -> Iterator[str]:
        day = self.as_of.date().isoformat()
        names = ", ".join(sorted(self.services)) or "nothing"
        yield f"in the {UNUSED.days} days before {day} it used {names}"
        if self.actions:
            yield f"of the actions that AWS tracks it used {', '.join(sorted(self.actions))}"
        yield "of these services it keeps what it was allowed, less the tracked actions not used"


def _without_the_worst() -> Keeps:
    """Return what is kept where nobody knows what is used."""
    taken = {
        action.lower()
        for rule in sensitive.table().rules
        if rule.capability in _TAKEN
        for action in rule.any
    }
    taken |= {a.lower() for row in rows() for a in (*row.target, *row.policy)} | {PASS_ROLE.lower()}
    return lambda action: action not in taken


# --- documents -------------------------------------------------------------------------------


def _documents(held: Holder, universe: Universe, keeps: Keeps) -> tuple[dict[str, Any], ...]:
    """Return the statements that are left in as many policies as they need."""
    told = [
        found
        for policy in held.permissions.policies
        for statement in policy.statements
        if (found := _left(statement, universe, keeps))
    ]
    unique = {json.dumps(statement, sort_keys=True): statement for statement in told}
    return tuple(_packed(_split(unique.values())))


def _left(statement: Statement, universe: Universe, keeps: Keeps) -> dict[str, Any] | None:
    """Return a statement without the actions that are not kept, None where none is left."""
    # Statements of several policies come together, and names must differ within one.
    kept = {key: value for key, value in statement.source.items() if key != "Sid"}
    if statement.effect == "Deny":
        return kept
    named = _named(statement, universe)
    left = [action for action in named if keeps(action.lower())]
    if not left:
        return None
    if len(left) == len(named):
        return kept
    if statement.but_actions or "*" in statement.actions:
        out = {action for action in named if not keeps(action.lower())}
        but = statement.actions if statement.but_actions else ()
        left_out = sorted({*but, *out})
        if len(json.dumps(left_out)) < LARGEST // 2:
            return _replaced(kept, "NotAction", left_out)
    return _replaced(kept, "Action", _short(left, universe))


def _replaced(statement: dict[str, Any], element: str, actions: list[str]) -> dict[str, Any]:
    rest = {key: value for key, value in statement.items() if key not in ("Action", "NotAction")}
    return {"Effect": rest.pop("Effect"), element: actions, **rest}


def _named(statement: Statement, universe: Universe) -> list[str]:
    rule = statement.rule
    return universe.actions(universe.of_patterns(rule.actions, left_out=rule.not_actions))


def _short(actions: Sequence[str], universe: Universe) -> list[str]:
    """Return actions as patterns where they would be too many, never naming one more."""
    if len(json.dumps(actions)) < LARGEST // 2:
        return list(actions)
    listed, kept = universe.catalogue, set(actions)
    found: list[str] = []
    by_service: dict[str, list[str]] = defaultdict(list)
    for action in actions:
        by_service[action.partition(":")[0]].append(action)
    for service, own in by_service.items():
        every = [listed.actions[number] for number in listed.services[service]]
        if kept.issuperset(every):
            found.append(f"{service}:*")
            continue
        left = set(own)
        for verb in sorted({_verb(action) for action in own}):
            alike = [action for action in every if matches(f"{verb}*", action)]
            if len(alike) > 1 and kept.issuperset(alike):
                found.append(f"{verb}*")
                left -= set(alike)
        found += sorted(left)
    return found


def _verb(action: str) -> str:
    """Return an action up to the end of its first word: "s3:Get"."""
    start = action.index(":") + 2
    end = next((i for i in range(start, len(action)) if action[i].isupper()), len(action))
    return action[:end]


def _split(statements: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield statements small enough for one policy each: lists of actions can be divided."""
    for statement in statements:
        lists = {name: statement.get(name) for name in ("Action", "Resource")}
        long = [name for name, value in lists.items() if isinstance(value, list) and value[1:]]
        if not long or _size(statement) <= LARGEST - _FRAME:
            yield statement
            continue
        name = max(long, key=lambda name: _size(statement[name]))
        half = len(statement[name]) // 2
        parts = (statement[name][:half], statement[name][half:])
        yield from _split({**statement, name: part} for part in parts)


def _packed(statements: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield policies within AWS's limit of size."""
    held: list[dict[str, Any]] = []
    for statement in statements:
        if held and _size(_policy([*held, statement])) > LARGEST:
            yield _policy(held)
            held = []
        held.append(statement)
    if held:
        yield _policy(held)


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(document: Any) -> int:
    """Return how many characters AWS counts: all but white space."""
    return sum(not character.isspace() for character in json.dumps(document))


_FRAME = 100
"""Characters of a policy around its statements, generously."""
