"""Tells by which statements an identity may do a single action, on what, within which limits.

What the masks already decide is taken from them; everything else is put to the exact engine, one
statement at a time together with everything that can take away what it allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.masks import Masks
from auditor.providers.aws.analysis.targets import Targets
from auditor.providers.aws.engine import Decider, Decision, Layer, Layers, Pending, Verdict
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.engine.statements import names
from auditor.providers.aws.patterns import covers, has_wildcard, overlaps
from auditor.providers.aws.policies import Policy
from auditor.providers.aws.statements import Statement, short, worded

_ELEMENTS = ("Resource", "NotResource")
"""What a condition that is pending names where it only depends on which of the resources it is."""


@dataclass(frozen=True, slots=True)
class Way:
    """One statement that lets an identity do one action.

    `resources` are the patterns that are left of it; `limited` where they are not all resources
    there are; `conditional` where it holds under conditions only; `notes` say so in words.
    """

    action: str
    policy: Policy
    statement: Statement
    resources: tuple[str, ...]
    limited: bool
    conditional: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a way is left on one pattern of resources."""

    shown: str
    limited: bool
    conditional: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Allow:
    """An Allow statement, the targets that it may give, and those that it gives for sure."""

    policy: Policy
    statement: Statement
    possible: Targets
    sure: Targets


