"""What the policies of resources give an identity that its own policies do not.

A policy of the same account that names a user is enough by itself, past the user's boundary.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.models import Known
from auditor.providers.aws import sensitive
from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.world import Realm
from auditor.providers.aws.engine import Decision, MalformedPolicy
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.principals import Reach
from auditor.providers.aws.engine.statements import Attached
from auditor.providers.aws.patterns import has_wildcard, overlaps
from auditor.providers.aws.sensitive import Rule

_DENIED = (Decision.IMPLICITLY_DENIED, Decision.EXPLICITLY_DENIED)


@dataclass(frozen=True, slots=True)
class Granted:
    """A rule that a resource's policy fulfils for an identity."""

    rule: Rule
    action: str
    resource: str
    certain: bool
    words: str


def granted(held: Holder, realm: Realm) -> Iterator[Granted]:
    """Yield what the policies of resources that were read give an identity besides its own."""
    for arn, fact in realm.account.surroundings.resource_policies.items():
        if not isinstance(fact, Known) or fact.value is None:
            continue
        try:
            rules = read_rules(fact.value, Attached.TO_RESOURCE)
        except MalformedPolicy:
            continue
        if _names(rules, held):
            yield from _by(rules, arn, held, realm)


def _names(rules: Rules, held: Holder) -> bool:
    """Return whether an Allow names the identity itself, or everyone."""
    allows = (told for told in rules.statements if told.allow)
    return any(told.concerns(held.asker)[1] in (Reach.DIRECT, Reach.ROLE) for told in allows)


def _by(rules: Rules, arn: str, held: Holder, realm: Realm) -> Iterator[Granted]:
    service = arn.split(":", 3)[2]
    for rule in sensitive.table().rules:
        for action in rule.any:
            if action.partition(":")[0] != service or has_wildcard(action) or rule.whole:
                continue
            resource = _resource(action, arn, realm)
            if not resource or held.ask(action, resource).decision not in _DENIED:
                continue
            verdict = held.ask(action, resource, resource_policy=rules)
            if verdict.decision not in _DENIED:
                words = f"the policy of {arn} allows {action} to {held.title}"
                certain = verdict.decision is Decision.ALLOWED
                yield Granted(rule, action, resource, certain, words)


def _resource(action: str, arn: str, realm: Realm) -> str:
    """Return the resource that an action is done on: the one of the policy, or what is in it."""
    universe = realm.masks.universe
    patterns = [universe.arn_of(bit) for bit in universe.bits(action)]
    for resource in (arn, f"{arn}/*"):
        if any(overlaps(pattern, resource) for pattern in patterns if pattern != "*"):
            return resource
    return ""
