"""What the policies of one layer say about a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.providers.aws.engine.documents import Policy, statements_about
from auditor.providers.aws.engine.principals import Reach
from auditor.providers.aws.engine.statements import Question, Statement
from auditor.providers.aws.engine.truth import MAYBE, NO, Truth
from auditor.providers.aws.engine.verdict import Decider, Layer, Pending


@dataclass(frozen=True, slots=True)
class Hit:
    """A statement that applies, or may."""

    policy: int
    statement: Statement
    truth: Truth
    reach: Reach


@dataclass(frozen=True, slots=True)
class Opinion:
    """The statements of a layer that apply, or may.

    `missing`: the layer was not given although it must be there, so it may allow.
    """

    layer: Layer
    hits: tuple[Hit, ...] = ()
    level: int = 0
    missing: bool = False

    @property
    def denies(self) -> Truth:
        """Return whether a Deny applies."""
        return max((hit.truth for hit in self.hits if not hit.statement.allow), default=NO)

    def allows(self, *reaches: Reach) -> Truth:
        """Return whether an Allow applies, of a resource policy one that names the caller so."""
        if self.missing:
            return MAYBE
        return max((hit.truth for hit in self._allowing(reaches)), default=NO)

    def _allowing(self, reaches: tuple[Reach, ...] = ()) -> Iterator[Hit]:
        for hit in self.hits:
            if hit.statement.allow and (not reaches or hit.reach in reaches):
                yield hit

    def deciding(self, *, allow: bool, truth: Truth) -> Iterator[Hit]:
        """Yield the statements of one effect that apply (YES), or of which it is open (MAYBE)."""
        for hit in self.hits:
            if hit.statement.allow is allow and hit.truth == truth:
                yield hit

    def decider(self, hit: Hit) -> Decider:
        """Return which statement it is."""
        told = hit.statement
        return Decider(self.layer, hit.policy, told.number, told.sid, told.effect, self.level)

    def pending(self, hit: Hit, question: Question) -> Iterator[Pending]:
        """Yield what it depends on whether a statement applies."""
        told, decider = hit.statement, self.decider(hit)
        if told.concerns(question)[0] == MAYBE and told.principals:
            ids = told.principals.named.get("CanonicalUser", ())
            yield Pending(decider, "Principal", "", tuple(sorted(ids)))
        if told.covers(question) == MAYBE:
            element = "NotResource" if told.not_resources else "Resource"
            patterns = tuple(resource.source for resource in told.resources or ())
            yield Pending(decider, element, "", patterns)
        for condition in told.conditions:
            if condition.holds(question.context) == MAYBE:
                values = tuple(value.source for value in condition.values)
                yield Pending(decider, condition.name, condition.key, values)


def opinion(
    layer: Layer, policies: Iterable[Policy], question: Question, level: int = 0
) -> Opinion:
    """Return what the policies of a layer say."""
    return Opinion(layer, tuple(_hits(policies, question)), level)


def _hits(policies: Iterable[Policy], question: Question) -> Iterator[Hit]:
    for number, policy in enumerate(policies, 1):
        for statement in statements_about(policy, question.action):
            truth, reach = statement.applies(question)
            if truth:
                yield Hit(number, statement, truth, reach)