class Ways:
    """The ways of one identity, found when they are asked for."""

    def __init__(self, holder: Holder, masks: Masks) -> None:
        """Find none yet."""
        self._holder = holder
        self._masks = masks
        self._known: dict[str, tuple[Way, ...]] = {}

    def of(self, action: str) -> tuple[Way, ...]:
        """Return the ways to do an action, or to do any action of a pattern."""
        if action not in self._known:
            self._known[action] = tuple(self._find(action))
        return self._known[action]

    def best(self, action: str) -> Way | None:
        """Return the way to do an action that has the fewest conditions and limits, if any."""
        return min(self.of(action), key=lambda way: (way.conditional, way.limited), default=None)

    def beyond(self, action: str) -> Iterator[Way]:
        """Yield the ways to do an action on roles of other accounts."""
        partition, account = self._holder.arn.split(":")[1], self._holder.account
        everywhere = f"arn:{partition}:iam::*:role/*"
        for policy in self._holder.permissions.policies:
            for statement in policy.statements:
                if not statement.rule.allow or not statement.rule.is_about(action.lower()):
                    continue
                found = [
                    part
                    for shown, asked in self._candidates(statement, everywhere)
                    if f":iam::{account}:" not in asked
                    for part in self._asked(action, shown, asked, everywhere, statement)
                ]
                if way := self._joined(action, policy, statement, found):
                    yield way

    def _find(self, action: str) -> Iterator[Way]:
        wanted = self._masks.universe.of_pattern(action.lower())
        for allow in self._allows:
            found = wanted & allow.possible
            way = self._way(action, allow, found) if found else None
            if way:
                yield way

    @cached_property
    def _allows(self) -> list[_Allow]:
        """The statements that allow anything, with the targets for which they do."""
        possible, asker = self._holder.answer.possible, self._holder.asker
        found = []
        for policy in self._holder.permissions.policies:
            for statement in policy.statements:
                if statement.rule.allow:
                    about = self._masks.statement(statement.rule, asker)
                    if about.maybe & possible:
                        sure = about.yes & self._holder.answer.allowed
                        found.append(_Allow(policy, statement, about.maybe & possible, sure))
        return found

    def _way(self, action: str, allow: _Allow, found: Targets) -> Way | None:
        """Return what is left of a statement on some of its targets, None where nothing is."""
        name, targets = self._of_one_action(action, found)
        deciding = self._masks.universe.deciding(name, targets)
        parts = [
            part for bit in deciding if found >> bit & 1 for part in self._parts(name, bit, allow)
        ]
        return self._joined(action, allow.policy, allow.statement, parts)

    def _joined(
        self, action: str, policy: Policy, statement: Statement, parts: list[_Part]
    ) -> Way | None:
        if not parts:
            return None
        sure = [part for part in parts if not part.conditional]
        counted = sure or parts
        notes = dict.fromkeys(note for part in counted for note in part.notes)
        return Way(
            action=action,
            policy=policy,
            statement=statement,
            resources=tuple(dict.fromkeys(part.shown for part in parts)),
            limited=all(part.limited for part in counted),
            conditional=not sure,
            notes=(*notes, *self._within()),
        )

    def _of_one_action(self, action: str, found: int) -> tuple[str, range]:
        """Return an action and its targets; of a pattern the first action that it names."""
        universe = self._masks.universe
        if not has_wildcard(action):
            return action, universe.bits(action)
        sure = found & self._holder.answer.allowed or found
        name = universe.action_of((sure & -sure).bit_length() - 1)
        return name, universe.bits(name)

    def _parts(self, action: str, bit: int, allow: _Allow) -> Iterator[_Part]:
        """Yield what of a statement is left on one target."""
        arn = self._masks.universe.arn_of(bit)
        sure = bool(allow.sure >> bit & 1)
        for shown, asked in self._candidates(allow.statement, arn):
            if sure or self._is_plain(bit, allow.statement, asked):
                yield _Part(shown, limited=asked != arn)
            else:
                yield from self._asked(action, shown, asked, arn, allow.statement)

    def _is_plain(self, bit: int, statement: Statement, asked: str) -> bool:
        """Return whether nothing limits what a statement names of a target."""
        simple = not statement.rule.conditions and not statement.rule.not_resources
        return simple and bool(self._holder.answer.free >> bit & 1) and "${" not in asked

    def _candidates(self, statement: Statement, arn: str) -> Iterator[tuple[str, str]]:
        """Yield the resources a statement names: as it writes them, and as the engine is asked."""
        rule = statement.rule
        if rule.not_resources or rule.resources is None:
            yield "*", arn
            return
        for template, written in zip(rule.resources, statement.resources, strict=True):
            filled = template.fill(self._holder.asker.context)
            if filled is None or not names(filled, arn, every=has_wildcard(arn) and arn != "*"):
                continue
            shown = written if filled.is_open else filled.text
            yield shown, arn if covers(filled.pattern, arn) else filled.pattern

    # --- the exact engine ---

    def _asked(
        self, action: str, shown: str, asked: str, arn: str, statement: Statement
    ) -> Iterator[_Part]:
        """Ask about one pattern of resources, and closer where that makes the answer surer."""
        layers = self._alone(statement)
        verdict = self._ask(action, asked, layers)
        closer = self._closer(verdict, asked)
        if closer is None:
            if part := self._part(verdict, shown, statement, whole=asked == arn):
                yield part
            return
        for pattern in closer:
            again = self._ask(action, pattern, layers)
            if part := self._part(again, pattern, statement, whole=False):
                yield part

    def _ask(self, action: str, resource: str, layers: Layers) -> Verdict:
        return self._holder.ask(action, resource, only=resource == "*", layers=layers)

    def _alone(self, statement: Statement) -> Layers:
        """Return the identity's policies with this Allow alone, and every Deny."""
        base = self._holder.layers
        only = Rules((statement.rule,))
        return Layers((only, *(rules for _, rules in self._denies)), base.boundary, base.scps,
                      base.rcps)  # fmt: skip

    @cached_property
    def _denies(self) -> list[tuple[Policy, Rules]]:
        found = []
        for policy in self._holder.permissions.policies:
            denies = tuple(told.rule for told in policy.statements if not told.rule.allow)
            if denies:
                found.append((policy, Rules(denies)))
        return found

    def _closer(self, verdict: Verdict, asked: str) -> tuple[str, ...] | None:
        """Return what of a pattern can be left, where a Deny or the boundary tells it.

        None where nothing is to be had by asking more closely.
        """
        if verdict.decision is not Decision.ALLOWED_IF:
            return None
        for decider, pending in _grouped(verdict.conditions):
            denies = decider.effect == "Deny" and decider.layer is not Layer.RESOURCE_POLICY
            if denies and {one.operator for one in pending} == {"NotResource"}:
                return _met(pending[0].values, asked)
        bounds = [
            pending for decider, pending in _grouped(verdict.conditions)
            if decider.layer is Layer.BOUNDARY and decider.effect == "Allow"
        ]  # fmt: skip
        if bounds and all({one.operator for one in some} == {"Resource"} for some in bounds):
            return _met((value for some in bounds for value in some[0].values), asked)
        return None

    def _part(
        self, verdict: Verdict, shown: str, statement: Statement, *, whole: bool
    ) -> _Part | None:
        if verdict.decision in (Decision.IMPLICITLY_DENIED, Decision.EXPLICITLY_DENIED):
            return None
        limited, conditional, notes = not whole, False, list[str]()
        weak: dict[tuple[Layer, int], bool] = {}
        for decider, pending in _grouped(verdict.conditions):
            depends = any(one.operator not in _ELEMENTS for one in pending)
            if decider.layer is Layer.IDENTITY and decider.effect == "Allow" and not depends:
                limited = limited or not statement.but_resources
                continue
            notes += self._note(decider, statement, depends=depends)
            if decider.effect == "Deny":
                conditional, limited = conditional or depends, limited or not depends
                continue
            layer = (decider.layer, decider.level)
            weak[layer] = weak.get(layer, True) and depends
        conditional = conditional or any(weak.values())
        limited = limited or not all(weak.values())
        return _Part(shown, limited, conditional, tuple(notes))

    def _note(self, decider: Decider, statement: Statement, *, depends: bool) -> Iterator[str]:
        layer, only = decider.layer, statement.condition
        if decider.effect == "Deny":
            yield from self._deny_note(decider)
        elif layer is Layer.IDENTITY and depends and only:
            yield f"only if {only}"
        elif layer is Layer.RESOURCE_POLICY:
            yield "as far as the policy of the key or the role, which was not read, lets it"
        elif layer in (Layer.SCPS, Layer.RCPS):
            yield "as far as the policies of its organization let it"

    def _deny_note(self, decider: Decider) -> Iterator[str]:
        if decider.layer is Layer.IDENTITY:
            policy = self._denies[decider.policy - 2][0]
        elif decider.layer is Layer.BOUNDARY and self._holder.permissions.boundary:
            policy = self._holder.permissions.boundary
        else:
            yield "but a policy of its organization denies a part of it"
            return
        told = next(s for s in policy.statements if s.rule.number == decider.statement)
        yield f"but {deny_words(policy, told)}"

    def _within(self) -> Iterator[str]:
        """Yield what limits everything that the identity does."""
        if boundary := self._holder.permissions.boundary:
            yield f"within permissions boundary {boundary.name}"
        if self._holder.permissions.boundary_unknown:
            yield "its permissions boundary was not read and may allow less"
        if self._holder.limits.unread:
            yield self._holder.limits.unread


def _grouped(pending: Iterable[Pending]) -> Iterator[tuple[Decider, list[Pending]]]:
    for decider, found in groupby(pending, key=lambda one: one.decider):
        yield decider, list(found)


def _met(patterns: Iterable[str], asked: str) -> tuple[str, ...] | None:
    """Return what of the patterns lies within another; None where that is not to be told."""
    found = tuple(patterns)
    if any("${" in pattern for pattern in found):
        return None
    met = (pattern for pattern in found if overlaps(pattern, asked))
    return tuple(asked if covers(pattern, asked) else pattern for pattern in met)


def deny_words(policy: Policy, told: Statement) -> str:
    """Return a Deny in words."""
    what = ", ".join(worded(told.actions, left_out=told.but_actions))
    where = ", ".join(worded(told.resources, left_out=told.but_resources))
    condition = f" if {told.condition}" if told.condition else ""
    return short(f"{policy.via} denies {what} on {where}{condition}")
