"""Decides all actions of the catalogue for an identity at once: allowed, perhaps, denied.

The same three-valued logic as the engine's, `min` and `max` done bit by bit on sets of targets; a
law of the tests holds the two together. Each statement is turned into sets once, unless it depends
on who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

from auditor.providers.aws.analysis.targets import NOWHERE, Targets, Ternary, Universe
from auditor.providers.aws.engine import Layers, fixed
from auditor.providers.aws.engine.context import Context
from auditor.providers.aws.engine.documents import Policy
from auditor.providers.aws.engine.statements import Question, Statement
from auditor.providers.aws.engine.truth import NO, YES, Truth
from auditor.providers.aws.engine.variables import Template

_REMEMBERED = 5_000
"""Policies and statements whose sets are remembered: managed ones come again and again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an identity may do: certainly, or depending on what is not known. The rest is denied."""

    allowed: Targets
    conditional: Targets
    free: Targets
    """The targets that nothing limits or takes: whatever an Allow names of them is allowed."""
    within: Targets
    """The targets that all limits let through, at least under conditions."""

    @property
    def possible(self) -> Targets:
        """The targets that are not denied."""
        return self.allowed | self.conditional


@dataclass(frozen=True, slots=True)
class _Sides:
    """What Allow and Deny statements are about."""

    allow: Ternary = NOWHERE
    deny: Ternary = NOWHERE

    def __or__(self, other: _Sides) -> _Sides:
        return _Sides(self.allow | other.allow, self.deny | other.deny)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A policy's statements: what those come to that are the same for everybody, and the rest."""

    policy: Policy
    same: _Sides
    depending: tuple[Statement, ...]


@dataclass(slots=True)
class Masks:
    """Turns the policies of one account into sets of targets."""

    universe: Universe
    _policies: dict[int, _Sorted] = field(default_factory=dict)
    _statements: dict[int, tuple[Statement, Targets, Ternary | None]] = field(default_factory=dict)

    def answer(self, layers: Layers, asker: Question) -> Answer:
        """Return what an identity may do, as far as the policies of keys and roles let it.

        Resource policies are not looked at: what they grant besides is not in the answer.
        """
        universe = self.universe
        own = self._layer(layers.identity, asker)
        limits = [self._layer(found, asker) for found in (layers.boundary, layers.session)
                  if found is not None]  # fmt: skip
        limits += [self._layer(level, asker) for level in layers.scps or ()]
        limits += [self._rcp(level, asker) for level in layers.rcps or ()]
        within = reduce(and_, (found.allow for found in limits), universe.unlimited)
        allow = own.allow & within
        deny = reduce(or_, (found.deny for found in limits), own.deny)
        always = universe.of_action(fixed.ALWAYS_ALLOWED)
        return Answer(
            allowed=(allow.yes & ~deny.maybe) | always,
            conditional=(allow.maybe & ~deny.yes & ~(allow.yes & ~deny.maybe)) & ~always,
            free=within.yes & ~deny.maybe if deny.maybe else within.yes,
            within=within.maybe,
        )

    def statement(self, statement: Statement, asker: Question) -> Ternary:
        """Return the targets that one statement is about."""
        held = (condition.holds(asker.context) for condition in statement.conditions)
        truth = min(statement.concerns(asker)[0], min(held, default=YES))
        return self._about(statement, asker.context, truth)

    def _rcp(self, level: Sequence[Policy], asker: Question) -> _Sides:
        """Return a level of resource control policies: it limits nothing of other services."""
        universe, found = self.universe, self._layer(level, asker)
        under, rest = universe.under_rcps, universe.all & ~universe.under_rcps
        return _Sides(found.allow | Ternary(rest, rest), found.deny & Ternary(under, under))

    def _layer(self, policies: Iterable[Policy], asker: Question) -> _Sides:
        found = _Sides()
        for policy in policies:
            sorted_ = self._sorted(policy)
            found |= sorted_.same
            for statement in sorted_.depending:
                found |= _sides(statement, self.statement(statement, asker))
        return found

    def _sorted(self, policy: Policy) -> _Sorted:
        known = self._policies.get(id(policy))
        if known is None:
            depending = tuple(filter(_depends, policy.statements))
            alike = [told for told in policy.statements if told not in depending]
            nobody = Context({}, complete=True)
            same = reduce(
                or_, (_sides(told, self._about(told, nobody, YES)) for told in alike), _Sides()
            )
            if len(self._policies) >= _REMEMBERED:
                self._policies.clear()
            known = self._policies[id(policy)] = _Sorted(policy, same, depending)
        return known

    def _about(self, statement: Statement, context: Context, truth: Truth) -> Ternary:
        if truth == NO:
            return NOWHERE
        _, actions, resources = self._parts(statement)
        if resources is None:
            resources = self._resources(statement, context)
        maybe = actions & resources.maybe
        return Ternary(actions & resources.yes if truth == YES else 0, maybe)

    def _parts(self, statement: Statement) -> tuple[Statement, Targets, Ternary | None]:
        """Return what does not depend on who asks: actions always, resources without variables."""
        known = self._statements.get(id(statement))
        if known is None:
            told = statement
            actions = self.universe.of_patterns(told.actions, left_out=told.not_actions)
            variable = any(resource.plain is None for resource in told.resources or ())
            resources = None if variable else self._resources(told, Context({}, complete=True))
            if len(self._statements) >= _REMEMBERED:
                self._statements.clear()
            known = self._statements[id(statement)] = (statement, actions, resources)
        return known

    def _resources(self, statement: Statement, context: Context) -> Ternary:
        everything = Ternary(self.universe.all, self.universe.all)
        if statement.resources is None:
            return everything
        found = NOWHERE
        for resource in statement.resources:
            found |= self._reach(resource, context)
        if statement.not_resources:
            return Ternary(self.universe.all & ~found.maybe, self.universe.all & ~found.yes)
        return found

    def _reach(self, resource: Template, context: Context) -> Ternary:
        filled = resource.fill(context)
        return NOWHERE if filled is None else self.universe.of_resource(filled)


def _depends(statement: Statement) -> bool:
    """Return whether what a statement is about depends on who asks."""
    variable = any(resource.plain is None for resource in statement.resources or ())
    return bool(statement.conditions) or statement.principals is not None or variable


def _sides(statement: Statement, about: Ternary) -> _Sides:
    return _Sides(allow=about) if statement.allow else _Sides(deny=about)
