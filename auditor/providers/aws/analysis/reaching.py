"""Finds whom an identity can reach by a row of the escalation table, and proves each step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.providers.aws.analysis.escalations import PASS_ROLE, Kind, Row
from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.world import Realm, World
from auditor.providers.aws.documents import entries, text
from auditor.providers.aws.engine import Decision, Layer, Verdict
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.engine.request import Given
from auditor.providers.aws.patterns import has_wildcard, matches, overlaps
from auditor.providers.aws.policies import texts
from auditor.providers.aws.sensitive import names_all_of
from auditor.providers.aws.statements import parse, short, worded

_ASSUME = "sts:AssumeRole"
_MOST = 5
"""Targets of one row that are proved; the others are alike."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One action that an identity may do, in words: by which policy, on what."""

    action: str
    words: str
    certain: bool
    resource: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reached:
    """A row that is fulfilled: what it reaches ("" where that is itself), and the proofs."""

    row: Row
    arn: str
    target: str
    proofs: tuple[Proof, ...]

    @property
    def certain(self) -> bool:
        """Return whether it depends on nothing that is not known."""
        open_ = self.row.kind in (Kind.EXISTING, Kind.STRENGTHEN)
        return not open_ and all(proof.certain for proof in self.proofs)


class Reach:
    """What one identity can reach."""

    def __init__(self, world: World, realm: Realm, held: Holder) -> None:
        """Ask nothing yet."""
        self._world = world
        self._realm = realm
        self._held = held
        self._proofs: dict[tuple[str, str, str], Proof | None] = {}
        self._patterns: dict[str, frozenset[str] | None] = {}
        self._named: dict[str, frozenset[str]] = {}

    def could(self, row: Row) -> bool:
        """Return whether no action of a row is denied altogether."""
        return row.needed <= self._possible

    @property
    def _possible(self) -> frozenset[str]:
        """The actions of the table that are not denied altogether; assuming roles is not judged."""
        return self._realm.possible(self._held)

    def by(self, row: Row, candidates: Iterable[str]) -> Iterator[Reached]:
        """Yield what a row reaches among candidates, given by ARN. `could` must hold."""
        if row.kind is Kind.NEW:
            yield from self._new(row)
            return
        besides = list(self._anywhere(row.actions))
        if None in besides:
            return
        common = tuple(proof for proof in besides if proof)
        found = 0
        for arn in self._named_first(row, candidates):
            if arn == self._held.arn and row.kind not in (Kind.SELF, Kind.BOUNDARY):
                continue
            proofs = self._on(row, arn)
            if proofs is not None:
                yield Reached(row, arn, title(arn), (*proofs, *common))
                found += 1
                if found == _MOST:
                    return

    def _named_first(self, row: Row, candidates: Iterable[str]) -> Iterable[str]:
        """Return candidates, those first that a statement names: conditions may differ there."""
        action = PASS_ROLE if row.kind is Kind.PASS else next(iter(row.target), "")
        patterns = self._patterns_of(action) if action else None
        if patterns is None or action == _ASSUME:
            return candidates
        if "*" not in patterns and isinstance(candidates, Mapping):
            # Few are named, of many: nobody else needs to be looked at.
            named = self._named_by(action, patterns)
            candidates = [arn for arn in sorted(named) if arn in candidates]
        literal = {arn for arn in patterns if not has_wildcard(arn)}
        return sorted(candidates, key=lambda arn: arn not in literal) if literal else candidates

    def whatever(self, row: Row) -> Iterator[Reached]:
        """Yield a row that is allowed on every role there is and will be."""
        proofs = [proof for proof in self._anywhere(sorted(row.needed)) if proof]
        ways = (self._realm.ways(self._held).of(action) for action in row.needed)
        if proofs and all(any(not way.limited for way in found) for found in ways):
            yield Reached(row, "", f"any {row.on}", tuple(proofs))

    # --- candidates ---

    def itself(self, on: str) -> list[str]:
        """Return what a row of kind "self" must reach: own user, groups, role, policies."""
        principal, detail = self._held.principal, self._held.principal.detail
        if on in ("user", "role"):
            return [principal.arn] if principal.kind == on else []
        if on == "group":
            named = {text(g, "GroupName"): arn for arn, g in self._groups.items()}
            return [named[name] for name in texts((detail or {}).get("GroupList")) if name in named]
        attached = [policy.arn for policy in self._held.permissions.policies if policy.arn]
        return self._changeable(attached, on)

    @cached_property
    def _groups(self) -> Mapping[str, Mapping[str, object]]:
        return {text(g, "Arn"): g for g in self._realm.account.groups.values()}

    def _changeable(self, arns: Iterable[str], on: str) -> list[str]:
        """Return the policies whose text can change to a stronger one."""
        if on == "policy":
            return [arn for arn in arns if ":iam::aws:" not in arn]
        return [arn for arn in arns if ":iam::aws:" not in arn and self._has_stronger(arn)]

    def _has_stronger(self, arn: str) -> bool:
        """Return whether a version of a policy that is not the default one allows all of IAM."""
        for version in self._realm.versions(arn):
            if version.get("IsDefaultVersion") is True:
                continue
            statements, _ = parse(version.get("Document"))
            if any(
                told.effect == "Allow"
                and names_all_of(told.actions, "iam:*", left_out=told.but_actions)
                for told in statements
            ):
                return True
        return False

    @cached_property
    def assumable(self) -> Sequence[str]:
        """The roles whose trust could let it in, those that name it first."""
        return tuple(role for role in dict.fromkeys(self._assumable()) if role != self._held.arn)

    def _assumable(self) -> Iterator[str]:
        arn, trusting = self._held.arn, self._world.roles_trusting
        yield from self._world.roles_naming.get(arn, ())
        yield from trusting.get("*", ())
        roles = trusting.get(self._held.account, {})
        patterns = self._patterns_of(_ASSUME)
        if patterns is None or "*" in patterns:
            yield from roles
        else:
            yield from (role for role in sorted(self._named_by(_ASSUME, patterns)) if role in roles)

    # --- proofs ---

    def _on(self, row: Row, arn: str) -> tuple[Proof, ...] | None:
        """Return the proofs that all target actions of a row are allowed on a target."""
        through_policy = row.kind is Kind.BECOME and row.on != "role"
        proofs: list[Proof | None] = []
        if row.kind is Kind.BECOME:
            proofs.append(self.prove(_ASSUME, arn))
        if row.kind is Kind.PASS:
            host = next(host for host in row.service if arn in self._realm.by_service.get(host, ()))
            proofs.append(self._prove(PASS_ROLE, arn, {"iam:PassedToService": host}))
        if not through_policy:
            proofs += (self.prove(action, arn) for action in row.target)
        for action in row.target if through_policy else row.policy:
            proofs.append(self._on_policy(action, arn, row.on))
        return None if None in proofs else tuple(proof for proof in proofs if proof)

    def _on_policy(self, action: str, arn: str, on: str) -> Proof | None:
        """Return the proof that an action is allowed on a policy that is attached to a role."""
        role = self._realm.account.principals.get(arn)
        attached = entries(role.detail if role else None, "AttachedManagedPolicies")
        arns = self._changeable((text(policy, "PolicyArn") for policy in attached),
                                on if "policy" in on else "policy")  # fmt: skip
        return next((found for policy in arns if (found := self.prove(action, policy))), None)

    def prove(self, action: str, resource: str) -> Proof | None:
        """Return the proof that an action is allowed on one resource, None where it is not."""
        return self._prove(action, resource, {})

    def _prove(self, action: str, resource: str, more: Mapping[str, Given]) -> Proof | None:
        key = (action, resource, str(more.get("iam:PassedToService", "")))
        if key not in self._proofs:
            self._proofs[key] = self._try(action, resource, more)
        return self._proofs[key]

    def _try(self, action: str, resource: str, more: Mapping[str, Given]) -> Proof | None:
        trust: Rules | None = None
        if action == _ASSUME:
            told = self._world.trust(resource)
            trust = told.rules if told else None
        elif not self._names(action, resource):
            return None
        verdict = self._held.ask(action, resource, resource_policy=trust, context=more)
        if verdict.decision in (Decision.IMPLICITLY_DENIED, Decision.EXPLICITLY_DENIED):
            return None
        certain = verdict.decision is Decision.ALLOWED
        notes = () if certain else tuple(self._conditions(verdict))
        return Proof(action, self._words(action, resource, verdict), certain, resource, notes)

    def _names(self, action: str, resource: str) -> bool:
        """Return whether an Allow could name a resource: most are ruled out by their patterns."""
        patterns = self._patterns_of(action)
        if patterns is None or "*" in patterns:
            return True
        if resource not in self._world.arns:
            return any(matches(pattern, resource) for pattern in patterns)
        return resource in self._named_by(action, patterns)

    def _named_by(self, action: str, patterns: frozenset[str]) -> frozenset[str]:
        """Return the users and roles that the Allow statements for an action name."""
        if action not in self._named:
            self._named[action] = frozenset().union(*map(self._world.matching, patterns))
        return self._named[action]

    def _patterns_of(self, action: str) -> frozenset[str] | None:
        if action not in self._patterns:
            self._patterns[action] = self._allowed_patterns(action.lower())
        return self._patterns[action]

    def _allowed_patterns(self, action: str) -> frozenset[str] | None:
        """Return the patterns that Allow statements name for an action, None for all but some."""
        found = set[str]()
        for rules in self._held.layers.identity:
            for told in rules.about(action):
                if not told.allow:
                    continue
                if told.not_resources:
                    return None
                for resource in told.resources or ():
                    filled = resource.fill(self._held.asker.context)
                    if filled:
                        found.add(filled.pattern)
        return frozenset(found)

    def _anywhere(self, actions: Iterable[str]) -> Iterator[Proof | None]:
        for action in actions:
            way = self._realm.ways(self._held).best(action)
            if way is None:
                yield None
                return
            where = ", ".join(way.resources)
            by = " -> ".join((self._held.title, *way.policy.steps))
            words = short(f"{by} allows {action} on {where}")
            yield Proof(action, words, not way.conditional, where, way.notes)

    def _new(self, row: Row) -> Iterator[Reached]:
        """Yield a row whose actions are allowed on a common resource that is not there yet."""
        if row.on not in ("", self._held.principal.kind):
            return
        ways = [self._realm.ways(self._held).of(action) for action in row.target]
        for first in ways[0]:
            for resource in first.resources:
                chosen = [first]
                for others in ways[1:]:
                    fits = (way for way in others
                            if any(overlaps(_name(r), _name(resource))
                                             for r in way.resources))  # fmt: skip
                    if way := min(fits, key=lambda way: way.conditional, default=None):
                        chosen.append(way)
                if len(chosen) == len(ways) and _is_open(resource):
                    proofs = tuple(self._proof_of(way.action) for way in chosen)
                    yield Reached(row, "", "", tuple(proof for proof in proofs if proof))
                    return

    def _proof_of(self, action: str) -> Proof | None:
        return next(iter(self._anywhere([action])), None)

    # --- words ---

    def _words(self, action: str, resource: str, verdict: Verdict) -> str:
        """Return a proof in words."""
        for decider in verdict.statements:
            if decider.layer is Layer.IDENTITY and decider.effect == "Allow":
                policy = self._held.policy(decider.policy)
                told = next(s for s in policy.statements if s.rule.number == decider.statement)
                by = " -> ".join((self._held.title, *policy.steps))
                where = ", ".join(worded(told.resources, left_out=told.but_resources))
                return short(f"{by} allows {action} on {where}")
        return f"{self._held.title}: the trust policy of {title(resource)} allows {action}"

    def _conditions(self, verdict: Verdict) -> Iterator[str]:
        told = dict.fromkeys(
            "as far as the policy of the key or the role, which was not read, lets it"
            if pending.decider.layer is Layer.RESOURCE_POLICY and pending.key.startswith("auditor:")
            else f"{'unless' if pending.decider.effect == 'Deny' else 'only if'} "
            f"{pending.operator} {pending.key or 'the resource'} = {' or '.join(pending.values)}"
            for pending in verdict.conditions
        )
        yield from (short(words) for words in told)


def title(arn: str) -> str:
    """Return how what an ARN names is called in sentences, such as "role admin"."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    return f"{kind} {name.rpartition('/')[2]}"


def _name(pattern: str) -> str:
    """Return the name in a resource pattern: what a new user or role can be called."""
    return pattern.split(":", 5)[-1].partition("/")[2] or "*"


def _is_open(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern
