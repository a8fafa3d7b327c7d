"""Judges an identity by the rules of `auditor/data/aws-capabilities.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.models import CapabilityName
from auditor.providers.aws import sensitive
from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.ways import Way, Ways
from auditor.providers.aws.analysis.world import Realm
from auditor.providers.aws.sensitive import ARN_PARTS, Rule


@dataclass(frozen=True, slots=True)
class Hit:
    """One way in which a rule is fulfilled."""

    rule: Rule
    way: Way

    @property
    def conditional(self) -> bool:
        """Return whether it depends on what is not known."""
        return bool(self.rule.condition) or self.way.conditional


def hits(rule: Rule, ways: Ways, held: Holder, realm: Realm) -> Iterator[Hit]:
    """Yield every way in which an identity fulfils a rule."""
    universe, possible = realm.masks.universe, held.answer.possible
    if not rule.beyond and not possible & universe.of_actions(rule.any):
        return
    if rule.whole:
        wanted = universe.of_patterns([rule.whole], left_out=False)
        if wanted & ~held.answer.within:
            return
    for action in rule.any:
        if rule.beyond:
            yield from (Hit(rule, way) for way in ways.beyond(action))
            continue
        if not possible & universe.of_pattern(action.lower()):
            continue
        for way in ways.of(action):
            if reaching := _reaching(rule, way, held):
                yield Hit(rule, reaching)


def administers(ways: Ways, held: Holder, realm: Realm) -> Way | None:
    """Return the way by which an identity is an administrator, None where it is none."""
    found = [
        hit.way
        for rule in sensitive.table().rules
        if rule.capability is CapabilityName.ADMIN
        for hit in hits(rule, ways, held, realm)
    ]
    return min(found, key=lambda way: way.conditional, default=None)


def _reaching(rule: Rule, way: Way, held: Holder) -> Way | None:
    """Return what of a statement counts for a rule, None where nothing does."""
    told = way.statement
    if rule.whole:
        enough = sensitive.names_all_of(told.actions, rule.whole, left_out=told.but_actions)
        return way if enough and _is_everywhere(way, held.account) else None
    kept = tuple(r for r in way.resources if _counts(rule, r))
    return replace(way, resources=kept) if kept else None


def _is_everywhere(way: Way, account: str) -> bool:
    return any(sensitive.names_all(resource, account) for resource in way.resources)


def _counts(rule: Rule, resource: str) -> bool:
    """Return whether a resource pattern is one that a rule asks for."""
    parts = resource.split(":", ARN_PARTS - 1)
    return rule.on is None or (len(parts) == ARN_PARTS and bool(rule.on.search(parts[-1])))
