"""What the policies of one layer say about a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.providers.aws.engine.documents import Policy
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


@dataclass(frozen=True, slots=True)
class Opinion:
    """The statements of a layer that apply, or may, and what they come to.

    `denies`: whether a Deny applies. `allows`: whether an Allow does; of a resource policy
    `by_reach` tells it for each way of naming the caller.
    """

    layer: Layer
    hits: tuple[Hit, ...] = ()
    denies: Truth = NO
    allows: Truth = NO
    by_reach: tuple[Truth, ...] = (NO,) * len(Reach)
    level: int = 0

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
    hits, denies, by_reach = [], NO, [NO] * len(Reach)
    for number, policy in enumerate(policies, 1):
        for statement in policy.about(question.action):
            truth, reach = statement.applies(question)
            if truth == NO:
                continue
            hits.append(Hit(number, statement, truth))
            if not statement.allow:
                denies = max(denies, truth)
            elif truth > by_reach[reach]:
                by_reach[reach] = truth
    return Opinion(layer, tuple(hits), denies, max(by_reach), tuple(by_reach), level)


def unknown(layer: Layer) -> Opinion:
    """Return what a layer says that must be there and was not given: it may allow."""
    return Opinion(layer, allows=MAYBE, by_reach=(MAYBE,) * len(Reach))
